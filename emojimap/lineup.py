"""Pictures ranked by how much they look like references: the same face, or the same kind of face.

    photo, avatar's PNG ─> face found: aligned as FFHQ aligns ─────┐
                           none found: the opaque part, squared ───┼─> embedder ─> vector
    avatar's JSON ───────> drawn, aligned by the style's own eyes ─┘

    score = mean over the references r of (r . candidate) / (r . r)

References
----------
.. [1] T. Karras, S. Laine and T. Aila, "A Style-Based Generator Architecture for Generative
   Adversarial Networks", CVPR 2019, appendix A (alignment).
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from emojimap import photo as photo_
from emojimap import render, segments, styles
from emojimap.analysis import analyse, networks
from emojimap.arrays import F32, F64, U8
from emojimap.avatar import Avatar
from emojimap.colours import to_lab, to_rgb
from emojimap.construct import face
from emojimap.embed import Embedder, unit
from emojimap.errors import ArgumentError, EmojimapError, NoFaceError, PhotoError
from emojimap.facenet.find import FindSettings, find
from emojimap.photo import Photo

Source: TypeAlias = "Photo | Avatar"
"""What can be ranked: a photo or avatar's picture, an avatar, or the path of one."""

SIDE = 224
"""Side of the pictures that are embedded, pixels; embedders resize them as they need."""

_FIND = FindSettings(mirror_spread=1.0)
"""Without the mirror image: faster, and landmarks move by 0.3% of the face at most."""

_AVATAR = ".json"
_DRAWN = 2 * SIDE
_WHITE, _OPAQUE = (255, 255, 255), 127
_TRANSPARENT = ("PNG", "GIF", "WEBP")
"""Formats of which the transparent part is looked at."""
_BATCH = 16
_DIGITS = 6
"""Scores that agree in so many decimals are equal: arithmetic is no finer."""


@dataclass(frozen=True, eq=False)
class Portrait:
    """A picture as it is embedded.

    Parameters
    ----------
    picture : (224, 224, 4) ndarray of uint8
        RGBA on neutral ground.
    aligned : bool
        Whether the face stands where alignment puts it; else it is the whole picture.
    """

    picture: U8
    aligned: bool


@dataclass(frozen=True)
class Score:
    """How much a candidate looks like the references.

    Parameters
    ----------
    name : str
        Its path, or its number where it has none.
    score : float
        Mean over the references; 1 for a picture that equals them all.
    by_reference : tuple of float
        Score for each of them.
    aligned : bool
        Whether its face was found.
    source : object
        The candidate as it was given.
    """

    name: str
    score: float
    by_reference: tuple[float, ...]
    aligned: bool
    source: Source = field(repr=False, compare=False)


@dataclass(frozen=True, eq=False)
class MeanColour:
    """Colour that several pictures have on average.

    Parameters
    ----------
    colour : (3,) ndarray of uint8
        RGB; the mean is taken in L*a*b*.
    count : int
        Pictures that showed it.
    """

    colour: U8
    count: int


def rank(
    references: Sequence[Source],
    candidates: Iterable[Source],
    embedder: Embedder,
    *,
    raw: bool = False,
    skipped: Callable[[str, EmojimapError], None] | None = None,
) -> list[Score]:
    """Rank candidates by their likeness to references.

    Each reference r scores each candidate c with r.c / r.r, the mean over the references ranks.

    Parameters
    ----------
    references : sequence of path, bytes, PIL image, array or Avatar
        At least one.
    candidates : iterable of the same
        Read one by one: only their scores are kept.
    embedder : Embedder
        From `emojimap.embed.load`.
    raw : bool
        Take the vectors as they are: then a candidate with a longer vector may score above 1. By
        default all have length 1, so that the score is the cosine and nothing beats an equal
        picture.
    skipped : callable, optional
        Called with name and error for each candidate that can't be read; by default the error is
        raised.

    Returns
    -------
    list of Score
        Best first; equal scores by name.

    Raises
    ------
    ArgumentError
        If there is no reference, or no candidate that can be read.
    EmojimapError
        If a reference can't be read; or a candidate, without `skipped`.
    ModelError
        If the network can't be run.
    """
    if not references:
        raise ArgumentError("no reference: give at least one picture")
    named = [_named(source, f"reference {i}") for i, source in enumerate(references)]
    known = _vectors([_portrait(source, name) for name, source in named], embedder, raw)
    found: list[Score] = []
    for batch in _batches(_portraits(candidates, skipped)):
        scores = _scores(known, _vectors([seen for _, _, seen in batch], embedder, raw))
        for (name, source, seen), row in zip(batch, scores.T, strict=True):
            each = tuple(round(float(value), _DIGITS) for value in row)
            mean = round(float(row.mean()), _DIGITS)
            found.append(Score(name, mean, each, seen.aligned, source))
    if not found:
        raise ArgumentError("no candidate that can be read: give pictures of faces or avatars")
    return sorted(found, key=lambda one: (-one.score, one.name))


