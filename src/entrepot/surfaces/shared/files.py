"""Kept files that not everybody may read, sent through a guarded view instead of by their public address."""

import mimetypes
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control

from entrepot.kernel import media
from entrepot.surfaces.shared import guards

ICON = Path(__file__).parent / "static" / "entrepot" / "favicon.ico"


@guards.public
@cache_control(public=True, max_age=86_400)
def icon(request: HttpRequest) -> HttpResponse:
    """The icon of the site, where browsers look for it unasked."""
    return HttpResponse(ICON.read_bytes(), content_type="image/x-icon")


def send(name: str, filename: str) -> HttpResponse:
    """The file under a name that people know it by; shown in the browser where it is a PDF. Raises: NotFound."""
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    suffix = name.rpartition(".")[2]
    way = "inline" if kind == "application/pdf" else "attachment"
    return HttpResponse(
        media.read(name),
        content_type=kind,
        headers={"Content-Disposition": f'{way}; filename="{filename}.{suffix}"', "Cache-Control": "private, no-store"},
    )
