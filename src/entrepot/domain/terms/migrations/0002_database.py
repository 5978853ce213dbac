"""What Django cannot express: a published version never changes or goes, and terms snapshots are append-only."""

from django.db import migrations

from entrepot.kernel.db import append_only

# A draft is free. From publication on only the status moves, and only from published to archived.
FROZEN = """
CREATE FUNCTION terms_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'draft' THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.status = OLD.status OR NEW.status = 'archived')
       AND to_jsonb(NEW) - 'status' = to_jsonb(OLD) - 'status'
    THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND current_setting('entrepot.reset', true) = 'on'
       AND EXISTS (SELECT 1 FROM pg_class WHERE oid = TG_RELID AND pg_get_userbyid(relowner) = current_user)
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'programme version % is published: % refused; publish a new version', OLD.id, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER terms_programmeversion_frozen BEFORE UPDATE OR DELETE ON terms_programmeversion
    FOR EACH ROW EXECUTE FUNCTION terms_version_frozen()
"""

UNFROZEN = """
DROP TRIGGER IF EXISTS terms_programmeversion_frozen ON terms_programmeversion;
DROP FUNCTION IF EXISTS terms_version_frozen()
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_database"), ("terms", "0001_initial")]

    operations = [migrations.RunSQL(FROZEN, UNFROZEN), append_only("terms_termssnapshot")]
