"""Search for colour settings that bring the colours found closest to the true ones.

labels -> faces, analysed once -+-> K studies, each without one fold -> errors on photos kept aside
                                +-> one study on all -> what is worth nothing put back -> best

What is judged on a fold is exactly what would be written without it, putting back included.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emojimap import __version__
from emojimap.arrays import F64
from emojimap.colours import ColourSettings
from emojimap.errors import ArgumentError, DataError, OutputError
from emojimap.fit import FitSettings
from emojimap.settings.tree import changed
from emojimap.tune import ranges
from emojimap.tune.faces import Face, errors, folds, gain, mean, people, read, scores
from emojimap.tune.labels import COLOURS, Label, place
from emojimap.tune.ranges import Varied
from emojimap.tune.trials import Journal, Study
from emojimap.tune.worth import WORTHLESS, Draw, Worth, losses, put_back

LEAST_FACES = 8
"""With fewer faces nothing can be kept aside."""
_SURE = 2.0


@dataclass(frozen=True)
class Result:
    """What a search has found.

    Parameters
    ----------
    start, best : FitSettings
        Before and after.
    photos, persons, folds, trials : int
        On what and how it was found; trials of each study.
    failures : dict of Path to str
        Photos left out, and why.
    before, after, aside : dict of str to float
        Error of each colour judged, and ``mean``: of the start, of the best on the photos it was
        tuned on, and on photos kept aside from tuning. CIEDE2000.
    gain, gain_se : float
        Error that the start has more on photos kept aside, and the standard error of that, photos
        of one person counting as one.
    worths : list of Worth
        Settings that changed, most worth first.
    put_back : list of str
        Settings whose change was worth nothing.
    """

    start: FitSettings
    best: FitSettings
    photos: int
    persons: int
    folds: int
    trials: int
    before: dict[str, float]
    after: dict[str, float]
    aside: dict[str, float]
    gain: float
    gain_se: float
    failures: dict[Path, str] = field(default_factory=dict)
    worths: list[Worth] = field(default_factory=list)
    put_back: list[str] = field(default_factory=list)

    @property
    def real(self) -> bool:
        """Whether photos kept aside show a gain that is hardly chance."""
        return self.gain >= WORTHLESS and self.gain > _SURE * self.gain_se


def journal_path(out: Path) -> Path:
    """Return where the trials of a search are kept.

    Parameters
    ----------
    out : Path
        Where its result goes.

    Returns
    -------
    Path
        Beside it.
    """
    return out.with_name(f"{out.name}.trials")


def search(
    labels: Sequence[Label],
    out: Path,
    *,
    start: FitSettings | None = None,
    vary: Sequence[str] = (),
    trials: int = 200,
    most_folds: int = 5,
    seed: int = 0,
    reading: Callable[[int, int], None] | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> Result:
    """Search for better colour settings, or go on with that.

    Parameters
    ----------
    labels : sequence of Label
        True colours.
    out : Path
        Where the result will go; trials are kept beside it, see `journal_path`.
    start : FitSettings, optional
        Where to start; by default the default settings.
    vary : sequence of str
        Settings to search, see `emojimap.tune.ranges.named`; by default every number that can
        change the colours judged.
    trials : int
        Of each study.
    most_folds : int
        Parts of the photos that are kept aside in turn, 2 or more.
    seed : int
        The same finds the same, also when interrupted.
    reading : callable
        Called with the photos analysed and their number.
    progress : callable
        Called with the settings tried, the most there will be, and the least error of the study.

    Returns
    -------
    Result
        Nothing is written but the trials.

    Raises
    ------
    DataError
        If too few photos show a face, or the trials beside `out` are of another search.
    SettingsError
        If a setting to search is unknown or its range is wrong.
    ArgumentError
        If a number is out of range.
    OutputError
        If the trials can't be kept.
    EmojimapError
        If Optuna isn't installed.
    """
    _check(out, trials, most_folds, seed)
    start = start or FitSettings()
    colours = start.analysis.colours
    roles = [role for role in COLOURS if any(getattr(label, role) for label in labels)]
    varied = ranges.named(colours, vary) if vary else ranges.usual(colours, roles)
    journal = Journal(journal_path(out))
    faces, failures = read(labels, start.analysis, reading)
    if len(faces) < LEAST_FACES:
        raise DataError(
            f"{len(faces)} photos with colours show a face, {len(failures)} show none: label at "
            f"least {LEAST_FACES}"
        )
    before = errors(faces, colours)
    journal.claim(_mark(faces, start, varied, most_folds, seed, mean(before)))
    run = _Search(journal, faces, colours, varied, trials, most_folds, seed)
    run.progress = progress
    return run.result(start, before, failures)


def _check(out: Path, trials: int, most_folds: int, seed: int) -> None:
    if trials < 1 or most_folds < 2 or seed < 0:
        raise ArgumentError(
            f"trials {trials}, folds {most_folds}, seed {seed}: give at least 1, 2 and 0"
        )
    if out.is_dir():
        raise OutputError(f"{out} is a folder: name a file")


def _mark(
    faces: Sequence[Face],
    start: FitSettings,
    varied: Sequence[Varied],
    most_folds: int,
    seed: int,
    before: float,
) -> dict[str, object]:
    """All that trials depend on, under the words by which a difference is told."""
    lines = [repr((str(place(f.label.photo)), *_colours(f.label))) for f in faces]
    return {
        "program version": __version__,
        "labels": _digest(lines),
        "searched settings": {str(one.place): [one.low, one.high] for one in varied},
        "start settings": _digest([repr(start)]),
        "folds": most_folds,
        "seed": seed,
        "photos or networks": before,
    }


def _colours(label: Label) -> list[str | None]:
    return [getattr(label, role) for role in COLOURS]


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:16]


class _Search:
    """The studies of one search, and what they share."""

    def __init__(
        self,
        journal: Journal,
        faces: Sequence[Face],
        start: ColourSettings,
        varied: Sequence[Varied],
        trials: int,
        most_folds: int,
        seed: int,
    ) -> None:
        self.journal, self.faces, self.start, self.varied = journal, faces, start, varied
        self.trials, self.seed = trials, seed
        self.persons = people([face.label.photo for face in faces])
        self.folds = folds(self.persons, most_folds, seed)
        self.count = int(self.folds.max()) + 1
        self.progress: Callable[[int, int, float], None] | None = None
        self._done = 0

    def result(self, start: FitSettings, before: F64, failures: dict[Path, str]) -> Result:
        """Run what is left, and compare."""
        aside = self._kept_aside()
        found, kept = self._study(self.count, self.faces)
        worths = self._worths(kept, self.faces)
        after = errors(self.faces, self._settings(kept))
        won, won_se = gain(before, aside, self.persons)
        colours = replace(start.analysis, colours=self._settings(kept))
        self._tell((self.count + 1) * self._most, mean(after))
        return Result(
            start=start,
            best=replace(start, analysis=colours),
            photos=len(self.faces),
            persons=len(set(self.persons)),
            folds=self.count,
            trials=self.trials,
            before=scores(before),
            after=scores(after),
            aside=scores(aside),
            gain=won,
            gain_se=won_se,
            failures=failures,
            worths=worths,
            put_back=[name for name in self._differing(found) if name not in kept],
        )

    def _kept_aside(self) -> F64:
        """Errors on each fold of settings found without it."""
        table = np.full((len(self.faces), len(COLOURS)), np.nan)
        for fold in range(self.count):
            _, kept = self._study(fold, self._of(self.folds != fold))
            table[self.folds == fold] = errors(self._of(self.folds == fold), self._settings(kept))
        return table

    def _of(self, taken: npt.NDArray[np.bool_]) -> list[Face]:
        return [face for face, yes in zip(self.faces, taken, strict=True) if yes]

    def _study(self, number: int, faces: Sequence[Face]) -> tuple[Draw, Draw]:
        """Return the best draw on some faces, and what of it is worth something."""
        name = "all" if number == self.count else f"without fold {number + 1}"
        study = Study(self.journal, name, self.varied, (self.seed, number))
        self._done = number * self._most
        best = study.run(self.trials, lambda drawn: self._judge(drawn, faces), self._tick)
        found = self._differing(best)
        kept = study.remembered(
            f"kept after {self.trials}",
            lambda: put_back(found, lambda drawn: self._judge(drawn, faces, tick=True)),
        )
        return found, kept

    def _judge(self, drawn: Draw, faces: Sequence[Face], *, tick: bool = False) -> float:
        error = mean(errors(faces, self._settings(drawn)))
        if tick:
            self._tick(error)
        return error

    def _settings(self, drawn: Draw) -> ColourSettings:
        return changed(self.start, ranges.chosen(self.varied, drawn))

    def _differing(self, drawn: Draw) -> dict[str, float]:
        return {str(k): v for k, v in ranges.chosen(self.varied, drawn).items()}

    def _worths(self, kept: Draw, faces: Sequence[Face]) -> list[Worth]:
        starts = {str(one.place): one.start for one in self.varied}
        lost = losses(kept, lambda drawn: self._judge(drawn, faces))
        worths = [
            Worth(name, starts[name], kept[name], None if math.isinf(loss) else loss)
            for name, loss in lost.items()
        ]
        return sorted(worths, key=lambda one: -math.inf if one.worth is None else -one.worth)

    @property
    def _most(self) -> int:
        """Settings tried in a study, at most: its trials, and each change put back twice."""
        return self.trials + 2 * len(self.varied) + 1

    def _tick(self, least: float) -> None:
        self._tell(self._done + 1, least)

    def _tell(self, done: int, least: float) -> None:
        self._done = done
        if self.progress is not None:
            self.progress(done, (self.count + 1) * self._most, least)
