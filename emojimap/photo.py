"""Photos in: the only module that takes paths and bytes.

Whatever comes in leaves as an upright (H, W, 3) array of uint8 in sRGB, at most
`PhotoSettings.longest_side_px` on its longest side: landmarks, masks and all further results are
in the frame of that array. Sizes are checked in the header, before anything is decoded.

    path, bytes ─> header ─> limits ─> decode (JPEG: already shrunk) ─┐
    PIL image ───────────────> limits ────────────────────────────────┼─> flat RGB ─> array
    array ────────────────────────────────────────────> shrink ───────┘
"""

from __future__ import annotations

import io
import os
import stat
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from emojimap.arrays import U8, check_rgb
from emojimap.errors import ArgumentError, PhotoError

Photo: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | Image.Image | U8"
"""What can be read as a photo."""

# Only formats that photos come in: Pillow has more decoders, some of them start other programs.
_USUAL = ("JPEG", "PNG", "GIF", "BMP", "PPM")
_RARE = ("WEBP", "TIFF", "AVIF", "HEIF", "JPEG2000")
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_EXIF_ORIENTATION = 0x0112
_LONGEST_NAME = 160
# What Pillow's decoders raise on damaged data, besides OSError.
_DAMAGED = (SyntaxError, ValueError, EOFError, LookupError, TypeError, struct.error, zlib.error)
# Warning filters belong to the process: one decode at a time keeps them, and memory, in order.
_decoding = threading.Lock()


@dataclass(frozen=True)
class PhotoSettings:
    """Limits on what is read.

    Parameters
    ----------
    longest_side_px : int
        Larger photos are read at this size; 256 or more.
    shortest_side_px : int
        Smaller photos are refused: no face can be seen in them; 1 or more.
    max_megapixels : float
        Photos with more pixels are refused before they are decoded; 0.1 to 178.
    max_file_mb : float
        Files of more megabytes (10^6 bytes) are refused unread; 0.001 or more.
    """

    longest_side_px: int = 2048
    shortest_side_px: int = 32
    max_megapixels: float = 100.0
    max_file_mb: float = 200.0

    def __post_init__(self) -> None:
        ranges = {
            "longest_side_px": (256, 100_000),
            "shortest_side_px": (1, 256),
            "max_megapixels": (0.1, 178),  # Pillow itself refuses 179 and more
            "max_file_mb": (0.001, 100_000),
        }
        for field in fields(self):
            low, high = ranges[field.name]
            value = getattr(self, field.name)
            if not low <= value <= high:
                raise ArgumentError(f"{field.name} is {value}: give {low:,} to {high:,}")


def read(photo: Photo, settings: PhotoSettings | None = None) -> U8:
    """Read a photo, upright, in sRGB, on white where it is transparent.

    Grey, palette, CMYK, 16-bit and 1-bit photos are converted, colour profiles (Display P3, for
    one) are applied, the EXIF orientation is carried out, and of an animation the first frame is
    taken. A photo larger than `PhotoSettings.longest_side_px` is read at that size.

    Parameters
    ----------
    photo : str, path, bytes, PIL image or (H, W, 3) ndarray of uint8
        The photo. An array is taken as upright sRGB.
    settings : PhotoSettings, optional
        Limits.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        RGB; all further results are in the frame of this array. An array that already fits is
        returned as it is, not copied.

    Raises
    ------
    PhotoError
        If it is missing, not a photo, damaged, too small or too large; one line that names the
        photo and says what to do.
    ArgumentError
        If it is of another type, or an array of another shape or type.
    """
    settings = settings or PhotoSettings()
    if isinstance(photo, np.ndarray):
        return _from_array(photo, settings)
    if isinstance(photo, Image.Image):
        name = getattr(photo, "filename", "") or "the PIL image"
        with _pillow(_printable(name)):
            _check_size(photo.size, _printable(name), settings)
            return _flat(photo, settings)
    if isinstance(photo, (bytes, bytearray)):
        name = f"the {len(photo):,} bytes"
        _check_bytes(len(photo), name, settings)
        return _from_stream(io.BytesIO(photo), name, settings)
    if isinstance(photo, (str, os.PathLike)):
        return _from_path(os.fspath(photo), settings)
    raise ArgumentError(
        f"photo is {type(photo).__name__}: give a path, bytes, a PIL image or an array"
    )


