"""Kept files that not everybody may read, sent through a guarded view instead of by their public address."""

import mimetypes

from django.http import HttpResponse

from entrepot.kernel import media


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
