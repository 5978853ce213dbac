"""Which PostgreSQL serves this installation: the embedded one, or the one that ENTREPOT_DATABASE_URL names."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from entrepot.config import env
from entrepot.config.embedded import Embedded, Outside

ROLES = {"default": "entrepot_app", "owner": "entrepot_owner"}
URLS = {"default": "ENTREPOT_DATABASE_URL", "owner": "ENTREPOT_OWNER_DATABASE_URL"}


#: Of which part of the marketplace this process is; commands and tests are of none.
PART = "ENTREPOT_PART"
#: What one of a part's statements may take: one of the web's ends before its reader gives up, and one of the jobs' ends
#: before the next run of its job is overdue. Commands take what they take.
LIMITS = {
    "web": {"statement_timeout": "60s", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "120s"},
    "jobs": {"statement_timeout": "30min", "lock_timeout": "60s", "idle_in_transaction_session_timeout": "10min"},
}


def data_dir() -> Path:
    """The folder of everything that this installation keeps; made when missing."""
    default = "/var/lib/entrepot" if os.geteuid() == 0 else "~/.local/share/entrepot"
    folder = Path(env.text("ENTREPOT_DATA_DIR", default)).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise env.Misconfigured(f"ENTREPOT_DATA_DIR: {folder} cannot be made: {problem.strerror}") from None
    return folder


def local_secret(folder: Path) -> str:
    """The signing key of an installation that was given none: random, kept in the data folder."""
    return _kept(folder / "secret-key", lambda: secrets.token_urlsafe(48))


def credentials(folder: Path) -> dict[str, str]:
    """The passwords of the embedded database's roles."""
    names = ["postgres", *ROLES.values()]
    kept = _kept(folder / "credentials.json", lambda: json.dumps({name: secrets.token_urlsafe(24) for name in names}))
    return dict(json.loads(kept))


def server(folder: Path) -> Embedded | Outside:
    """The server that holds the data; hold() it while it is used."""
    url = env.text(URLS["default"])
    return Outside(url, env.text(URLS["owner"]) or url) if url else Embedded(folder, credentials(folder))


def connections(folder: Path) -> dict[str, dict[str, Any]]:
    """Django's DATABASES: "default" is the run-time role, "owner" owns the tables and runs migrations."""
    return _limited(_connections(folder), env.text(PART))


def _limited(known: dict[str, dict[str, Any]], part: str) -> dict[str, dict[str, Any]]:
    """The same, with the limits of a part; options that somebody gives in the address win over ours."""
    options = known["default"]["OPTIONS"]
    if part in LIMITS:
        ours = " ".join(f"-c {name}={value}" for name, value in LIMITS[part].items())
        options["options"] = f"{ours} {options.get('options', '')}".strip()
    return known


def _connections(folder: Path) -> dict[str, dict[str, Any]]:
    url = env.text(URLS["default"])
    if url:
        return {"default": _connection(url), "owner": _connection(env.text(URLS["owner"]) or url)}
    embedded = Embedded(folder, credentials(folder))
    return {alias: _connection(embedded.conninfo(role)) for alias, role in ROLES.items()}


def _connection(conninfo: str) -> dict[str, Any]:
    """One entry of DATABASES from a libpq URL or keyword string."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if value is not None}
    except ProgrammingError as problem:
        raise env.Misconfigured(f"{URLS['default']} is not a PostgreSQL address: {str(problem).strip()}") from None
    known = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{key: parts.pop(name, "") for key, name in known.items()},
        "OPTIONS": {"application_name": f"entrepot {env.text(PART)}".strip(), **parts},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def _kept(path: Path, make: Any) -> str:
    """The text of a private file, which is written once, whole, by whichever process comes first."""
    if not path.exists():
        fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    try:
        return path.read_text()
    except PermissionError:
        raise env.Misconfigured(f"{path} belongs to another user; choose a folder with ENTREPOT_DATA_DIR") from None
