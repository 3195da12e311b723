"""The colours of a face: skin, hair, beard and eyes, clothes and headwear, with their evidence.

    photo, landmarks, masks ─> View (the face, shrunk) ─┬─> skin, and by it the light ─┐
                                                        ├─> hair, facial hair, brows <─┤
                                                        ├─> lips, clothes, headwear <──┤
                                                        ├─> frame of the glasses <─────┤
    photo at full size ─────────────────────────────────┴─> irises <───────────────────┘

Nothing is looked up in a palette. Each colour says how many pixels it stands on, how far it is to
be trusted, what was measured before any correction, and why it fell back where it did.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from emojimap.arrays import F32, F64, U8, Bool
from emojimap.colours._clothes import ClothesSettings, Main, clothes_mask, main_colour
from emojimap.colours._glasses import GlassesSettings, frame_colour
from emojimap.colours._hair import Hair, HairSettings, beard_settings, brows_mask, hair_colour
from emojimap.colours._iris import IrisSettings, iris_colour
from emojimap.colours._light import LightSettings
from emojimap.colours._lips import LipSettings, lip_colour
from emojimap.colours._locus import LocusSettings, to_lab, to_rgb
from emojimap.colours._names import name_of
from emojimap.colours._places import skin_patches
from emojimap.colours._skin import Skin, SkinSettings, skin_tone
from emojimap.colours._view import Sampled, View, ViewSettings, is_grey, spread, view

__all__ = [
    "ROLES",
    "ClothesSettings",
    "ColourSettings",
    "Colours",
    "Evidence",
    "GlassesSettings",
    "HairSettings",
    "IrisSettings",
    "LightSettings",
    "LipSettings",
    "LocusSettings",
    "Sampled",
    "SkinSettings",
    "ViewSettings",
    "name_of",
    "sample",
    "skin_patches",
    "to_lab",
    "to_rgb",
]

ROLES = (
    "skin",
    "hair",
    "facial_hair",
    "brows",
    "iris",
    "lips",
    "glasses",
    "clothes",
    "headwear",
)
"""What has a colour, in the order of reports."""


@dataclass(frozen=True)
class ColourSettings:
    """All settings of `sample`.

    Parameters
    ----------
    view : ViewSettings
        At what size skin, hair and clothes are measured.
    skin : SkinSettings
        Skin.
    light : LightSettings
        How the light is judged by the skin.
    hair : HairSettings
        Hair, facial hair and brows.
    iris : IrisSettings
        Irises.
    lips : LipSettings
        Lips.
    glasses : GlassesSettings
        Frames of glasses.
    clothes : ClothesSettings
        Clothes and headwear.
    locus : LocusSettings
        Where human skin and undyed hair lie.
    """

    view: ViewSettings = field(default_factory=ViewSettings)
    skin: SkinSettings = field(default_factory=SkinSettings)
    light: LightSettings = field(default_factory=LightSettings)
    hair: HairSettings = field(default_factory=HairSettings)
    iris: IrisSettings = field(default_factory=IrisSettings)
    lips: LipSettings = field(default_factory=LipSettings)
    glasses: GlassesSettings = field(default_factory=GlassesSettings)
    clothes: ClothesSettings = field(default_factory=ClothesSettings)
    locus: LocusSettings = field(default_factory=LocusSettings)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a colour stands on.

    Parameters
    ----------
    pixels : int
        How many were looked at, of the photo as it was shrunk for that and thinned out; of a
        fallback what little was seen.
    confidence : float
        0 (a guess) to 1.
    why : str
        Where it was measured and what was corrected, or why it is missing or a fallback.
    raw : (3,) ndarray of uint8, optional
        sRGB as measured, before correction.
    spread : float
        Median distance of the pixels from their median, Lab.
    kind : str
        For hair, beard and brows the rule: natural, red, grey, dyed or photo is grey.
    sampled : Sampled, optional
        The pixels themselves.
    """

    pixels: int
    confidence: float
    why: str
    raw: U8 | None = None
    spread: float = 0.0
    kind: str = ""
    sampled: Sampled | None = None


