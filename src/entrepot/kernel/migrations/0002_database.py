"""What Django cannot express: append-only tables, the audit chain, whose rows are seen, what grows in parts, resets."""

from django.db import migrations

from entrepot.kernel.db import append_only
from entrepot.kernel.partitions import partitioned
from entrepot.kernel.walls import walled

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

# Children before parents; only what Django's own migrations put in stays. A table or partition whose file is empty has
# never had a row: most have not, and to plan a look into each costs more than all the rest.
RESET = """
CREATE FUNCTION entrepot_reset() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name regclass;
    is_filled boolean;
BEGIN
    PERFORM set_config('entrepot.reset', 'on', true);
    FOR name IN
        WITH RECURSIVE
        tables AS (
            SELECT oid, coalesce(pg_partition_root(oid), oid) AS whole FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relowner = current_user::regrole
              AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission',
                                  'kernel_schemafingerprint')
              AND pg_relation_size(oid) > 0
        ),
        links AS (
            SELECT DISTINCT conrelid AS child, confrelid AS parent FROM pg_constraint
            WHERE contype = 'f' AND conparentid = 0 AND conrelid <> confrelid
        ),
        depths AS (
            SELECT DISTINCT whole AS oid, 0 AS depth FROM tables
            UNION
            SELECT links.parent, depths.depth + 1 FROM depths JOIN links ON links.child = depths.oid
            WHERE depths.depth < 40
        )
        SELECT tables.oid::regclass FROM depths JOIN tables ON tables.whole = depths.oid
        GROUP BY tables.oid ORDER BY max(depth), tables.oid
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO is_filled;
        IF is_filled THEN
            EXECUTE format('DELETE FROM %s', name);
        END IF;
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

# What is read once and kept has a new version in the transaction that changes it; one that is rolled back never comes
# again, so that nothing kept under it is ever taken for true.
NEW_VERSION = """
CREATE FUNCTION entrepot_new_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kernel_version (subject, version) VALUES (TG_ARGV[0], gen_random_uuid())
    ON CONFLICT (subject) DO UPDATE SET version = excluded.version;
    RETURN NULL;
END $$
"""

# For whom this session reads; nobody where it was never said or has been cleared.
SCOPE = """
CREATE FUNCTION entrepot_scope() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('app.organisation', true), '')::uuid
$$
"""

# For which shopper this session reads and writes: a person who is known, and what a guest's tokens open.
SHOPPER = """
CREATE FUNCTION entrepot_shopper() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('app.shopper', true), '')::uuid
$$;
CREATE FUNCTION entrepot_tokens() RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT string_to_array(nullif(current_setting('app.tokens', true), ''), ',')
$$
"""

# The lowest key of an instant: UUIDv7 begins with its milliseconds.
KEY_FLOOR = """
CREATE FUNCTION entrepot_key_floor(instant timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM instant) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$
"""

# An empty table, made anew as one that is cut by ranges of its key, with its constraints, indexes and guards.
PARTITION = """
CREATE FUNCTION entrepot_partition(name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    definitions text[];
    definition text;
BEGIN
    SELECT array_agg(made.sql) INTO definitions FROM (
        SELECT format('ALTER TABLE %I ADD CONSTRAINT %I %s', name, conname, pg_get_constraintdef(oid)) AS sql
        FROM pg_constraint WHERE conrelid = name::regclass AND contype IN ('p', 'u', 'c', 'f')
        UNION ALL
        SELECT pg_get_indexdef(indexrelid) FROM pg_index
        WHERE indrelid = name::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
        UNION ALL
        SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = name::regclass AND NOT tgisinternal
    ) made;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING STORAGE) PARTITION BY RANGE (id)',
        name || '_whole', name);
    EXECUTE format('DROP TABLE %I', name);
    EXECUTE format('ALTER TABLE %I RENAME TO %I', name || '_whole', name);
    FOREACH definition IN ARRAY definitions LOOP
        EXECUTE definition;
    END LOOP;
