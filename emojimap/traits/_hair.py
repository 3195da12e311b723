"""Measures of the hair: where it is in the canonical frame, and how curly its strands are."""

from __future__ import annotations

import cv2
import numpy as np

from emojimap.arrays import F32, Bool
from emojimap.canonical import CANVAS, FACE_PX, MIDDLE_X

_LEAST = 200  # pixels inside the hair, fewer show no strands
_FINE, _NEAR = 0.02, 0.12  # blur of the picture and of its structure, eye distances


def places(cover: F32) -> dict[str, float]:
    """Measures of where hair is.

    Parameters
    ----------
    cover : (S, S) ndarray of float32
        What hair covers in the canonical frame.

    Returns
    -------
    dict of str to float
        See `emojimap.traits.MEASURES`.
    """

    def box(top: float, bottom: float, left: float = 0, right: float = CANVAS) -> F32:
        rows, columns = (
            slice(round(top * zoom), round(bottom * zoom)),
            slice(round(left * zoom), round(right * zoom)),
        )
        return cover[rows, columns]

    zoom, x = cover.shape[0] / CANVAS, MIDDLE_X
    size = FACE_PX * zoom
    beside = box(24, 44).sum() - box(24, 44, x - 14, x + 14).sum()
    return {
        "hairline": float(box(14, 24, x - 9, x + 10).mean()),
        "fringe": float(box(18, 30, x - 9, x + 10).mean()),
        "parting": float(box(12, 30, x - 14, x).mean() - box(12, 30, x, x + 14).mean()),
        "volume": float(box(0, 14, x - 10, x + 10).sum() / (20 * zoom * size)),
        "sides": float(beside / (20 * zoom * size)),
        "length": float(box(60, CANVAS).sum() / size**2),
        "hair_area": float(cover.sum() / size**2),
    }


def curl(lightness: F32, hair: Bool, unit: float) -> float:
    """How little neighbouring strands agree in their direction.

    The coherence of the structure tensor: straight and wavy hair runs one way in any small place,
    curls and coils run all ways.

    Parameters
    ----------
    lightness : (S, S) ndarray of float32
        L* of the picture.
    hair : (S, S) ndarray of bool
        Mask of the hair.
    unit : float
        Distance of the eyes, pixels.

    Returns
    -------
    float
        0 strands that all run one way, 1 none do; NaN where too little hair is seen.

    References
    ----------
    .. [1] J. Bigun and G. H. Granlund, "Optimal orientation detection of linear symmetry", First
       International Conference on Computer Vision, 433-438, 1987.
    """
    inside = cv2.erode(hair.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    if np.count_nonzero(inside) < _LEAST:
        return float("nan")
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    margin = round(3 * _NEAR * unit)  # what is farther away has no weight in the blur
    box = tuple(
        slice(max(0, int(line[0]) - margin), int(line[-1]) + 1 + margin) for line in (rows, columns)
    )
    inside = inside[box]
    smooth = cv2.GaussianBlur(lightness[box], (0, 0), max(1.0, _FINE * unit))
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    products = (across * across, across * down, down * down)
    xx, xy, yy = (cv2.GaussianBlur(one, (0, 0), _NEAR * unit)[inside] for one in products)
    coherence = np.sqrt((xx - yy) ** 2 + 4 * xy**2) / np.maximum(xx + yy, 1e-4)
    return float(1 - np.median(coherence))
