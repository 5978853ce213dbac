"""Pictures for everybody, and labels and files for who was given a link to them that still holds.

Papers that sellers hand in have no address here at all, whatever kind of file they are.

Their names are hashes of their contents, so that a browser may keep a picture for good.
"""

import mimetypes
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.views import static

from entrepot.kernel import media
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.shared import guards

#: How long a link to a paper holds. Units: seconds.
LINK_SECONDS = 3600
_SALT = "entrepot.media"


def link(name: str) -> str:
    """An address of a kept file that holds for an hour: for clients of the API, which have no session."""
    return f"/media/{name}?{urlencode({'key': signing.dumps(name, salt=_SALT)})}" if name else ""


@guards.public
def serve(request: HttpRequest, name: str) -> HttpResponseBase:
    """One picture, which can neither run a script nor load anything; another file only by a link that holds."""
    if media.is_private(name):
        raise NotFound(kind="picture")
    is_picture = (mimetypes.guess_type(name)[0] or "").startswith("image/")
    if not is_picture and not _holds(request.GET.get("key", ""), name):
        raise NotFound(kind="picture")
    response = static.serve(request, name, document_root=str(settings.MEDIA_ROOT))
    if not isinstance(response, HttpResponseNotModified):
        kept = "public, max-age=31536000, immutable" if is_picture else "private, no-store"
        response["Cache-Control"] = kept
        response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


def _holds(key: str, name: str) -> bool:
    try:
        return bool(signing.loads(key, salt=_SALT, max_age=LINK_SECONDS) == name)
    except signing.BadSignature:
        return False
