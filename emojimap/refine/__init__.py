"""An avatar for several photos of one person, all its parts searched together.

photos -> fits -> genes: what each part may be -> genetic search -> avatar
                                                   |  ^ score
                               layers -> picture -> embedder, overlap, evidence

The parts of a face are not seen one by one: a fringe changes how brows look, and a beard how wide a
face is. So whole avatars are drawn and compared with whole photos, beside what was measured.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from emojimap import styles
from emojimap._callable import make_callable
from emojimap.analysis import Analysis
from emojimap.avatar import Avatar, Choice
from emojimap.embed import Embedder
from emojimap.errors import ArgumentError
from emojimap.fit import Fit, FitSettings, fit_analysis
from emojimap.refine import genes as genes_
from emojimap.refine.genes import Gene, kept_parts
from emojimap.refine.objective import TERMS, Objective
from emojimap.refine.search import WAYS, Budget, Judged, Vector, genetic, separable
from emojimap.refine.settings import RefineFileSettings, RefineSettings
from emojimap.refine.views import VIEWS, ByParts, View, Whole
from emojimap.styles import Style
from emojimap.traits import has_beard

__all__ = [
    "TERMS",
    "VIEWS",
    "WAYS",
    "Gene",
    "Generation",
    "RefineFileSettings",
    "RefineSettings",
    "Refinement",
    "kept_parts",
    "refine",
    "starting_fit",
]

_POLISH = 0.15
"""Share of a genetic search in which the parts of the best are tried one by one."""


@dataclass(frozen=True, eq=False)
class Generation:
    """One generation of a search, or one part where parts are tried one by one.

    Parameters
    ----------
    number : int
        From 0.
    avatar, score : Avatar and float
        The best of this generation.
    best, best_score : Avatar and float
        The best so far.
    evaluations : int
        Avatars tried so far.
    seconds : float
        Time so far.
    """

    number: int
    avatar: Avatar
    score: float
    best: Avatar
    best_score: float
    evaluations: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Refinement:
    """An avatar that was searched, and how it came about.

    Parameters
    ----------
    avatar, score, terms : Avatar, float and dict of str to float
        The best, its score and what it is made of, see `TERMS`.
    start_score, start_terms : float and dict of str to float
        The same for where the search started.
    start : Fit
        Where it started.
    references : tuple of Analysis
        The photos.
    history : list of Generation
        In order.
    evaluations, distinct : int
        Avatars that were tried, and how many of them were different.
    seconds : float
        How long the search took, the fit left out.
    times : dict of str to float
        Seconds of drawing and embedding, and of the search itself.
    """

    avatar: Avatar
    score: float
    terms: dict[str, float]
    start_score: float
    start_terms: dict[str, float]
    start: Fit
    references: tuple[Analysis, ...]
    history: list[Generation]
    evaluations: int
    distinct: int
    seconds: float
    times: dict[str, float]


def refine(
    references: Sequence[Analysis],
    style: Style | str,
    embedder: Embedder,
    settings: RefineSettings | None = None,
    *,
    way: str = "genetic",
    by: str = "whole",
    keep: Iterable[str] = (),
    start: Fit | None = None,
    fit_settings: FitSettings | None = None,
    progress: Callable[[Generation], None] | None = None,
) -> Refinement:
    """Search the avatar that is most like the person in some photos.

    Parameters
    ----------
    references : sequence of Analysis
        One or more photos of one person.
    style : Style or str
        Or the name of one.
    embedder : Embedder
        Judges how alike a photo and a drawing are.
    settings : RefineSettings, optional
        Weights and bounds.
    way : {"genetic", "separable"}
        All parts together, or one after the other.
    by : {"whole", "parts"}
        What the embedder sees: drawings of whole faces, or the parts of vector styles, each drawn
        alone, beside the segments of the photos.
    keep : iterable of str
        Parts, or roles of parts, that stay as the start has them.
    start : Fit, optional
        Where to start, of one of the references; by default see `starting_fit`. Its colours stay.
    fit_settings : FitSettings, optional
        How the fit is found and hair compared.
    progress : callable, optional
        Called with each generation.

    Returns
    -------
    Refinement
        Never worse than the start, by its score.

    Raises
    ------
    ArgumentError
        If there is no reference, or no such way.
    StyleError
        If the style or a part to keep is unknown, or its parts can't be drawn alone.
    EmojimapError
        If Optuna isn't installed.
    """
    for name, value, known in (("way", way, WAYS), ("by", by, VIEWS)):
        if value not in known:
            raise ArgumentError(f"{name} {value!r}: use {' or '.join(known)}")
    rules, fitting = settings or RefineSettings(), fit_settings or FitSettings()
    drawn = styles.load(style) if isinstance(style, str) else style
    start = start or starting_fit(references, drawn, fitting)
    found = genes_.genes(drawn, start, references, rules.templates, fitting, keep)
    budget = Budget(rules.evaluations, rules.seconds)
    view: View | None = None
    if rules.embedding > 0 and by == "whole":
        view = Whole(drawn, start.avatar, references, embedder, rules.size_px)
    elif rules.embedding > 0:
        view = ByParts(drawn, references, embedder)
    run = _Run(Objective(start.avatar, found, view, rules), found, start, rules, budget, progress)
    run.search(way)
    times = {} if view is None else view.times
    return run.result(drawn, references, times)


def starting_fit(
    references: Sequence[Analysis], style: Style, settings: FitSettings | None = None
) -> Fit:
    """Find the fit to start from: that of the photo whose hair suits all of them best.

    Parameters
    ----------
    references : sequence of Analysis
        One or more photos of one person.
    style : Style
        Of the avatar.
    settings : FitSettings, optional
        See there.

    Returns
    -------
    Fit
        Of a photo that shows headwear, glasses and beard as most of them do.

    Raises
    ------
    ArgumentError
        If there is no reference.
    """
    if not references:
        raise ArgumentError("no reference: give at least one photo")
    worn = [(one.traits.headwear, one.traits.glasses, has_beard(one.traits)) for one in references]
    usual, _ = Counter(worn).most_common(1)[0]
    chosen = [one for one, what in zip(references, worn, strict=True) if what == usual]
    rules = settings or FitSettings()
    fits = [fit_analysis(one, style, settings=rules) for one in chosen]
    most = RefineSettings().templates
    means = genes_.hair_scores(chosen, style, fits[0].overlay.group, most, rules)
    return max(fits, key=lambda one: (means[one.candidates[0][0]], one.candidates[0][1]))


class _Run:
    """One search."""

    def __init__(
        self,
        judge: Objective,
        found: Sequence[Gene],
        start: Fit,
        rules: RefineSettings,
        budget: Budget,
        progress: Callable[[Generation], None] | None,
    ) -> None:
        self._judge, self._genes, self._start, self._rules = judge, found, start, rules
        self._budget, self._progress = budget, progress
        self._first: Vector = tuple(gene.start for gene in found)
        self._best, self._score = self._first, float("-inf")
        self._history: list[Generation] = []

    def search(self, way: str) -> None:
        """Search, generation by generation."""
        rules, sizes = self._rules, [len(gene.choices) for gene in self._genes]
        if way == "separable":
            self._one_by_one(sizes, self._first)
            return
        self._budget.held = _POLISH
        for attempt in itertools.count():
            before = self._score
            self._together(sizes, rules.seed + attempt)
            # Crossing soon works on avatars that are all alike; another beginning ends elsewhere.
            if not self._budget.left(1) or (attempt and self._score <= before):
                break
        # It comes near the best, single changes do the rest.
        self._budget.held = 0.0
        self._one_by_one(sizes, self._best)

    def _together(self, sizes: Sequence[int], seed: int) -> None:
        """Cross and mutate until nothing gets better."""
        rules, best, last = self._rules, float("-inf"), 0
        rounds = genetic(
            sizes,
            self._first,
            self._judge.scores,
            self._budget,
            population=rules.population,
            mutation=rules.mutation,
            batch=rules.batch,
            seed=seed,
        )
        for number, judged in enumerate(rounds):
            self._note(judged)
            if (score := self._history[-1].score) > best:
                best, last = score, number
            if number - last >= rules.patience:
                break

    def _one_by_one(self, sizes: Sequence[int], start: Vector) -> None:
        judge, batch = self._judge.scores, self._rules.batch
        for judged in separable(sizes, start, judge, self._budget, batch=batch):
            self._note(judged)

    def _note(self, judged: Judged) -> None:
        vector, score = max(judged, key=lambda pair: pair[1])
        if score > self._score:
            self._best, self._score = vector, score
        told = Generation(
            len(self._history),
            self._avatar(vector),
            score,
            self._avatar(self._best),
            self._score,
            self._budget.spent,
            self._budget.passed,
        )
        self._history.append(told)
        if self._progress is not None:
            self._progress(told)

    def _avatar(self, vector: Vector) -> Avatar:
        start = self._start.avatar
        return Avatar(start.style, self._judge.parts(vector), start.colours)

    def result(
        self, style: Style, references: Sequence[Analysis], times: dict[str, float]
    ) -> Refinement:
        """Put back what is worth nothing, and explain the rest."""
        reasons = self._put_back()
        first, best = (self._judge.scores([one])[0] for one in (self._first, self._best))
        seconds = self._budget.passed
        avatar = replace(self._start.avatar, parts=self._judge.parts(self._best))
        return Refinement(
            avatar=style.check(avatar.explained(reasons)),
            score=best,
            terms=self._judge.terms(self._best),
            start_score=first,
            start_terms=self._judge.terms(self._first),
            start=self._start,
            references=tuple(references),
            history=self._history,
            evaluations=self._budget.spent,
            distinct=self._judge.distinct,
            seconds=seconds,
            times={**times, "search": max(0.0, seconds - sum(times.values()))},
        )

    def _put_back(self) -> dict[str, Choice]:
        """Undo each change that brings nothing; say of the others what they bring."""
        reasons: dict[str, Choice] = {}
        for number, gene in enumerate(self._genes):
            if self._best[number] == gene.start:
                continue
            without = (*self._best[:number], gene.start, *self._best[number + 1 :])
            before, after = self._judge.scores([without, self._best])
            if before >= after:
                self._best = without
                continue
            old, new = gene.choices[gene.start], gene.choices[self._best[number]]
            reasons |= {
                part: _reason(variant, old.get(part), after, before)
                for part, variant in new.items()
                if variant != old.get(part)
            }
        return reasons


def _reason(variant: str | None, old: str | None, after: float, before: float) -> Choice:
    why = f"refined: score {after:.3f}, with {old or 'none'} {before:.3f}"
    return Choice(variant, round(max(after, 0.0), 4), why, ((old, round(max(before, 0.0), 4)),))


make_callable(__name__, refine)
