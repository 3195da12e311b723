"""The label map of one face: a wide crop for the hair, the tight crop for what is in the face.

The wide crop is read by the hair network. Both are merged in a head frame of fixed resolution,
upright and centred on the face, so that everything that follows costs the same for a small and for
a large photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from emojimap.arrays import F32, F64, U8
from emojimap.facenet import LABELS
from emojimap.facenet.crops import apply, around, inverse, warp
from emojimap.facenet.find import Face
from emojimap.facenet.network import Network
from emojimap.settings import Checked, setting

_FEATHER = 0.12
_CUT_SHARE = 0.02
"""Hair on more of the border than this is cut off."""


@dataclass(frozen=True)
class ParseSettings(Checked):
    """How the crops of one face are merged.

    Parameters
    ----------
    wide_faces : tuple of float
        Sides of the wide crop, face sizes; a further one is tried where hair is cut off.
    mirror : bool
        Average each crop with its mirror image.
    head_px : int
        Side of the head frame, pixels; it covers the wide crop.
    tight_weight : float
        Weight of the tight crop where it can be seen, for all but hair.
    tight_weight_hair : float
        The same for hair.
    """

    wide_faces: tuple[float, ...] = setting((3.0, 4.2, 5.6), 1.5, 8)
    mirror: bool = setting(False, 0, 1)
    head_px: int = setting(384, 128, 2048)
    tight_weight: float = setting(0.8, 0, 1)
    tight_weight_hair: float = setting(0.3, 0, 1)


@dataclass(frozen=True, eq=False)
class Head:
    """Label probabilities of one face in its head frame.

    Parameters
    ----------
    probabilities : (7, S, S) ndarray of float32
        One channel per label, summing to 1.
    matrix : (2, 3) ndarray of float64
        Map from the photo to the head frame.
    """

    probabilities: F32
    matrix: F64


def parse(photo: U8, face: Face, network: Network, settings: ParseSettings | None = None) -> Head:
    """Label probabilities of a face and its surroundings.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.
    face : Face
        From `emojimap.facenet.find.find`.
    network : Network
        That reads hair.
    settings : ParseSettings, optional
        See there.

    Returns
    -------
    Head
        Upright, the face in its middle.
    """
    settings = settings or ParseSettings()
    for faces in settings.wide_faces:
        matrix = around(face.points, faces * face.size, settings.head_px)
        wide = _wide(photo, face, network, faces, settings)
        if not _cut_off(wide, photo, matrix):
            break
    return Head(_merged(wide, face, matrix, settings), matrix)


def _wide(photo: U8, face: Face, network: Network, faces: float, settings: ParseSettings) -> F32:
    """Label probabilities of the wide crop, in the head frame."""
    crop = around(face.points, faces * face.size, network.size)
    found = read_views(network, warp(photo, crop, network.size), mirror=settings.mirror)
    size = settings.head_px, settings.head_px  # the same square of the photo, in finer pixels
    return np.stack([cv2.resize(channel, size) for channel in found])


def read_views(network: Network, picture: U8, *, mirror: bool) -> F32:
    """Label probabilities of one crop.

    Parameters
    ----------
    network : Network
        That reads it.
    picture : (S, S, 3) ndarray of uint8
        RGB.
    mirror : bool
        Average with its mirror image.

    Returns
    -------
    (7, S, S) ndarray of float32
        One channel per label.
    """
    if not mirror:
        alone: F32 = network(picture[None]).probabilities[0]
        return alone
    both = network(np.stack([picture, picture[:, ::-1]])).probabilities
    mean: F32 = (both[0] + both[1][:, :, ::-1]) / 2
    return mean


def _cut_off(wide: F32, photo: U8, matrix: F64) -> bool:
    """Tell whether hair reaches the border of the head frame where the photo goes on."""
    size = wide.shape[1]
    inside = cv2.warpAffine(np.ones(photo.shape[:2], np.uint8), matrix, (size, size)) > 0
    hair = (wide[LABELS.index("hair")] > 0.5) & inside
    rim = max(1, size // 64)
    borders = (hair[:rim], hair[-rim:], hair[:, :rim], hair[:, -rim:])
    return bool(sum(border.sum() for border in borders) > _CUT_SHARE * 4 * rim * size)


def _merged(wide: F32, face: Face, matrix: F64, settings: ParseSettings) -> F32:
    """Blend the tight crop into the wide one, in place, where it can be seen."""
    side = face.probabilities.shape[1]
    between = _between(face.matrix, matrix)
    rows, columns = _bounds(between, side, settings.head_px)
    between[:, 2] -= columns.start, rows.start
    size = columns.stop - columns.start, rows.stop - rows.start
    inside = cv2.warpAffine(_window(side), between, size, borderValue=0)
    for i, label in enumerate(LABELS):
        tight = cv2.warpAffine(
            face.probabilities[i], between, size, borderMode=cv2.BORDER_REPLICATE
        )
        weight = settings.tight_weight_hair if label == "hair" else settings.tight_weight
        part = wide[i, rows, columns]
        tight -= part
        tight *= weight * inside
        part += tight
    blended = wide[:, rows, columns]
    blended /= np.maximum(blended.sum(axis=0, keepdims=True), 1e-6)
    return wide


def _between(source: F64, target: F64) -> F64:
    both = np.vstack([target, [0, 0, 1]]) @ np.vstack([inverse(source), [0, 0, 1]])
    matrix: F64 = both[:2]
    return matrix


def _bounds(matrix: F64, side: int, size: int) -> tuple[slice, slice]:
    """Rows and columns of a frame that a square of another frame touches; at least one each."""
    corners = np.array([(x, y) for x in (0, side) for y in (0, side)], np.float32)
    there = apply(matrix, corners)
    low = np.clip(np.floor(there.min(axis=0)).astype(int) - 1, 0, size - 1)
    high = np.clip(np.ceil(there.max(axis=0)).astype(int) + 2, low + 1, size)
    return slice(low[1], high[1]), slice(low[0], high[0])


@cache
def _window(side: int) -> F32:
    """1 in the middle of the tight crop, falling to 0 at its border."""
    ramp = np.minimum(np.arange(side) + 0.5, side - np.arange(side) - 0.5) / (side * _FEATHER)
    ramp = np.clip(ramp, 0, 1).astype(np.float32)
    window: F32 = np.outer(ramp, ramp)
    window.flags.writeable = False
    return window


def onto_photo(mask: F32, head: F64, shape: tuple[int, int]) -> F32:
    """Bring a soft mask of the head frame into the photo's frame.

    Parameters
    ----------
    mask : (S, S) ndarray of float32
        0..1, in the head frame.
    head : (2, 3) ndarray of float64
        Map from the photo to the head frame.
    shape : (int, int)
        Height and width of the photo.

    Returns
    -------
    (H, W) ndarray of float32
        0 outside the head frame.
    """
    out: F32 = cv2.warpAffine(
        np.asarray(mask, np.float32),
        head,
        (shape[1], shape[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    return out
