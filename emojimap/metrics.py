"""Two measures that everything is judged by: overlap of masks and difference of colours."""

from __future__ import annotations

import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab

from emojimap.arrays import F64, U8, Bool, check_mask
from emojimap.errors import ArgumentError


def iou(a: Bool, b: Bool) -> float:
    """Intersection over union of two masks (Jaccard index).

    Parameters
    ----------
    a, b : (H, W) ndarray of bool
        Masks in the same frame.

    Returns
    -------
    float
        0 for disjoint masks to 1 for equal ones; two empty masks are equal.

    Raises
    ------
    ArgumentError
        If one is not a mask, or their shapes differ.

    References
    ----------
    .. [1] P. Jaccard, "The distribution of the flora in the alpine zone", New Phytologist 11(2),
       37-50, 1912. :doi:`10.1111/j.1469-8137.1912.tb05611.x`

    Examples
    --------
    >>> import numpy as np
    >>> iou(np.array([[True, True]]), np.array([[True, False]]))
    0.5
    """
    a = check_mask(a, "a")
    b = check_mask(b, "b", a.shape)
    union = int(np.count_nonzero(a | b))
    return float(np.count_nonzero(a & b) / union) if union else 1.0


def delta_e(a: U8, b: U8) -> F64:
    """Visible difference of sRGB colours, CIEDE2000 under D65.

    Parameters
    ----------
    a, b : (..., 3) ndarray of uint8
        sRGB; the shapes broadcast against each other.

    Returns
    -------
    (...) ndarray of float64
        0 for equal colours; 1 is about the least that is seen, 100 is black against white.

    Raises
    ------
    ArgumentError
        If one is not uint8 with three channels last, or the shapes do not broadcast.

    References
    ----------
    .. [1] G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000 color-difference formula: implementation
       notes, supplementary test data, and mathematical observations", Color Research and
       Application 30(1), 21-30, 2005. :doi:`10.1002/col.20070`

    Examples
    --------
    >>> import numpy as np
    >>> float(delta_e(np.array([0, 0, 0], np.uint8), np.array([0, 0, 0], np.uint8)))
    0.0
    """
    a, b = _check_colour(a, "a"), _check_colour(b, "b")
    try:
        a, b = np.broadcast_arrays(a, b)
    except ValueError as error:
        raise ArgumentError(
            f"a is {a.shape} and b is {b.shape}: give as many colours in both, or one"
        ) from error
    return np.asarray(deltaE_ciede2000(rgb2lab(a), rgb2lab(b)), dtype=np.float64)


def _check_colour(colour: U8, name: str) -> U8:
    array = np.asarray(colour)
    if array.dtype != np.uint8 or array.ndim == 0 or array.shape[-1] != 3:
        raise ArgumentError(
            f"{name} is {array.dtype}, shape {array.shape}: give (..., 3) uint8 in sRGB"
        )
    return array
