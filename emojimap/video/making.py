"""From a film to a film: read, follow, draw, write.

source -> frames -> follower -> artist, curves -> sink
      `-> sound ---------------------------------^
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emojimap import files, styles
from emojimap.errors import ArgumentError, OutputError, VideoError
from emojimap.facenet import backends
from emojimap.fit import FitSettings
from emojimap.styles import Style
from emojimap.video.beside import InOrder
from emojimap.video.curves import Curves
from emojimap.video.drawing import Artist
from emojimap.video.following import Follower, Moment
from emojimap.video.moods import Mood
from emojimap.video.settings import VideoSettings
from emojimap.video.sink import Sink, check_suffix
from emojimap.video.source import Frame, Source
from emojimap.video.tracking import Seen

if TYPE_CHECKING:
    from emojimap.video.curves import Embedder

HEIGHT = 720
"""Frames are reduced to this height, where nobody asks for another."""
_PLOT_SHARE = 0.2
_AHEAD = 4
"""Frames and packets of sound that may wait for being drawn and written."""


@dataclass
class Report:
    """What came of a film.

    Parameters
    ----------
    frames : int
        Written.
    tracked : int
        With a face.
    broken : int
        Frames and packets that could not be read and were left out.
    lost : int
        Times that the face was lost after it had been seen.
    people : int
        Times that a face was met anew: someone else, after a cut, or after a while.
    part_changes, colour_changes : int
        Of the avatar, but for mouth and eyes.
    mood_changes : int
        Of mouth and eyes.
    sound_lost : int
        Packets of sound that could not be written.
    seconds : float
        Length of what was written.
    wall_s : float
        Time that it took.
    """

    frames: int = 0
    tracked: int = 0
    broken: int = 0
    lost: int = 0
    people: int = 0
    part_changes: int = 0
    colour_changes: int = 0
    mood_changes: int = 0
    sound_lost: int = 0
    seconds: float = 0.0
    wall_s: float = 0.0

    @property
    def rate(self) -> float:
        """Frames a second that were made."""
        return self.frames / self.wall_s if self.wall_s else 0.0


def convert(
    source: str | Path,
    target: str | Path,
    style: str = "avataaars",
    *,
    settings: FitSettings | None = None,
    video: VideoSettings | None = None,
    face: int = 0,
    height: int = HEIGHT,
    resolution: str | None = None,
    seconds: float | None = None,
    embedder: Embedder | None = None,
    progress: Callable[[int, float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Report:
    """Write a film with each frame's landmarks and masks, and its avatar beside it.

    Parameters
    ----------
    source : str or Path
        A film, or ``camera``, ``camera:1``, ``/dev/video0``.
    target : str or Path
        ``.mp4``, ``.mkv`` or ``.webm``.
    style : str
        Name of a style, or the path of a pack.
    settings : FitSettings, optional
        Of analysis and fit.
    video : VideoSettings, optional
        See there.
    face : int
        Which face, 0 the largest.
    height : int
        Higher frames are reduced to this height, pixels.
    resolution : str, optional
        Of a camera, ``640x480``.
    seconds : float, optional
        Stop after so many seconds of the film.
    embedder : Embedder, optional
        Draws the embeddings of each part under the picture.
    progress : callable, optional
        Called with the frames so far and the share 0..1 that is done.
    stop : callable, optional
        Asked after each frame whether to end here, with a whole film.

    Returns
    -------
    Report
        What came of it.

    Raises
    ------
    VideoError
        If PyAV is missing, or nothing can be read.
    OutputError
        If the target is the source, has another suffix, or can't be written.
    ArgumentError, StyleError
        As in `emojimap.fit.fit`.
    """
    target, settings, video = Path(target), settings or FitSettings(), video or VideoSettings()
    _check(str(source), target, face, height)
    drawn = styles.load(style)
    begun = time.perf_counter()
    with Source(str(source), height, resolution) as film, files.whole(target) as draft:
        networks = backends.networks(
            device=settings.analysis.device,
            threads=1 if settings.analysis.device == "cpu" else None,
        )
        with Follower(networks, drawn, settings, video, face) as follower:
            maker = _Maker(film, draft, follower, embedder)
            maker.run(seconds, progress, stop)
    report = maker.report
    report.wall_s = time.perf_counter() - begun
    return report


def _check(source: str, target: Path, face: int, height: int) -> None:
    check_suffix(target)
    if target.resolve() == Path(source).resolve():
        raise OutputError(f"{target} is what is read: name another file")
    if face < 0:
        raise ArgumentError(f"face {face}: give 0 for the largest, 1 for the next, ...")
    if not 64 <= height <= 4320:
        raise ArgumentError(f"height {height}: give 64 to 4320 pixels")


class _Maker:
    """Makes one film: reads and follows in one thread, draws and writes in another."""

    def __init__(
        self, film: Source, draft: Path, follower: Follower, embedder: Embedder | None
    ) -> None:
        self._film, self._follower = film, follower
        self._writer = _Writer(film, draft, follower.style, embedder)
        self._seen: Seen | None = None
        self._mood: Mood | None = None
        self.report = Report()

    def run(
        self,
        seconds: float | None,
        progress: Callable[[int, float], None] | None,
        stop: Callable[[], bool] | None,
    ) -> None:
        """Read, follow, draw and write to the end."""
        whole = seconds or self._film.seconds
        with InOrder(_AHEAD) as later:
            try:
                for item in self._film.read():
                    if seconds is not None and item.seconds >= seconds:
                        if isinstance(item, Frame):
                            break
                    elif isinstance(item, Frame):
                        moment = self._follower.next(item.photo, item.seconds)
                        self._count(item, moment)
                        later.do(partial(self._writer.frame, item, moment))
                        if progress is not None:
                            done = item.seconds / whole if whole else 0.0
                            progress(self.report.frames, min(done, 1.0))
                    else:
                        later.do(partial(self._writer.sound, item.packet))
                    if stop is not None and stop():
                        break
                later.finish()
                self._end()
            except BaseException:
                later.drop()
                self._writer.abandon()
                raise

    def _end(self) -> None:
        if not self.report.frames:
            raise VideoError(
                f"{self._film.name} has no frame that can be read "
                f"({self._film.broken} broken): give a film that other players open"
            )
        self._writer.close()
        steady = self._follower.steady
        self.report.broken = self._film.broken
        self.report.sound_lost = self._writer.sound_lost
        self.report.part_changes = steady.part_changes
        self.report.colour_changes = steady.colour_changes

    def _count(self, frame: Frame, moment: Moment) -> None:
        report = self.report
        report.frames += 1
        report.seconds = frame.seconds
        report.tracked += moment.seen is not None
        report.lost += self._seen is not None and moment.seen is None
        self._seen = moment.seen
        if moment.seen is not None:
            report.people = moment.seen.person + 1
            report.mood_changes += self._mood is not None and self._mood != moment.mood
            self._mood = moment.mood


class _Writer:
    """Draws and writes; opened with the first picture, whose size the file needs."""

    def __init__(self, film: Source, draft: Path, style: Style, embedder: Embedder | None) -> None:
        self._film, self._draft, self._style = film, draft, style
        self._curves = None if embedder is None else Curves(embedder)
        self._artist: Artist | None = None
        self._sink: Sink | None = None
        self._early: list[Any] = []

    @property
    def sound_lost(self) -> int:
        return 0 if self._sink is None else self._sink.sound_lost

    def sound(self, packet: Any) -> None:
        if self._sink is None:
            self._early.append(packet)
        else:
            self._sink.sound(packet)

    def frame(self, frame: Frame, moment: Moment) -> None:
        if self._artist is None:
            self._artist = Artist(self._style, frame.photo.shape[0])
        picture = self._artist.draw(frame.photo, moment)
        if self._curves is not None:
            height, width = picture.shape[:2]
            plots = self._curves.draw(frame.photo, moment, width, round(_PLOT_SHARE * height))
            picture = np.vstack([picture, plots])
        if self._sink is None:
            self._sink = self._open(picture.shape[0], picture.shape[1])
        self._sink.picture(picture, frame.pts)

    def _open(self, height: int, width: int) -> Sink:
        film = self._film
        sink = Sink(self._draft, (height, width), film.time_base, film.rate, film.audio)
        for packet in self._early:
            sink.sound(packet)
        self._early.clear()
        return sink

    def close(self) -> None:
        if self._sink is not None:
            self._sink.close()

    def abandon(self) -> None:
        if self._sink is not None:
            self._sink.abandon()
