"""Skin: where it is sampled, in what light, and what tone it has in neutral light.

A photo shows skin under a light of unknown strength and colour: measured as it stands, one person
differs from photo to photo hardly less than two people do. So the tone is estimated: its lightness
by a small regression on cues of skin and light, its chroma by what skin of that lightness usually
has, plus the part of the measured deviation that belongs to the person and not to the light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emojimap.arrays import F32, F64, U8, Bool, check_points
from emojimap.colours._locus import skin_at, to_lab
from emojimap.colours._view import View, check_ranges, pixels, spread

# The regression was fitted on 381 faces of news photos whose tone was judged by eye, with penalties
# on differing results for two photos of one person and for one photo in other lights. A cue that
# is not seen counts as usual. See `_cues` for their meaning.
_CUES = ("lightness", "shade", "eyes", "mouth", "red", "yellow", "lips")
_USUAL = np.array([55.0, 0.0, 0.0, 53.0, 0.0, 0.32, -5.0])
_WEIGHTS = np.array([0.169, -7.88, -0.346, -0.159, 0.574, -8.71, 0.544])
_OFFSET = 70.3
_USUAL_EYES, _USUAL_RED = -12.0, 15.6
_MIDDLE = 68.0
# Usual a and b of skin in a photo: by its lightness, the photo's mean and the eye whites, offset.
_CAST = np.array([(-0.108, 0.232, 0.731, 12.32), (-0.064, 0.198, 0.734, 12.34)])
_CAST_BLIND = np.array([(-0.093, 0.545, 0.0, 17.46), (-0.023, 0.371, 0.0, 18.74)])


@dataclass(frozen=True)
class SkinSettings:
    """How skin is sampled and corrected.

    Parameters
    ----------
    patch_radius_eyes : float
        Radius of a patch in eye distances; 0.02 to 0.3.
    trim_share : float
        Share of the pixels dropped as too dark, and as too light; 0 to 0.45.
    least_seen_share : float
        A patch counts if this share of it is bare skin; 0.1 to 1.
    least_pixels : int
        Fewer pixels than these tell nothing; 1 or more.
    contrast : float
        How far estimated tones are moved from the middle one, since an estimate in doubt keeps
        near it; 0.5 to 2.
    lift_most_l, drop_most_l : float
        Most that the lightness is raised or lowered; 0 to 100.
    darkest_l, fairest_l : float
        Range of the tones; 10 to 95.
    chroma_kept_share : float
        Share of the deviation from the usual chroma that is taken for the person's own; 0 to 1.
    chroma_most : float
        Deviations are cut off here, Lab; 0 to 50.
    """

    patch_radius_eyes: float = 0.14
    trim_share: float = 0.25
    least_seen_share: float = 0.5
    least_pixels: int = 30
    contrast: float = 1.3
    lift_most_l: float = 28.0
    drop_most_l: float = 14.0
    darkest_l: float = 27.0
    fairest_l: float = 86.0
    chroma_kept_share: float = 0.2
    chroma_most: float = 10.0

    def __post_init__(self) -> None:
        check_ranges(
            self,
            {
                "patch_radius_eyes": (0.02, 0.3),
                "trim_share": (0, 0.45),
                "least_seen_share": (0.1, 1),
                "least_pixels": (1, 100_000),
                "contrast": (0.5, 2),
                "lift_most_l": (0, 100),
                "drop_most_l": (0, 100),
                "fairest_l": (10, 95),
                "darkest_l": (10, self.fairest_l),
                "chroma_kept_share": (0, 1),
                "chroma_most": (0, 50),
            },
        )


class Skin(NamedTuple):
    """Skin as measured and as it would be in neutral light.

    Parameters
    ----------
    raw, tone : (3,) ndarray of float64
        Lab, before and after correction.
    pixels : int
        How many were used.
    spread : float
        Median distance of these from their median, Lab.
    confidence : float
        0..1.
    why : str
        Where it was measured and how it was corrected.
    """

    raw: F64
    tone: F64
    pixels: int
    spread: float
    confidence: float
    why: str

    def light(self) -> F64:
        """Return a and b that the light has added to the skin."""
        return self.raw[1:] - skin_at(float(self.raw[0]))


def skin_patches(landmarks: F32, radius_eyes: float = SkinSettings.patch_radius_eyes) -> F32:
    """Places where skin is usually bare: forehead, nose, cheeks and chin.

    Parameters
    ----------
    landmarks : (68, 2) ndarray of float32
        iBUG order, x then y.
    radius_eyes : float
        Radius of a patch in eye distances.

    Returns
    -------
    (11, 3) ndarray of float32
        x, y, radius, in the landmarks' pixels; three on the forehead, the nose, six on the
        cheeks, the chin.

    Raises
    ------
    ArgumentError
        If the landmarks have another shape.
    """
    points = check_points(landmarks, 68)
    left, right = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    along = right - left
    up = np.array([along[1], -along[0]])
    brows = points[17:27].mean(axis=0)
    centres = [brows + share * along + 0.35 * up for share in (-0.4, 0.0, 0.4)]
    centres.append((points[28] + points[29]) / 2)
    for eye, jaw, low, mouth in ((left, 2, 4, 48), (right, 14, 12, 54)):
        down, out = points[mouth] - eye, points[jaw] - eye
        centres.append(eye + 0.5 * down + 0.12 * out)
        centres.append(eye + 0.45 * down + 0.32 * out)
        centres.append(0.6 * points[mouth] + 0.4 * points[low])
    centres.append((points[57] + points[8]) / 2)
    radius = np.full((len(centres), 1), radius_eyes * float(np.hypot(*along)))
    return np.hstack([np.array(centres), radius]).astype(np.float32)


def skin_tone(view: View, photo: U8, settings: SkinSettings) -> Skin | None:
    """Measure skin and estimate its tone in neutral light.

    Parameters
    ----------
    view : View
        The face.
    photo : (H, W, 3) ndarray of uint8
        The whole photo: its light is judged too.
    settings : SkinSettings
        How.

    Returns
    -------
    Skin or None
        None where no skin is seen.
    """
    lab, where, trust = _sample(view, settings)
    if len(lab) < settings.least_pixels:
        return None
    order = np.argsort(lab[:, 0], kind="stable")
    cut = int(len(order) * settings.trim_share)
    kept = lab[order[cut : len(order) - cut]]
    raw = np.median(kept, axis=0).astype(np.float64)
    around = to_lab(_thinned(photo)).mean(axis=0)
    whites = _whites(view)
    cues = _cues(view, raw, whites)
    grey = is_grey(photo)
    if grey:
        cues[[4, 5, 6]] = np.nan
    tone = _lightness(raw, cues, settings)
    own = np.zeros(2) if grey else _deviation(raw, around, whites, settings)
    seen = int(np.isfinite(cues).sum())
    lift = tone - float(raw[0])
    why = f"{where}; light corrected by {lift:+.0f} L from {seen} of {len(_CUES)} cues"
    confidence = trust * (0.4 + 0.6 * seen / len(_CUES)) * (1 - min(abs(lift), 30) / 60)
    final = np.array([tone, *(skin_at(tone) + own)])
    return Skin(raw, final, len(kept), spread(kept), round(confidence, 3), why)


def _sample(view: View, settings: SkinSettings) -> tuple[F32, str, float]:
    """Lab colours of skin, where they were found, and how far that is to be trusted."""
    patches = skin_patches(view.landmarks, settings.patch_radius_eyes)
    bare = view.skin()
    seen = _in_patches(view, patches, bare, settings.least_seen_share)
    if len(seen) >= 2:
        return np.concatenate(seen), f"{len(seen)} of {len(patches)} patches", 1.0
    lab = pixels(view.rgb, bare)
    if len(lab) >= settings.least_pixels:
        return lab, "whole visible skin, the patches being covered", 0.6
    covered = view.any("hair", "facial_hair", "glasses", "headwear", "body")
    seen = _in_patches(view, patches, ~covered, settings.least_seen_share)
    found = np.concatenate([np.zeros((0, 3), np.float32), *seen])
    return found, f"{len(seen)} of {len(patches)} patches, no skin mask", 0.3


def _in_patches(view: View, patches: F32, inside: Bool, least: float) -> list[F32]:
    height, width = view.rgb.shape[:2]
    found = []
    for x, y, radius in patches.tolist():
        left, right = max(0, int(x - radius)), min(width, int(x + radius) + 2)
        top, bottom = max(0, int(y - radius)), min(height, int(y + radius) + 2)
        if left >= right or top >= bottom:
            continue
        rows, columns = np.ogrid[top:bottom, left:right]
        disc = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
        seen = disc & inside[top:bottom, left:right]
        if np.count_nonzero(seen) >= max(6.0, least * np.pi * radius**2):
            found.append(to_lab(view.rgb[top:bottom, left:right][seen]))
    return found


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
    lab = pixels(view.rgb, white)
    if hidden or len(lab) < 6:
        return None
    bright = lab[lab[:, 0] >= np.percentile(lab[:, 0], 60)]
    return np.median(bright, axis=0).astype(np.float64)


def _cues(view: View, raw: F64, whites: F64 | None) -> F64:
    """Figures of `_CUES`; NaN where the face doesn't show one.

    Lightness; how far it is in the shade; there: how bright the eye whites are beside the skin, and
    how red the skin is; the brightest of the mouth; skin's yellow; that of the lips beside it.
    """
    lightness, a, b = raw
    shade = float(np.clip((62 - lightness) / 20, 0, 1.5))
    eyes = mouth = lips = np.nan
    if whites is not None:
        contrast = np.clip(np.clip(whites[0], 25, 80) - lightness, -40, 30)
        eyes = shade * (float(contrast) - _USUAL_EYES)
    inner = view.polygon(view.landmarks[60:68])
    teeth = pixels(view.rgb, inner)
    if len(teeth) >= 15:
        mouth = float(np.percentile(teeth[:, 0], 90))
    outer = view.polygon(view.landmarks[48:60]) & ~inner & ~view.masks["facial_hair"]
    lip = pixels(view.rgb, outer)
    if len(lip) >= 6:
        lips = float(np.median(lip[:, 2]) - b)
    yellow = b / (lightness + 10)
    return np.array([lightness, shade, eyes, mouth, shade * (a - _USUAL_RED), yellow, lips])


def _lightness(raw: F64, cues: F64, settings: SkinSettings) -> float:
    tone = _OFFSET + float(np.nan_to_num(cues - _USUAL) @ _WEIGHTS)
    tone = _MIDDLE + settings.contrast * (tone - _MIDDLE)
    tone = np.clip(tone, raw[0] - settings.drop_most_l, raw[0] + settings.lift_most_l)
    return float(np.clip(tone, settings.darkest_l, settings.fairest_l))


def _deviation(raw: F64, around: F32, whites: F64 | None, settings: SkinSettings) -> F64:
    """Return a and b by which the person's skin differs from the usual."""
    own = np.zeros(2)
    for k in range(2):
        by_light, by_photo, by_white, offset = (_CAST_BLIND if whites is None else _CAST)[k]
        white = 0.0 if whites is None else whites[k + 1]
        usual = by_light * raw[0] + by_photo * around[k + 1] + by_white * white + offset
        own[k] = raw[k + 1] - usual
    return settings.chroma_kept_share * own.clip(-settings.chroma_most, settings.chroma_most)


def _thinned(photo: U8) -> U8:
    """Return some 4,000 pixels of the whole photo, without black borders, (n, 3)."""
    step = max(1, int(np.sqrt(photo.shape[0] * photo.shape[1] / 4096)))
    some = photo[::step, ::step].reshape(-1, 3)
    lit = some[some.max(axis=1) > 3]
    return lit if len(lit) else some


def is_grey(photo: U8) -> bool:
    """Tell whether a photo is without colour.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB.

    Returns
    -------
    bool
        True for black-and-white photos, JPEG's slight colours allowed.
    """
    some = _thinned(photo).astype(np.int16)
    return float(np.percentile(some.max(axis=1) - some.min(axis=1), 97)) < 12