@dataclass(frozen=True, eq=False)
class Colours:
    """The colours of one face.

    Parameters
    ----------
    skin, hair, facial_hair, brows, iris, lips, glasses, clothes, headwear : (3,) ndarray of uint8
        sRGB; None where the photo doesn't show it. Of glasses it is the frame.
    evidence : mapping of str to Evidence
        One for each of the colours, also for the missing ones.
    """

    skin: U8 | None = None
    hair: U8 | None = None
    facial_hair: U8 | None = None
    brows: U8 | None = None
    iris: U8 | None = None
    lips: U8 | None = None
    glasses: U8 | None = None
    clothes: U8 | None = None
    headwear: U8 | None = None
    evidence: Mapping[str, Evidence] = field(default_factory=dict)


def sample(
    photo: U8,
    landmarks: F32,
    irises: F32,
    masks: Mapping[str, Bool],
    settings: ColourSettings | None = None,
    *,
    guess: float = math.nan,
) -> Colours:
    """Find the colours of a face.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.
    landmarks : (68, 2) ndarray of float32
        iBUG order, x then y, image-left first; may lie outside the photo.
    irises : (2, 3) ndarray of float32
        x, y, radius; image-left first.
    masks : mapping of str to (H, W) ndarray of bool
        Any of hair (without beard), facial_hair, skin (of the face), glasses, headwear, body
        (neck and clothes); a missing one counts as empty.
    settings : ColourSettings, optional
        How.
    guess : float
        L* of the skin in neutral light as the face network guesses it, one cue among others; NaN
        for none.

    Returns
    -------
    Colours
        The same for the same input, always.

    Raises
    ------
    ArgumentError
        If something has a wrong type, shape or name.
    """
    settings = settings or ColourSettings()
    face = view(photo, landmarks, irises, masks, settings.view)
    grey = is_grey(photo)
    skin = skin_tone(face, photo, settings.skin, settings.locus, settings.light, guess, grey=grey)
    found: dict[str, _Found] = {"skin": _skin(skin)}
    hair = _hair_of(face, face.masks["hair"] & ~face.masks["headwear"], skin, settings, grey)
    found["hair"] = (
        (None, Evidence(0, 0.0, "too little hair is seen"))
        if hair is None
        else (hair.colour, _evidence(hair, "hair mask without its rim"))
    )
    found["facial_hair"] = _facial_hair(face, skin, settings, grey, hair)
    found["brows"] = _brows(face, skin, settings, grey, hair)
    found["iris"] = _iris(photo, landmarks, irises, skin, settings.iris, grey)
    found["lips"] = _lips(face, skin, settings.lips)
    found["glasses"] = _glasses(face, skin, settings.glasses)
    clothes = clothes_mask(face, skin, settings.clothes)
    for name, mask in (("clothes", clothes), ("headwear", face.masks["headwear"])):
        found[name] = _main(main_colour(face, mask, skin, settings.clothes), name)
    colours = {name: None if lab is None else to_rgb(lab) for name, (lab, _) in found.items()}
    return Colours(**colours, evidence={name: found[name][1] for name in ROLES})


_Found = tuple[F64 | None, Evidence]


def _seen(
    sampled: Sampled,
    raw: F64,
    confidence: float,
    why: str,
    pixels: int | None = None,
    kind: str = "",
) -> Evidence:
    used = sampled.colours
    count = len(used) if pixels is None else pixels
    return Evidence(count, round(confidence, 3), why, to_rgb(raw), spread(used), kind, sampled)


def _skin(skin: Skin | None) -> _Found:
    if skin is None:
        return None, Evidence(0, 0.0, "no bare skin is seen")
    return skin.tone, _seen(skin.sampled, skin.raw, skin.confidence, skin.why)


def _hair_of(
    face: View, mask: Bool, skin: Skin | None, settings: ColourSettings, grey: bool
) -> Hair | None:
    return hair_colour(
        face,
        mask,
        skin,
        settings.hair,
        settings.locus,
        percentile=settings.hair.lightness_percentile,
        grey_photo=grey,
    )


