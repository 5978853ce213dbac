"""What Django cannot express: the demonstration's clock never goes back."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION demonstration_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.ahead < OLD.ahead THEN
        RAISE EXCEPTION 'the clock of a demonstration goes forward only' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER demonstration_clock_forward BEFORE UPDATE ON demonstration_clock
    FOR EACH ROW EXECUTE FUNCTION demonstration_forward()
"""
BACK = """
DROP TRIGGER IF EXISTS demonstration_clock_forward ON demonstration_clock;
DROP FUNCTION IF EXISTS demonstration_forward()
"""


class Migration(migrations.Migration):
    dependencies = [("demonstration", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
