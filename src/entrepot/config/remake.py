"""Write each app's `0001_initial` anew from its models, in rank order: `python -m entrepot.config.remake [app …]`.

Until 1.0 an app has this one regenerated migration, and at most one handwritten `0002_database`, which stays as it is.
"""

import importlib
import os
import sys
import tempfile
from pathlib import Path

FILE = "0001_initial.py"


def main() -> None:
    """Make them in a folder of their own, and replace those of ours that differ."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "entrepot.config.settings"
    import django
    from django.conf import settings
    from django.core.management import call_command

    paths = {name: settings.PACKAGE / "domain" / name for name in settings.DOMAINS}
    paths = {"kernel": settings.PACKAGE / "kernel"} | paths | {"demonstration": settings.PACKAGE / "demonstration"}
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        for name in paths:
            package = Path(folder) / "fresh" / name
            package.mkdir(parents=True)
            (package / "__init__.py").touch()
        settings.MIGRATION_MODULES = {name: f"fresh.{name}" for name in paths}
        settings.DATABASES = {}
        django.setup()
        for name, home in paths.items():
            importlib.invalidate_caches()
            call_command("makemigrations", name, include_header=False, verbosity=0, skip_checks=True)
            made = (Path(folder) / "fresh" / name / FILE).read_text()
            target = home / "migrations" / FILE
            wanted = name in sys.argv[1:] or not sys.argv[1:]
            if wanted and (not target.exists() or target.read_text() != made):
                target.parent.mkdir(exist_ok=True)
                (target.parent / "__init__.py").touch()
                target.write_text(made)
                print(f"{name}: {FILE}")  # noqa: T201 - what a developer's command says


if __name__ == "__main__":
    main()
