"""What is seen in a photo: faces, landmarks, masks, traits and colours.

photo -> faces -> head frame: labels -> masks -> traits
                                          |-> photo frame: colours
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from emojimap import colours as colours_
from emojimap import masks as masks_
from emojimap import photo as photo_
from emojimap import traits as traits_
from emojimap.arrays import F32, F64, U8, Bool
from emojimap.colours import Colours, ColourSettings
from emojimap.errors import ArgumentError, NoFaceError
from emojimap.facenet import LABELS
from emojimap.facenet import find as find_
from emojimap.facenet import parse as parse_
from emojimap.facenet.crops import apply, warp
from emojimap.facenet.find import Face, FindSettings
from emojimap.facenet.landmarks import iris_circles
from emojimap.facenet.parse import ParseSettings
from emojimap.masks import MaskSettings
from emojimap.traits import Traits, TraitSettings

if TYPE_CHECKING:
    from emojimap.facenet.network import Networks

SMALLEST_SHARE = 0.08
"""Faces are expected to be at least this large, as a share of the photo's height."""
_FOREHEAD = 0.3
_USUAL_SPREAD = 0.034
"""Mean spread of the landmarks' heat maps on clear photos, fraction of the crop's side."""


@dataclass(frozen=True)
class AnalysisSettings:
    """Settings of every stage that looks at the photo.

    Parameters
    ----------
    find : FindSettings
        Finding faces.
    parse : ParseSettings
        Crops and their merging.
    masks : MaskSettings
        Cleaning.
    traits : TraitSettings
        Thresholds of glasses and mouth.
    colours : ColourSettings
        Sampling and correction.
    device : {"cpu", "cuda"}
        Where the networks run.
    """

    find: FindSettings = field(default_factory=FindSettings)
    parse: ParseSettings = field(default_factory=ParseSettings)
    masks: MaskSettings = field(default_factory=MaskSettings)
    traits: TraitSettings = field(default_factory=TraitSettings)
    colours: ColourSettings = field(default_factory=ColourSettings)
    device: str = "cpu"


@dataclass(frozen=True, eq=False)
class Head:
    """One face upright, at a fixed resolution; what is compared and drawn is taken from here.

    Parameters
    ----------
    photo : (S, S, 3) ndarray of uint8
        RGB.
    points : (70, 2) ndarray of float32
        Landmarks.
    masks : dict of str to (S, S) ndarray of float32
        Soft masks, see `emojimap.masks.NAMES`.
    matrix : (2, 3) ndarray of float64
        Map from the photo.
    """

    photo: U8
    points: F32
    masks: dict[str, F32]
    matrix: F64


@dataclass(frozen=True, eq=False)
class Analysis:
    """What is seen of one face.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        RGB, as analysed: upright, and reduced if it was very large.
    box : tuple of four float
        x, y, width, height of the face, forehead included.
    landmarks : (68, 2) ndarray of float32
        x then y, photo pixels, iBUG order, image-left first.
    irises : (2, 3) ndarray of float32
        x, y, radius; image-left eye first.
    masks : dict of str to (H, W) ndarray of bool
        ``hair`` (without beard), ``facial_hair``, ``skin``, ``glasses``, ``headwear``, ``body``
        (neck and clothes).
    colours : Colours
        Skin, hair, iris, facial hair and more, with their evidence.
    traits : Traits
        Glasses, headwear, beard, mouth.
    head : Head
        The face in its head frame.
    confidence : float
        0..1, how sure the landmarks are.
    tone : float
        L* of the skin in neutral light as the face network guesses it; NaN if it can't.
    """

    photo: U8
    box: tuple[float, float, float, float]
    landmarks: F32
    irises: F32
    masks: dict[str, Bool]
    colours: Colours
    traits: Traits
    head: Head
    confidence: float
    tone: float = math.nan


def analyse(
    photo: Any,
    *,
    face: int = 0,
    settings: AnalysisSettings | None = None,
    nets: Networks | None = None,
) -> Analysis:
    """Analyse one face of a photo.

    Parameters
    ----------
    photo : path, bytes, PIL image or (H, W, 3) ndarray of uint8
        RGB where it is an array.
    face : int
        Which face, 0 the largest.
    settings : AnalysisSettings, optional
        See there.
    nets : Networks, optional
        Which to run; by default those of `networks`.

    Returns
    -------
    Analysis
        Of that face.

    Raises
    ------
    PhotoError
        If the photo can't be read.
    NoFaceError
        If it shows no face, or fewer than asked for.
    ArgumentError
        If `face` is negative.
    """
    if face < 0:
        raise ArgumentError(f"face {face}: give 0 for the largest, 1 for the next, ...")
    settings = settings or AnalysisSettings()
    pixels = photo_.read(photo)
    faces = _faces(pixels, settings, nets, every=face > 0)
    if face >= len(faces):
        raise NoFaceError(
            f"the photo shows {len(faces)} face{'s' * (len(faces) > 1)}, face {face} was asked "
            f"for: the largest is 0, the last {len(faces) - 1}"
        )
    return _analysis(pixels, faces[face], settings, nets)