def portrait(source: Source) -> Portrait:
    """Bring a picture into the frame in which pictures are compared.

    Parameters
    ----------
    source : path, bytes, PIL image, (H, W, 3) ndarray of uint8, or Avatar
        Of a photo the largest face is taken. An avatar is drawn.

    Returns
    -------
    Portrait
        The aligned face; the opaque part of the picture, squared, where no face is found.

    Raises
    ------
    PhotoError
        If it can't be read.
    ArgumentError
        If a JSON file holds no avatar.
    StyleError
        If an avatar can't be drawn.
    """
    opened = _opened(source)
    if isinstance(opened, Avatar):
        return Portrait(_grounded(_aligned_avatar(opened)), aligned=True)
    picture = _rgba(opened)
    faces = find(_laid(picture, _WHITE), networks().face, _FIND, every=False)
    if faces:
        return Portrait(_grounded(segments.whole(picture, faces[0].points, SIDE)), aligned=True)
    return Portrait(_grounded(_squared(picture)), aligned=False)


def mean_colours(sources: Iterable[Source]) -> dict[str, MeanColour]:
    """Average the colours of pictures, those of the best candidates for instance.

    Parameters
    ----------
    sources : iterable of path, bytes, PIL image, array or Avatar
        As in `rank`.

    Returns
    -------
    dict of str to MeanColour
        ``hair`` and ``skin``, as an avatar's JSON says or as a face shows them; ``picture``, the
        mean of all that is opaque, over pictures without a face.

    Raises
    ------
    EmojimapError
        If one can't be read.
    """
    seen: dict[str, list[F32]] = {}
    for source in sources:
        for name, lab in _colours(source).items():
            seen.setdefault(name, []).append(lab)
    return {
        name: MeanColour(to_rgb(np.mean(values, axis=0)), len(values))
        for name, values in sorted(seen.items())
    }


def _vectors(seen: Sequence[Portrait], embedder: Embedder, raw: bool) -> F64:
    found = embedder.embed(np.stack([one.picture for one in seen]), segments.WHOLE)
    return np.asarray(found, np.float64) if raw else unit(found)


def _scores(references: F64, candidates: F64) -> F64:
    """Score each candidate by each reference; a zero reference tells nothing."""
    own = (references * references).sum(axis=1, keepdims=True)
    out: F64 = (references @ candidates.T) / np.where(own > 0, own, 1)
    return out


def _named(source: Source, number: str) -> tuple[str, Source]:
    return os.fspath(source) if isinstance(source, str | os.PathLike) else number, source


def _portrait(source: Source, name: str) -> Portrait:
    """As `portrait`; errors name the picture."""
    try:
        return portrait(source)
    except EmojimapError as error:
        text = str(error)
        if Path(name).name in text:
            raise
        raise type(error)(f"{name}: {text}") from error


def _portraits(
    candidates: Iterable[Source], skipped: Callable[[str, EmojimapError], None] | None
) -> Iterator[tuple[str, Source, Portrait]]:
    for number, one in enumerate(candidates):
        name, source = _named(one, f"candidate {number}")
        try:
            yield name, source, _portrait(source, name)
        except EmojimapError as error:
            if skipped is None:
                raise
            skipped(name, error)


