"""The colours of a face: skin, hair, beard and eyes, clothes and headwear, with their evidence.

    photo, landmarks, masks ─> View (the face, shrunk) ─┬─> skin, and by it the light ─┐
                                                        ├─> hair, facial hair <────────┤
                                                        ├─> clothes, headwear          │
    photo at full size ─────────────────────────────────┴─> irises <───────────────────┘

Nothing is looked up in a palette. Each colour says how many pixels it stands on, how far it is to
be trusted, what was measured before any correction, and why it fell back where it did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from emojimap.arrays import F32, F64, U8, Bool
from emojimap.colours._clothes import ClothesSettings, Main, clothes_mask, main_colour
from emojimap.colours._hair import Hair, HairSettings, beard_settings, hair_colour
from emojimap.colours._iris import IrisSettings, iris_colour, usual_iris
from emojimap.colours._locus import to_rgb
from emojimap.colours._skin import Skin, SkinSettings, is_grey, skin_patches, skin_tone
from emojimap.colours._view import View, check_ranges, view

__all__ = [
    "ClothesSettings",
    "ColourSettings",
    "Colours",
    "Evidence",
    "HairSettings",
    "IrisSettings",
    "SkinSettings",
    "sample",
    "skin_patches",
]


@dataclass(frozen=True)
class ColourSettings:
    """All settings of `sample`.

    Parameters
    ----------
    eye_px : float
        Photos are shrunk to at least this eye distance before skin, hair and clothes are
        measured; 16 to 1,000 pixels.
    skin : SkinSettings
        Skin.
    hair : HairSettings
        Hair and facial hair.
    iris : IrisSettings
        Irises.
    clothes : ClothesSettings
        Clothes and headwear.
    """

    eye_px: float = 48.0
    skin: SkinSettings = field(default_factory=SkinSettings)
    hair: HairSettings = field(default_factory=HairSettings)
    iris: IrisSettings = field(default_factory=IrisSettings)
    clothes: ClothesSettings = field(default_factory=ClothesSettings)

    def __post_init__(self) -> None:
        check_ranges(
            self,
            {"eye_px": (16, 1000)},
        )


@dataclass(frozen=True)
class Evidence:
    """What a colour stands on.

    Parameters
    ----------
    pixels : int
        Photo pixels used, after thinning out; 0 for a fallback.
    confidence : float
        0 (a guess) to 1.
    why : str
        Where it was measured and what was corrected, or why it is missing or a fallback.
    raw : (3,) ndarray of uint8, optional
        sRGB as measured, before correction.
    spread : float
        Median distance of the pixels from their median, Lab.
    """

    pixels: int
    confidence: float
    why: str
    raw: U8 | None = None
    spread: float = 0.0


@dataclass(frozen=True)
class Colours:
    """The colours of one face.

    Parameters
    ----------
    skin, hair, iris, facial_hair, clothes, headwear : (3,) ndarray of uint8, optional
        sRGB; None where the photo doesn't show it.
    evidence : mapping of str to Evidence
        One for each of the colours, also for the missing ones.
    """

    skin: U8 | None = None
    hair: U8 | None = None
    iris: U8 | None = None
    facial_hair: U8 | None = None
    clothes: U8 | None = None
    headwear: U8 | None = None
    evidence: Mapping[str, Evidence] = field(default_factory=dict)


def sample(
    photo: U8,
    landmarks: F32,
    irises: F32,
    masks: Mapping[str, Bool],
    settings: ColourSettings | None = None,
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
    face = view(photo, landmarks, irises, masks, settings.eye_px)
    skin = skin_tone(face, photo, settings.skin)
    grey = is_grey(photo)
    found: dict[str, tuple[F64 | None, Evidence]] = {"skin": _skin(skin)}
    hair = hair_colour(
        face,
        face.masks["hair"] & ~face.masks["headwear"],
        skin,
        settings.hair,
        percentile=settings.hair.lightness_percentile,
        grey_photo=grey,
    )
    found["hair"] = _hair(hair)
    found["facial_hair"] = _facial_hair(face, skin, settings.hair, grey, hair)
    found["iris"] = _iris(photo, landmarks, irises, skin, settings.iris, grey)
    clothes = clothes_mask(face, skin, settings.clothes)
    found["clothes"] = _main(main_colour(face, clothes, settings.clothes), "clothes")
    headwear = face.masks["headwear"]
    found["headwear"] = _main(main_colour(face, headwear, settings.clothes), "headwear")
    colours = {name: None if lab is None else to_rgb(lab) for name, (lab, _) in found.items()}
    return Colours(**colours, evidence={name: why for name, (_, why) in found.items()})


def _skin(skin: Skin | None) -> tuple[F64 | None, Evidence]:
    if skin is None:
        return None, Evidence(0, 0.0, "no bare skin is seen")
    raw = to_rgb(skin.raw)
    return skin.tone, Evidence(skin.pixels, skin.confidence, skin.why, raw, skin.spread)


def _evidence(hair: Hair, where: str, trust: float = 1.0) -> Evidence:
    confidence = trust * min(1.0, hair.pixels / 400) * (0.7 if hair.kind != "natural" else 0.9)
    why = f"{where}, {hair.kind}"
    return Evidence(hair.pixels, round(confidence, 3), why, to_rgb(hair.raw), hair.spread)


def _hair(hair: Hair | None) -> tuple[F64 | None, Evidence]:
    if hair is None:
        return None, Evidence(0, 0.0, "too little hair is seen")
    return hair.colour, _evidence(hair, "hair mask without its rim")


def _facial_hair(
    face: View, skin: Skin | None, settings: HairSettings, grey: bool, hair: Hair | None
) -> tuple[F64 | None, Evidence]:
    """Beard by its own pixels, else as the hair, else as the brows."""
    mask = face.masks["facial_hair"]
    if not mask.any():
        return None, Evidence(0, 0.0, "no facial hair is seen")
    settings = beard_settings(settings, hair)
    percentile = settings.beard_percentile
    beard = hair_colour(face, mask, skin, settings, percentile=percentile, grey_photo=grey)
    if beard is not None:
        return beard.colour, _evidence(beard, "beard mask without its rim")
    seen = int(np.count_nonzero(mask))
    if hair is not None:
        return hair.colour, Evidence(seen, 0.3, "too little beard is seen, taken as the hair")
    beard = hair_colour(face, _brows(face), skin, settings, percentile=30, grey_photo=grey)
    if beard is None:
        return None, Evidence(seen, 0.0, "too little beard, no hair and no brows are seen")
    return beard.colour, _evidence(beard, "too little beard is seen, taken as the brows", 0.3)


def _brows(face: View) -> Bool:
    canvas = np.zeros(face.rgb.shape[:2], dtype=np.uint8)
    width = max(1, round(0.08 * face.eye_distance))
    for brow in (face.landmarks[17:22], face.landmarks[22:27]):
        line = np.clip(np.round(brow), -(2**14), 2**14).astype(np.int32)
        cv2.polylines(canvas, [line], isClosed=False, color=1, thickness=width)
    return canvas.astype(bool) & ~face.any("glasses", "headwear", "hair")


def _iris(
    photo: U8, landmarks: F32, irises: F32, skin: Skin | None, settings: IrisSettings, grey: bool
) -> tuple[F64 | None, Evidence]:
    if grey:
        return usual_iris(), Evidence(0, 0.0, "the photo is grey, brown is taken")
    iris = iris_colour(photo, landmarks, irises, skin, settings)
    if isinstance(iris, str):
        return usual_iris(), Evidence(0, 0.0, f"{iris}, brown is taken")
    confidence = round(min(1.0, iris.pixels / 600) * 0.9, 3)
    why = f"ring of {iris.eyes} irises"
    return iris.colour, Evidence(iris.pixels, confidence, why, to_rgb(iris.raw), iris.spread)


def _main(main: Main | None, what: str) -> tuple[F64 | None, Evidence]:
    if main is None:
        return None, Evidence(0, 0.0, f"no {what} seen")
    why = f"main colour of the {what}, {main.share:.0%} of it"
    confidence = round(main.share * min(1.0, main.pixels / 400), 3)
    return main.colour, Evidence(main.pixels, confidence, why, to_rgb(main.raw), main.spread)
