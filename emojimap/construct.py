"""An avatar built part by part: each segment of the face, and the part that looks most like it.

analysis -> segments -> embedder -> cosine with the codes of a style's parts -> parts | avatar
                                                                    colours ------------|
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emojimap import segments, styles
from emojimap.analysis import Analysis
from emojimap.arrays import F32, F64, U8
from emojimap.avatar import Avatar, Choice
from emojimap.embed import Embedder, cosine
from emojimap.errors import StyleError
from emojimap.fit import FitSettings, fit_analysis
from emojimap.settings import Checked, setting
from emojimap.styles import Style, alone
from emojimap.styles.alone import PartPictures
from emojimap.styles.cartoonset import layout
from emojimap.styles.codes import codes_of, kinds_of, pictures_of
from emojimap.styles.dicebear import DicebearStyle
from emojimap.traits import has_beard

_NAMED = 5


@dataclass(frozen=True)
class ConstructSettings(Checked):
    """How parts are chosen by their looks.

    Parameters
    ----------
    centre : bool
        Compare parts by how they differ from the style's mean part, and faces by how they differ
        from the mean face, as far as the embedder knows it.
    prior : float
        Weight of what odd hair costs (`priors` of a pack), taken off the cosine.
    """

    centre: bool = setting(True, 0, 1)
    prior: float = setting(1.0, 0, 10)


@dataclass(frozen=True, eq=False)
class Construction:
    """An avatar and how it came about.

    Parameters
    ----------
    avatar : Avatar
        The best parts together, in the photo's colours.
    candidates : dict of str to list of (str, float)
        By kind of segment all parts of the style with their cosines, best first, unusable ones too.
    face : dict of str to (64, 64, 4) ndarray of uint8
        The segments that were compared.
    codes : dict of str to (d,) ndarray of float32
        What the embedder made of them, for the kinds that the style has.
    analysis : Analysis
        What was seen.
    """

    avatar: Avatar
    candidates: dict[str, list[tuple[str, float]]]
    face: dict[str, U8]
    codes: dict[str, F32]
    analysis: Analysis


def cut_face(analysis: Analysis) -> dict[str, U8]:
    """Cut a face into segments; see `emojimap.segments.cut`."""
    head = analysis.head
    return segments.cut(head.photo, head.points, head.masks)


def cut_avatar(avatar: Avatar) -> dict[str, U8]:
    """Cut an avatar into segments as faces are; see `emojimap.styles.alone.avatar_segments`."""
    style = vector(styles.load(avatar.style))
    return style.segments(style.check(avatar))


def face(style: Style, picture: U8, size: int = segments.WHOLE_SIZE) -> U8:
    """Cut the aligned face out of a drawing, as `emojimap.segments.whole` does with photos.

    Parameters
    ----------
    style : Style
        Of the drawing.
    picture : (S, S, 4) ndarray of uint8
        RGBA.
    size : int
        Side of the result, pixels.

    Returns
    -------
    (size, size, 4) ndarray of uint8
        RGBA.
    """
    if isinstance(style, DicebearStyle):
        return alone.aligned(style, picture, size)
    eyes = layout.EYES * (picture.shape[0] / layout.SIDE)
    return alone.around_eyes(picture, eyes, size)


def vector(style: Style) -> DicebearStyle:
    """Return the style if its parts can be drawn alone, else raise StyleError."""
    if not isinstance(style, DicebearStyle):
        raise StyleError(
            f"style {style.name}: its pictures are whole and have no parts to be drawn alone, give "
            f"{', '.join(styles.names())} or a pack"
        )
    return style


def construct(
    analysis: Analysis,
    style: Style,
    embedder: Embedder,
    *,
    settings: ConstructSettings | None = None,
    rules: FitSettings | None = None,
) -> Construction:
    """Build the avatar of a face from the parts that look most like its segments.

    Parameters
    ----------
    analysis : Analysis
        From `emojimap.analysis`.
    style : Style
        A vector style.
    embedder : Embedder
        From `emojimap.embed.load`.
    settings : ConstructSettings, optional
        See there.
    rules : FitSettings, optional
        For what has no segment: colours, clothes, glasses, headwear. Whether there is a beard is
        decided by its mask, as in `fit`: a wrong one is the worst mistake of all.

    Returns
    -------
    Construction
        Avatar and candidates.

    Raises
    ------
    StyleError
        If the style has no parts that can be drawn alone.
    ModelError, ArgumentError
        As the embedder raises them.
    """
    settings, drawn = settings or ConstructSettings(), vector(style)
    fitted = fit_analysis(analysis, style, top=1, settings=rules).avatar
    face = cut_face(analysis)
    parts, choices = dict(fitted.parts), dict(fitted.choices)
    candidates: dict[str, list[tuple[str, float]]] = {}
    found: dict[str, F32] = {}
    for kind in kinds_of(drawn):
        book = codes_of(drawn, embedder, kind, centre=settings.centre)
        pictures = pictures_of(drawn, kind)
        found[kind] = embedder.embed(face[kind][None], kind)[0]
        score = similarity(found[kind], book)
        order = np.argsort(-score, kind="stable")
        candidates[kind] = [(pictures.ids[i], round(float(score[i]), 4)) for i in order]
        if (chosen := _chosen(kind, score, pictures, drawn, analysis, settings)) is None:
            continue
        parts |= pictures.parts[chosen]
        why = f"cosine {score[chosen]:.2f} with the {kind} of the photo, {embedder.name}"
        others = tuple(pair for pair in candidates[kind] if pair[0] != pictures.ids[chosen])
        for part, variant in pictures.parts[chosen].items():
            choices[part] = Choice(variant, round(max(float(score[chosen]), 0.0), 4), why,
                                   tuple((v, max(s, 0.0)) for v, s in others[:_NAMED]))  # fmt: skip
    avatar = drawn.check(Avatar(fitted.style, parts, fitted.colours, choices))
    return Construction(avatar, candidates, face, found, analysis)


def similarity(code: F32, book: F32) -> F64:
    """Cosine of one code with each of a book of (n, d), (n,) float64."""
    found: F64 = cosine(code[None], book)[0]
    return found


def _chosen(
    kind: str,
    score: F64,
    pictures: PartPictures,
    style: DicebearStyle,
    analysis: Analysis,
    settings: ConstructSettings,
) -> int | None:
    """Return the number of the best usable part; None where there is nothing to compare."""
    usable = np.array(pictures.usable, bool)
    traits = analysis.traits
    if kind == "hair":
        if traits.headwear and "headwear" in style.part_names:
            return None
        priors = style.priors("hair")
        assert isinstance(priors, Mapping)
        score = score - settings.prior * np.array([priors[i] for i in pictures.ids])
    if kind == "beard":
        usable &= np.array([any(parts.values()) == has_beard(traits) for parts in pictures.parts])
    worn = style.part_names.get("glasses", ()) if traits.glasses != "none" else ()
    if kind == "eyes" and set(worn) & set(pictures.parts[0]):
        return None  # glasses that are drawn with the eyes, `fit` has chosen them
    if not usable.any():
        return None
    return int(np.where(usable, score, -np.inf).argmax())
