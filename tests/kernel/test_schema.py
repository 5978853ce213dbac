"""Which tables these are: a database that other code made is never taken for ours."""

import pytest

from entrepot.kernel import schema


def test_the_tables_are_this_codes(database):
    assert schema.unapplied() == []
    schema.check_fingerprint()
    schema.migrate()
    assert not schema.is_empty()


def test_a_rewritten_migration_shows(owner):
    owner.execute("SELECT fingerprint FROM kernel_schemafingerprint")
    (made_by,) = owner.fetchone()
    owner.execute("UPDATE kernel_schemafingerprint SET fingerprint = 'another'")
    try:
        with pytest.raises(schema.SchemaDiffers) as refusal:
            schema.migrate()
        assert refusal.value.code == "schema.differs"
    finally:
        owner.execute("UPDATE kernel_schemafingerprint SET fingerprint = %s", [made_by])


def test_a_migration_that_is_still_to_come_is_no_difference():
    everything = [key for key, path in schema._in_code().items() if path]
    assert len(everything) > 15
    assert schema.fingerprint(everything[:-1]) != schema.fingerprint(everything) == schema.fingerprint()
    assert schema.fingerprint([*everything, ("orders", "0003_gone")]) != schema.fingerprint()


def test_only_what_is_said_to_be_one_is_a_demonstration(owner):
    assert not schema.is_demonstration()
    owner.execute("UPDATE kernel_schemafingerprint SET demonstration = true")
    try:
        assert schema.is_demonstration()
    finally:
        owner.execute("UPDATE kernel_schemafingerprint SET demonstration = false")
