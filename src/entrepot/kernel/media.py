"""Files through Django's storage, named by the hash of their bytes: the same file is kept once and never changes."""

import hashlib
import io
import posixpath
from pathlib import PurePosixPath

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, UnidentifiedImageError

from entrepot.kernel.errors import Invalid, NotFound

PICTURE_BYTES_MAX = 10_000_000
PICTURE_PIXELS_MAX = 40_000_000
PICTURE_SIDE_MAX = 1600
_FORMATS = ("JPEG", "PNG", "WEBP")

PAPER_BYTES_MAX = 10_000_000
#: Papers that are taken in, by the bytes with which such a file begins.
_PAPERS = {b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}
#: Where papers lie, which no public address serves.
_PRIVATE = "papers"


def keep(content: bytes, suffix: str, *, room: str = "") -> str:
    """Keep the bytes; the name is `ab/abcdef….suffix`, within a room where one is named."""
    digest = hashlib.sha256(content).hexdigest()
    name = str(PurePosixPath(room, digest[:2], f"{digest[:40]}.{suffix.lstrip('.')}"))
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(content))
    return name


def keep_picture(content: bytes, *, private: bool = False) -> str:
    """Keep an uploaded picture, decoded and encoded anew, so that only pixels survive; a private one with the papers.

    Raises: Invalid.
    """
    if len(content) > PICTURE_BYTES_MAX:
        raise Invalid(
            "media.too_large", "A picture may have {limit} bytes at most.", field="picture", limit=PICTURE_BYTES_MAX
        )
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            if picture.width * picture.height > PICTURE_PIXELS_MAX:
                raise Invalid(
                    "media.too_many_pixels",
                    "A picture may have {limit} pixels at most.",
                    field="picture",
                    limit=PICTURE_PIXELS_MAX,
                )
            pixels = picture.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Invalid("media.not_a_picture", "Send a JPEG, PNG or WebP picture.", field="picture") from None
    pixels.thumbnail((PICTURE_SIDE_MAX, PICTURE_SIDE_MAX))
    encoded = io.BytesIO()
    pixels.save(encoded, "WEBP", quality=82)
    return keep(encoded.getvalue(), "webp", room=_PRIVATE if private else "")


def keep_paper(content: bytes) -> str:
    """Keep a paper where only guarded views find it; what it is follows from how it begins. Raises: Invalid."""
    suffix = next((suffix for start, suffix in _PAPERS.items() if content.startswith(start)), None)
    if suffix is None or len(content) > PAPER_BYTES_MAX:
        raise Invalid(
            "media.unreadable_paper",
            "Send a PDF, PNG or JPEG file of {limit} megabytes at most.",
            field="file",
            limit=PAPER_BYTES_MAX // 1_000_000,
        )
    return keep(content, suffix, room=_PRIVATE)


def is_private(name: str) -> bool:
    """Whether a kept file is a paper, however its name is written."""
    return posixpath.normpath(name).lstrip("/").lower().startswith(f"{_PRIVATE}/")


def read(name: str) -> bytes:
    """The bytes of a kept file. Raises: NotFound."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not default_storage.exists(name):
        raise NotFound(kind="file")
    with default_storage.open(name) as file:
        return bytes(file.read())
