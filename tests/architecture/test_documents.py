"""The documentation holds together: every link leads to a file, and every document is reached from the index."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def _links(document: Path) -> list[Path]:
    """The files that a document points to."""
    targets = [each for each in LINK.findall(document.read_text()) if not re.match(r"\w+:", each)]
    return [(document.parent / each).resolve() for each in targets]


@pytest.mark.parametrize("document", [*DOCS, *ROOT.glob("*.md")], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file(document):
    assert [str(each) for each in _links(document) if not each.exists()] == []


def test_every_document_is_reached_from_the_index():
    to_do, reached = [ROOT / "docs" / "README.md"], set()
    while to_do:
        document = to_do.pop()
        if document not in reached and document.suffix == ".md" and document.exists():
            reached.add(document)
            to_do += _links(document)
    assert [str(each.relative_to(ROOT)) for each in DOCS if each not in reached] == []
