"""What Django cannot express: what accrued and what was stated never changes."""

from django.db import migrations

from entrepot.kernel.db import append_only
from entrepot.kernel.walls import of_one_tenant, walled

# Of a statement only its state moves, of a reserve hold only the statement that released it, and each only once.
FROZEN = """
CREATE FUNCTION settlement_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - TG_ARGV[0] = to_jsonb(OLD) - TG_ARGV[0]
       AND to_jsonb(OLD) ->> TG_ARGV[0] IS NOT DISTINCT FROM nullif(TG_ARGV[1], '')
    THEN
        RETURN NEW;
    END IF;
    IF current_setting('entrepot.reset', true) = 'on'
       AND EXISTS (SELECT 1 FROM pg_class WHERE oid = TG_RELID AND pg_get_userbyid(relowner) = current_user)
    THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '% is frozen: % refused; correct it by a new row', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER settlement_statement_frozen BEFORE UPDATE OR DELETE ON settlement_statement
    FOR EACH ROW EXECUTE FUNCTION settlement_frozen('state', 'issued');
CREATE TRIGGER settlement_reservehold_frozen BEFORE UPDATE OR DELETE ON settlement_reservehold
    FOR EACH ROW EXECUTE FUNCTION settlement_frozen('released_on_id', '')
"""

UNFROZEN = """
DROP TRIGGER IF EXISTS settlement_statement_frozen ON settlement_statement;
DROP TRIGGER IF EXISTS settlement_reservehold_frozen ON settlement_reservehold;
DROP FUNCTION IF EXISTS settlement_frozen()
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_database"), ("settlement", "0001_initial")]

    operations = [
        migrations.RunSQL(FROZEN, UNFROZEN),
        append_only("settlement_accrual", "settlement_statementline"),
        walled("settlement_accrual", "seller_id = entrepot_scope()"),
        walled("settlement_unstated", "seller_id = entrepot_scope()"),
        walled("settlement_statement", "seller_id = entrepot_scope()"),
        walled("settlement_reservehold", "seller_id = entrepot_scope()"),
        walled("settlement_payout", "seller_id = entrepot_scope()"),
        of_one_tenant("settlement_payout", "statement_id", "settlement_statement"),
        of_one_tenant("settlement_reservehold", "statement_id", "settlement_statement"),
        of_one_tenant("settlement_reservehold", "released_on_id", "settlement_statement"),
    ]
