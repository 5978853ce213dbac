"""Keys carry the time that was passed in, keep the order of a batch, and can be seeded."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.kernel import ids
from entrepot.kernel.errors import NotFound

NOW = datetime(2026, 3, 1, 12, 30, 0, 123000, tzinfo=UTC)


def test_the_key_is_a_version_7_of_that_instant() -> None:
    identity = ids.new_id(NOW)
    assert identity.version == 7
    assert identity.variant == "specified in RFC 4122"
    assert identity.int >> 80 == int(NOW.timestamp() * 1000)


def test_a_batch_ascends_and_a_later_instant_is_greater() -> None:
    batch = ids.new_ids(NOW, 5000)
    assert batch == sorted(set(batch))
    assert ids.new_id(NOW + timedelta(milliseconds=1)) > batch[-1]


def test_a_seed_gives_the_same_keys_again() -> None:
    def draw() -> list[str]:
        with ids.entropy(random.Random(7).getrandbits):
            return [str(ids.new_id(NOW)) for _ in range(3)]

    assert draw() == draw()


def test_an_id_reads_back_with_and_without_its_prefix() -> None:
    identity = ids.new_id(NOW)
    assert ids.read("ord", ids.show("ord", identity)) == identity == ids.read("ord", str(identity))
    with pytest.raises(NotFound):
        ids.read("ord", "ord_nonsense")


def test_a_number_has_no_letters_that_are_misread() -> None:
    number = ids.number("R", ids.new_id(NOW))
    assert number.startswith("R-") and len(number) == 11
    assert not set(number[2:]) & set("ILOU")
