"""Stored files. Their names are hashes of their contents, so that a browser may keep them for good."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.views import static

from entrepot.surfaces.shared import guards


@guards.public
def serve(request: HttpRequest, name: str) -> HttpResponseBase:
    """One file; what it contains can neither run a script nor load anything."""
    response = static.serve(request, name, document_root=str(settings.MEDIA_ROOT))
    if not isinstance(response, HttpResponseNotModified):
        response["Cache-Control"] = "public, max-age=31536000, immutable"
        response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
