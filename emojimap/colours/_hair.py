"""Hair and beards: from pixels under a mask to the colour that people would name.

Undyed hair lies on a narrow curve in Lab, so what is measured is drawn towards it; grey hair has
no pigment and stays grey, red hair is drawn less, and colours far off the curve are dye and stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from emojimap.arrays import F32, F64, Bool
from emojimap.colours._locus import cartesian, hair_at, polar
from emojimap.colours._skin import Skin
from emojimap.colours._view import View, check_ranges, eroded, pixels, spread


@dataclass(frozen=True)
class HairSettings:
    """How hair is measured and drawn onto the locus.

    Parameters
    ----------
    erosion_eyes : float
        Rim of the mask left out, in eye distances; 0 to 0.5.
    lightness_percentile, beard_percentile : float
        Percentile of the lightness taken for hair and for beards, through which skin shines;
        1 to 99.
    band_percentiles : float
        Pixels this many percentiles around that lightness give a and b; 1 to 100.
    least_pixels : int
        Fewer pixels than these tell nothing; 1 or more.
    light_share : float
        Share of the light's colour, judged by the skin, that is taken out; 0 to 1.
    exposure_share : float
        Share of the skin's correction of lightness that hair gets too; 0 to 1.
    locus_share : float
        Share by which the chroma is drawn to that of undyed hair; 0 to 1.
    grey_yellowness : float
        Hair is grey where its b less half of the skin's is under this; -50 to 50.
    grey_chroma : float
        ... its chroma is under this; 0 to 100.
    grey_l : float
        ... and its lightness over this; 0 to 100.
    grey_beard_bonus : float
        Added to the two limits on colour for a beard under grey hair, since skin shines through
        it; 0 to 50.
    red_share : float
        Hair is red where its measured a is more than this share of its b; 0 to 2.
    red_gain : float
        Factor on the chroma of red hair; 1 to 2.
    dye_chroma : float
        Colours off the natural hues with more chroma than this are dye; 0 to 100.
    dye_degrees : float
        How far off the natural hues dye begins; 0 to 180.
    darkest_l : float
        Black hair is drawn no darker, so that its outline can be seen; 0 to 40.
    """

    erosion_eyes: float = 0.06
    lightness_percentile: float = 58.0
    beard_percentile: float = 36.0
    band_percentiles: float = 25.0
    least_pixels: int = 40
    light_share: float = 0.6
    exposure_share: float = 0.45
    locus_share: float = 0.45
    grey_yellowness: float = 3.8
    grey_chroma: float = 16.0
    grey_l: float = 38.0
    grey_beard_bonus: float = 7.0
    red_share: float = 0.43
    red_gain: float = 1.2
    dye_chroma: float = 18.0
    dye_degrees: float = 40.0
    darkest_l: float = 13.0

    def __post_init__(self) -> None:
        check_ranges(
            self,
            {
                "erosion_eyes": (0, 0.5),
                "lightness_percentile": (1, 99),
                "beard_percentile": (1, 99),
                "band_percentiles": (1, 100),
                "least_pixels": (1, 100_000),
                "light_share": (0, 1),
                "exposure_share": (0, 1),
                "locus_share": (0, 1),
                "grey_yellowness": (-50, 50),
                "grey_chroma": (0, 100),
                "grey_l": (0, 100),
                "grey_beard_bonus": (0, 50),
                "red_share": (0, 2),
                "red_gain": (1, 2),
                "dye_chroma": (0, 100),
                "dye_degrees": (0, 180),
                "darkest_l": (0, 40),
            },
        )


class Hair(NamedTuple):
    """Hair as measured and as it is drawn.

    Parameters
    ----------
    raw, colour : (3,) ndarray of float64
        Lab, before and after correction.
    pixels : int
        How many were used.
    spread : float
        Median distance of these from their median, Lab.
    kind : {"natural", "red", "grey", "dyed", "photo is grey"}
        By which rule it was corrected.
    """

    raw: F64
    colour: F64
    pixels: int
    spread: float
    kind: str


def hair_colour(
    view: View,
    mask: Bool,
    skin: Skin | None,
    settings: HairSettings,
    *,
    percentile: float,
    grey_photo: bool = False,
) -> Hair | None:
    """Measure hair or beard and correct its colour.

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
    percentile : float
        Percentile of the lightness that counts.
    grey_photo : bool
        The photo has no colours.

    Returns
    -------
    Hair or None
        None where too little is seen.
    """
    lab = _inner(view, mask, settings)
    if len(lab) < settings.least_pixels:
        return None
    around = percentile + settings.band_percentiles * np.array([-1, 0, 1])
    low, middle, high = np.percentile(lab[:, 0], around.clip(0, 100))
    band = lab[(lab[:, 0] >= low) & (lab[:, 0] <= high)]
    raw = np.array([middle, *np.median(band[:, 1:], axis=0)], dtype=np.float64)
    colour, kind = corrected(raw, skin, settings, grey_photo)
    return Hair(raw, colour, len(lab), spread(lab), kind)


def beard_settings(settings: HairSettings, hair: Hair | None) -> HairSettings:
    """Let a beard pass for grey more easily under grey hair.

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
    if hair is None or hair.kind != "grey":
        return settings
    bonus = settings.grey_beard_bonus
    return replace(
        settings,
        grey_yellowness=min(settings.grey_yellowness + bonus, 50),
        grey_chroma=min(settings.grey_chroma + bonus, 100),
    )


