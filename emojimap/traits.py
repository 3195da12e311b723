"""What is seen in a face beside hair and colours, in words that any style can map to its parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np

from emojimap.arrays import F32, U8, Bool
from emojimap.settings import Checked, setting

_LEAST_MOUSTACHE, _LEAST_CHIN = 0.2, 0.5

Glasses = Literal["none", "clear", "dark"]
Mouth = Literal["neutral", "smile", "twinkle", "open"]


@dataclass(frozen=True)
class Traits:
    """Style-independent findings of one face.

    Parameters
    ----------
    glasses : {"none", "clear", "dark"}
        Clear or dark (sun) glasses worn over the eyes.
    headwear : bool
        A hat, cap, turban or scarf is worn.
    moustache, chin, cheeks : float
        Share 0..1 of the upper lip, of the chin and of the cheeks beside the mouth that facial
        hair covers; all 0 without a beard.
    mouth : {"neutral", "smile", "twinkle", "open"}
        Closed and level; raised corners; corners raised high, lips closed; a smile with teeth.
    chin_length : float
        Height from the eyes to the chin, face widths; NaN where it was not measured.
    jaw_width : float
        Width of the face at the mouth, face widths; NaN where it was not measured.
    brow_height : float
        Height of the brows over the eyes, eye distances; NaN where it was not measured.
    why : mapping of str to str
        For each finding the figure that decided it, for the JSON and the sheet.
    """

    glasses: Glasses = "none"
    headwear: bool = False
    moustache: float = 0.0
    chin: float = 0.0
    cheeks: float = 0.0
    mouth: Mouth = "neutral"
    chin_length: float = math.nan
    jaw_width: float = math.nan
    brow_height: float = math.nan
    why: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TraitSettings(Checked):
    """Thresholds of the traits.

    Parameters
    ----------
    dark_lens : float
        Lenses are dark if their median lightness L* is under this share of the skin's.
    eye_cover : float
        Glasses cover at least this share of a disc around each eye.
    smile_gap : float
        Opening of the lips in a toothy smile, mouth widths.
    smile_width : float
        Mouth's width in a toothy smile, eye distances.
    smile_lift : float
        Height of the mouth corners over its middle that makes a closed smile, mouth widths.
    twinkle_lift : float
        The same for a broad one.
    """

    dark_lens: float = setting(0.45, 0, 2, "of the skin's L*")
    eye_cover: float = setting(0.05, 0, 1, "share")
    smile_gap: float = setting(0.10, 0, 2, "mouth widths")
    smile_width: float = setting(0.90, 0, 2, "eye distances")
    smile_lift: float = setting(0.04, 0, 2, "mouth widths")
    twinkle_lift: float = setting(0.09, 0, 2, "mouth widths")


def measure(
    photo: U8, points: F32, masks: Mapping[str, Bool], settings: TraitSettings | None = None
) -> Traits:
    """Read the traits of one upright head.

    Parameters
    ----------
    photo : (S, S, 3) ndarray of uint8
        RGB, the head frame.
    points : (70, 2) ndarray of float32
        Landmarks in the head frame.
    masks : mapping of str to (S, S) ndarray of bool
        ``facial_hair``, ``skin``, ``glasses``, ``headwear``: cleaned, empty where not believed.
    settings : TraitSettings, optional
        See there.

    Returns
    -------
    Traits
        With the figures that decided.
    """
    settings = settings or TraitSettings()
    unit = float(np.hypot(*(points[42:48].mean(axis=0) - points[36:42].mean(axis=0))))
    glasses, glasses_why = _glasses(photo, points, masks, unit, settings)
    mouth, mouth_why = _mouth(points, unit, settings)
    beard = masks["facial_hair"]
    upper, chin, cheeks = (_share(beard, region) for region in beard_regions(points))
    hat = float(masks["headwear"].sum()) / unit**2
    chin_length, jaw_width, brow_height = _proportions(points, unit)
    return Traits(
        glasses=glasses,
        headwear=bool(masks["headwear"].any()),
        moustache=upper,
        chin=chin,
        cheeks=cheeks,
        mouth=mouth,
        chin_length=chin_length,
        jaw_width=jaw_width,
        brow_height=brow_height,
        why={
            "glasses": glasses_why,
            "headwear": f"headwear covers {hat:.2f} squared eye distances",
            "facial_hair": f"covers {upper:.0%} of the upper lip, {chin:.0%} of the chin, "
            f"{cheeks:.0%} of the cheeks beside the mouth",
            "mouth": mouth_why,
        },
    )


def has_beard(traits: Traits) -> bool:
    """Whether what facial hair covers is a beard or a moustache.

    A wrong one looks worst, and curls beside the jaw are easily taken for one: almost every beard
    has a moustache, and however much of the cheeks is covered, it is none without moustache or
    chin.

    Parameters
    ----------
    traits : Traits
        What was seen.

    Returns
    -------
    bool
        True for any kind of facial hair.
    """
    return traits.moustache >= _LEAST_MOUSTACHE or traits.chin >= _LEAST_CHIN


def beard_regions(points: F32) -> tuple[F32, F32, F32]:
    """Polygons in which facial hair is counted.

    Parameters
    ----------
    points : (68 or more, 2) ndarray of float32
        Landmarks.

    Returns
    -------
    tuple of three (n, 2) ndarray of float32
        Upper lip; chin below the mouth; both cheeks beside the mouth, joined over the chin.
    """
    upper = np.concatenate([points[31:36], points[54:47:-1]])
    chin = np.concatenate([points[6:11], points[54:60], points[48:49]])
    lower = points[58:55:-1]
    middle = lower.mean(axis=0, keepdims=True)
    cheeks = np.concatenate(
        [points[3:14], points[35:36] * 0.3 + points[13:14] * 0.7, points[54:55], middle,
         points[48:49], points[31:32] * 0.3 + points[3:4] * 0.7]
    )  # fmt: skip
    return upper, chin, cheeks


def _proportions(points: F32, unit: float) -> tuple[float, float, float]:
    """Length of the chin, width of the jaw, height of the brows, in the upright head frame."""
    eyes = np.stack([points[36:42].mean(axis=0), points[42:48].mean(axis=0)])
    along = (eyes[1] - eyes[0]) / max(unit, 1e-6)
    down = np.array([-along[1], along[0]])
    across, below = points[:68] @ along, (points[:68] - eyes.mean(axis=0)) @ down
    width = float(np.ptp(across[:17]))
    if not width > 0 or not unit > 0:
        return math.nan, math.nan, math.nan
    mouth = float(below[[48, 54]].mean())
    jaw = np.interp(mouth, below[8:17][::-1], across[8:17][::-1]) - np.interp(
        mouth, below[:9], across[:9]
    )
    brows = -float(below[17:27].mean()) / unit
    return float(below[8]) / width, float(jaw) / width, brows


def _share(mask: Bool, polygon: F32) -> float:
    canvas = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(canvas, [np.round(polygon).astype(np.int32)], 1)
    region = canvas > 0
    return float(mask[region].mean()) if region.any() else 0.0


def _glasses(
    photo: U8, points: F32, masks: Mapping[str, Bool], unit: float, settings: TraitSettings
) -> tuple[Glasses, str]:
    mask = masks["glasses"]
    area = float(mask.sum()) / unit**2
    discs = [
        _disc(eye.mean(axis=0), 0.3 * unit, mask.shape) for eye in (points[36:42], points[42:48])
    ]
    cover = min(float(mask[disc].mean()) if disc.any() else 0.0 for disc in discs)
    found = f"glasses cover {area:.2f} squared eye distances"
    if not mask.any() or cover < settings.eye_cover:
        return "none", f"{found}, {cover:.0%} of an eye"
    lenses = mask & (discs[0] | discs[1])
    skin = masks["skin"]
    if not skin.any():
        return "clear", f"{found}; no skin to compare the lenses with"
    lightness = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[:, :, 0]
    share = float(np.median(lightness[lenses]) / max(float(np.median(lightness[skin])), 1.0))
    dark = share < settings.dark_lens
    return ("dark" if dark else "clear"), f"{found}; lenses are {share:.2f} as light as the skin"


def _disc(centre: F32, radius: float, shape: tuple[int, ...]) -> Bool:
    canvas = np.zeros(shape, np.uint8)
    cv2.circle(canvas, (round(float(centre[0])), round(float(centre[1]))), round(radius), 1, -1)
    return canvas > 0


def _mouth(points: F32, unit: float, settings: TraitSettings) -> tuple[Mouth, str]:
    along = (points[42:48].mean(axis=0) - points[36:42].mean(axis=0)) / max(unit, 1e-6)
    down = np.array([-along[1], along[0]])
    width = max(float((points[54] - points[48]) @ along), 1e-3)
    upper, lower = float((points[61:64] @ down).mean()), float((points[65:68] @ down).mean())
    corners = float((points[[48, 54]] @ down).mean())
    gap, lift = (lower - upper) / width, ((upper + lower) / 2 - corners) / width
    why = f"width {width / unit:.2f} eye distances, opening {gap:.2f}, corners {lift:+.2f} widths"
    if gap >= settings.smile_gap and width >= settings.smile_width * unit and lift > 0:
        return "open", why
    if gap < settings.smile_gap and lift >= settings.twinkle_lift:
        return "twinkle", why
    if gap < settings.smile_gap and lift >= settings.smile_lift:
        return "smile", why
    return "neutral", why
