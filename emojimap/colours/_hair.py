"""Hair, beards and brows: from pixels under a mask to the colour that people would name.

What is measured is first brought into neutral light, the light being judged by the skin: a colour
cast tints skin and hair alike, dye tints the hair alone. In neutral light undyed hair lies on a
narrow curve in Lab, so it is drawn towards that; grey hair has no pigment and stays grey, red hair
is drawn less, and colours off the curve are dye and stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np

from emojimap.arrays import F64, Bool
from emojimap.colours._locus import LocusSettings, cartesian, polar
from emojimap.colours._skin import Skin, light_of
from emojimap.colours._view import Sampled, View, eroded
from emojimap.settings import Checked, setting


@dataclass(frozen=True)
class HairSettings(Checked):
    """How hair is measured and drawn onto the locus.

    Parameters
    ----------
    erosion_eyes : float
        Rim of the mask left out.
    lightness_percentile, beard_percentile, brow_percentile : float
        Percentile of the lightness taken for hair, and for beards and brows, through which skin
        shines.
    band_percentiles : float
        Pixels this many percentiles around that lightness give a* and b*.
    least_pixels : int
        Fewer pixels than these tell nothing.
    brow_width_eyes : float
        Width of the band along the landmarks that is taken for a brow.
    light_share : float
        Share of the light's colour, judged by the skin, that is taken out.
    exposure_share : float
        Share of the light's strength, judged by the skin, that is taken out.
    locus_share : float
        Share by which the chroma is drawn to that of undyed hair.
    lift_from_l, lift_share : float
        Hair lighter than the first is made lighter still, by this share of what it is lighter:
        on a face of one colour people expect the brighter strands of blond hair.
    grey_yellowness : float
        Hair of L* 50 is grey where its b* in neutral light is under this.
    grey_softness : float
        How far around that limit hair is between grey and natural.
    grey_per_l : float
        By how much the limit rises for each L* in the photo: light brown is seldom as pale.
    grey_skin_weight : float
        Weight of a second cue added to b*: the hair's b* in the photo less half of the skin's.
    grey_l : float
        Darker hair is never grey, L* in the photo.
    grey_beard_bonus : float
        Added to the limit for a beard under grey hair, since skin shines through it.
    grey_chroma : float
        Chroma that grey hair keeps at most.
    pale_l : float
        Lighter hair is not drawn up to the usual chroma: platinum stays what it is.
    red_degrees : float
        Hair is red where its hue in neutral light is under this, or under the natural hues.
    red_softness_degrees : float
        How far around that limit hair is between red and natural.
    red_chroma_share : float
        ... and its chroma is over this share of the usual one.
    red_gain : float
        Factor on the chroma of red hair.
    red_lift_l : float
        Lightness added to red hair, which looks darker on a photo than people remember it.
    dye_apart_lab : float
        Colours farther than this from the natural hues are dye.
    dye_red_chroma : float
        ... and so are reds with more chroma than this.
    dye_red_degrees : float
        ... whose hue is under this: ginger hair is as vivid, but more orange.
    darkest_l : float
        Black hair is drawn no darker, so that its outline can be seen.
    """

    erosion_eyes: float = setting(0.06, 0, 0.5)
    lightness_percentile: float = setting(58.0, 1, 99)
    beard_percentile: float = setting(36.0, 1, 99)
    brow_percentile: float = setting(30.0, 1, 99)
    band_percentiles: float = setting(25.0, 1, 100)
    least_pixels: int = setting(40, 1, 100_000)
    brow_width_eyes: float = setting(0.08, 0.01, 0.5)
    light_share: float = setting(0.9, 0, 1)
    exposure_share: float = setting(0.8, 0, 1)
    locus_share: float = setting(0.45, 0, 1)
    lift_from_l: float = setting(45.0, 0, 100)
    lift_share: float = setting(0.15, 0, 1)
    grey_yellowness: float = setting(13.0, -50, 50, "b*")
    grey_softness: float = setting(2.0, 0.01, 20, "b*")
    grey_per_l: float = setting(0.2, 0, 2, "b* for each L*")
    grey_skin_weight: float = setting(0.5, 0, 3)
    grey_l: float = setting(42.0, 0, 100)
    grey_beard_bonus: float = setting(5.0, 0, 50, "b*")
    grey_chroma: float = setting(4.0, 0, 100, "chroma")
    pale_l: float = setting(72.0, 0, 101)
    red_degrees: float = setting(54.0, 0, 90)
    red_softness_degrees: float = setting(4.0, 0.1, 30)
    red_chroma_share: float = setting(1.2, 0, 5, "of the usual chroma")
    red_gain: float = setting(1.2, 1, 2)
    red_lift_l: float = setting(4.0, -20, 20)
    dye_apart_lab: float = setting(20.0, 0, 200)
    dye_red_chroma: float = setting(56.0, 0, 200, "chroma")
    dye_red_degrees: float = setting(45.0, 0, 90)
    darkest_l: float = setting(13.0, 0, 40)


class Hair(NamedTuple):
    """Hair as measured and as it is drawn.

    Parameters
    ----------
    raw, colour : (3,) ndarray of float64
        Lab, before and after correction.
    sampled : Sampled
        The pixels; those that give a* and b* count.
    pixels : int
        How many were looked at.
    kind : {"natural", "red", "grey", "dyed", "photo is grey"}
        By which rule it was corrected.
    """

    raw: F64
    colour: F64
    sampled: Sampled
    pixels: int
    kind: str


def hair_colour(
    view: View,
    mask: Bool,
    skin: Skin | None,
    settings: HairSettings,
    locus: LocusSettings,
    *,
    percentile: float,
    grey_photo: bool = False,
) -> Hair | None:
    """Measure hair, beard or brows and correct their colour.

    Parameters
    ----------
    view : View
        The face.
    mask : (h, w) ndarray of bool
        Hair or beard in the view.
    skin : Skin or None
        The face's skin, by which the light is judged.
    settings : HairSettings
        How.
    locus : LocusSettings
        Where undyed hair lies.
    percentile : float
        Percentile of the lightness that counts.
    grey_photo : bool
        The photo has no colours.

    Returns
    -------
    Hair or None
        None where too little is seen.
    """
    inner = eroded(mask, settings.erosion_eyes * view.eye_distance)
    sampled = view.pixels(inner if np.count_nonzero(inner) >= settings.least_pixels else mask)
    lightness = sampled.lab[:, 0]
    if len(lightness) < settings.least_pixels:
        return None
    around = percentile + settings.band_percentiles * np.array([-1, 0, 1])
    low, middle, high = np.percentile(lightness, around.clip(0, 100))
    sampled = sampled.keep((lightness >= low) & (lightness <= high))
    raw = np.array([middle, *np.median(sampled.colours[:, 1:], axis=0)], dtype=np.float64)
    colour, kind = corrected(raw, skin, settings, locus, grey_photo)
    return Hair(raw, colour, sampled, len(lightness), kind)


def brows_mask(view: View, settings: HairSettings) -> Bool:
    """Return a band along the landmarks of the brows, where nothing covers them.

    Parameters
    ----------
    view : View
        The face.
    settings : HairSettings
        How wide.

    Returns
    -------
    (h, w) ndarray of bool
        The brows.
    """
    canvas = np.zeros(view.rgb.shape[:2], dtype=np.uint8)
    width = max(1, round(min(settings.brow_width_eyes * view.eye_distance, max(canvas.shape))))
    for brow in (view.landmarks[17:22], view.landmarks[22:27]):
        line = np.clip(np.round(brow), -(2**14), 2**14).astype(np.int32)
        cv2.polylines(canvas, [line], isClosed=False, color=1, thickness=width)
    return canvas.astype(bool) & ~view.any("glasses", "headwear", "hair")


def beard_settings(settings: HairSettings, hair: Hair | None) -> HairSettings:
    """Rules for beards and brows, through which skin shines.

    Under grey hair they pass for grey more easily, and under hair that isn't red they are not red.

    Parameters
    ----------
    settings : HairSettings
        For any hair.
    hair : Hair or None
        The hair above.

    Returns
    -------
    HairSettings
        For the beard.
    """
    if hair is not None and hair.kind in ("natural", "grey"):
        settings = replace(settings, red_chroma_share=5.0)
    if hair is None or hair.kind != "grey":
        return settings
    bonus = settings.grey_beard_bonus
    return replace(settings, grey_yellowness=min(settings.grey_yellowness + bonus, 50.0))


def corrected(
    raw: F64,
    skin: Skin | None,
    settings: HairSettings,
    locus: LocusSettings,
    grey_photo: bool = False,
) -> tuple[F64, str]:
    """Correct measured hair for its light and draw it onto the locus of its kind.

    Parameters
    ----------
    raw : (3,) ndarray of float64
        Measured Lab.
    skin : Skin or None
        The face's skin, by which the light is judged.
    settings : HairSettings
        How.
    locus : LocusSettings
        Where undyed hair lies.
    grey_photo : bool
        The photo has no colours.

    Returns
    -------
    ((3,) ndarray of float64, str)
        Lab and the kind of hair, see `Hair`.
    """
    light = light_of(skin)
    neutral = light.taken_out(raw, settings.exposure_share, settings.light_share)
    lift = settings.lift_share * max(float(neutral[0]) - settings.lift_from_l, 0.0)
    lightness = float(np.clip(neutral[0] + lift, settings.darkest_l, 96))
    chroma, hue = polar(neutral[1:])
    usual, low, high = locus.hair_at(lightness)
    if grey_photo:
        share = 1.0 if lightness < 50 else 0.35
        return np.array([lightness, *cartesian(share * usual, (low + high) / 2)]), "photo is grey"
    off = max(abs((hue - (low + high) / 2 + 180) % 360 - 180) - (high - low) / 2, 0.0)
    apart = chroma * (np.sin(np.radians(off)) if off < 90 else 1.0)
    vivid = chroma > settings.dye_red_chroma and hue < settings.dye_red_degrees
    if apart > settings.dye_apart_lab or vivid:
        return np.array([lightness, *neutral[1:]]), "dyed"
    # Much a* is red or pink, however little b* there is.
    grey = _greyness(raw, max(float(neutral[2]), 1.5 * abs(float(neutral[1]))), skin, settings)
    red = _redness(chroma / usual, hue, low, settings)
    vivid_red = min(chroma * settings.red_gain, 55.0)
    fiery = np.array([settings.red_lift_l, *cartesian(vivid_red, min(max(hue, 38.0), 62.0))])
    kept = (1 - settings.locus_share) * chroma + settings.locus_share * usual
    kept = min(kept, chroma) if lightness > settings.pale_l else kept
    hue = min(max(hue, low), high) if chroma > 2 and off < 90 else (low + high) / 2
    colour = red * fiery + (1 - red) * np.array([0.0, *cartesian(kept, hue)])
    ash = np.array([0.0, *cartesian(min(chroma, settings.grey_chroma), 80.0)])
    mixed = grey * ash + (1 - grey) * colour + (lightness, 0, 0)
    return mixed, "grey" if grey >= 0.5 else "red" if red >= 0.5 else "natural"


def _redness(chroma: float, hue: float, low: float, settings: HairSettings) -> float:
    """How red hair is, 0 to 1, by its share of the usual chroma and its hue."""
    limit = max(settings.red_degrees, low)
    by_hue = 0.5 + (limit - hue) / (2 * settings.red_softness_degrees)
    by_chroma = 0.5 + (chroma - settings.red_chroma_share) / 0.4
    # Far below red lies pink, which undyed hair never is.
    return float(np.clip(min(by_hue, by_chroma), 0, 1)) if hue > -30 else 0.0


def _greyness(raw: F64, yellow: float, skin: Skin | None, settings: HairSettings) -> float:
    """How grey hair is: 0 for natural to 1, in between around the limit."""
    if raw[0] < settings.grey_l:
        return 0.0
    limit = settings.grey_yellowness + settings.grey_per_l * (float(raw[0]) - 50)
    if skin is not None:
        yellow += settings.grey_skin_weight * float(raw[2] - 0.5 * skin.raw[2])
    return float(np.clip(0.5 + (limit - yellow) / (2 * settings.grey_softness), 0, 1))
