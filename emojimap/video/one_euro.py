"""The One Euro filter: steady at rest, quick in motion."""

from __future__ import annotations

import math

import numpy as np

from emojimap.arrays import F32, F64
from emojimap.video.settings import VideoSettings


class OneEuro:
    """A low-pass filter of points whose cut-off rises with their speed.

    Parameters
    ----------
    settings : VideoSettings
        ``cutoff_hz``, ``cutoff_slope``, ``slope_hz``.

    References
    ----------
    .. [1] G. Casiez, N. Roussel, D. Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for
       Noisy Input in Interactive Systems", CHI 2012. :doi:`10.1145/2207676.2208639`
    """

    def __init__(self, settings: VideoSettings) -> None:
        self._settings = settings
        self._last: F64 | None = None
        self._speed: F64 | None = None
        self._time = 0.0

    def reset(self) -> None:
        """Forget everything: the next points stay as they are."""
        self._last = None

    def __call__(self, points: F32, seconds: float, unit: float) -> F32:
        """Filter the points of the next frame.

        Parameters
        ----------
        points : (n, 2) ndarray of float32
            As found, pixels.
        seconds : float
            Time of the frame.
        unit : float
            Face size, pixels: what speeds are counted in.

        Returns
        -------
        (n, 2) ndarray of float32
            Filtered, pixels.
        """
        now = points.astype(np.float64)
        if self._last is None or self._speed is None:
            self._last, self._speed = now, np.zeros_like(now)
        elif (step := seconds - self._time) > 0:
            slow = _share(self._settings.slope_hz, step)
            self._speed = self._speed + slow * ((now - self._last) / step - self._speed)
            pace = np.hypot(*self._speed.T)[:, None] / max(unit, 1e-6)
            cutoff = self._settings.cutoff_hz + self._settings.cutoff_slope * pace
            self._last = self._last + _share(cutoff, step) * (now - self._last)
        self._time = seconds
        return self._last.astype(np.float32)


def _share(cutoff: F64 | float, step: float) -> F64 | float:
    """Share of the way to the new value that a first-order low-pass filter goes in one step."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff * step))
