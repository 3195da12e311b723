"""Lips: their colour in neutral light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emojimap.arrays import F64
from emojimap.colours._places import lips_mask
from emojimap.colours._skin import Skin, light_of
from emojimap.colours._view import Sampled, View
from emojimap.settings import Checked, setting


@dataclass(frozen=True)
class LipSettings(Checked):
    """How lips are measured.

    Parameters
    ----------
    least_pixels : int
        Fewer pixels tell nothing.
    dark_share, bright_share : float
        Share of the pixels dropped as the line between the lips, and as their shine.
    light_share, exposure_share : float
        Share of the light's colour and strength, judged by the skin, that is taken out.
    """

    least_pixels: int = setting(20, 1, 100_000)
    dark_share: float = setting(0.2, 0, 0.5)
    bright_share: float = setting(0.2, 0, 0.5)
    light_share: float = setting(0.9, 0, 1)
    exposure_share: float = setting(0.9, 0, 1)


def lip_colour(
    view: View, skin: Skin | None, settings: LipSettings
) -> tuple[F64, F64, Sampled] | None:
    """Measure the lips.

    Parameters
    ----------
    view : View
        The face.
    skin : Skin or None
        The face's skin, by which the light is judged.
    settings : LipSettings
        How.

    Returns
    -------
    (ndarray, ndarray, Sampled) or None
        Lab before and after correction and the pixels; None where too few are seen.
    """
    sampled = view.pixels(lips_mask(view) & ~view.any("headwear", "hair"))
    if len(sampled.lab) < settings.least_pixels:
        return None
    sampled = sampled.trimmed(settings.dark_share, settings.bright_share)
    raw = np.median(sampled.colours, axis=0).astype(np.float64)
    light = light_of(skin)
    return raw, light.taken_out(raw, settings.exposure_share, settings.light_share), sampled
