"""Two ways to search: all parts together by a genetic algorithm, or one part after the other."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from emojimap.errors import EmojimapError

Vector: TypeAlias = tuple[int, ...]
"""Number of the choice for each gene."""

Judge: TypeAlias = Callable[[Sequence[Vector]], list[float]]
Judged: TypeAlias = list[tuple[Vector, float]]

WAYS = ("genetic", "separable")
"""How parts may be searched."""


class Budget:
    """How much may still be tried.

    Parameters
    ----------
    evaluations : int
        Avatars.
    seconds : float
        From now on.

    Attributes
    ----------
    spent : int
        Avatars tried so far.
    held : float
        Share of both that is held back for later.
    """

    def __init__(self, evaluations: int, seconds: float) -> None:
        self.spent, self.held, self._most = 0, 0.0, evaluations
        self._begun, self._seconds = time.perf_counter(), seconds

    @property
    def passed(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._begun

    def left(self, wanted: int) -> int:
        """Return how many of some avatars may still be tried; the first always may."""
        if self.spent and self.passed >= self._seconds * (1 - self.held):
            return 0
        most = max(1, math.floor(self._most * (1 - self.held)))
        return max(0, min(wanted, most - self.spent))

    def judged(self, vectors: Sequence[Vector], judge: Judge, batch: int) -> Judged:
        """Judge avatars until nothing is left; the result may be shorter than what was asked."""
        found: Judged = []
        while count := self.left(min(batch, len(vectors) - len(found))):
            some = vectors[len(found) : len(found) + count]
            found += zip(some, judge(some), strict=True)
            self.spent += count
        return found


def genetic(
    sizes: Sequence[int],
    start: Vector,
    judge: Judge,
    budget: Budget,
    *,
    population: int,
    mutation: float,
    batch: int,
    seed: int,
) -> Iterator[Judged]:
    """Search all parts together with Optuna's NSGA-II.

    Parameters
    ----------
    sizes : sequence of int
        How many choices each gene has.
    start : tuple of int
        The first of the first generation, half of which differs from it in one gene.
    judge : callable
        Scores of avatars; more is better.
    budget : Budget
        How far it goes.
    population : int
        Avatars of a generation.
    mutation : float
        Share of genes that are drawn anew.
    batch : int
        Avatars that are judged at once.
    seed : int
        Of the draws.

    Yields
    ------
    list of (tuple of int, float)
        Each generation with its scores.

    Raises
    ------
    EmojimapError
        If Optuna isn't installed.

    References
    ----------
    .. [1] K. Deb, A. Pratap, S. Agarwal and T. Meyarivan, "A fast and elitist multiobjective
       genetic algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation 6(2), 2002.
    """
    optuna = need_optuna()
    sampler = optuna.samplers.NSGAIISampler(
        seed=seed, population_size=population, mutation_prob=mutation
    )
    # Whole numbers instead of names: Optuna is twice as fast, and crosses and mutates them alike.
    ranges = {
        str(i): optuna.distributions.IntDistribution(0, size - 1)
        for i, size in enumerate(sizes)
        if size > 1
    }
    with _quiet(optuna):
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for vector in (start, *_near(start, sizes, population // 2, seed)):
            study.enqueue_trial({name: vector[int(name)] for name in ranges})
        while count := budget.left(population):
            trials = [study.ask(ranges) for _ in range(count)]
            vectors = [_vector(trial.params, len(sizes)) for trial in trials]
            judged = budget.judged(vectors, judge, batch)
            for trial, (_, score) in zip(trials, judged, strict=False):
                study.tell(trial, score)
            if judged:
                yield judged


def separable(
    sizes: Sequence[int], start: Vector, judge: Judge, budget: Budget, *, batch: int
) -> Iterator[Judged]:
    """Search one part after the other, each among all its choices, the others as they are.

    Parameters
    ----------
    sizes : sequence of int
        How many choices each gene has.
    start : tuple of int
        Where the search starts.
    judge : callable
        Scores of avatars; more is better.
    budget : Budget
        How far it goes.
    batch : int
        Avatars that are judged at once.

    Yields
    ------
    list of (tuple of int, float)
        For each part the avatars that were tried, with their scores.
    """
    best = start
    searched = [gene for gene, size in enumerate(sizes) if size > 1] or [0]
    for gene in searched:
        # What the best has comes first, and stays where others are no better.
        order = sorted(range(sizes[gene]), key=lambda choice: choice != best[gene])
        tried = [(*best[:gene], choice, *best[gene + 1 :]) for choice in order]
        judged = budget.judged(tried, judge, batch)
        if not judged:
            return
        yield judged
        best = max(judged, key=lambda pair: pair[1])[0]


def _near(start: Vector, sizes: Sequence[int], count: int, seed: int) -> Iterator[Vector]:
    """Yield avatars that differ from the start in one gene: random ones alone are mostly worse."""
    free = [gene for gene, size in enumerate(sizes) if size > 1]
    rng = np.random.default_rng(seed)
    for i in range(count if free else 0):
        gene = free[i % len(free)]
        other = int(rng.integers(sizes[gene] - 1))
        yield (*start[:gene], other + (other >= start[gene]), *start[gene + 1 :])


def _vector(drawn: Mapping[str, int], genes: int) -> Vector:
    return tuple(drawn.get(str(gene), 0) for gene in range(genes))


def need_optuna() -> Any:
    """Import Optuna.

    Returns
    -------
    module
        Optuna.

    Raises
    ------
    EmojimapError
        If it isn't installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise EmojimapError("optuna not installed: pip install 'emojimap[refine]'") from error
    return optuna


@contextlib.contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Keep Optuna's messages back; the progress tells what they would."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
