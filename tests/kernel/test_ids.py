"""Keys carry the time that was passed in, keep the order of a batch, and can be seeded."""

import random
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.kernel import ids
from entrepot.kernel.db import fetch_rows
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


def test_a_series_of_the_database_is_of_that_instant_ascends_and_can_be_seeded(database) -> None:
    def draw() -> list[uuid.UUID]:
        with ids.entropy(random.Random(7).getrandbits):
            given = ids.series(NOW, "made")
        query = f"SELECT {ids.series_sql('place', 'made')} AS id FROM generate_series(1::bigint, 2000) place"
        return [row.id for row in fetch_rows(query, given)]

    made = draw()
    assert made == sorted(set(made)) == draw()
    assert {(each.version, each.variant, each.int >> 80) for each in (made[0], made[-1])} == {
        (7, "specified in RFC 4122", int(NOW.timestamp() * 1000))
    }


@pytest.mark.parametrize("bit", [0, 1])
def test_a_series_keeps_its_form_whatever_is_drawn(database, bit: int) -> None:
    with ids.entropy(lambda bits: (1 << bits) - 1 if bit else 0):
        given = ids.series(NOW)
    places = f"unnest(ARRAY[0, {2**29 - 1}]::bigint[]) place"
    ends = [row.id for row in fetch_rows(f"SELECT {ids.series_sql('place')} AS id FROM {places}", given)]
    assert ends[0] < ends[1]
    assert {(each.version, each.variant) for each in ends} == {(7, "specified in RFC 4122")}


def test_an_id_reads_back_with_and_without_its_prefix() -> None:
    identity = ids.new_id(NOW)
    assert ids.read("ord", ids.show("ord", identity)) == identity == ids.read("ord", str(identity))
    with pytest.raises(NotFound):
        ids.read("ord", "ord_nonsense")


def test_a_number_has_no_letters_that_are_misread() -> None:
    number = ids.number("R", ids.new_id(NOW))
    assert number.startswith("R-") and len(number) == 11
    assert not set(number[2:]) & set("ILOU")
