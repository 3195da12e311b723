"""What an embedder sees of avatars: whole faces, drawn fast, or their parts one by one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from emojimap import segments
from emojimap.analysis import Analysis
from emojimap.arrays import F32, F64, U8
from emojimap.avatar import Avatar
from emojimap.construct import cut_face, face, vector
from emojimap.embed import Embedder, cosine
from emojimap.styles import Style
from emojimap.styles.codes import codes_of, kinds_of, pictures_of
from emojimap.styles.layers import Layers

Parts = Mapping[str, "str | None"]

VIEWS = ("whole", "parts")
"""What may be embedded."""


class View(Protocol):
    """Tells how alike avatars and photos are."""

    times: dict[str, float]

    def cosines(self, avatars: Sequence[Parts]) -> F64:
        """Return the mean cosine of avatars with the references.

        Parameters
        ----------
        avatars : sequence of mapping
            All parts of each.

        Returns
        -------
        (n,) ndarray of float64
            -1..1.
        """


class Whole:
    """Whole faces, aligned by their eyes.

    Parameters
    ----------
    style : Style
        Of the avatars.
    start : Avatar
        Whose colours all of them have.
    references : sequence of Analysis
        Photos.
    embedder : Embedder
        Sees photos and drawings.
    size : int
        Side of the drawings, pixels.
    """

    def __init__(
        self,
        style: Style,
        start: Avatar,
        references: Sequence[Analysis],
        embedder: Embedder,
        size: int,
    ) -> None:
        self._style, self._embedder = style, embedder
        self._layers = Layers(style, start.colours, size)
        self.times = {"drawing": 0.0, "embedding": 0.0}
        self._targets = self._embed(
            [segments.whole(seen.photo, seen.landmarks) for seen in references]
        )

    def cosines(self, avatars: Sequence[Parts]) -> F64:
        """Draw, embed and compare; see `View`."""
        began = time.perf_counter()
        faces = [face(self._style, self._layers.picture(parts)) for parts in avatars]
        self.times["drawing"] += time.perf_counter() - began
        found: F64 = cosine(self._embed(faces), self._targets).mean(axis=1)
        return found

    def _embed(self, pictures: Sequence[U8]) -> F32:
        began = time.perf_counter()
        found = self._embedder.embed(np.stack(pictures), segments.WHOLE)
        self.times["embedding"] += time.perf_counter() - began
        return found


class ByParts:
    """Segments of faces, and the parts of a style drawn alone: a table, made once.

    Parameters
    ----------
    style : Style
        A vector style.
    references : sequence of Analysis
        Photos.
    embedder : Embedder
        Sees segments and parts.

    Raises
    ------
    StyleError
        If the parts of the style can't be drawn alone.
    """

    def __init__(self, style: Style, references: Sequence[Analysis], embedder: Embedder) -> None:
        began = time.perf_counter()
        drawn = vector(style)
        cuts = [cut_face(seen) for seen in references]
        self._tables: list[dict[frozenset[tuple[str, str | None]], float]] = []
        for kind in kinds_of(drawn):
            book = codes_of(drawn, embedder, kind, centre=True)
            seen = embedder.embed(np.stack([cut[kind] for cut in cuts]), kind)
            alike = cosine(book, seen).mean(axis=1)
            rows = pictures_of(drawn, kind).parts
            self._tables.append(
                {frozenset(row.items()): float(one) for row, one in zip(rows, alike, strict=True)}
            )
        self.times = {"drawing": 0.0, "embedding": time.perf_counter() - began}

    def cosines(self, avatars: Sequence[Parts]) -> F64:
        """Look up each part, and take the mean over the kinds of parts; see `View`."""
        return np.array([self._mean(parts) for parts in avatars], np.float64)

    def _mean(self, parts: Parts) -> float:
        found = []
        for table in self._tables:
            names = {name for name, _ in next(iter(table))}
            worn = frozenset((name, parts[name]) for name in names)
            if worn in table:  # hair under a hat is not
                found.append(table[worn])
        return float(np.mean(found)) if found else 0.0
