"""What is seen in a face beside masks and colours, in words that any style can map to parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import cv2
import numpy as np

from emojimap.arrays import F32, U8, Bool
from emojimap.canonical import CANVAS, coverage, face_frame
from emojimap.settings import Checked, setting
from emojimap.traits._clothes import worn
from emojimap.traits._face import brows, proportions
from emojimap.traits._glasses import disc, frames
from emojimap.traits._hair import curl, places
from emojimap.traits._upright import Upright, upright

__all__ = [
    "COVER_WEIGHTS",
    "MEASURES",
    "USUAL",
    "Glasses",
    "Mouth",
    "TraitSettings",
    "Traits",
    "beard_regions",
    "cover_apart",
    "has_beard",
    "measure",
    "natural",
    "places",
]

_LEAST_MOUSTACHE, _LEAST_CHIN = 0.2, 0.5

COVER_WEIGHTS = 0.5, 1.0, 1.0
"""Of moustache, chin and cheeks when facial hair is compared: nearly every beard has a moustache,
so chin and cheeks tell which one it is."""

Glasses = Literal["none", "clear", "dark"]
Mouth = Literal["neutral", "smile", "twinkle", "open"]

USUAL: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "hairline": (0.48, 0.3),
        "fringe": (0.18, 0.23),
        "parting": (0.015, 0.145),
        "volume": (0.21, 0.127),
        "sides": (0.33, 0.24),
        "length": (0.1, 0.28),
        "hair_area": (0.85, 0.69),
        "curl": (0.33, 0.14),
        "chin_length": (0.83, 0.056),
        "jaw_width": (0.88, 0.050),
        "chin_width": (0.627, 0.066),
        "brow_height": (0.152, 0.023),
        "brow_weight": (0.0385, 0.0157),
        "brow_darkness": (0.35, 0.13),
        "brow_arch": (0.046, 0.010),
        "eye_size": (0.053, 0.012),
        "nose_width": (0.262, 0.025),
        "nose_length": (0.350, 0.039),
        "mouth_width": (0.421, 0.058),
        "lip_fullness": (0.112, 0.015),
        "glasses_weight": (0.37, 0.18),
        "glasses_height": (0.79, 0.1),
        "shirt_front": (10.0, 27.0),
    }
)
"""Mean and standard deviation of each measure among people, on news photos.

Hair, as shares of areas in the canonical frame or in face sizes: how much of the forehead's upper
part it covers (little where it recedes), and of the whole (a fringe); how much more on the image's
left; over the head; beside the eyes; below the chin; all of it; how curly its strands are. Face, in
widths or sizes of the face: from the eyes to the chin, width at mouth and chin, brows' height over
the eyes, how heavy, how dark and how bent they are, opening of the eyes, nose, mouth, lips. Frames
of glasses: how dark against the skin, and height of a lens in widths. Clothes: L* of the strip
below the neck over that of the shoulders."""

MEASURES = tuple(USUAL)
"""Names of the measures that packs may use."""


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
    measures : mapping of str to float
        Of `MEASURES`, what was measured, in the units of `USUAL`.
    why : mapping of str to str
        For each finding the figure that decided it, for the JSON and the sheet.
    """

    glasses: Glasses = "none"
    headwear: bool = False
    moustache: float = 0.0
    chin: float = 0.0
    cheeks: float = 0.0
    mouth: Mouth = "neutral"
    measures: Mapping[str, float] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)

    @property
    def cover(self) -> tuple[float, float, float]:
        """Covered shares of moustache, chin and cheeks."""
        return self.moustache, self.chin, self.cheeks

    def standard(self, name: str) -> float:
        """Return a measure in standard deviations from the usual face; NaN if it wasn't measured.

        Examples
        --------
        >>> round(Traits(measures={"curl": 0.47}).standard("curl"), 1)
        1.0
        """
        mean, deviation = USUAL[name]
        return (self.measures.get(name, math.nan) - mean) / deviation


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
    face = upright(points)
    if face is None:
        return Traits(why={"face": "the landmarks span no face"})
    unit = face.unit
    lightness = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[:, :, 0]
    glasses, glasses_why = _glasses(lightness, points, masks, unit, settings)
    mouth, mouth_why = _mouth(face, settings)
    beard = masks["facial_hair"]
    upper, chin, cheeks = (_share(beard, region) for region in beard_regions(points))
    hat = float(masks["headwear"].sum()) / unit**2
    return Traits(
        glasses=glasses,
        headwear=bool(masks["headwear"].any()),
        moustache=upper,
        chin=chin,
        cheeks=cheeks,
        mouth=mouth,
        measures=_measures(lightness, points, masks, face),
        why={
            "glasses": glasses_why,
            "headwear": f"headwear covers {hat:.2f} squared eye distances",
            "facial_hair": f"covers {upper:.0%} of the upper lip, {chin:.0%} of the chin, "
            f"{cheeks:.0%} of the cheeks beside the mouth",
            "mouth": mouth_why,
        },
    )


