"""Glasses: the colour of their frame, where the photo is large enough to show it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from emojimap.arrays import F32, F64, Bool
from emojimap.colours._skin import Skin, light_of
from emojimap.colours._view import Sampled, View
from emojimap.settings import Checked, setting


@dataclass(frozen=True)
class GlassesSettings(Checked):
    """How frames are measured.

    Parameters
    ----------
    least_eye_distance_px : float
        Frames are a pixel or two wide on smaller faces and show no colour.
    rim_eyes : float
        Width of the band along the outline of the glasses in which the frame is looked for.
    least_apart_lab : float
        What is nearer to the skin's colour than this is skin behind glass.
    least_pixels : int
        Fewer pixels tell nothing.
    least_share : float
        ... and so does a smaller share of the band: rimless glasses.
    light_share : float
        Share of the light's colour, judged by the skin, that is taken out.
    lightest_l : float
        Reflections make frames look lighter than they are; those over this are not believed.
    """

    least_eye_distance_px: float = setting(60.0, 4, 1000)
    rim_eyes: float = setting(0.12, 0.01, 1)
    least_apart_lab: float = setting(18.0, 0, 100)
    least_pixels: int = setting(60, 1, 100_000)
    least_share: float = setting(0.15, 0, 1)
    light_share: float = setting(0.5, 0, 1)
    lightest_l: float = setting(70.0, 0, 100)


def frame_colour(
    view: View, skin: Skin | None, settings: GlassesSettings
) -> tuple[F64, F64, Sampled] | str:
    """Measure the frame of the glasses.

    Parameters
    ----------
    view : View
        The face.
    skin : Skin or None
        The face's skin.
    settings : GlassesSettings
        How.

    Returns
    -------
    (ndarray, ndarray, Sampled) or str
        Lab before and after correction and the pixels, or why the photo doesn't show it.
    """
    mask = view.masks["glasses"]
    if not mask.any():
        return "no glasses seen"
    distance = view.eye_distance * view.step
    if distance < settings.least_eye_distance_px:
        return (
            f"the eyes are {distance:.0f} px apart, under the "
            f"{settings.least_eye_distance_px:g} px that show a frame's colour"
        )
    sampled = view.pixels(_rim(mask, settings.rim_eyes * view.eye_distance))
    kept = _not_skin(sampled.lab, skin, settings.least_apart_lab)
    share = float(kept.mean()) if len(kept) else 0.0
    if kept.sum() < settings.least_pixels or share < settings.least_share:
        return f"only {share:.0%} of the glasses' rim differs from the skin"
    # The middle of a frame is darkest: towards both sides skin mixes in.
    dark = sampled.lab[:, 0] <= np.percentile(sampled.lab[kept, 0], 60)
    sampled = sampled.keep(kept & dark)
    raw = np.median(sampled.colours, axis=0).astype(np.float64)
    if raw[0] > settings.lightest_l:
        return "the frame is as bright as its reflections"
    light = light_of(skin)
    return raw, light.taken_out(raw, 0.0, settings.light_share), sampled


def _rim(mask: Bool, width: float) -> Bool:
    """Band along the outline: half of it inside, half outside."""
    side = 2 * max(1, round(min(width / 2, max(mask.shape)))) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, kernel), bool)


def _not_skin(lab: F32, skin: Skin | None, apart: float) -> Bool:
    if skin is None:
        return np.ones(len(lab), bool)
    # Shaded skin is skin: the lightness counts half.
    away = (lab - skin.raw.astype(np.float32)) * np.array([0.5, 1, 1], np.float32)
    return np.asarray(np.linalg.norm(away, axis=1) > apart)
