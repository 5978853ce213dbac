"""Defects of carriers' bills; see `mutants`."""

ACCEPTED_PARCEL = """(SELECT parcel_id FROM logistics_carrierbillline WHERE state = 'accepted' ORDER BY parcel_id
    LIMIT 1)"""

MUTANTS: dict[str, list[str]] = {
    "I60 a line that is not its charges": [
        """UPDATE logistics_carrierbillcharge SET amount_minor = amount_minor + 1
        WHERE id = (SELECT id FROM logistics_carrierbillcharge ORDER BY id LIMIT 1)"""
    ],
    "I60 a parcel whose carriage is accepted twice": [
        "DROP INDEX carrier_bill_parcel_accepted_once",
        f"UPDATE logistics_carrierbillline SET parcel_id = {ACCEPTED_PARCEL} WHERE state = 'accepted'",
    ],
    "I60 a payment that is not its lines": [
        "UPDATE logistics_carrierbillline SET payment_id = NULL WHERE payment_id IS NOT NULL"
    ],
    "I61 a line in the books that was not accepted": [
        """UPDATE logistics_carrierbillline SET state = 'open' WHERE id = (SELECT id FROM logistics_carrierbillline
        WHERE state = 'accepted' AND payment_id IS NULL ORDER BY id LIMIT 1)"""
    ],
    "I61 an accepted line that is not in the books": [
        """UPDATE logistics_carrierbillline SET state = 'accepted' WHERE id = (SELECT id FROM logistics_carrierbillline
        WHERE state = 'disputed' ORDER BY id LIMIT 1)"""
    ],
}

ALSO: dict[str, set[str]] = {
    "I60 a parcel whose carriage is accepted twice": {"I39"},
    "I61 a line in the books that was not accepted": {"I06"},
}
