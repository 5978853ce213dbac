"""Django's own commands, for those who build the project: `python -m entrepot.config.manage makemigrations`."""

import os
import sys


def main() -> None:
    """Run one management command under the project's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entrepot.config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