END $$
"""

# Whoever serves may ask for parts, and for nothing else of the owner's: no name comes from the caller. A part is made
# beside its table and attached, which stops nobody who reads or writes; it is reached through its table alone.
ENSURE_PARTITIONS = """
CREATE FUNCTION entrepot_ensure_partitions(since timestamptz, until timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '10s' AS $$
DECLARE
    missing record;
    detail text;
    made integer := 0;
BEGIN
    IF since > until OR until - since > interval '50 years' THEN
        RAISE EXCEPTION 'no range of time: % to %', since, until USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT EXISTS (SELECT FROM entrepot_missing_partitions(since, until)) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(4210002);
    FOR missing IN SELECT * FROM entrepot_missing_partitions(since, until) LOOP
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
            'INCLUDING STORAGE)', missing.part, missing.whole);
        FOR detail IN
            SELECT DISTINCT format('REVOKE ALL ON public.%I FROM %I', missing.part, pg_get_userbyid(granted.grantee))
            FROM pg_class CROSS JOIN LATERAL aclexplode(relacl) granted
            WHERE relname = missing.part AND relnamespace = 'public'::regnamespace AND granted.grantee <> relowner
            UNION ALL
            SELECT regexp_replace(pg_get_triggerdef(oid), ' ON [^ ]+ ', format(' ON public.%I ', missing.part))
            FROM pg_trigger
            WHERE tgrelid = missing.table_oid AND NOT tgisinternal AND tgtype & 1 = 0  -- those of rows come along
        LOOP
            EXECUTE detail;
        END LOOP;
        EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', missing.whole,
            missing.part, entrepot_key_floor(missing.begins), entrepot_key_floor(missing.begins + interval '3 months'));
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION entrepot_ensure_partitions(timestamptz, timestamptz) FROM PUBLIC
"""

MISSING_PARTITIONS = """
CREATE FUNCTION entrepot_missing_partitions(since timestamptz, until timestamptz)
RETURNS TABLE (whole name, table_oid oid, part text, begins timestamptz) LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
    SELECT named.relname, named.oid, named.part, named.begins
    FROM (
        SELECT relname, oid, quarter AS begins, relname || to_char(quarter, '_YYYY"q"Q') AS part
        FROM pg_class
        CROSS JOIN generate_series(date_trunc('quarter', since), until, interval '3 months') quarter
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'p'
    ) named
    WHERE to_regclass('public.' || quote_ident(named.part)) IS NULL
    ORDER BY named.begins, named.relname
$$
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]

    operations = [
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION entrepot_append_only() CASCADE"),
        migrations.RunSQL(RESET, "DROP FUNCTION entrepot_reset()"),
        migrations.RunSQL("REVOKE EXECUTE ON FUNCTION entrepot_reset() FROM PUBLIC", migrations.RunSQL.noop),
        append_only("kernel_auditentry"),
        migrations.RunSQL(NEW_VERSION, "DROP FUNCTION entrepot_new_version() CASCADE"),
        migrations.RunSQL(SCOPE, "DROP FUNCTION entrepot_scope() CASCADE"),
        migrations.RunSQL(SHOPPER, "DROP FUNCTION entrepot_shopper() CASCADE; DROP FUNCTION entrepot_tokens() CASCADE"),
        migrations.RunSQL(KEY_FLOOR, "DROP FUNCTION entrepot_key_floor(timestamptz)"),
        migrations.RunSQL(PARTITION, "DROP FUNCTION entrepot_partition(text)"),
        migrations.RunSQL(MISSING_PARTITIONS, "DROP FUNCTION entrepot_missing_partitions(timestamptz, timestamptz)"),
        migrations.RunSQL(ENSURE_PARTITIONS, "DROP FUNCTION entrepot_ensure_partitions(timestamptz, timestamptz)"),
        partitioned("kernel_outboxevent"),
        walled(
            "kernel_idempotencykey",
            shopper="split_part(principal, ':', 2) = coalesce(entrepot_shopper()::text, 'guest')",
        ),
        migrations.RunSQL(AUDIT_HASH, "DROP FUNCTION entrepot_audit_hash(kernel_auditentry)"),
        migrations.RunSQL(AUDIT_CHAIN, "DROP FUNCTION entrepot_audit_chain() CASCADE"),
    ]