def _inner(view: View, mask: Bool, settings: HairSettings) -> F32:
    """Lab of the mask without its rim, or with it where nothing else is left."""
    inner = eroded(mask, settings.erosion_eyes * view.eye_distance)
    if np.count_nonzero(inner) < settings.least_pixels:
        inner = mask
    return pixels(view.rgb, inner)


def corrected(
    raw: F64, skin: Skin | None, settings: HairSettings, grey_photo: bool = False
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
    grey_photo : bool
        The photo has no colours.

    Returns
    -------
    ((3,) ndarray of float64, str)
        Lab and the kind of hair, see `Hair`.
    """
    lightness, a, b = _in_neutral_light(raw, skin, settings)
    chroma, hue = polar((a, b))
    usual, low, high = hair_at(lightness)
    off = max(low - hue, hue - high, 0.0) if hue > -90 else min(low - hue, hue + 360 - high)
    if grey_photo:
        share = 1.0 if lightness < 50 else 0.35
        return np.array([lightness, *cartesian(share * usual, (low + high) / 2)]), "photo is grey"
    if chroma > settings.dye_chroma and off > settings.dye_degrees:
        return np.array([lightness, a, b]), "dyed"
    yellow = 0.5 * (18.0 if skin is None else float(skin.raw[2]))
    pale = float(raw[2]) - yellow < settings.grey_yellowness
    if pale and raw[0] >= settings.grey_l and np.hypot(*raw[1:]) < settings.grey_chroma:
        return np.array([lightness, *cartesian(min(chroma, 4.0), 80.0)]), "grey"
    kept = (1 - settings.locus_share) * chroma + settings.locus_share * usual
    # Skin lends part of its red to the estimate of the light, so both hues are asked.
    reddish = a > 8 and a > 0.33 * b and raw[1] > settings.red_share * raw[2]
    if reddish and chroma > 1.2 * usual:
        red = min(chroma * settings.red_gain, 55.0)
        return np.array([lightness + 4, *cartesian(red, min(max(hue, 38.0), 62.0))]), "red"
    hue = min(max(hue, low), high) if chroma > 2 else (low + high) / 2
    return np.array([lightness, *cartesian(kept, hue)]), "natural"


def _in_neutral_light(raw: F64, skin: Skin | None, settings: HairSettings) -> F64:
    """Take part of the light's strength and colour, as seen on the skin, out of the hair."""
    out = np.array(raw, dtype=np.float64)
    if skin is not None:
        share = min(float(raw[0]) / max(float(skin.raw[0]), 20.0), 1.0)
        out[0] += settings.exposure_share * share * (skin.tone[0] - skin.raw[0])
        out[1:] -= settings.light_share * share * skin.light().clip(-15, 15)
    out[0] = np.clip(out[0], settings.darkest_l, 96)
    return out
