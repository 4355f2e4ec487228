"""Contents in the storage (a folder, or S3 through django-storages), and their previews."""

from __future__ import annotations

import hashlib
import io
from typing import IO, Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, storages
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.foundation.attachments.models import Content

CHUNK = 1 << 20
PREVIEW = (960, 960)
MOST_PIXELS = 60_000_000  # a picture beyond this gets no preview: unpacked it would fill the memory


def shelf() -> Storage:
    """Where contents are kept."""
    return storages["default"]


def digest_of(file: IO[bytes]) -> tuple[str, int]:
    """The SHA-256 and the size of an open file, left at its start."""
    sha, size = hashlib.sha256(), 0
    file.seek(0)
    while chunk := file.read(CHUNK):
        sha.update(chunk)
        size += len(chunk)
    file.seek(0)
    return sha.hexdigest(), size


def put(content: Content, file: IO[bytes]) -> None:
    """Store a content unless it is there whole. Raises Refused where the storage does not take it."""
    storage = shelf()
    try:
        there = storage.exists(content.path)
        if there and storage.size(content.path) == content.size:
            return
        if there:
            storage.delete(content.path)
        file.seek(0)
        storage.save(content.path, File(file))
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.startswith("botocore"):
            message = _("The file could not be stored: %(reason)s. Nothing was changed; tell your administrator.")
            raise Refused(message % {"reason": str(error)[:200]}, "file") from error
        raise


def put_preview(content: Content, file: IO[bytes]) -> bool:
    """Store a small picture of a picture; False where none can be made."""
    made = preview_of(file)
    if made is None:
        return False
    storage = shelf()
    if not storage.exists(content.preview_path):
        storage.save(content.preview_path, ContentFile(made))
    return True


def preview_of(file: IO[bytes]) -> bytes | None:
    """A picture, smaller and upright, as WebP without any of its metadata; None where it is damaged or enormous."""
    from PIL import Image, ImageFile, ImageOps

    file.seek(0)
    # Libraries that make PDF let Pillow take broken pictures for whole, for the process.
    lenient, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        with Image.open(file, formats=("PNG", "JPEG", "GIF", "WEBP")) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return None
            opened.draft("RGB", PREVIEW)
            picture: Any = ImageOps.exif_transpose(opened)
            picture = picture.convert("RGBA" if "A" in picture.getbands() or "transparency" in picture.info else "RGB")
            picture.thumbnail(PREVIEW)
            out = io.BytesIO()
            picture.save(out, "WEBP", quality=78)
            return out.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = lenient
        file.seek(0)


def take_away(content: Content) -> None:
    """Delete a content and its preview from the storage."""
    storage = shelf()
    storage.delete(content.path)
    if content.preview:
        storage.delete(content.preview_path)