def _measures(
    lightness: F32, points: F32, masks: Mapping[str, Bool], face: Upright
) -> dict[str, float]:
    found = proportions(face)
    if not masks["headwear"].any():  # it hides hair
        found |= places(coverage(masks["hair"], face_frame(points[:68]), CANVAS))
    found["curl"] = curl(lightness, masks["hair"], face.unit)
    if not masks["glasses"].any():  # frames pass for brows
        found |= brows(lightness, points, face.unit)
    found |= frames(lightness, points, masks, face.unit)
    found |= worn(lightness, points, masks, face.unit)
    return {name: value for name, value in found.items() if math.isfinite(value)}


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


def natural(name: str, score: float) -> float:
    """Return a measure in the units of `USUAL`, from standard deviations from the usual face."""
    mean, deviation = USUAL[name]
    return mean + score * deviation


def cover_apart(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Distance of two faces' facial hair.

    Parameters
    ----------
    a, b : tuple of three float
        Covered share of moustache, chin and cheeks.

    Returns
    -------
    float
        0 for equal to 1 for bare against all covered.
    """
    apart = (w * (x - y) for w, x, y in zip(COVER_WEIGHTS, a, b, strict=True))
    return math.hypot(*apart) / math.hypot(*COVER_WEIGHTS)


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


def _share(mask: Bool, polygon: F32) -> float:
    canvas = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(canvas, [np.round(polygon).astype(np.int32)], 1)
    region = canvas > 0
    return float(mask[region].mean()) if region.any() else 0.0


def _glasses(
    lightness: F32, points: F32, masks: Mapping[str, Bool], unit: float, settings: TraitSettings
) -> tuple[Glasses, str]:
    mask = masks["glasses"]
    area = float(mask.sum()) / unit**2
    discs = [
        disc(eye.mean(axis=0), 0.3 * unit, mask.shape) for eye in (points[36:42], points[42:48])
    ]
    cover = min(float(mask[disc].mean()) if disc.any() else 0.0 for disc in discs)
    found = f"glasses cover {area:.2f} squared eye distances"
    if not mask.any() or cover < settings.eye_cover:
        return "none", f"{found}, {cover:.0%} of an eye"
    lenses = mask & (discs[0] | discs[1])
    skin = masks["skin"]
    if not skin.any():
        return "clear", f"{found}; no skin to compare the lenses with"
    share = float(np.median(lightness[lenses]) / max(float(np.median(lightness[skin])), 1.0))
    dark = share < settings.dark_lens
    return ("dark" if dark else "clear"), f"{found}; lenses are {share:.2f} as light as the skin"


def _mouth(face: Upright, settings: TraitSettings) -> tuple[Mouth, str]:
    down, unit = face.points[:, 1], face.unit / face.size
    width = max(float(face.points[54, 0] - face.points[48, 0]), 1e-3)
    upper, lower = float(down[61:64].mean()), float(down[65:68].mean())
    corners = float(down[[48, 54]].mean())
    gap, lift = (lower - upper) / width, ((upper + lower) / 2 - corners) / width
    why = f"width {width / unit:.2f} eye distances, opening {gap:.2f}, corners {lift:+.2f} widths"
    if gap >= settings.smile_gap and width >= settings.smile_width * unit and lift > 0:
        return "open", why
    if gap < settings.smile_gap and lift >= settings.twinkle_lift:
        return "twinkle", why
    if gap < settings.smile_gap and lift >= settings.smile_lift:
        return "smile", why
    return "neutral", why
