"""Codes of a style's parts: embedded once for each embedder, and kept in the cache."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from emojimap import files, segments
from emojimap.arrays import F32, U8
from emojimap.embed import Embedder
from emojimap.errors import OutputError
from emojimap.overlap import MaskIndex
from emojimap.styles.alone import PartPictures
from emojimap.styles.base import Style
from emojimap.styles.dicebear import DicebearStyle
from emojimap.styles.index import cache_folder

_FEW = 3
_CUT = "1"
"""Changes when the same parts are cut otherwise: kept codes are then of other pictures."""
_log = logging.getLogger(__name__)
_books: dict[tuple[str, str, str], F32] = {}  # by style, embedder and kind
_drawn: dict[tuple[str, str], PartPictures] = {}  # by style and kind


def codes_of(style: DicebearStyle, embedder: Embedder, kind: str, *, centre: bool = False) -> F32:
    """Return the codes of all parts of one kind.

    Parameters
    ----------
    style : DicebearStyle
        Whose parts.
    embedder : Embedder
        That embeds them.
    kind : str
        One of `emojimap.segments.KINDS`.
    centre : bool
        Take the mean of the usable parts off, where there are three of them or more.

    Returns
    -------
    (n, d) ndarray of float32
        In the order of `pictures_of`.
    """
    pictures = pictures_of(style, kind)
    book = _book(style, embedder, kind, len(pictures.ids), lambda: pictures.pictures)
    usable = np.array(pictures.usable, bool)
    return book - book[usable].mean(axis=0) if centre and usable.sum() >= _FEW else book


def hair_codes(style: Style, embedder: Embedder, index: MaskIndex) -> F32:
    """Return the codes of a style's hair, by the masks of its index: nothing is drawn.

    Parameters
    ----------
    style : Style
        Whose hair.
    embedder : Embedder
        That embeds it.
    index : MaskIndex
        Of the style's templates of hair.

    Returns
    -------
    (n, d) ndarray of float32
        In the order of the index, less their mean.
    """

    def draw() -> U8:
        return np.stack([segments.silhouette(index.mask(i)) for i in range(len(index))])

    book = _book(style, embedder, "hair", len(index), draw)
    return book - book.mean(axis=0) if len(book) >= _FEW else book


def _book(style: Style, embedder: Embedder, kind: str, count: int, draw: Callable[[], U8]) -> F32:
    key = style.fingerprint, identity(embedder, kind), kind
    if key not in _books:
        name = f"{style.name}-{kind}-{_CUT}-{key[0][:16]}-{key[1][:16]}.codes.npy"
        _books[key] = _read_book(
            (style.folder or cache_folder()) / name, count, draw, embedder, kind
        )
    return _books[key]


def kinds_of(style: DicebearStyle) -> tuple[str, ...]:
    """Return the kinds of segments that a style has several parts for."""
    return tuple(kind for kind in segments.KINDS if len(pictures_of(style, kind).ids) > 1)


def pictures_of(style: DicebearStyle, kind: str) -> PartPictures:
    """Return the parts of a style drawn alone, drawn once; see `emojimap.styles.alone`."""
    key = style.fingerprint, kind
    if key not in _drawn:
        _drawn[key] = style.part_pictures(kind)
    return _drawn[key]


def identity(embedder: Embedder, kind: str) -> str:
    """Name what an embedder does with a kind: a digest of its answer to fixed pictures."""
    return _identity(embedder, kind)  # type: ignore[arg-type]


@lru_cache(maxsize=64)
def _identity(embedder: Any, kind: str) -> str:
    rng = np.random.default_rng(0)
    probe = rng.integers(0, 256, (2, segments.SIZE, segments.SIZE, 4), np.uint8)
    answer = embedder.embed(probe, kind)
    # Three digits: other processors round otherwise, and need not embed everything again.
    size = float(np.abs(answer).max()) or 1.0
    digits = np.round(answer / size, 3) + 0.0
    return hashlib.sha256(embedder.name.encode() + digits.astype(np.float32).tobytes()).hexdigest()


def _read_book(
    path: Path, count: int, draw: Callable[[], U8], embedder: Embedder, kind: str
) -> F32:
    """Codes of all parts, from the cache or embedded and kept there."""
    try:
        kept: F32 = np.load(path, allow_pickle=False)
        if kept.ndim == 2 and len(kept) == count:
            return kept
        _log.warning("%s is of another shape, %s - building it again", path, kept.shape)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, EOFError) as error:
        _log.warning("%s is damaged (%s) - building it again", path, error)
    book = embedder.embed(draw(), kind)
    try:
        files.make_folder(path.parent)
        with files.whole(path) as draft, draft.open("wb") as stream:
            np.save(stream, book)
    except OutputError as error:
        _log.warning("codes of parts can't be cached (%s)", error)
    return book
