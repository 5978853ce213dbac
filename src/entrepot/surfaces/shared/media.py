"""Pictures. Their names are hashes of their contents, so that a browser may keep them for good."""

import mimetypes

from django.conf import settings
from django.http import HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.views import static

from entrepot.kernel.errors import NotFound
from entrepot.surfaces.shared import guards


@guards.public
def serve(request: HttpRequest, name: str) -> HttpResponseBase:
    """One picture, which can neither run a script nor load anything. Labels and papers go through guarded views."""
    if not (mimetypes.guess_type(name)[0] or "").startswith("image/"):
        raise NotFound(kind="picture")
    response = static.serve(request, name, document_root=str(settings.MEDIA_ROOT))
    if not isinstance(response, HttpResponseNotModified):
        response["Cache-Control"] = "public, max-age=31536000, immutable"
        response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