def _from_array(photo: U8, settings: PhotoSettings) -> U8:
    if photo.ndim == 3 and photo.size == 0:
        raise PhotoError(f"the array has shape {photo.shape}, no pixels: give a photo of a face")
    photo = check_rgb(photo)
    size = photo.shape[1], photo.shape[0]
    _check_size(size, "the array", settings)
    if max(size) <= settings.longest_side_px:
        return np.ascontiguousarray(photo)
    return np.array(_shrunk(Image.fromarray(np.ascontiguousarray(photo)), settings))


def _from_path(path: str, settings: PhotoSettings) -> U8:
    name = _printable(path)
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            stream: BinaryIO = file
            if stat.S_ISREG(status.st_mode):
                size = status.st_size
            else:  # a pipe: no seeking, no size
                stream = io.BytesIO(file.read(_max_bytes(settings) + 1))
                size = len(stream.getbuffer())
            _check_bytes(size, name, settings)
            return _from_stream(stream, name, settings)
    except FileNotFoundError as error:
        raise PhotoError(f"{name}: no such file, check the path") from error
    except IsADirectoryError as error:
        raise PhotoError(f"{name}: is a folder, give a photo in it") from error
    except PermissionError as error:
        hint = "is a folder, give a photo in it" if os.path.isdir(path) else "may not be read"
        raise PhotoError(f"{name}: {hint}") from error
    except (OSError, ValueError) as error:  # a name that the system can't take, a failing disk
        reason = getattr(error, "strerror", None) or _line(error)
        raise PhotoError(f"{name}: can't be read ({reason})") from error


def _from_stream(stream: BinaryIO, name: str, settings: PhotoSettings) -> U8:
    head = stream.read(32)
    stream.seek(0)
    if not head:
        raise PhotoError(f"{name}: empty, no photo in it")
    if not head.strip(b"\0"):
        raise PhotoError(f"{name}: not a photo, only zeros: copy or download it again")
    heif = head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS
    if heif:
        _register_heif(name)
    with _pillow(name):
        try:
            image = _open(stream)
        except UnidentifiedImageError as error:
            what = "a damaged HEIC photo" if heif else "not a photo in a known format"
            raise PhotoError(f"{name}: {what}, give JPEG, PNG, WebP, TIFF or HEIC") from error
        with image:
            _check_size(image.size, name, settings)
            # A JPEG is decoded at 1/2, 1/4 or 1/8 of its size, never below the one wanted.
            image.draft(None, _fit(image.size, settings))
            return _flat(image, settings)


def _open(stream: BinaryIO) -> ImageFile:
    try:
        return Image.open(stream, formats=_USUAL)
    except UnidentifiedImageError:
        Image.init()  # loads the rarer decoders
        stream.seek(0)
        return Image.open(stream, formats=[kind for kind in _RARE if kind in Image.OPEN])


def _register_heif(name: str) -> None:
    """Teach Pillow HEIC, or say how to."""
    try:
        plugin: Any = import_module("pillow_heif")
    except ImportError as error:
        raise PhotoError(
            f"{name}: HEIC needs a plug-in, run `pip install emojimap[heic]` or save it as JPEG"
        ) from error
    plugin.register_heif_opener()


@contextmanager
def _pillow(name: str) -> Iterator[None]:
    """Silence Pillow's warnings and turn its errors into one line that names the photo."""
    with _decoding, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except Image.DecompressionBombError as error:
            raise PhotoError(
                f"{name}: more than 178 megapixels, too many to be read safely: shrink it first"
            ) from error
        except (OSError, *_DAMAGED) as error:
            raise PhotoError(
                f"{name}: damaged or cut off ({_line(error)}), copy or download it again"
            ) from error
        except MemoryError as error:
            raise PhotoError(f"{name}: too large for this machine, shrink it first") from error


