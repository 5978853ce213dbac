"""What Django cannot express: append-only tables, the audit chain, and emptying a database between tests."""

from django.db import migrations

from entrepot.kernel.db import append_only

# Tables hold themselves: not even their owner changes a row, unless it says in so many words that it resets.
APPEND_ONLY = """
CREATE FUNCTION entrepot_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('entrepot.reset', true) = 'on'
       AND EXISTS (SELECT 1 FROM pg_class WHERE oid = TG_RELID AND pg_get_userbyid(relowner) = current_user)
    THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused; correct it by a new row', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$
"""

# Children before parents; only what Django's own migrations put in stays.
RESET = """
CREATE FUNCTION entrepot_reset() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name regclass;
BEGIN
    PERFORM set_config('entrepot.reset', 'on', true);
    FOR name IN
        WITH RECURSIVE
        tables AS (
            SELECT oid FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
              AND relowner = current_user::regrole
              AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission',
                                  'kernel_schemafingerprint')
        ),
        links AS (
            SELECT DISTINCT conrelid AS child, confrelid AS parent FROM pg_constraint
            WHERE contype = 'f' AND conparentid = 0 AND conrelid <> confrelid
        ),
        depths AS (
            SELECT oid, 0 AS depth FROM tables
            UNION
            SELECT links.parent, depths.depth + 1 FROM depths JOIN links ON links.child = depths.oid
            WHERE depths.depth < 40
        )
        SELECT oid::regclass FROM depths JOIN tables USING (oid) GROUP BY oid ORDER BY max(depth), oid
    LOOP
        EXECUTE format('DELETE FROM %s', name);
    END LOOP;
    PERFORM set_config('entrepot.reset', '', true);
END $$
"""

# The hash that chains an audit entry to the one before it, over every column that says something.
AUDIT_HASH = """
CREATE FUNCTION entrepot_audit_hash(entry kernel_auditentry) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(concat_ws(E'\\x1f',
        entry.sequence, entry.id, extract(epoch FROM entry.created_at), coalesce(entry.actor_user_id::text, '-'),
        coalesce(entry.actor_organisation_id::text, '-'), entry.actor_label, entry.actor_role, entry.verb,
        entry.subject_kind, entry.subject_id, entry.reason, coalesce(entry.before::text, '-'),
        coalesce(entry.after::text, '-'), entry.previous_hash), 'UTF8')), 'hex')
$$
"""

# The database numbers and chains: one writer at a time, which privileged acts are rare enough for.
AUDIT_CHAIN = """
CREATE FUNCTION entrepot_audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    PERFORM pg_advisory_xact_lock(4210001);
    SELECT sequence, hash INTO last FROM kernel_auditentry ORDER BY sequence DESC LIMIT 1;
    NEW.sequence := coalesce(last.sequence, 0) + 1;
    NEW.previous_hash := coalesce(last.hash, '');
    NEW.hash := entrepot_audit_hash(NEW);
    RETURN NEW;
END $$;
CREATE TRIGGER kernel_auditentry_chain BEFORE INSERT ON kernel_auditentry
    FOR EACH ROW EXECUTE FUNCTION entrepot_audit_chain()
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]

    operations = [
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION entrepot_append_only() CASCADE"),
        migrations.RunSQL(RESET, "DROP FUNCTION entrepot_reset()"),
        migrations.RunSQL("REVOKE EXECUTE ON FUNCTION entrepot_reset() FROM PUBLIC", migrations.RunSQL.noop),
        append_only("kernel_auditentry"),
        migrations.RunSQL(AUDIT_HASH, "DROP FUNCTION entrepot_audit_hash(kernel_auditentry)"),
        migrations.RunSQL(AUDIT_CHAIN, "DROP FUNCTION entrepot_audit_chain() CASCADE"),
    ]