def analyse_all(
    photo: Any, *, settings: AnalysisSettings | None = None, nets: Networks | None = None
) -> list[Analysis]:
    """Analyse every face of a photo.

    Parameters
    ----------
    photo : path, bytes, PIL image or (H, W, 3) ndarray of uint8
        RGB where it is an array.
    settings : AnalysisSettings, optional
        See there.
    nets : Networks, optional
        Which to run; by default those of `networks`.

    Returns
    -------
    list of Analysis
        Largest face first.

    Raises
    ------
    PhotoError
        If the photo can't be read.
    NoFaceError
        If it shows no face.
    """
    settings = settings or AnalysisSettings()
    pixels = photo_.read(photo)
    faces = _faces(pixels, settings, nets, every=True)
    return [_analysis(pixels, face, settings, nets) for face in faces]


def of_face(
    pixels: U8,
    face: Face,
    settings: AnalysisSettings | None = None,
    nets: Networks | None = None,
) -> Analysis:
    """Analyse a face that was found already, in a film for instance.

    Parameters
    ----------
    pixels : (H, W, 3) ndarray of uint8
        RGB, upright.
    face : Face
        Found in that picture.
    settings : AnalysisSettings, optional
        See there.
    nets : Networks, optional
        Which to run; by default those of `networks`.

    Returns
    -------
    Analysis
        Of that face.
    """
    return _analysis(pixels, face, settings or AnalysisSettings(), nets)


@cache
def networks(device: str = "cpu") -> Networks:
    """Load the networks that ship with the program, once per process and device.

    Parameters
    ----------
    device : {"cpu", "cuda"}
        Where they run.

    Returns
    -------
    Networks
        Ready to run.

    Raises
    ------
    ModelError
        If a file is missing or damaged, or the device is not there.
    """
    from emojimap.facenet import backends

    return backends.networks(device=device)


def recoloured(analysis: Analysis, settings: ColourSettings) -> Analysis:
    """Sample the colours again, in another way; nothing else is looked at again.

    Parameters
    ----------
    analysis : Analysis
        Of any face.
    settings : ColourSettings
        How.

    Returns
    -------
    Analysis
        The same but for its colours.
    """
    seen = analysis
    colours = colours_.sample(
        seen.photo, seen.landmarks, seen.irises, seen.masks, settings, guess=seen.tone
    )
    return replace(seen, colours=colours)


def _faces(
    pixels: U8, settings: AnalysisSettings, nets: Networks | None, *, every: bool
) -> list[Face]:
    network = (nets or networks(settings.device)).face
    faces = find_.find(pixels, network, settings.find, every=every)
    if not faces:
        raise NoFaceError(
            f"no face found: give a photo in which a face, seen from the front, is at least "
            f"{SMALLEST_SHARE:.0%} of the height and not turned over"
        )
    return faces


def _analysis(
    pixels: U8, face: Face, settings: AnalysisSettings, nets: Networks | None = None
) -> Analysis:
    hair = (nets or networks(settings.device)).hair
    parsed = parse_.parse(pixels, face, hair, settings.parse)
    points = apply(parsed.matrix, face.points)
    probabilities = dict(zip(LABELS, parsed.probabilities, strict=True))
    soft = masks_.clean(probabilities, points, settings.masks)
    head = Head(warp(pixels, parsed.matrix, settings.parse.head_px), points, soft, parsed.matrix)
    traits = traits_.measure(
        head.photo, points, {name: mask > 0.5 for name, mask in soft.items()}, settings.traits
    )
    shape = pixels.shape[0], pixels.shape[1]
    masks = {name: _in_photo(mask, parsed.matrix, shape) for name, mask in soft.items()}
    landmarks, irises = face.points[:68], iris_circles(face.points)
    seen = Analysis(
        photo=pixels,
        box=_box(landmarks),
        landmarks=landmarks,
        irises=irises,
        masks=masks,
        colours=Colours(),
        traits=traits,
        head=head,
        confidence=_confidence(face.spread, settings.find.largest_spread),
        tone=face.tone,
    )
    return recoloured(seen, settings.colours)


def _in_photo(mask: F32, matrix: F64, shape: tuple[int, int]) -> Bool:
    if not (mask > 0.5).any():  # as of glasses, mostly
        return np.zeros(shape, bool)
    return parse_.onto_photo(mask, matrix, shape) > 0.5


def _confidence(spread: float, largest: float) -> float:
    """1 for heat maps as sharp as they usually are, 0 for the widest that are believed."""
    return float(np.clip((largest - spread) / max(largest - _USUAL_SPREAD, 1e-6), 0.0, 1.0))


def _box(landmarks: F32) -> tuple[float, float, float, float]:
    """Bounds of the landmarks, with the forehead above the brows added."""
    (left, top), (right, bottom) = landmarks.min(axis=0), landmarks.max(axis=0)
    forehead = _FOREHEAD * (bottom - top)
    return float(left), float(top - forehead), float(right - left), float(bottom - top + forehead)