def _batches(
    items: Iterator[tuple[str, Source, Portrait]],
) -> Iterator[list[tuple[str, Source, Portrait]]]:
    while batch := list(islice(items, _BATCH)):
        yield batch


def _opened(source: Source) -> Photo | Avatar:
    """Read an avatar where there is one, with every part and every colour set."""
    if isinstance(source, str | os.PathLike) and os.fspath(source).lower().endswith(_AVATAR):
        source = Avatar.from_json(_content(Path(source)))
    if isinstance(source, Avatar):
        return styles.load(source.style).check(source)
    return source


def _aligned_avatar(avatar: Avatar) -> U8:
    picture = _premultiplied(render.to_image(avatar, _DRAWN))
    return face(styles.load(avatar.style), picture, SIDE)


def _squared(picture: U8) -> U8:
    """Put the opaque part of a picture into the middle of a square."""
    rows, columns = np.nonzero(picture[:, :, 3] > _OPAQUE)
    if not rows.size:
        rows, columns = (np.array([0, side - 1]) for side in picture.shape[:2])
    part = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = part.shape[:2]
    side = max(height, width)
    canvas = np.zeros((side, side, 4), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    canvas[top : top + height, left : left + width] = part
    way = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(canvas, (SIDE, SIDE), interpolation=way), np.uint8)


def _rgba(source: Photo) -> U8:
    """Read a picture with what is transparent in it, colours multiplied by alpha."""
    pixels = photo_.read(source)  # refuses what is no picture, too large or damaged
    full = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    if isinstance(source, np.ndarray):
        return full
    if isinstance(source, Image.Image):
        return _with_alpha(source, full)
    stream = io.BytesIO(source) if isinstance(source, bytes | bytearray) else source
    try:
        with Image.open(stream, formats=_TRANSPARENT) as image:
            return _with_alpha(image, full)
    except UnidentifiedImageError:
        return full


def _with_alpha(image: Image.Image, full: U8) -> U8:
    if not image.has_transparency_data:
        return full
    turned = ImageOps.exif_transpose(image.convert("RGBA"))
    size = full.shape[1], full.shape[0]
    out = _premultiplied(np.array(turned.resize(size, Image.Resampling.BICUBIC)))
    return out if out[:, :, 3].any() else full


def _premultiplied(picture: U8) -> U8:
    """Multiply colours by alpha, so that what is transparent takes no part in a mean."""
    share = picture[:, :, 3:].astype(np.float32) / 255
    return np.dstack([np.round(picture[:, :, :3] * share).astype(np.uint8), picture[:, :, 3]])


def _laid(picture: U8, ground: tuple[int, int, int]) -> U8:
    """Lay a picture, colours multiplied by alpha, on a ground: RGB."""
    share = picture[:, :, 3:].astype(np.float32) / 255
    out = picture[:, :, :3] + np.array(ground, np.float32) * (1 - share)
    return np.asarray(np.clip(np.round(out), 0, 255), np.uint8)


def _grounded(picture: U8) -> U8:
    """Neutral ground behind what is transparent, which stays marked as such."""
    return np.dstack([_laid(picture, segments.GROUND), picture[:, :, 3]])


def _colours(source: Source) -> dict[str, F32]:
    """Lab colours that one picture shows."""
    opened = _opened(source)
    if isinstance(opened, Avatar):
        names = styles.load(opened.style).colour_names
        both = {"hair": names.get("hair"), "skin": names.get("skin")}
        return {role: _lab(opened.colours[name]) for role, name in both.items() if name}
    picture = _rgba(opened)
    try:
        seen = analyse(_laid(picture, _WHITE)).colours
    except NoFaceError:
        opaque = picture[picture[:, :, 3] > _OPAQUE][:, :3]
        return {"picture": np.asarray(to_lab(opaque).mean(axis=0), np.float32)}
    found = {"hair": seen.hair, "skin": seen.skin}
    return {name: to_lab(rgb) for name, rgb in found.items() if rgb is not None}


def _lab(colour: str) -> F32:
    return to_lab(np.array(list(bytes.fromhex(colour[1:])), np.uint8))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PhotoError(f"{path}: can't be read ({error.strerror}), check the path") from error
