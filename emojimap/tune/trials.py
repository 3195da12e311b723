"""Trials of a search: drawn by Optuna, kept in a journal, gone on with after any interruption.

A study lives in memory; a trial enters the journal in one line, when it is done. So the journal
never holds half a trial, and since each trial has a seed of its own, a search that was interrupted
finds what it would have found in one go.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emojimap.errors import ArgumentError, DataError, EmojimapError, OutputError
from emojimap.tune.ranges import Varied

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

_BEGIN = b'{"op_code":'
_CLOSE = 0.01
_STALE_LOCK_S = 3


def need_optuna() -> None:
    """Check that Optuna is there.

    Raises
    ------
    EmojimapError
        If it isn't.
    """
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise EmojimapError("optuna not installed: pip install 'emojimap[tune]'") from error


class Journal:
    """File of all trials of a search.

    Parameters
    ----------
    path : Path
        Made if it isn't there; a line that was cut off by a crash is removed.

    Raises
    ------
    DataError
        If the file is no journal, or a damaged one.
    OutputError
        If it can't be written.
    EmojimapError
        If Optuna isn't installed.
    """

    def __init__(self, path: Path) -> None:
        need_optuna()
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

        self.path = path
        _mend(path)
        # Symbolic links, the other kind of lock, need special rights on Windows.
        lock = JournalFileOpenLock(str(path), grace_period=_STALE_LOCK_S)
        with self._named(), _quiet():
            self._storage = JournalStorage(JournalFileBackend(str(path), lock))

    def claim(self, mark: Mapping[str, Any]) -> None:
        """Refuse a journal of another search.

        Parameters
        ----------
        mark : mapping of str to object
            What trials depend on, under the words for the message; numbers may differ a little.

        Raises
        ------
        DataError
            If the journal was begun with anything else; it says what.
        """
        self._mark = dict(mark)
        with self._named():
            begun = [study.user_attrs for study in self._storage.get_all_studies()]
        for attributes in begun:
            # A study is made in one line and marked in the next: killed between, it is empty.
            if attributes:
                self._compare(attributes.get("mark"))

    def study(self, name: str) -> optuna.Study:
        """Open a study, or make it.

        Parameters
        ----------
        name : str
            Unique in the journal.

        Returns
        -------
        optuna.Study
            Only to be read and added to.
        """
        import optuna

        with self._named(), _quiet():
            # Asked to load what exists, `create_study` would add a line each time.
            known = any(one.study_name == name for one in self._storage.get_all_studies())
            open_ = optuna.load_study if known else optuna.create_study
            study = open_(storage=self._storage, study_name=name)
            if "mark" not in study.user_attrs:
                study.set_user_attr("mark", self._mark)
            return study

    def add(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        """Keep a trial.

        Parameters
        ----------
        study : optuna.Study
            From `study`.
        trial : optuna.trial.FrozenTrial
            Finished.
        """
        with self._named():
            study.add_trial(trial)

    def keep(self, study: optuna.Study, name: str, found: Any) -> None:
        """Keep a result that took some time.

        Parameters
        ----------
        study : optuna.Study
            From `study`.
        name : str
            Of the result.
        found : object
            Anything that JSON holds.
        """
        with self._named():
            study.set_user_attr(name, found)

    def _compare(self, begun: Any) -> None:
        for what, now in self._mark.items():
            then = begun.get(what) if isinstance(begun, dict) else None
            numbers = isinstance(now, float) and isinstance(then, float)
            if not (abs(now - then) < _CLOSE if numbers else now == then):
                raise DataError(
                    f"{self.path} is of a search with other {what}: delete it, or name another "
                    "output"
                )

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Say which file is meant when something is wrong with it."""
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"{self.path} can't be written ({error.strerror or error}): name an output in a "
                "folder that exists, may be written to and has room"
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
            raise _damaged(self.path) from error


def _damaged(path: Path) -> DataError:
    return DataError(f"{path} is damaged, or no journal of a search: delete it")