def _max_bytes(settings: PhotoSettings) -> int:
    return int(settings.max_file_mb * 1e6)


def _check_bytes(size: int, name: str, settings: PhotoSettings) -> None:
    if size > _max_bytes(settings):
        raise PhotoError(
            f"{name}: {size / 1e6:,.1f} MB, more than the {settings.max_file_mb:g} MB that are "
            "read: shrink it or raise max_file_mb"
        )


def _check_size(size: tuple[int, int], name: str, settings: PhotoSettings) -> None:
    width, height = size
    if width * height > settings.max_megapixels * 1e6:
        raise PhotoError(
            f"{name}: {width:,} x {height:,} pixels, more than the "
            f"{settings.max_megapixels:g} megapixels that are read: shrink it first"
        )
    if min(_fit(size, settings)) < settings.shortest_side_px:
        raise PhotoError(
            f"{name}: {width:,} x {height:,} pixels, too small or narrow to show a face: "
            f"give at least {settings.shortest_side_px} pixels on each side"
        )


def _fit(size: tuple[int, int], settings: PhotoSettings) -> tuple[int, int]:
    """Width and height within the cap; a side may round to 0, which `_check_size` refuses."""
    scale = min(1.0, settings.longest_side_px / max(*size, 1))
    return round(size[0] * scale), round(size[1] * scale)


def _shrunk(image: Image.Image, settings: PhotoSettings) -> Image.Image:
    size = _fit(image.size, settings)
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _flat(image: Image.Image, settings: PhotoSettings) -> U8:
    """Decode, flatten to 8-bit RGB on white, shrink and turn upright."""
    image.load()
    turn = _TURNS.get(_orientation(image))
    profile = image.info.get("icc_profile")
    if image.mode in {"I", "F"} or image.mode.startswith("I;"):
        image = _eight_bit(image)
    elif image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.new("RGB", rgba.size, "white")
        image.paste(rgba, mask=rgba.getchannel("A"))
    elif image.mode not in {"L", "RGB", "CMYK"}:
        image = image.convert("RGB")
    image = _srgb(_shrunk(image, settings), profile).convert("RGB")
    if turn is not None:
        image = image.transpose(turn)
    return np.array(image)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and float grey to 0..255.

    16-bit values count up to 65,535. The wider kinds say nothing about their white: 1, 255 or
    65,535 where all values fit below, else the brightest value.
    """
    values = np.nan_to_num(np.asarray(image).astype(np.float32), posinf=0.0, neginf=0.0)
    white = 65_535.0
    if not image.mode.startswith("I;"):
        brightest = float(values.max())
        usual = (1.0, 255.0, 65_535.0) if image.mode == "F" else (255.0, 65_535.0)
        white = next((level for level in usual if brightest <= level), brightest)
    return Image.fromarray((values.clip(0, white) * (255.0 / white) + 0.5).astype(np.uint8))


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except (OSError, *_DAMAGED):  # damaged notes beside a sound picture
        return 1


def _srgb(image: Image.Image, profile: Any) -> Image.Image:
    """Carry the colours over to sRGB, by the photo's own profile if that is sound."""
    if not isinstance(profile, bytes) or image.mode not in {"RGB", "CMYK"}:
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(own).lower():
            return image
        converted = ImageCms.profileToProfile(
            image, own, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, *_DAMAGED):
        return image
    return image if converted is None else converted


def _printable(name: object) -> str:
    text = str(name)
    text = text if len(text) <= _LONGEST_NAME else f"...{text[-_LONGEST_NAME:]}"
    return text if text.isprintable() else repr(text)


def _line(error: BaseException) -> str:
    """Return the message of an error in one line."""
    return " ".join(str(error).split()) or type(error).__name__
