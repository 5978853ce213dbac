"""Before the first act on an empty database: install, and write down the first sign-in."""

import json
from pathlib import Path
from typing import Any

#: Written by `seed demo` and by the first start of a marketplace of one's own: [{"role", "email", "password"}]
SIGN_INS = "sign-ins.json"


def install(settings: Any) -> None:
    """Make an empty database a marketplace; nothing happens to one that is."""
    from entrepot.flows import installing
    from entrepot.kernel import clock

    first = installing.install(now=clock.now())
    if first is not None:
        write_sign_ins(
            settings.DATA_DIR, [{"role": "operator.admin", "email": first.email, "password": first.password}]
        )


def write_sign_ins(folder: Path, rows: list[dict[str, str]]) -> None:
    """Keep sign-ins where only the owner of the data folder reads them."""
    file = folder / SIGN_INS
    file.touch(mode=0o600)
    file.write_text(json.dumps(rows, indent=2))
