"""The programmes that come along, one TOML file each under `programmes/`. Adding a model is adding a file."""

from functools import lru_cache
from importlib import resources

from entrepot.domain.terms import documents
from entrepot.domain.terms.rules import Programme
from entrepot.domain.terms.tasks import Party


@lru_cache(maxsize=1)
def load() -> dict[str, Programme]:
    """Every shipped programme by its code."""
    folder = resources.files("entrepot.domain.terms") / "programmes"
    read = [
        documents.parse_toml(file.read_bytes(), where=file.name)
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    ]
    return {each.code: each for each in sorted(read, key=_place)}


def _place(programme: Programme) -> tuple[bool, int, str]:
    """Neutral models first, in the order in which tasks move from the platform to the seller; then those of others."""
    tasks = sum(duty.performer is Party.SELLER for duty in programme.duties.values())
    return not programme.is_neutral, tasks if programme.is_neutral else 0, programme.code
