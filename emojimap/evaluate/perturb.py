"""The same photo taken a little otherwise: what should not change an avatar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np

from emojimap.arrays import U8
from emojimap.relight import compressed

_EXPOSURE = 0.2


def resized(photo: U8, factor: float) -> U8:
    """Scale a photo.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.
    factor : float
        New side, old sides.

    Returns
    -------
    (round(H * factor), round(W * factor), 3) ndarray of uint8
        RGB.
    """
    side = max(1, round(photo.shape[1] * factor)), max(1, round(photo.shape[0] * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(photo, side, interpolation=how), np.uint8)


def turned(photo: U8, degrees: float) -> U8:
    """Turn a photo about its middle; the corners are filled with what is at the border."""
    height, width = photo.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    turned_ = cv2.warpAffine(
        photo, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(turned_, np.uint8)


def cropped(photo: U8, share: float) -> U8:
    """Take a share of both sides away around the middle, or add as much of the border's colour."""
    height, width = photo.shape[:2]
    dy, dx = round(abs(share) * height / 2), round(abs(share) * width / 2)
    if share > 0:
        return np.ascontiguousarray(photo[dy : height - dy, dx : width - dx])
    return np.asarray(cv2.copyMakeBorder(photo, dy, dy, dx, dx, cv2.BORDER_REPLICATE), np.uint8)


def exposed(photo: U8, share: float) -> U8:
    """Multiply the light, in linear terms of sRGB's usual exponent."""
    table = 255 * np.clip((np.arange(256) / 255) ** 2.2 * (1 + share), 0, 1) ** (1 / 2.2)
    found: U8 = np.round(table).astype(np.uint8)[photo]
    return found


PERTURBATIONS: Mapping[str, Callable[[U8], U8]] = MappingProxyType(
    {
        "half size": lambda photo: resized(photo, 0.5),
        "double size": lambda photo: resized(photo, 2.0),
        "JPEG 50": lambda photo: compressed(photo, 50),
        "+5 degrees": lambda photo: turned(photo, 5.0),
        "-5 degrees": lambda photo: turned(photo, -5.0),
        "10% off": lambda photo: cropped(photo, 0.1),
        "10% added": lambda photo: cropped(photo, -0.1),
        "+20% light": lambda photo: exposed(photo, _EXPOSURE),
        "-20% light": lambda photo: exposed(photo, -_EXPOSURE),
        "mirrored": lambda photo: np.ascontiguousarray(photo[:, ::-1]),
    }
)
