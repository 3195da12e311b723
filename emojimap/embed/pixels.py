"""How a network wants its pixels: order of the colours, mean, scale, and how much of the face.

Networks do not say it themselves, and a wrong answer gives vectors that look right and tell little.
So the usual ways have names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

import cv2
import numpy as np

from emojimap.arrays import F32, U8
from emojimap.errors import ArgumentError
from emojimap.settings import Checked, setting

GROUND = 128.0
"""Grey that stands behind what is transparent."""


@dataclass(frozen=True)
class PixelSettings(Checked):
    """What is done to RGB pixels of 0..255 before a network sees them.

    Parameters
    ----------
    bgr : bool
        Blue first.
    mean : tuple of three float
        Taken away, in the network's order of colours, in 0..255.
    scale : tuple of three float
        Multiplied afterwards.
    middle : float
        Share of an aligned face's side that is shown. Networks that were trained on faces aligned
        to a template of 112 pixels saw the middle 0.8 of what `emojimap.segments.whole` cuts: the
        eyes 35 pixels apart.
    """

    bgr: bool = setting(False, 0, 1)
    mean: tuple[float, ...] = setting((127.5, 127.5, 127.5), -1000, 1000, size=3)
    scale: tuple[float, ...] = setting((1 / 127.5,) * 3, 1e-6, 1000, size=3)
    middle: float = setting(1.0, 0.1, 1, "of the side")

    def feed(self, pictures: U8, rows: int, columns: int, kind: str) -> F32:
        """Turn pictures into what the network takes.

        Parameters
        ----------
        pictures : (n, S, S, 4) ndarray of uint8
            RGBA.
        rows, columns : int
            Size of the network's input.
        kind : str
            What they show; the middle is taken of a whole face alone.

        Returns
        -------
        (n, rows, columns, 3) ndarray of float32
            In the network's order of colours.
        """
        out = np.empty((len(pictures), rows, columns, 3), np.float32)
        for i, picture in enumerate(pictures):
            out[i] = resized(middle(opaque(picture), self.middle, kind), rows, columns)
        if self.bgr:
            out = out[:, :, :, ::-1]
        mean, scale = np.array(self.mean, np.float32), np.array(self.scale, np.float32)
        return np.asarray((out - mean) * scale, np.float32)


_NONE, _ONES = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
PRESETS: Mapping[str, PixelSettings] = MappingProxyType(
    {
        "rgb": PixelSettings(mean=_NONE, scale=_ONES),
        "bgr": PixelSettings(bgr=True, mean=_NONE, scale=_ONES),
        "rgb-unit": PixelSettings(mean=_NONE, scale=(1 / 255,) * 3),
        "rgb-signed": PixelSettings(),
        "bgr-signed": PixelSettings(bgr=True),
        "imagenet": PixelSettings(
            mean=(123.675, 116.28, 103.53), scale=(1 / 58.395, 1 / 57.12, 1 / 57.375)
        ),
        "caffe": PixelSettings(bgr=True, mean=(104.0, 117.0, 123.0), scale=_ONES),
        "vgg-face": PixelSettings(bgr=True, mean=(93.594, 104.7624, 129.1863), scale=_ONES),
        "vgg-face2": PixelSettings(bgr=True, mean=(91.4953, 103.8827, 131.0912), scale=_ONES),
    }
)
"""The usual ways: 0..255 (``rgb``, ``bgr``), 0..1 (``unit``), -1..1 (``signed``), and those of
well-known trainings."""

Pixels: TypeAlias = str | PixelSettings


def name_of(settings: PixelSettings) -> str:
    """Return the name of settings, however much of the face they show; empty if they have none."""
    full = replace(settings, middle=1.0)
    return next((name for name, one in PRESETS.items() if one == full), "")


def named(pixels: Pixels) -> PixelSettings:
    """Return the settings of a name.

    Parameters
    ----------
    pixels : str or PixelSettings
        A key of `PRESETS`, or settings, which are returned as they are.

    Returns
    -------
    PixelSettings
        How pixels are fed.

    Raises
    ------
    ArgumentError
        If there is no such name.
    """
    if isinstance(pixels, PixelSettings):
        return pixels
    if pixels not in PRESETS:
        raise ArgumentError(f"pixels {pixels!r}: use {', '.join(PRESETS)}")
    return PRESETS[pixels]


def opaque(picture: U8, ground: float = GROUND) -> F32:
    """Lay a picture on grey.

    Parameters
    ----------
    picture : (H, W, 4) ndarray of uint8
        RGBA.
    ground : float
        The grey, 0..255.

    Returns
    -------
    (H, W, 3) ndarray of float32
        RGB, 0..255.
    """
    share = picture[:, :, 3:].astype(np.float32) / np.float32(255)
    out: F32 = picture[:, :, :3] * share + np.float32(ground) * (1 - share)
    return out


def middle(picture: F32, share: float, kind: str) -> F32:
    """Cut the middle out of an aligned face; other kinds stay as they are.

    Parameters
    ----------
    picture : (S, S, 3) ndarray of float32
        RGB.
    share : float
        Side of the middle, of the whole side.
    kind : str
        What the picture shows.

    Returns
    -------
    (T, T, 3) ndarray of float32
        The middle.
    """
    if kind != "whole" or share >= 1:
        return picture
    rim = [round(side * (1 - share) / 2) for side in picture.shape[:2]]
    return picture[rim[0] : picture.shape[0] - rim[0], rim[1] : picture.shape[1] - rim[1]]


def resized(picture: F32, rows: int, columns: int) -> F32:
    """Resize without aliasing.

    Parameters
    ----------
    picture : (H, W, 3) ndarray of float32
        Any.
    rows, columns : int
        New size.

    Returns
    -------
    (rows, columns, 3) ndarray of float32
        Resized.
    """
    if picture.shape[:2] == (rows, columns):
        return picture
    shrinks = rows * columns < picture.shape[0] * picture.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (columns, rows), interpolation=way), np.float32)
