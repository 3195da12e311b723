"""One person through a film: face, evidence, mood and avatar of each frame.

tracker -> landmarks, labels -+-> moods ----------------------+-> avatar
                              +-> looks -> evidence -> steady +
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from types import TracebackType

import numpy as np

from emojimap.analysis import Analysis, of_face
from emojimap.arrays import F32, U8
from emojimap.avatar import Avatar
from emojimap.facenet.find import Face, find
from emojimap.facenet.network import Networks
from emojimap.fit import FitSettings, fit_analysis
from emojimap.styles import Style
from emojimap.video.beside import Beside
from emojimap.video.evidence import Evidence
from emojimap.video.moods import Mood, Moods
from emojimap.video.settings import VideoSettings
from emojimap.video.steady import Steady
from emojimap.video.tracking import Seen, Tracker

_CANDIDATES = 12
_SEARCH_DELAYS = 2
"""A search of the whole frame takes about so many times as long as a look."""
_IN_ROW = 2


@dataclass(frozen=True, eq=False)
class Moment:
    """What is known in one frame.

    Parameters
    ----------
    seen : Seen or None
        The face; None where there is none.
    avatar : Avatar or None
        What is shown; None before the first face.
    mood : Mood
        Of mouth and eyes.
    masks : dict of str to (S, S) ndarray of float32
        Mean masks of this person, in the frame of `emojimap.video.evidence.head_frame`.
    analysis : Analysis or None
        What all looks at this person say.
    """

    seen: Seen | None
    avatar: Avatar | None
    mood: Mood = field(default_factory=Mood)
    masks: dict[str, F32] = field(default_factory=dict)
    analysis: Analysis | None = None


class Follower:
    """Follows one person; to be used as a context, which ends its threads.

    Parameters
    ----------
    networks : Networks
        Ready to run.
    style : Style
        Of the avatar.
    rules : FitSettings
        Of analysis and fit.
    settings : VideoSettings
        See there.
    which : int
        Which face, 0 the largest.
    """

    def __init__(
        self,
        networks: Networks,
        style: Style,
        rules: FitSettings,
        settings: VideoSettings,
        which: int = 0,
    ) -> None:
        self._networks, self.style = networks, style
        self._rules, self._settings = rules, settings
        self._which, self._frame, self._person = which, 0, -1
        self._tracker = Tracker(networks.face, rules.analysis.find, settings, which)
        self.steady = Steady(style, settings)
        self._looks: Beside[tuple[bool, Analysis]] = Beside(settings.delay_frames)
        self._searches: Beside[tuple[Face, list[Face]]] = Beside(
            _SEARCH_DELAYS * settings.delay_frames
        )
        self._looked, self._searched, self._others = 0, 0.0, 0
        self._moods = Moods(rules.analysis.traits, settings)
        self._evidence = Evidence(settings.memory_looks)
        self._analysis: Analysis | None = None
        self._mood = Mood()

    def __enter__(self) -> Follower:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._looks.__exit__(kind, error, trace)
        self._searches.__exit__(kind, error, trace)

    def next(self, photo: U8, seconds: float) -> Moment:
        """Judge the next frame.

        Parameters
        ----------
        photo : (H, W, 3) ndarray of uint8
            RGB; must not be written to afterwards.
        seconds : float
            Time of the frame.

        Returns
        -------
        Moment
            What is known in it.
        """
        frame, self._frame = self._frame, self._frame + 1
        self._take_search(frame)
        seen = self._tracker.follow(photo, seconds)
        if seen is None:
            return Moment(None, self.steady.avatar(self._mood))
        if seen.person != self._person:
            self._meet(photo, seen, frame, seconds)
        self._take_look(frame)
        self._start_look(photo, seen, frame)
        self._start_search(photo, seen.face, frame, seconds)
        self._mood = self._moods.follow(seen.raw, seconds)
        avatar = self.steady.avatar(self._mood)
        return Moment(seen, avatar, self._mood, self._evidence.masks, self._analysis)

    def _meet(self, photo: U8, seen: Seen, frame: int, seconds: float) -> None:
        """Begin with someone new: the first look is waited for."""
        self._person = seen.person
        self._looks.drop()
        self._searches.drop()
        self._searched, self._others = seconds, 0
        self._moods = Moods(self._rules.analysis.traits, self._settings)
        self._evidence = Evidence(self._settings.memory_looks)
        first = of_face(photo, seen.face, self._rules.analysis, self._networks)
        self._believe(first, settled=False)
        self._looked = frame

    def _believe(self, look: Analysis, *, settled: bool) -> None:
        self._analysis = self._evidence.add(look)
        fit = fit_analysis(self._analysis, self.style, top=_CANDIDATES, settings=self._rules)
        self.steady.offer(fit, settled=settled)

    def _start_look(self, photo: U8, seen: Seen, frame: int) -> None:
        settled = seen.since > self._settings.settle_s
        due = not settled or frame - self._looked >= self._settings.every_frames
        if not due or not self._looks.idle:
            return
        self._looked = frame
        self._looks.start(
            frame,
            lambda: (
                settled,
                of_face(photo, seen.face, self._rules.analysis, self._networks),
            ),
        )

    def _take_look(self, frame: int) -> None:
        done = self._looks.take(frame)
        if done is not None:
            self._believe(done[1], settled=done[0])

    def _start_search(self, photo: U8, face: Face, frame: int, seconds: float) -> None:
        """Look for someone else now and then, unless a certain face was asked for."""
        late = seconds - self._searched >= self._settings.recheck_s
        if self._which or not late or not self._searches.idle:
            return
        self._searched = seconds
        work = partial(find, photo, self._networks.face, self._rules.analysis.find, every=False)
        self._searches.start(frame, lambda: (face, work()))

    def _take_search(self, frame: int) -> None:
        done = self._searches.take(frame)
        if done is None:
            return
        other = _other(*done, self._settings.larger)
        self._others = self._others + 1 if other is not None else 0
        if other is not None and self._others >= _IN_ROW:
            self._tracker.switch(other)


def _other(face: Face, found: list[Face], larger: float) -> Face | None:
    """Someone else to follow: where the face is gone, or much smaller than another one."""
    middle = face.points[:68].mean(axis=0)
    others, gone = [], True
    for one in found:
        apart = float(np.hypot(*(one.points[:68].mean(axis=0) - middle)))
        if apart < 0.5 * max(one.size, face.size):
            gone = False
        else:
            others.append(one)
    if others and (gone or others[0].size > larger * face.size):
        return others[0]
    return None
