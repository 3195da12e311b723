"""What one person has made on the page: an avatar in each style, with what led to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from emojimap import styles
from emojimap.avatar import Avatar

_MOST_STEPS = 200


@dataclass(frozen=True)
class Candidate:
    """A hair that fits the photo.

    Parameters
    ----------
    name : str
        Of the template.
    score : float
        How well it fits.
    parts : mapping of str to (str or None)
        What it stands for.
    """

    name: str
    score: float
    parts: Mapping[str, str | None]


@dataclass
class Work:
    """An avatar in one style, and the steps to it.

    Parameters
    ----------
    start : Avatar
        As it was fitted, or the style's own; `reset` leads back to it.
    candidates : tuple of Candidate
        The best hairs, best first; empty where no photo was seen.
    """

    start: Avatar
    candidates: tuple[Candidate, ...] = ()
    now: Avatar = field(init=False)
    _past: list[Avatar] = field(default_factory=list, init=False)
    _future: list[Avatar] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.now = self.start

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether a step was taken back."""
        return bool(self._future)

    def change(self, avatar: Avatar) -> bool:
        """Go on to another avatar.

        Parameters
        ----------
        avatar : Avatar
            Of the same style, whole.

        Returns
        -------
        bool
            Whether it differs from the present one.
        """
        if avatar == self.now:
            return False
        self._past = [*self._past, self.now][-_MOST_STEPS:]
        self._future.clear()
        self.now = avatar
        return True

    def undo(self) -> bool:
        """Take the last step back; whether there was one."""
        return self._step(self._past, self._future)

    def redo(self) -> bool:
        """Take a step again that was taken back; whether there was one."""
        return self._step(self._future, self._past)

    def reset(self) -> bool:
        """Go back to the start, as one more step; whether that changes anything."""
        return self.change(self.start)

    def _step(self, source: list[Avatar], target: list[Avatar]) -> bool:
        if not source:
            return False
        target.append(self.now)
        self.now = source.pop()
        return True


class Desk:
    """The works of one person, by style.

    Parameters
    ----------
    offered : iterable of str
        Names of the styles.
    style : str
        The one that is shown first.
    """

    def __init__(self, offered: Iterable[str], style: str) -> None:
        self.offered = tuple(offered)
        self.style = style
        self._works: dict[str, Work] = {}
        self._fitted: set[str] = set()

    @property
    def work(self) -> Work:
        """What is shown now."""
        if self.style not in self._works:
            self._works[self.style] = Work(styles.load(self.style).default())
        return self._works[self.style]

    def has_fit(self, style: str) -> bool:
        """Tell whether a style's avatar was fitted to the present photo."""
        return style in self._fitted

    def new_photo(self) -> None:
        """Forget what was made for another photo."""
        self._works.clear()
        self._fitted.clear()

    def fitted(self, avatar: Avatar, candidates: Iterable[Candidate]) -> None:
        """Take in what was fitted to the photo; it is shown if its style is.

        Parameters
        ----------
        avatar : Avatar
            Whole, of a style that is offered.
        candidates : iterable of Candidate
            The best hairs, best first.

        Raises
        ------
        ArgumentError, StyleError
            If a candidate has parts that the style lacks.
        """
        found = tuple(candidates)
        drawn = styles.load(avatar.style)
        for one in found:
            drawn.check(avatar.with_(parts=one.parts))
        self._works[avatar.style] = Work(avatar, found)
        self._fitted.add(avatar.style)

    def open(self, avatar: Avatar) -> None:
        """Show an avatar that came by a link, as a step of its style's work."""
        self.style = avatar.style
        self.work.change(avatar)
