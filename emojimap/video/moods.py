"""What mouth and eyes do from frame to frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from emojimap.arrays import F32, F64
from emojimap.facenet.landmarks import axes, eye_distance
from emojimap.traits import Mouth, TraitSettings
from emojimap.video.settings import VideoSettings

_LEAST_USUAL = 3
"""Frames with open eyes before any can be closed."""
_LEARNS = 10


@dataclass(frozen=True)
class Mood:
    """What mouth and eyes do.

    Parameters
    ----------
    mouth : {"neutral", "smile", "twinkle", "open"}
        As in `emojimap.traits.Traits`.
    closed : bool
        Whether both eyes are closed.
    """

    mouth: Mouth = "neutral"
    closed: bool = False


@dataclass(frozen=True)
class Lips:
    """A mouth in numbers.

    Parameters
    ----------
    width : float
        Eye distances.
    gap, lift : float
        Opening of the lips, and height of the corners over the middle, mouth widths.
    """

    width: float
    gap: float
    lift: float


def lips(points: F32) -> Lips:
    """Measure a mouth.

    Parameters
    ----------
    points : (68 or more, 2) ndarray of float32
        Landmarks, (x, y).

    Returns
    -------
    Lips
        As `emojimap.traits.measure` judges them.
    """
    along, down = axes(points)
    x, y = points @ along, points @ down
    width = max(float(x[54] - x[48]), 1e-6)
    upper, lower = float(y[61:64].mean()), float(y[65:68].mean())
    lift = (upper + lower) / 2 - float(y[[48, 54]].mean())
    return Lips(width / max(eye_distance(points), 1e-6), (lower - upper) / width, lift / width)


def eye_opening(points: F32) -> float:
    """Measure how far the eyes are open.

    Parameters
    ----------
    points : (68 or more, 2) ndarray of float32
        Landmarks, (x, y).

    Returns
    -------
    float
        Height of the wider eye, in its widths.
    """
    _, down = axes(points)
    y: F64 = points @ down
    openings = []
    for first in (36, 42):
        width = float(np.hypot(*(points[first + 3] - points[first])))
        height = (y[first + 5] + y[first + 4] - y[first + 1] - y[first + 2]) / 2
        openings.append(float(height) / max(width, 1e-6))
    return max(openings)


class Moods:
    """Follows mouth and eyes, each with a short hysteresis.

    Parameters
    ----------
    traits : TraitSettings
        Thresholds of the mouth.
    settings : VideoSettings
        Hysteresis.
    """

    def __init__(self, traits: TraitSettings, settings: VideoSettings) -> None:
        self._traits, self._settings = traits, settings
        self._mouth = _HeldMouth()
        self._lids = _Lids(settings)

    def follow(self, points: F32, seconds: float) -> Mood:
        """Judge the next frame.

        Parameters
        ----------
        points : (70, 2) ndarray of float32
            Landmarks as found in this frame, little filtered or not at all.
        seconds : float
            Time of the frame.

        Returns
        -------
        Mood
            That the avatar shall show.
        """
        mouth = self._mouth.offer(self._judge(lips(points)), seconds, self._settings.mood_s)
        return Mood(mouth, self._lids.offer(eye_opening(points), seconds))

    def _judge(self, seen: Lips) -> Mouth:
        """As `emojimap.traits` does, with thresholds that favour what is shown."""
        now, rules, settings = self._mouth.value, self._traits, self._settings

        def over(value: float, limit: float, margin: float, *, held: bool) -> bool:
            return value >= limit - margin if held else value >= limit + margin

        is_open = over(seen.gap, rules.smile_gap, settings.mood_gap, held=now == "open")
        if is_open:
            smiles = seen.width >= rules.smile_width and seen.lift > 0
            speaks = over(seen.gap, settings.talk_gap, settings.mood_gap, held=now == "open")
            return "open" if smiles or speaks else "neutral"
        margin = settings.mood_lift
        if over(seen.lift, rules.twinkle_lift, margin, held=now == "twinkle"):
            return "twinkle"
        raised = now in ("smile", "twinkle")
        return "smile" if over(seen.lift, rules.smile_lift, margin, held=raised) else "neutral"


class _HeldMouth:
    """A mouth that changes only when another one has stood for a while."""

    def __init__(self) -> None:
        self.value: Mouth = "neutral"
        self._next: Mouth | None = None
        self._since = -math.inf

    def offer(self, word: Mouth, seconds: float, hold: float) -> Mouth:
        if self._next is None:  # the first frame
            self.value = word
        if word != self._next:
            self._next, self._since = word, seconds
        # Times of frames are rounded.
        if word != self.value and seconds - self._since >= hold - 1e-3:
            self.value = word
        return self.value


class _Lids:
    """Whether both eyes are closed, against how far this person usually opens them."""

    def __init__(self, settings: VideoSettings) -> None:
        self._settings = settings
        self._usual, self._seen = 0.0, 0
        self._closed, self._since, self._time = False, -math.inf, -math.inf

    def offer(self, opening: float, seconds: float) -> bool:
        settings = self._settings
        step = seconds - self._time if self._time > -math.inf else 0.0
        self._time = seconds
        share = settings.open_share if self._closed else settings.closed_share
        shut = self._seen >= _LEAST_USUAL and opening < share * self._usual
        if not shut:
            self._learn(opening, step)
        if shut and not self._closed:
            self._closed, self._since = True, seconds
        elif self._closed and not shut and seconds - self._since >= settings.blink_s - 1e-3:
            self._closed = False
        return self._closed

    def _learn(self, opening: float, step: float) -> None:
        self._seen += 1
        if self._seen <= _LEAST_USUAL:
            self._usual += (opening - self._usual) / self._seen
            return
        time = self._settings.usual_s / (_LEARNS if opening > self._usual else 1)
        self._usual += (1 - math.exp(-step / time)) * (opening - self._usual)
