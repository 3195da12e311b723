"""The whole way from a photo to its avatar.

analysis -> canonical frame -> overlap search -> hair | headwear |
         -> traits, colours ---------------------------------------> avatar
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from emojimap import styles
from emojimap._callable import make_callable
from emojimap.analysis import Analysis, AnalysisSettings, analyse, analyse_all
from emojimap.arrays import F32, F64, I32, U8, Bool
from emojimap.avatar import Avatar, Choice
from emojimap.canonical import CANVAS, EYE_Y, MIDDLE_X, SIZE, coverage, face_frame, visible
from emojimap.errors import ArgumentError
from emojimap.overlap import Match, Region
from emojimap.styles import Group, PartPenalties, Style
from emojimap.styles.index import open_index
from emojimap.traits import Traits

_OUT, _SPARE = 10.0, 8
_OWN_COLOURS = ("skin", "hair", "glasses", "iris")
"""Roles whose colours follow from no other colour."""


@dataclass(frozen=True)
class OverlapSettings:
    """How hair masks are compared; lengths in pixels of the 96x96 canonical canvas.

    Parameters
    ----------
    levels : int
        Steps of coverage that soft masks keep.
    window_px : int
        Shifts that are tried, pixels of the compared masks; 0, as the frame aligns better.
    scales : tuple of float
        Scales that are tried.
    face_weight, face_radius_px, face_bottom_px : float
        Weight and shape of the region where fringe and hairline lie: a disc around the face,
        above the mouth.
    low_weight, low_top_px : float
        Weight and upper edge of the region that tells the length.
    margin_px2 : float
        Area added to intersection and union, so that bald is a template like others.
    """

    levels: int = 8
    window_px: int = 0
    scales: tuple[float, ...] = (1.0,)
    face_weight: float = 0.3
    face_radius_px: float = 24.0
    face_bottom_px: float = 55.0
    low_weight: float = 0.3
    low_top_px: float = 61.0
    margin_px2: float = 150.0

    def __post_init__(self) -> None:
        if self.face_weight < 0 or self.low_weight < 0 or self.margin_px2 < 0:
            raise ArgumentError("weights and margin_px2 of the overlap must be 0 or more")


@dataclass(frozen=True)
class FitSettings:
    """Settings of the whole way.

    Parameters
    ----------
    analysis : AnalysisSettings
        Everything that looks at the photo.
    overlap : OverlapSettings
        How hair masks are compared.
    penalties : PartPenalties
        What templates cost that disagree with the face beside its hair.
    """

    analysis: AnalysisSettings = field(default_factory=AnalysisSettings)
    overlap: OverlapSettings = field(default_factory=OverlapSettings)
    penalties: PartPenalties = field(default_factory=PartPenalties)


@dataclass(frozen=True, eq=False)
class Overlay:
    """The comparison of a photo's mask with the templates.

    Parameters
    ----------
    group : {"hair", "headwear"}
        Which templates.
    query : (64, 64) ndarray of float32
        The photo's mask in the canonical frame.
    visible : (64, 64) ndarray of bool
        Pixels that the photo shows.
    matches : list of Match
        Best first.
    masks : dict of str to (64, 64) ndarray of float32
        Masks of the matches.
    """

    group: Group
    query: F32
    visible: Bool
    matches: list[Match]
    masks: dict[str, F32]


@dataclass(frozen=True, eq=False)
class Fit:
    """An avatar and how it came about.

    Parameters
    ----------
    avatar : Avatar
        The best.
    candidates : list of (str, float)
        Templates of hair or headwear with their scores, best first.
    analysis : Analysis
        What was seen.
    overlay : Overlay
        How the candidates were compared.
    """

    avatar: Avatar
    candidates: list[tuple[str, float]]
    analysis: Analysis
    overlay: Overlay


def fit(
    photo: Any,
    style: str = "avataaars",
    *,
    top: int = 5,
    seed: int = 0,
    face: int = 0,
    settings: FitSettings | None = None,
) -> Fit:
    """Find the avatar that fits a face best.

    Parameters
    ----------
    photo : path, bytes, PIL image or (H, W, 3) ndarray of uint8
        RGB where it is an array.
    style : str
        Name of a style, or the path of a pack.
    top : int
        How many candidates to keep.
    seed : int
        For styles that draw at random; the built-in ones do not, and give the same avatar for any.
    face : int
        Which face, 0 the largest.
    settings : FitSettings, optional
        See there.

    Returns
    -------
    Fit
        Avatar, candidates and analysis.

    Raises
    ------
    PhotoError, NoFaceError, StyleError
        See `emojimap.analysis.analyse` and `emojimap.styles.load`.
    """
    settings = settings or FitSettings()
    drawn = styles.load(style)
    return fit_analysis(
        analyse(photo, face=face, settings=settings.analysis), drawn, top=top, settings=settings
    )


def fit_photo(
    photo: Any,
    style: str = "avataaars",
    *,
    top: int = 5,
    seed: int = 0,
    face: int | None = None,
    settings: FitSettings | None = None,
) -> list[Fit]:
    """Find the avatars of one face, or of all faces, of a photo.

    Parameters
    ----------
    photo : path, bytes, PIL image or (H, W, 3) ndarray of uint8
        RGB where it is an array.
    style : str
        Name of a style, or the path of a pack.
    top : int
        How many candidates to keep.
    seed : int
        See `fit`.
    face : int, optional
        Which face, 0 the largest; by default all.
    settings : FitSettings, optional
        See there.

    Returns
    -------
    list of Fit
        Largest face first.

    Raises
    ------
    PhotoError, NoFaceError, StyleError
        As in `fit`.
    """
    if face is not None:
        return [fit(photo, style, top=top, seed=seed, face=face, settings=settings)]
    settings = settings or FitSettings()
    drawn = styles.load(style)
    faces = analyse_all(photo, settings=settings.analysis)
    return [fit_analysis(one, drawn, top=top, settings=settings) for one in faces]


def fit_analysis(
    analysis: Analysis, style: Style, *, top: int = 5, settings: FitSettings | None = None
) -> Fit:
    """Find the avatar for a face that was analysed before.

    Parameters
    ----------
    analysis : Analysis
        From `emojimap.analysis`.
    style : Style
        From `emojimap.styles.load`.
    top : int
        How many candidates to keep.
    settings : FitSettings, optional
        See there.

    Returns
    -------
    Fit
        Avatar, candidates and analysis.

    Raises
    ------
    ArgumentError
        If `top` is under 1.
    """
    if top < 1:
        raise ArgumentError(f"top {top}: give 1 or more")
    settings = settings or FitSettings()
    overlay = compare(
        analysis, style, top=top, settings=settings.overlap, penalties=settings.penalties
    )
    choices = dict(style.choose(analysis.traits))
    choices.update(_by_mask(style, overlay, analysis.traits, settings.penalties))
    parts = {name: choice.variant for name, choice in choices.items()}
    colours, reasons = _colours(analysis, style)
    avatar = Avatar(style.name, parts, colours, {**choices, **reasons})
    candidates = [(match.id, match.score) for match in overlay.matches]
    return Fit(style.check(avatar), candidates, analysis, overlay)


def compare(
    analysis: Analysis,
    style: Style,
    *,
    top: int = 5,
    settings: OverlapSettings | None = None,
    penalties: PartPenalties | None = None,
) -> Overlay:
    """Compare a face's hair, or headwear, with a style's templates.

    Parameters
    ----------
    analysis : Analysis
        What was seen.
    style : Style
        Whose templates.
    top : int
        How many matches to keep.
    settings : OverlapSettings, optional
        See there.
    penalties : PartPenalties, optional
        See there.

    Returns
    -------
    Overlay
        With the best matches.
    """
    settings = settings or OverlapSettings()
    penalties = penalties or PartPenalties()
    masks = analysis.head.masks
    hatted = analysis.traits.headwear and "headwear" in style.part_names
    group: Group = "headwear" if hatted else "hair"
    mask = masks["hair"] > 0.5
    if hatted:
        mask = mask | (masks["headwear"] > 0.5)
    query = coverage(mask, face_frame(analysis.head.points[:68]))
    frame = face_frame(analysis.landmarks)
    seen = visible((analysis.photo.shape[0], analysis.photo.shape[1]), frame)
    if analysis.traits.headwear and not hatted:
        seen = seen & (
            coverage(masks["headwear"] > 0.5, face_frame(analysis.head.points[:68])) < 0.5
        )
    index = open_index(style, group, size=SIZE, levels=settings.levels)
    search = partial(
        index.search,
        query,
        window=settings.window_px,
        scales=settings.scales,
        visible=seen,
        regions=regions(settings),
        margin=settings.margin_px2 * (SIZE / CANVAS) ** 2,
    )
    matches = _distinct(
        search, top, style.priors(group, analysis.traits, penalties), style.families(group)
    )
    return Overlay(group, query, seen, matches, {m.id: index.mask(m.index) for m in matches})


def _distinct(
    search: Callable[..., list[Match]],
    top: int,
    prior: Mapping[str, float] | F64,
    families: I32 | None,
) -> list[Match]:
    """Find the best template of each of the best hairdos."""
    if families is None or not isinstance(prior, np.ndarray):
        return search(k=top, prior=prior)
    found: list[Match] = []
    out = prior.copy()
    while len(found) < top:
        for match in search(k=min(top + _SPARE, len(out)), prior=out):
            if out[match.index] < _OUT:
                found.append(match)
                out[families == families[match.index]] += _OUT
        if (out >= _OUT).all():
            break
    return found[:top]


def regions(settings: OverlapSettings) -> list[Region]:
    """Parts of the canonical frame that count on their own.

    Parameters
    ----------
    settings : OverlapSettings
        Shapes and weights.

    Returns
    -------
    list of Region
        ``face`` and ``low``.
    """
    rows, columns = (np.mgrid[:SIZE, :SIZE] + 0.5) * (CANVAS / SIZE) - 0.5
    disc = np.hypot(columns - MIDDLE_X, rows - EYE_Y) <= settings.face_radius_px
    return [
        Region("face", disc & (rows <= settings.face_bottom_px), settings.face_weight),
        Region("low", rows >= settings.low_top_px, settings.low_weight),
    ]


def _by_mask(
    style: Style, overlay: Overlay, traits: Traits, penalties: PartPenalties
) -> dict[str, Choice]:
    best = overlay.matches[0]
    detail = ", ".join(f"{name} {iou:.2f}" for name, iou in best.parts.items())
    why = f"IoU {best.iou:.2f} ({detail})"
    choices = {}
    first, *rest = (
        style.template_parts(overlay.group, match.id, traits, penalties)
        for match in overlay.matches
    )
    for part, variant in first.items():
        scores = zip(rest, overlay.matches[1:], strict=True)
        others = tuple((parts.get(part), _score(match)) for parts, match in scores)
        choices[part] = Choice(variant, _score(best), why, others)
    return choices


def _score(match: Match) -> float:
    return round(max(match.score, 0.0), 4)


def _colours(analysis: Analysis, style: Style) -> tuple[dict[str, str], dict[str, Choice]]:
    """Colours that were seen, under the style's names, and plain ones for what was not."""
    plain = style.default().colours
    values, reasons = {}, {}
    for role, name in style.colour_names.items():
        seen: U8 | None = getattr(analysis.colours, role, None)
        if seen is None:
            if role in _OWN_COLOURS:
                values[name] = plain[name]
            continue
        evidence = analysis.colours.evidence[role]
        values[name] = "#{:02x}{:02x}{:02x}".format(*seen)
        reasons[f"{name}Color"] = Choice(values[name], round(evidence.confidence, 4), evidence.why)
    return values, reasons


make_callable(__name__, fit)
