"""Every tour of docs/tours is walked in a browser, wide and on a phone, as it is written."""

import importlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import browsers
import installations
import serving
from entrepot.demonstration import carriers
from entrepot.domain.logistics.carriers.sandbox import Temper
from walks.tours import document, sheet
from walks.tours.guide import Guide

#: Where `make tour` wants pictures; otherwise nothing is written.
PICTURES = os.environ.get("TOUR", "")
TOURS = {tour.name: tour for tour in document.tours()}
WIDTHS = (1280, 390)
#: Modules beside the walks.
APART = {"__init__", "document", "guide", "sheet", "test_tours"}


@pytest.fixture(scope="module", autouse=True)
def contact_sheet() -> Iterator[None]:
    """The page that shows all pictures."""
    yield
    if PICTURES and (index := sheet.write(Path(PICTURES))):
        print(f"\nLook at {index}")


def test_every_tour_has_a_walk_and_stands_in_the_index():
    walks = {path.stem for path in Path(__file__).parent.glob("*.py")} - APART
    assert walks == set(TOURS)
    index = (document.FOLDER / "README.md").read_text()
    assert [name for name in TOURS if f"({name}.md)" not in index] == []


@pytest.mark.browser
@browsers.MARKS[1]
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", TOURS)
def test_a_tour_can_be_walked_as_it_is_written(_server, django_db_blocker, monkeypatch, chromium, name, width):
    walk = importlib.import_module(f"walks.tours.{name}")
    if PICTURES:
        shutil.rmtree(Path(PICTURES) / name / str(width), ignore_errors=True)
    start = getattr(walk, "START", "demonstration")
    world = {"demonstration": installations.demonstration, "empty": installations.empty}[start]
    with django_db_blocker.unblock(), world(_server) as first, serving.served() as address:
        monkeypatch.setattr(carriers, "TEMPER", Temper(lost=0))  # one in hundreds is, which its id decides
        guide = Guide(chromium, address, TOURS[name], width=width, pictures=Path(PICTURES) if PICTURES else None)
        guide.first_email, guide.first_password = first or ("", "")
        try:
            walk.walk(guide)
            guide.end()
        except BaseException:
            for each in guide.people:
                guide.keep(each, f"went wrong {each.name}")
            raise
        finally:
            guide.close()
