"""Clothes and headwear: their main colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emojimap.arrays import F32, F64, Bool
from emojimap.colours._locus import to_lab
from emojimap.colours._skin import Skin
from emojimap.colours._view import View, check_ranges, eroded, pixels, spread

# Folds and shadows change the lightness of one cloth, not its hue.
_SCALE = np.array([0.6, 1.0, 1.0], dtype=np.float32)
_CANDIDATES = 8
# Cloth of skin's hue but of so many times its chroma is red or orange.
_VIVID = 1.7


@dataclass(frozen=True)
class ClothesSettings:
    """How the main colour of clothes and headwear is found.

    Parameters
    ----------
    cell_lab : float
        Colours this close count as one; 2 to 40, Lab.
    below_chin_eyes : float
        Clothes are looked for from here down, eye distances below the chin; -1 to 2.
    skin_degrees : float
        What has nearly the hue of the skin is neck or shoulder; 0 to 90.
    skin_chroma_share : float
        ... if it has at least this share of the skin's chroma; 0 to 2.
    least_share : float
        Clothes that are a smaller share than this of neck and clothes are not seen; 0 to 1.
    least_pixels : int
        Fewer pixels tell nothing; 1 or more.
    darkest_l, lightest_l : float
        Range of the lightness, so that folds and outlines can be seen; 0 to 100.
    """

    cell_lab: float = 12.0
    below_chin_eyes: float = 0.15
    skin_degrees: float = 18.0
    skin_chroma_share: float = 0.6
    least_share: float = 0.12
    least_pixels: int = 60
    darkest_l: float = 16.0
    lightest_l: float = 95.0

    def __post_init__(self) -> None:
        check_ranges(
            self,
            {
                "cell_lab": (2, 40),
                "below_chin_eyes": (-1, 2),
                "skin_degrees": (0, 90),
                "skin_chroma_share": (0, 2),
                "least_share": (0, 1),
                "least_pixels": (1, 100_000),
                "lightest_l": (0, 100),
                "darkest_l": (0, self.lightest_l),
            },
        )


class Main(NamedTuple):
    """The main colour of a cloth.

    Parameters
    ----------
    raw, colour : (3,) ndarray of float64
        Lab, before and after correction.
    pixels : int
        How many have it.
    spread : float
        Median distance of these from their median, Lab.
    share : float
        Share of the cloth's pixels that have it.
    """

    raw: F64
    colour: F64
    pixels: int
    spread: float
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
    alike = (chroma > settings.skin_chroma_share * usual) & (chroma < _VIVID * usual)
    return np.asarray((share > 0.3) & (share < 1.25) & (off < settings.skin_degrees) & alike)


def main_colour(view: View, mask: Bool, settings: ClothesSettings) -> Main | None:
    """Find the colour that most of a cloth has.

    Parameters
    ----------
    view : View
        The face.
    mask : (h, w) ndarray of bool
        The cloth in the view.
    settings : ClothesSettings
        How.

    Returns
    -------
    Main or None
        None where too little is seen.
    """
    inner = eroded(mask, 0.04 * view.eye_distance)
    lab = pixels(view.rgb, inner if inner.sum() >= settings.least_pixels else mask)
    if len(lab) < settings.least_pixels:
        return None
    near = _largest(lab, settings.cell_lab)
    raw = np.median(lab[near], axis=0).astype(np.float64)
    colour = raw.copy()
    colour[0] = np.clip(raw[0], settings.darkest_l, settings.lightest_l)
    return Main(raw, colour, int(near.sum()), spread(lab[near]), float(near.mean()))


def _largest(lab: F32, cell: float) -> Bool:
    """Colours of the largest group: those near the middle of one of the fullest cells."""
    scaled = lab * _SCALE
    _, member, count = np.unique(
        np.floor(scaled / cell), axis=0, return_inverse=True, return_counts=True
    )
    member = member.reshape(-1)
    best = np.zeros(len(lab), dtype=bool)
    for number in np.argsort(-count, kind="stable")[:_CANDIDATES]:
        middle = np.median(scaled[member == number], axis=0)
        near = np.linalg.norm(scaled - middle, axis=1) <= cell
        if near.sum() > best.sum():
            best = near
    return best
