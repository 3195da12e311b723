"""Clothes and headwear: their main colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emojimap.arrays import F32, F64, Bool
from emojimap.colours._locus import to_lab
from emojimap.colours._skin import Skin, light_of
from emojimap.colours._view import Sampled, View, eroded
from emojimap.errors import ArgumentError
from emojimap.settings import Checked, setting

_CANDIDATES = 8
_OFFSET = 1024


@dataclass(frozen=True)
class ClothesSettings(Checked):
    """How the main colour of clothes and headwear is found.

    Parameters
    ----------
    erosion_eyes : float
        Rim of the mask left out.
    cell_lab : float
        Colours this close count as one.
    lightness_weight : float
        Of L* beside a* and b* when colours are compared: folds and shadows change the lightness
        of one cloth, not its hue.
    below_chin_eyes : float
        Clothes are looked for from here down, below the chin.
    skin_degrees : float
        What has nearly the hue of the skin is neck or shoulder.
    skin_chroma_share : float
        ... if it has at least this share of the skin's chroma.
    vivid_chroma_share : float
        Cloth of the skin's hue with so many times its chroma is red or orange.
    least_share : float
        Clothes that are a smaller share than this of neck and clothes are not seen.
    least_pixels : int
        Fewer pixels tell nothing.
    light_share : float
        Share of the light's colour, judged by the skin, that is taken out.
    darkest_l, lightest_l : float
        Range of the lightness, so that folds and outlines can be seen.
    """

    erosion_eyes: float = setting(0.04, 0, 0.5)
    cell_lab: float = setting(12.0, 2, 40)
    lightness_weight: float = setting(0.6, 0, 2)
    below_chin_eyes: float = setting(0.15, -1, 2)
    skin_degrees: float = setting(18.0, 0, 90)
    skin_chroma_share: float = setting(0.6, 0, 2)
    vivid_chroma_share: float = setting(1.7, 1, 10)
    least_share: float = setting(0.12, 0, 1)
    least_pixels: int = setting(60, 1, 100_000)
    light_share: float = setting(0.0, 0, 1)
    darkest_l: float = setting(16.0, 0, 100)
    lightest_l: float = setting(95.0, 0, 100)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.darkest_l > self.lightest_l:
            raise ArgumentError(
                f"ClothesSettings.darkest_l {self.darkest_l} is over lightest_l {self.lightest_l}"
            )


class Main(NamedTuple):
    """The main colour of a cloth.

    Parameters
    ----------
    raw, colour : (3,) ndarray of float64
        Lab, before and after correction.
    sampled : Sampled
        The cloth's pixels; those that have the colour count.
    share : float
        Share of the cloth's pixels that have it.
    """

    raw: F64
    colour: F64
    sampled: Sampled
    share: float


def clothes_mask(view: View, skin: Skin | None, settings: ClothesSettings) -> Bool:
    """Return what is worn below the chin, without the neck.

    Parameters
    ----------
    view : View
        The face.
    skin : Skin or None
        The face's skin, by which the neck is told from the clothes.
    settings : ClothesSettings
        How.

    Returns
    -------
    (h, w) ndarray of bool
        The clothes.
    """
    points = view.landmarks
    along = points[42:48].mean(axis=0) - points[36:42].mean(axis=0)
    down = np.array([-along[1], along[0]]) / max(float(along @ along), 1e-6)
    start = float(points[8] @ down) + settings.below_chin_eyes
    rows, columns = np.ogrid[: view.rgb.shape[0], : view.rgb.shape[1]]
    worn: Bool = view.masks["body"] & (columns * down[0] + rows * down[1] > start)
    worn &= ~view.any("skin", "hair", "facial_hair", "headwear")
    if skin is not None:
        places = np.flatnonzero(worn)
        if not len(places):
            return worn
        lab = to_lab(view.rgb.reshape(-1, 3)[places])
        bare = _like_skin(lab, skin.raw, settings)
        # Where nearly all is skin, what is left is its shadows.
        worn.reshape(-1)[places[bare | (bare.mean() > 1 - settings.least_share)]] = False
    return worn


def _like_skin(lab: F32, skin: F64, settings: ClothesSettings) -> Bool:
    """Tell neck and shoulders, shaded ones too, from cloth: shade keeps hue and saturation."""
    share = lab[:, 0] / max(float(skin[0]), 10.0)
    chroma, hue = np.hypot(lab[:, 1], lab[:, 2]), np.arctan2(lab[:, 2], lab[:, 1])
    off = np.degrees(np.abs(hue - np.arctan2(skin[2], skin[1])))
    usual = np.hypot(skin[1], skin[2]) * share.clip(0.3, 1)
    alike = (chroma > settings.skin_chroma_share * usual) & (
        chroma < settings.vivid_chroma_share * usual
    )
    return np.asarray((share > 0.3) & (share < 1.25) & (off < settings.skin_degrees) & alike)


def main_colour(
    view: View, mask: Bool, skin: Skin | None, settings: ClothesSettings
) -> Main | None:
    """Find the colour that most of a cloth has.

    Parameters
    ----------
    view : View
        The face.
    mask : (h, w) ndarray of bool
        The cloth in the view.
    skin : Skin or None
        The face's skin, by which the light is judged.
    settings : ClothesSettings
        How.

    Returns
    -------
    Main or None
        None where too little is seen.
    """
    inner = eroded(mask, settings.erosion_eyes * view.eye_distance)
    sampled = view.pixels(inner if inner.sum() >= settings.least_pixels else mask)
    if len(sampled.lab) < settings.least_pixels:
        return None
    near = _largest(sampled.lab, settings)
    sampled = sampled.keep(near)
    raw = np.median(sampled.colours, axis=0).astype(np.float64)
    light = light_of(skin)
    colour = light.taken_out(raw, 0.0, settings.light_share)
    colour[0] = np.clip(colour[0], settings.darkest_l, settings.lightest_l)
    return Main(raw, colour, sampled, float(near.mean()))


def _largest(lab: F32, settings: ClothesSettings) -> Bool:
    """Colours of the largest group: those near the middle of one of the fullest cells."""
    cell = settings.cell_lab
    scaled = lab * np.array([settings.lightness_weight, 1.0, 1.0], dtype=np.float32)
    cells = np.floor(scaled / cell).astype(np.int64) + _OFFSET
    # One number for each cell: sorting rows takes several times as long.
    keys = (cells[:, 0] * 2 * _OFFSET + cells[:, 1]) * 2 * _OFFSET + cells[:, 2]
    _, member, count = np.unique(keys, return_inverse=True, return_counts=True)
    best = np.zeros(len(lab), dtype=bool)
    for number in np.argsort(-count, kind="stable")[:_CANDIDATES]:
        middle = np.median(scaled[member == number], axis=0)
        near = np.linalg.norm(scaled - middle, axis=1) <= cell
        if near.sum() > best.sum():
            best = near
    return best
