"""The whole way from a photo to its avatar.

analysis -> canonical frame -> overlap search -> hair | headwear |
         -> traits, colours ---------------------------------------> avatar
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emojimap import styles
from emojimap._callable import make_callable
from emojimap.analysis import Analysis, AnalysisSettings, analyse, analyse_all
from emojimap.arrays import U8
from emojimap.avatar import Avatar, Choice
from emojimap.colours import to_lab, to_rgb
from emojimap.comparison import OverlapSettings, Overlay, compare
from emojimap.errors import ArgumentError
from emojimap.overlap import Match
from emojimap.styles import PartPenalties, Style
from emojimap.traits import Traits

if TYPE_CHECKING:
    from emojimap.facenet.network import Networks

_OWN_COLOURS = ("skin", "hair", "glasses", "iris")
"""Roles whose colours follow from no other colour."""

_BROW = 0.7


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
    nets: Networks | None = None,
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
    nets : Networks, optional
        See `emojimap.analysis.analyse`.

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
    seen = analyse(photo, face=face, settings=settings.analysis, nets=nets)
    return fit_analysis(seen, drawn, top=top, settings=settings)


def fit_photo(
    photo: Any,
    style: str = "avataaars",
    *,
    top: int = 5,
    seed: int = 0,
    face: int | None = None,
    settings: FitSettings | None = None,
    nets: Networks | None = None,
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
    nets : Networks, optional
        See `emojimap.analysis.analyse`.

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
        return [fit(photo, style, top=top, seed=seed, face=face, settings=settings, nets=nets)]
    settings = settings or FitSettings()
    drawn = styles.load(style)
    faces = analyse_all(photo, settings=settings.analysis, nets=nets)
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


def _by_mask(
    style: Style, overlay: Overlay, traits: Traits, penalties: PartPenalties
) -> dict[str, Choice]:
    best = overlay.matches[0]
    detail = ", ".join(f"{name} {iou:.2f}" for name, iou in best.parts.items())
    why = f"IoU {best.iou:.2f} ({detail})"
    seen = {
        part: traits.why.get(role)
        for role in ("glasses", "facial_hair")
        for part in style.part_names.get(role, ())
    }
    choices = {}
    first, *rest = (
        style.template_parts(overlay.group, match.id, traits, penalties)
        for match in overlay.matches
    )
    for part, variant in first.items():
        others: dict[str | None, float] = {}
        for parts, match in zip(rest, overlay.matches[1:], strict=True):
            if parts.get(part) != variant:  # the first of a variant is its best
                others.setdefault(parts.get(part), _score(match))
        runners_up = tuple(others.items())
        choices[part] = Choice(variant, _score(best), seen.get(part) or why, runners_up)
    return choices


def _score(match: Match) -> float:
    return round(max(match.score, 0.0), 4)


def _colours(analysis: Analysis, style: Style) -> tuple[dict[str, str], dict[str, Choice]]:
    """Colours that were seen, under the style's names, and plain ones for what was not."""
    plain = style.default().colours
    values, reasons = {}, {}
    for role, name in style.colour_names.items():
        seen: U8 | None = getattr(analysis.colours, role, None)
        if role == "brows" and seen is not None:
            seen = _brows(seen, analysis)
        if seen is None:
            if role in _OWN_COLOURS:
                values[name] = plain[name]
            elif role == "brows":
                values[name] = _darker(analysis.colours.hair, plain[name])
            continue
        evidence = analysis.colours.evidence[role]
        values[name] = "#{:02x}{:02x}{:02x}".format(*seen)
        reasons[f"{name}Color"] = Choice(values[name], round(evidence.confidence, 4), evidence.why)
    return values, reasons


def _brows(seen: U8, analysis: Analysis) -> U8 | None:
    """Brows as dark against the skin as they are seen: the light falls on both alike."""
    skin, darkness = analysis.colours.skin, analysis.traits.measures.get("brow_darkness")
    if skin is None or darkness is None:  # behind frames of glasses
        return None
    lightness = float(to_lab(skin)[0]) * (1 - darkness)
    _, a, b = to_lab(seen)
    return to_rgb((lightness, float(a), float(b)))


def _darker(hair: U8 | None, plain: str) -> str:
    """Colour of brows that can't be seen: that of the hair, a little darker."""
    if hair is None:
        return plain
    return "#{:02x}{:02x}{:02x}".format(*(round(_BROW * int(value)) for value in hair))


make_callable(__name__, fit)
