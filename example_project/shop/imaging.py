"""Makes pictures ready for the page: sizes, formats, a square thumbnail."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile, File

from .models import Picture, PictureVersion

if TYPE_CHECKING:
    from PIL.Image import Image

BUNDLED = Path(__file__).parent / "data" / "pictures"


class NotAPictureError(Exception):
    """The file cannot be read as a picture, or is too large to be one."""


def bundled() -> list[Path]:
    """Return the pictures that come with the shop."""
    return sorted(BUNDLED.glob("*.jpg"))


def add_bundled() -> list[Picture]:
    """Add the pictures that come with the shop, as if they had been uploaded now."""
    return [_add_file(path) for path in bundled()]


def _add_file(path: Path) -> Picture:
    with path.open("rb") as file:
        return Picture.objects.create(title=path.stem, original=File(file, name=path.name))


def load(picture: Picture) -> Image:
    """Open a picture upright and in plain colours; raise NotAPictureError."""
    from PIL import Image, ImageOps

    try:
        with picture.original.open("rb") as file, Image.open(file) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, Image.DecompressionBombError) as error:
        raise NotAPictureError(f"{picture.title} is no picture that can be read: {error}") from error


def _resized(image: Image, side: int) -> Image:
    copy = image.copy()
    copy.thumbnail((side, side))
    return copy


def _page(image: Image) -> tuple[Image, str]:
    return _resized(image, 480), "JPEG"


def _small(image: Image) -> tuple[Image, str]:
    return _resized(image, 240), "JPEG"


def _modern(image: Image) -> tuple[Image, str]:
    return _resized(image, 480), "WEBP"


def _grey(image: Image) -> tuple[Image, str]:
    return _resized(image, 240).convert("L"), "JPEG"


def _thumbnail(image: Image) -> tuple[Image, str]:
    from PIL import ImageOps

    return ImageOps.fit(image, (128, 128)), "JPEG"


OPERATIONS: dict[str, Callable[[Image], tuple[Image, str]]] = {
    "page": _page,
    "small": _small,
    "modern": _modern,
    "grey": _grey,
    "thumbnail": _thumbnail,
}
"""What is made of every picture, by the name of the version."""


def make(picture: Picture, image: Image, kind: str) -> PictureVersion:
    """Make one version, in the place of that of an earlier attempt."""
    made, form = OPERATIONS[kind](image)
    content = io.BytesIO()
    made.save(content, form, quality=82, optimize=True)
    version = PictureVersion.objects.filter(picture=picture, kind=kind).first()
    version = version or PictureVersion(picture=picture, kind=kind)
    if version.file:
        version.file.delete(save=False)
    version.width, version.height, version.size = made.width, made.height, len(content.getvalue())
    version.file.save(f"{picture.pk}-{kind}.{form.lower()}", ContentFile(content.getvalue()))
    return version
