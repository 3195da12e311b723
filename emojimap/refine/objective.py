"""What is made as large as can be: likeness to the photos, overlap of hair, evidence of parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emojimap.arrays import F64
from emojimap.avatar import Avatar
from emojimap.refine.genes import Gene
from emojimap.refine.search import Vector
from emojimap.refine.settings import RefineSettings
from emojimap.refine.views import View

TERMS = ("embedding", "overlap", "evidence")
"""What is added up."""

_LEAST_SPREAD = 1e-6


class Objective:
    """Scores of avatars; each is looked at once.

    Parameters
    ----------
    start : Avatar
        Its parts, where no gene changes them, are those of all avatars.
    genes : sequence of Gene
        What may change.
    view : View or None
        What an embedder sees; None if that has no weight.
    settings : RefineSettings
        Weights.
    """

    def __init__(
        self, start: Avatar, genes: Sequence[Gene], view: View | None, settings: RefineSettings
    ) -> None:
        self._start, self._genes, self._view, self._settings = start, genes, view, settings
        self._known: dict[Vector, float] = {}  # mean cosine with the references
        self._mean, self._spread = self._usual()

    @property
    def distinct(self) -> int:
        """How many different avatars were looked at."""
        return len(self._known)

    def parts(self, vector: Vector) -> dict[str, str | None]:
        """Return the parts of an avatar."""
        found = dict(self._start.parts)
        for gene, choice in zip(self._genes, vector, strict=True):
            found.update(gene.choices[choice])
        return found

    def scores(self, vectors: Sequence[Vector]) -> list[float]:
        """Return the score of each avatar.

        Parameters
        ----------
        vectors : sequence of tuple of int
            Avatars.

        Returns
        -------
        list of float
            Weighted sums of `terms`.
        """
        self._look(vectors)
        return [
            sum(getattr(self._settings, name) * value for name, value in self.terms(one).items())
            for one in vectors
        ]

    def terms(self, vector: Vector) -> dict[str, float]:
        """Return what an avatar's score is made of.

        Parameters
        ----------
        vector : tuple of int
            An avatar.

        Returns
        -------
        dict of str to float
            By name of `TERMS`, without weights: how many standard deviations more alike to the
            references than random avatars are; overlap of the hair; sum of the evidence of the
            other parts.
        """
        self._look([vector])
        worth = [
            (gene.by_mask, float(gene.scores[choice]))
            for gene, choice in zip(self._genes, vector, strict=True)
        ]
        return {
            "embedding": (self._known[vector] - self._mean) / self._spread,
            "overlap": sum(score for by_mask, score in worth if by_mask),
            "evidence": sum(score for by_mask, score in worth if not by_mask),
        }

    def _usual(self) -> tuple[float, float]:
        """Mean and spread of the cosines of random avatars, which differ among embedders."""
        if self._view is None:
            return 0.0, 1.0
        rng = np.random.default_rng(self._settings.seed)
        sizes = [len(gene.choices) for gene in self._genes]
        drawn = [tuple(int(n) for n in rng.integers(sizes)) for _ in range(self._settings.sample)]
        self._look(drawn)
        cosines = np.array([self._known[one] for one in drawn])
        spread = float(cosines.std())
        return float(cosines.mean()), spread if spread > _LEAST_SPREAD else 1.0

    def _look(self, vectors: Sequence[Vector]) -> None:
        new = [one for one in dict.fromkeys(vectors) if one not in self._known]
        if not new:
            return
        found: F64 = np.zeros(len(new))
        if self._view is not None:
            found = self._view.cosines([self.parts(one) for one in new])
        self._known.update(zip(new, map(float, found), strict=True))