def _mend(path: Path) -> None:
    """Remove a last line that a crash has cut off: the next one would be glued to it."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder: name another output")
    try:
        content = path.read_bytes() if path.exists() else b""
        whole = content.rfind(b"\n") + 1
        if not (content.startswith(_BEGIN) or _BEGIN.startswith(content)):
            raise _damaged(path)
        if whole < len(content):
            os.truncate(path, whole)
    except OSError as error:
        raise OutputError(f"{path} can't be read ({error.strerror}): name another") from error
    try:
        for line in content[:whole].splitlines():
            json.loads(line)
    except ValueError as error:
        raise _damaged(path) from error


class Study:
    """Trials of some settings on some photos.

    Parameters
    ----------
    journal : Journal
        Where trials are kept.
    name : str
        Of the study.
    varied : sequence of Varied
        What is searched.
    seed : sequence of int
        Makes the draws of this study its own.
    """

    def __init__(
        self, journal: Journal, name: str, varied: Sequence[Varied], seed: Sequence[int]
    ) -> None:
        import optuna

        self._journal, self._seed, self._varied = journal, tuple(seed), varied
        self._stored = journal.study(name)
        with _quiet():
            self._live = optuna.create_study()
        self._ranges = {str(one.place): _distribution(one) for one in varied}

    def run(
        self,
        trials: int,
        judge: Callable[[Mapping[str, float]], float],
        told: Callable[[float], None],
    ) -> dict[str, float]:
        """Do what is left of the trials.

        Parameters
        ----------
        trials : int
            How many there shall be; the first is the start.
        judge : callable
            Error of drawn values; settings that contradict each other raise `ArgumentError`.
        told : callable
            Called after each trial, those of an earlier run included, with the least error.

        Returns
        -------
        dict of str to float
            The best draw among these trials, the earliest if several are.
        """
        with self._journal._named(), _quiet():
            self._live.add_trials(self._stored.trials[:trials])
        least = float("inf")
        for number in range(trials):
            if number >= len(self._live.get_trials(deepcopy=False)):
                self._journal.add(self._stored, self._next(number, judge))
            found = self._live.get_trials(deepcopy=False)[number].value
            least = least if found is None else min(least, found)
            told(least)
        return dict(self._live.best_trial.params)

    def remembered(self, key: str, find: Callable[[], dict[str, float]]) -> dict[str, float]:
        """Find something once, over all runs.

        Parameters
        ----------
        key : str
            What it is.
        find : callable
            Finds it, if that wasn't done before.

        Returns
        -------
        dict of str to float
            What was found.
        """
        known = self._stored.user_attrs.get(key)
        if not isinstance(known, dict):
            known = find()
            self._journal.keep(self._stored, key, known)
        return known

    def _next(
        self, number: int, judge: Callable[[Mapping[str, float]], float]
    ) -> optuna.trial.FrozenTrial:
        import optuna

        fixed = self._opening(number)
        self._live.sampler = optuna.samplers.TPESampler(seed=self._draw(number))
        with _quiet():
            if fixed is not None:
                self._live.enqueue_trial(fixed)
            trial = self._live.ask(self._ranges)
            try:
                return self._live.tell(trial, judge(trial.params))
            except ArgumentError:  # contradictions, such as a darkest above the lightest
                return self._live.tell(trial, state=optuna.trial.TrialState.PRUNED)

    def _opening(self, number: int) -> dict[str, float] | None:
        """Give the start, then the best so far with one setting half-way to an end of its range.

        In so many dimensions a random draw is nearly always worse than the start: single steps
        find in 2 trials a setting what draws alone don't find in hundreds.
        """
        if number == 0:
            return {str(one.place): one.start for one in self._varied}
        if number > 2 * len(self._varied):
            return None
        order = np.random.default_rng(self._seed).permutation(2 * len(self._varied))
        which, upwards = divmod(int(order[number - 1]), 2)
        one = self._varied[which]
        step = (one.start + (one.high if upwards else one.low)) / 2
        name = str(one.place)
        return {**self._live.best_params, name: round(step) if one.whole else step}

    def _draw(self, number: int) -> int:
        return int(np.random.SeedSequence([*self._seed, number]).generate_state(1)[0])


def _distribution(one: Varied) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    if one.whole:
        return IntDistribution(int(one.low), int(one.high))
    return FloatDistribution(float(one.low), float(one.high))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna's messages back; the progress tells what they would."""
    from optuna import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)
