"""What is worn below the chin: a jacket over a light shirt, an open neck."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from emojimap.arrays import F32, Bool

_LEAST = 60  # pixels


def worn(lightness: F32, points: F32, masks: Mapping[str, Bool], unit: float) -> dict[str, float]:
    """Measures of the clothes.

    Parameters
    ----------
    lightness : (S, S) ndarray of float32
        L* of the picture.
    points : (68 or more, 2) ndarray of float32
        Landmarks; the eyes are level.
    masks : mapping of str to (S, S) ndarray of bool
        ``body`` is neck and clothes.
    unit : float
        Distance of the eyes, pixels.

    Returns
    -------
    dict of str to float
        ``shirt_front``: L* of the strip below the neck over that of the shoulders; NaN where the
        picture shows too little of either.
    """
    rows, columns = np.ogrid[: lightness.shape[0], : lightness.shape[1]]
    below = masks["body"] & (rows > points[8, 1] + 0.55 * unit)
    beside = np.abs(columns - points[8, 0])
    middle = lightness[below & (beside < 0.25 * unit)]
    shoulders = lightness[below & (beside > 0.7 * unit) & (beside < 1.8 * unit)]
    if min(len(middle), len(shoulders)) < _LEAST:
        return {"shirt_front": math.nan}
    return {"shirt_front": float(np.median(middle) - np.median(shoulders))}
