"""A marketplace of its own for a benchmark, and what the figures were measured on."""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def fresh() -> Iterator[Path]:
    """An empty marketplace with an operator and the shipped programmes, on an embedded database that goes afterwards.

    Before this, nothing of the marketplace may be imported.
    """
    folder = Path(tempfile.mkdtemp(prefix="entrepot-bench-"))
    folder.chmod(0o755)  # the database may run as another user
    for name in [name for name in os.environ if name.startswith("ENTREPOT_")]:
        del os.environ[name]
    os.environ |= {
        "ENTREPOT_DATA_DIR": str(folder / "data"),
        "ENTREPOT_PAYMENT_PROVIDERS": "sandbox,manual",
        "DJANGO_SETTINGS_MODULE": "entrepot.config.settings",
    }
    from entrepot.surfaces.cli.session import database

    try:
        with database():
            from entrepot.domain.accounts import services as accounts
            from entrepot.domain.terms import services as terms
            from entrepot.kernel import clock

            now = clock.now()
            accounts.install_permissions()
            accounts.create_organisation(kind="operator", code="operator", name="Operator", country="DE", now=now)
            terms.load_presets(now=now)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def machine(*, has_database: bool = True) -> str:
    """Processor, cores, memory, versions and load: without these a figure says nothing."""
    cpu = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        cpu = names[0] if names else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    version = ""
    if has_database:
        from entrepot.kernel import db

        version = f"PostgreSQL {db.fetch_value('SHOW server_version')}, "
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return (
        f"{cpu}, {os.cpu_count()} cores, {memory} GiB, {platform.system()}, Python {platform.python_version()}, "
        f"{version}load {load:.1f}"
    )


def show(*figures: tuple[str, str]) -> None:
    """Names and figures in two columns."""
    width = max(len(name) for name, _ in figures)
    for name, figure in figures:
        print(f"  {name:<{width}}  {figure}")