def _evidence(hair: Hair, where: str, trust: float = 1.0) -> Evidence:
    confidence = trust * min(1.0, hair.pixels / 400) * (0.7 if hair.kind != "natural" else 0.9)
    why = f"{where}, {hair.kind}"
    return _seen(hair.sampled, hair.raw, confidence, why, hair.pixels, hair.kind)


def _facial_hair(
    face: View, skin: Skin | None, settings: ColourSettings, grey: bool, hair: Hair | None
) -> _Found:
    """Beard by its own pixels, else as the hair, else as the brows."""
    mask = face.masks["facial_hair"]
    if not mask.any():
        return None, Evidence(0, 0.0, "no facial hair is seen")
    rules = beard_settings(settings.hair, hair)
    percentile = rules.beard_percentile
    beard = hair_colour(
        face, mask, skin, rules, settings.locus, percentile=percentile, grey_photo=grey
    )
    if beard is not None:
        return beard.colour, _evidence(beard, "beard mask without its rim")
    seen = int(np.count_nonzero(mask))
    if hair is not None:
        return hair.colour, Evidence(seen, 0.3, "too little beard is seen, taken as the hair")
    beard = _brow_hair(face, skin, rules, settings.locus, grey)
    if beard is None:
        return None, Evidence(seen, 0.0, "too little beard, no hair and no brows are seen")
    return beard.colour, _evidence(beard, "too little beard is seen, taken as the brows", 0.3)


def _brow_hair(
    face: View, skin: Skin | None, rules: HairSettings, locus: LocusSettings, grey: bool
) -> Hair | None:
    mask, percentile = brows_mask(face, rules), rules.brow_percentile
    # A brow is all rim.
    rules = replace(rules, erosion_eyes=0.0)
    return hair_colour(face, mask, skin, rules, locus, percentile=percentile, grey_photo=grey)


def _brows(
    face: View, skin: Skin | None, settings: ColourSettings, grey: bool, hair: Hair | None
) -> _Found:
    brows = _brow_hair(face, skin, beard_settings(settings.hair, hair), settings.locus, grey)
    if brows is not None:
        return brows.colour, _evidence(brows, "band along the brows", 0.6)
    if hair is None:
        return None, Evidence(0, 0.0, "no brows and no hair are seen")
    return hair.colour, Evidence(0, 0.2, "too little of the brows is seen, taken as the hair")


def _iris(
    photo: U8, landmarks: F32, irises: F32, skin: Skin | None, settings: IrisSettings, grey: bool
) -> _Found:
    usual = np.array(settings.usual)
    if grey:
        return usual, Evidence(0, 0.0, "the photo is grey, brown is taken")
    iris = iris_colour(photo, landmarks, irises, skin, settings)
    if isinstance(iris, str):
        return usual, Evidence(0, 0.0, f"{iris}, brown is taken")
    confidence = min(1.0, int(iris.sampled.kept.sum()) / 600) * 0.9
    return iris.colour, _seen(iris.sampled, iris.raw, confidence, f"ring of {iris.eyes} irises")


def _lips(face: View, skin: Skin | None, settings: LipSettings) -> _Found:
    lips = lip_colour(face, skin, settings)
    if lips is None:
        return None, Evidence(0, 0.0, "too little of the lips is seen")
    raw, colour, sampled = lips
    confidence = 0.8 * min(1.0, int(sampled.kept.sum()) / 200)
    return colour, _seen(sampled, raw, confidence, "lips without their darkest and brightest")


def _glasses(face: View, skin: Skin | None, settings: GlassesSettings) -> _Found:
    frame = frame_colour(face, skin, settings)
    if isinstance(frame, str):
        return None, Evidence(0, 0.0, frame)
    raw, colour, sampled = frame
    confidence = 0.7 * min(1.0, int(sampled.kept.sum()) / 200)
    return colour, _seen(sampled, raw, confidence, "darker part of the glasses' rim")


def _main(main: Main | None, what: str) -> _Found:
    if main is None:
        return None, Evidence(0, 0.0, f"no {what} seen")
    why = f"main colour of the {what}, {main.share:.0%} of it"
    confidence = main.share * min(1.0, int(main.sampled.kept.sum()) / 400)
    return main.colour, _seen(main.sampled, main.raw, confidence, why)
