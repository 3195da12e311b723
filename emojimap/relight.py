"""Photos as they would look in another light, for measuring and training what must not care."""

from __future__ import annotations

import cv2
import numpy as np

from emojimap.arrays import F32, F64, U8, check_rgb
from emojimap.errors import ArgumentError

DAYLIGHT_K = 6504.0
"""Colour temperature nearest to D65, the white of sRGB."""
_TO_RGB = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_STEPS = 4096


def relight(photo: U8, *, kelvin: float = DAYLIGHT_K, stops: float = 0.0) -> U8:
    """Show a photo under a Planckian light, with a camera that stays balanced for daylight.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        sRGB.
    kelvin : float
        Colour temperature, 1,667 to 25,000 K; at 6,504 K the colours stay.
    stops : float
        Exposure; 1 doubles the light. What gets too bright is cut off, as in a camera.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        sRGB.

    Raises
    ------
    ArgumentError
        If the photo is no RGB picture, or the temperature is out of range.
    """
    check_rgb(photo)
    gains = light(kelvin) / light(DAYLIGHT_K)
    gains *= 2.0**stops / float(gains @ _LUMINANCE)
    steps = _LINEAR[photo] * (gains * _STEPS).astype(np.float32)
    lit: U8 = _ENCODED[np.minimum(steps + 0.5, _STEPS).astype(np.int32)]
    return lit


def compressed(photo: U8, quality: int) -> U8:
    """Return a photo as JPEG leaves it.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        sRGB.
    quality : int
        1 to 100.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        sRGB.

    Raises
    ------
    ArgumentError
        If the photo is no RGB picture.
    """
    check_rgb(photo)
    _, content = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR))[..., ::-1])


def light(kelvin: float) -> F64:
    """Linear sRGB of a Planckian light of luminance 1.

    Parameters
    ----------
    kelvin : float
        1,667 to 25,000.

    Returns
    -------
    (3,) ndarray of float64
        At least 0.001 each: the reddest lights lie outside of sRGB.

    Raises
    ------
    ArgumentError
        If the temperature is out of range.

    References
    ----------
    .. [1] B. Kang et al., "Design of advanced color temperature control system for HDTV
       applications", Journal of the Korean Physical Society 41(6), 865-871, 2002.
    """
    if not 1667 <= kelvin <= 25_000:
        raise ArgumentError(f"{kelvin} K: give 1,667 to 25,000")
    t = 1000.0 / kelvin
    if kelvin <= 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if kelvin <= 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif kelvin <= 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    rgb: F64 = np.maximum(_TO_RGB @ np.array([x / y, 1.0, (1 - x - y) / y]), 1e-3)
    return rgb


def _tables() -> tuple[F32, U8]:
    """SRGB to linear for each byte, and back for each step."""
    code, linear = np.arange(256) / 255, np.arange(_STEPS + 1) / _STEPS
    opened = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    closed = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return opened.astype(np.float32), (closed * 255 + 0.5).astype(np.uint8)


_LINEAR, _ENCODED = _tables()
