"""Array aliases and the few checks that every stage makes on what it is given.

Conventions everywhere: photos are RGB ``uint8``, arrays are indexed (row, column), landmarks are
``float32`` in (x, y) photo pixels.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emojimap.errors import ArgumentError

U8: TypeAlias = NDArray[np.uint8]
Bool: TypeAlias = NDArray[np.bool_]
I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F32: TypeAlias = NDArray[np.float32]
F64: TypeAlias = NDArray[np.float64]


def check_rgb(photo: Any, name: str = "photo") -> U8:
    """Return `photo` if it is an (H, W, 3) array of uint8, else raise.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB, at least one pixel.
    name : str
        What the message calls it.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        The same array.

    Raises
    ------
    ArgumentError
        If the type, the number of dimensions or of channels differs.
    """
    if not isinstance(photo, np.ndarray) or photo.dtype != np.uint8:
        kind = getattr(photo, "dtype", type(photo).__name__)
        raise ArgumentError(f"{name} is {kind}: give an (H, W, 3) array of uint8, RGB")
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.size == 0:
        raise ArgumentError(f"{name} has shape {photo.shape}: give (H, W, 3), RGB")
    return photo


def check_mask(mask: Any, name: str = "mask", shape: tuple[int, int] | None = None) -> Bool:
    """Return `mask` if it is an (H, W) array of bool, else raise.

    Parameters
    ----------
    mask : (H, W) ndarray of bool
        At least one pixel.
    name : str
        What the message calls it.
    shape : (int, int), optional
        Height and width that it must have.

    Returns
    -------
    (H, W) ndarray of bool
        The same array.

    Raises
    ------
    ArgumentError
        If the type, the number of dimensions or the shape differs.
    """
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.ndim != 2:
        kind = getattr(mask, "dtype", type(mask).__name__)
        raise ArgumentError(
            f"{name} is {kind}, shape {np.shape(mask)}: give an (H, W) array of bool"
        )
    if shape is not None and mask.shape != shape:
        raise ArgumentError(f"{name} is {mask.shape}, not {shape}: give both in the same frame")
    return mask


def check_points(points: Any, count: int, name: str = "landmarks") -> F32:
    """Return `points` as (count, 2) float32 if they are finite (x, y) pairs, else raise.

    Parameters
    ----------
    points : (count, 2) array_like of float
        x, then y.
    count : int
        How many there must be.
    name : str
        What the message calls them.

    Returns
    -------
    (count, 2) ndarray of float32
        The points.

    Raises
    ------
    ArgumentError
        If the shape differs or a value is not finite.
    """
    array = np.asarray(points, dtype=np.float32)
    if array.shape != (count, 2):
        raise ArgumentError(f"{name} has shape {array.shape}: give ({count}, 2), x then y")
    if not np.isfinite(array).all():
        raise ArgumentError(f"{name} holds a value that is not finite: give pixels")
    return array
