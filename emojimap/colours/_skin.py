"""Skin: where it is sampled, in what light, and what tone it has in neutral light.

A photo shows skin under a light of unknown strength and colour: measured as it stands, one person
differs from photo to photo hardly less than two people do. So the tone is estimated: its lightness
by a small regression on cues of skin and light, its chroma by what skin of that lightness usually
has, plus the part of the measured deviation that belongs to the person and not to the light.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emojimap.arrays import F32, F64, U8
from emojimap.colours._light import NEUTRAL, Light, LightSettings, light_on
from emojimap.colours._locus import LocusSettings, interpolated, to_lab
from emojimap.colours._places import PATCH_RADIUS_EYES, in_patches, lips_mask, skin_patches
from emojimap.colours._view import Sampled, View, thinned
from emojimap.errors import ArgumentError
from emojimap.settings import Checked, setting

CUES = (
    "shade",
    "eyes",
    "mouth",
    "red",
    "yellow",
    "lips",
    "hair",
    "bright",
    "black",
    "b",
    "whites",
    "face",
)
_USUAL = (0.0, 0.0, 54.4, 0.0, 0.29, -5.1, 10.0, 12.8, 2.2, 20.8, 48.7, 69.9)
_WEIGHTS = (-2.19, -0.203, -0.059, 0.219, -14.5, 0.07, 0.092, -0.078, -0.051, 0.129, -0.044, 0.522)
_CURVE = (
    (40.0, 31.0),
    (50.0, 44.7),
    (54.0, 50.0),
    (57.0, 53.9),
    (60.0, 58.5),
    (63.0, 64.2),
    (66.0, 70.3),
    (69.0, 73.6),
    (72.0, 76.6),
    (75.0, 79.7),
    (79.0, 82.5),
)


@dataclass(frozen=True)
class SkinSettings(Checked):
    """How skin is sampled and corrected.

    Parameters
    ----------
    patch_radius_eyes : float
        Radius of a patch in eye distances.
    trim_share : float
        Share of the pixels dropped as too dark, and as too light.
    least_seen_share : float
        A patch counts if this share of it is bare skin.
    least_pixels : int
        Fewer pixels than these tell nothing.
    usual_red, usual_eyes_l : float
        Usual a* of skin in a photo, and usual L* of the eye whites over that of the skin; cues are
        counted from there.
    shade_l, shade_range_l : float
        Skin darker than the first is in the shade, fully so by the second.
    usual_cues : tuple of float
        What cues count as that a face doesn't show, and where their weights start from: shade,
        eyes, mouth, red, yellow, lips, hair, bright, black, b, whites, face.
    cue_weights : tuple of float
        L* of the tone for each unit of these. Shade: how far the skin is in it; there, how bright
        the eye whites are beside the skin, and how red the skin is; the brightest of the mouth;
        skin's b* by its lightness; the lips' b* beside the skin's; the hair's b*; the brightest
        skin beside the rest; the photo's darkest; the skin's b*; the eye whites; the face
        network's guess. Fitted to faces of news photos whose tone was judged by eye, with
        penalties on differing results for two photos of a person and for one in other lights.
    tone_offset_l : float
        Tone of a face whose cues are all usual.
    curve : tuple of (float, float)
        Estimates and the tones that people give to them: a linear estimate keeps too near to the
        middle for dark skin and scatters too far for light skin.
    lift_most_l, drop_most_l : float
        Most that the lightness is raised or lowered.
    darkest_l, fairest_l : float
        Range of the tones.
    cast_weights, cast_weights_blind : tuple of rows
        Usual a* and b* of skin in a photo: for each L* of it, for the photo's mean a* or b*, for
        that of the eye whites, and an offset; with and without eye whites.
    chroma_kept_share : float
        Share of the deviation from the usual chroma that is taken for the person's own.
    chroma_most_lab : float
        Deviations are cut off here.
    """

    patch_radius_eyes: float = setting(PATCH_RADIUS_EYES, 0.02, 0.3)
    trim_share: float = setting(0.25, 0, 0.45)
    least_seen_share: float = setting(0.5, 0.1, 1)
    least_pixels: int = setting(30, 1, 100_000)
    usual_red: float = setting(15.6, -20, 60)
    usual_eyes_l: float = setting(-12.0, -100, 100)
    shade_l: float = setting(62.0, 0, 100)
    shade_range_l: float = setting(20.0, 1, 100)
    usual_cues: tuple[float, ...] = setting(_USUAL, -100, 100, size=len(CUES))
    cue_weights: tuple[float, ...] = setting(_WEIGHTS, -100, 100, size=len(CUES))
    tone_offset_l: float = setting(69.6, 0, 100)
    curve: tuple[tuple[float, ...], ...] = setting(
        _CURVE,
        0,
        100,
        "L*",
        columns=("estimate", "tone"),
    )
    lift_most_l: float = setting(40.0, 0, 100)
    drop_most_l: float = setting(25.0, 0, 100)
    darkest_l: float = setting(27.0, 10, 95)
    fairest_l: float = setting(86.0, 10, 95)
    cast_weights: tuple[tuple[float, ...], ...] = setting(
        ((-0.108, 0.232, 0.731, 12.32), (-0.064, 0.198, 0.734, 12.34)),
        -100,
        100,
        columns=("L*", "photo", "whites", "offset"),
    )
    cast_weights_blind: tuple[tuple[float, ...], ...] = setting(
        ((-0.093, 0.545, 17.46), (-0.023, 0.371, 18.74)),
        -100,
        100,
        columns=("L*", "photo", "offset"),
    )
    chroma_kept_share: float = setting(0.15, 0, 1)
    chroma_most_lab: float = setting(10.0, 0, 50)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.darkest_l > self.fairest_l:
            raise ArgumentError(
                f"SkinSettings.darkest_l {self.darkest_l} is over fairest_l {self.fairest_l}"
            )
        for name in ("cast_weights", "cast_weights_blind"):
            if len(getattr(self, name)) != 2:
                raise ArgumentError(f"SkinSettings.{name}: give two rows, for a* and b*")
        estimates = [row[0] for row in self.curve]
        if len(estimates) < 2 or estimates != sorted(set(estimates)):
            raise ArgumentError("SkinSettings.curve: give two rows or more of rising estimates")


class Skin(NamedTuple):
    """Skin as measured and as it would be in neutral light.

    Parameters
    ----------
    raw, tone : (3,) ndarray of float64
        Lab, before and after correction.
    sampled : Sampled
        The pixels.
    confidence : float
        0..1.
    why : str
        Where it was measured and how it was corrected.
    light : Light
        What the photo's light does to colours, as the skin tells it.
    """

    raw: F64
    tone: F64
    sampled: Sampled
    confidence: float
    why: str
    light: Light


def light_of(skin: Skin | None) -> Light:
    """Return the light that skin tells.

    Parameters
    ----------
    skin : Skin or None
        None where no skin is seen.

    Returns
    -------
    Light
        No light at all where nothing tells it.
    """
    return NEUTRAL if skin is None else skin.light


def skin_tone(
    view: View,
    photo: U8,
    settings: SkinSettings,
    locus: LocusSettings,
    lights: LightSettings,
    guess: float = math.nan,
    *,
    grey: bool = False,
) -> Skin | None:
    """Measure skin and estimate its tone in neutral light.

    Parameters
    ----------
    view : View
        The face.
    photo : (H, W, 3) ndarray of uint8
        The whole photo: its light is judged too.
    settings : SkinSettings
        How.
    locus : LocusSettings
        Where skin lies.
    lights : LightSettings
        How the light is judged.
    guess : float
        L* that the face network guesses; NaN for none.
    grey : bool
        The photo has no colours.

    Returns
    -------
    Skin or None
        None where no skin is seen.
    """
    sampled, where, trust = _sample(view, settings)
    if len(sampled.lab) < settings.least_pixels:
        return None
    sampled = sampled.trimmed(settings.trim_share, settings.trim_share)
    raw = np.median(sampled.colours, axis=0).astype(np.float64)
    some = to_lab(thinned(photo))
    whites = _whites(view)
    cues = _cues(view, raw, whites, sampled.lab, some, settings)
    cues[CUES.index("face")] = guess
    if grey:
        cues[[CUES.index(name) for name in ("red", "yellow", "lips", "hair", "b")]] = np.nan
    lightness = _lightness(raw, cues, settings)
    own = np.zeros(2) if grey else _deviation(raw, some.mean(axis=0), whites, settings)
    tone = np.array([lightness, *(locus.skin_at(lightness) + own)])
    light = light_on(raw, tone, lights)
    if grey:  # nothing is known of its colour
        light = light._replace(colour=np.zeros(3))
    seen = int(np.isfinite(cues).sum())
    lift = lightness - float(raw[0])
    why = f"{where}; light corrected by {lift:+.0f} L from {seen} of {len(CUES)} cues"
    confidence = trust * (0.4 + 0.6 * seen / len(CUES)) * (1 - min(abs(lift), 30) / 60)
    return Skin(raw, tone, sampled, round(confidence, 3), why, light)


def _sample(view: View, settings: SkinSettings) -> tuple[Sampled, str, float]:
    """Pixels of skin, where they were found, and how far that is to be trusted."""
    patches = skin_patches(view.landmarks, settings.patch_radius_eyes)
    bare = view.skin()
    seen, count = in_patches(view, patches, bare, settings.least_seen_share)
    if count >= 2:
        return view.pixels(seen), f"{count} of {len(patches)} patches", 1.0
    found = view.pixels(bare)
    if len(found.lab) >= settings.least_pixels:
        return found, "whole visible skin, the patches being covered", 0.6
    free = ~view.any("hair", "facial_hair", "glasses", "headwear", "body")
    seen, count = in_patches(view, patches, free, settings.least_seen_share)
    return view.pixels(seen), f"{count} of {len(patches)} patches, no skin mask", 0.3


def _whites(view: View) -> F64 | None:
    """Lab of the eye whites, their brighter part; None behind dark glass or when shut."""
    rows, columns = np.ogrid[: view.rgb.shape[0], : view.rgb.shape[1]]
    lids = np.zeros(view.rgb.shape[:2], dtype=bool)
    white = lids.copy()
    for eye, (x, y, radius) in zip((slice(36, 42), slice(42, 48)), view.irises, strict=True):
        inside = view.polygon(view.landmarks[eye])
        lids |= inside
        white |= inside & ((columns - x) ** 2 + (rows - y) ** 2 > (1.05 * radius) ** 2)
    hidden = np.count_nonzero(lids & view.masks["glasses"]) > 0.5 * np.count_nonzero(lids)
    lab = view.pixels(white).lab
    if hidden or len(lab) < 6:
        return None
    bright = lab[lab[:, 0] >= np.percentile(lab[:, 0], 60)]
    return np.median(bright, axis=0).astype(np.float64)


def _cues(
    view: View, raw: F64, whites: F64 | None, skin: F32, photo: F32, settings: SkinSettings
) -> F64:
    """Figures of `CUES`, see `SkinSettings`; NaN where the face doesn't show one."""
    lightness, a, b = raw
    found = dict.fromkeys(CUES, math.nan)
    shade = float(np.clip((settings.shade_l - lightness) / settings.shade_range_l, 0, 1.5))
    found |= {"shade": shade, "red": shade * (a - settings.usual_red), "b": b}
    found["yellow"] = b / (lightness + 10)
    found["bright"] = float(np.percentile(skin[:, 0], 97)) - lightness
    found["black"] = float(np.percentile(photo[:, 0], 2))
    if whites is not None:
        contrast = np.clip(np.clip(whites[0], 25, 80) - lightness - settings.usual_eyes_l, -28, 42)
        found |= {"eyes": shade * float(contrast), "whites": float(whites[0])}
    inner = view.polygon(view.landmarks[60:68])
    teeth = view.pixels(inner).lab
    if len(teeth) >= 15:
        found["mouth"] = float(np.percentile(teeth[:, 0], 90))
    lip = view.pixels(lips_mask(view)).lab
    if len(lip) >= 6:
        found["lips"] = float(np.median(lip[:, 2]) - b)
    hair = view.pixels(view.masks["hair"] & ~view.masks["headwear"]).lab
    if len(hair) >= 40:
        yellow = float(np.median(hair[:, 2]))
        # Beyond that it is dye, which tells nothing of the light.
        found["hair"] = yellow if -5 <= yellow <= 40 else math.nan
    return np.array([found[name] for name in CUES])


def _lightness(raw: F64, cues: F64, settings: SkinSettings) -> float:
    usual = np.array(settings.usual_cues)
    tone = settings.tone_offset_l + float(np.nan_to_num(cues - usual) @ settings.cue_weights)
    tone = float(interpolated(settings.curve, tone)[0])
    tone = float(np.clip(tone, raw[0] - settings.drop_most_l, raw[0] + settings.lift_most_l))
    return float(np.clip(tone, settings.darkest_l, settings.fairest_l))


def _deviation(raw: F64, around: F32, whites: F64 | None, settings: SkinSettings) -> F64:
    """Return a* and b* by which the person's skin differs from the usual."""
    own = np.zeros(2)
    for k in range(2):
        if whites is None:
            by_light, by_photo, usual = settings.cast_weights_blind[k]
        else:
            by_light, by_photo, by_white, usual = settings.cast_weights[k]
            usual += by_white * float(whites[k + 1])
        own[k] = raw[k + 1] - (usual + by_light * raw[0] + by_photo * around[k + 1])
    most = settings.chroma_most_lab
    return settings.chroma_kept_share * own.clip(-most, most)
