"""A carrier that does not answer is left alone, longer each time, and tried again."""

from datetime import UTC, datetime, timedelta

from entrepot.domain.logistics.carriers import breaker

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_it_rests_from_the_third_failure_on_twice_as_long_each_time_and_an_hour_at_most():
    minutes = [breaker.rest(failures) / timedelta(minutes=1) for failures in range(12)]
    assert minutes == [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert breaker.rest(10_000) == timedelta(hours=1)


def test_its_rest_ends_at_the_instant():
    assert breaker.is_resting(NOW, NOW - timedelta(microseconds=1))
    assert not breaker.is_resting(NOW, NOW)
    assert not breaker.is_resting(None, NOW)
