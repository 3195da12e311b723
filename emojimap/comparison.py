"""A face's hair, or its headwear, laid over the templates of a style."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from emojimap import embed, likeness
from emojimap.analysis import Analysis
from emojimap.arrays import F32, F64, I32, Bool
from emojimap.canonical import CANVAS, EYE_Y, MIDDLE_X, SIZE, coverage, face_frame, visible
from emojimap.overlap import MaskIndex, Match, Region
from emojimap.segments import silhouette
from emojimap.settings import Checked, setting
from emojimap.styles import Group, PartPenalties, Style
from emojimap.styles.codes import hair_codes
from emojimap.styles.index import open_index
from emojimap.traits import Traits

_OUT, _SPARE = 10.0, 8
_FEW = 1000  # templates; measuring more of them takes longer than all the rest
_places: dict[str, dict[str, F64]] = {}  # by style


@dataclass(frozen=True)
class OverlapSettings(Checked):
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
    likeness : float
        What is taken off a template's score for hair that lies as differently as can be in what
        tells people apart: hairline, fringe, sides, length, area (`emojimap.likeness`).
    codes : float
        What is taken off for hair whose code, of the part embedder that ships, points the other
        way (`emojimap.embed`); vector styles only.
    margin_px2 : float
        Area added to intersection and union, so that bald is a template like others.
    """

    levels: int = setting(8, 1, 64)
    window_px: int = setting(0, 0, 40)
    scales: tuple[float, ...] = setting((1.0,), 0.25, 4)
    face_weight: float = setting(0.3, 0, 10)
    face_radius_px: float = setting(24.0, 1, 96)
    face_bottom_px: float = setting(55.0, 0, 96)
    low_weight: float = setting(0.3, 0, 10)
    low_top_px: float = setting(61.0, 0, 96)
    likeness: float = setting(0.45, 0, 10, "of the score")
    codes: float = setting(0.2, 0, 10, "of the score")
    margin_px2: float = setting(150.0, 0, 10_000)


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
    upright = face_frame(analysis.head.points[:68])
    query = coverage(mask, upright)
    frame = face_frame(analysis.landmarks)
    seen = visible((analysis.photo.shape[0], analysis.photo.shape[1]), frame)
    if analysis.traits.headwear and not hatted:
        seen = seen & (coverage(masks["headwear"] > 0.5, upright) < 0.5)
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
    prior = style.priors(group, analysis.traits, penalties)
    if group == "hair" and len(index) <= _FEW:
        prior = _with_likeness(prior, analysis.traits, style, index, settings.likeness)
        prior = _with_codes(prior, query, style, index, settings.codes)
    matches = _distinct(search, top, prior, style.families(group))
    return Overlay(group, query, seen, matches, {m.id: index.mask(m.index) for m in matches})


def _with_likeness(
    prior: Mapping[str, float] | F64,
    traits: Traits,
    style: Style,
    index: MaskIndex,
    weight: float,
) -> Mapping[str, float] | F64:
    """Add what hair costs that lies otherwise than the face's."""
    key = style.fingerprint
    if key not in _places:
        _places[key] = likeness.hair_places(index)
    apart = likeness.hair_apart(traits, _places[key])
    if apart is None:
        return prior
    if isinstance(prior, np.ndarray):
        return prior + weight * apart
    return {id_: prior[id_] + weight * cost for id_, cost in zip(index.ids, apart, strict=True)}


def _with_codes(
    prior: Mapping[str, float] | F64, query: F32, style: Style, index: MaskIndex, weight: float
) -> Mapping[str, float] | F64:
    """Add what hair costs that looks otherwise, by codes that were trained to tell people apart."""
    if not weight or isinstance(prior, np.ndarray):
        return prior
    embedder = embed.load("autoencoder")
    code = embedder.embed(silhouette(query)[None], "hair")
    alike = embed.cosine(code, hair_codes(style, embedder, index))[0]
    return {
        id_: prior[id_] + weight * (1 - float(one))
        for id_, one in zip(index.ids, alike, strict=True)
    }


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
