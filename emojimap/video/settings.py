"""How a face is followed through a film, and how slowly its avatar changes."""

from __future__ import annotations

from dataclasses import dataclass

from emojimap.errors import ArgumentError
from emojimap.settings import Checked, setting


@dataclass(frozen=True)
class VideoSettings(Checked):
    """Settings of `emojimap.video.convert`.

    Parameters
    ----------
    track_px : int
        Side of the tight crop in which a face is followed, a multiple of 32.
    cutoff_hz, cutoff_slope, slope_hz : float
        Filter of the landmarks: its cut-off at rest, how much that rises with each face size a
        second, and the cut-off of the speed.
    label_s : float
        Time in which the label map follows.
    search_frames : int
        While there is no face, one is looked for in each of so many frames.
    recheck_s : float
        So often the whole frame is searched for someone else.
    larger : float
        Someone else is followed whose face is so many times as large, in two searches in a row.
    same_s : float
        A face that comes back sooner, in the same place, is the same person.
    cut_level : float
        Mean difference of two thumbnails of frames, of 255, that makes a cut.
    every_frames : int
        Frames between two full looks at hair, traits and colours.
    delay_frames : int
        Frames after which the result of a look is used; it is worked out beside them.
    settle_s : float
        So long after a face came, looks follow each other at once and are believed as they come.
    memory_looks : int
        Looks over which findings are averaged.
    lead : float
        A part changes only for one whose score is better by this much.
    in_row : int
        In so many looks in a row.
    colour_step : float
        A colour changes only where it is off by this much.
    mood_s : float
        So long the mouth must look otherwise until the avatar follows.
    blink_s : float
        Eyes that closed stay closed so long, or a blink would hardly be seen.
    mood_gap, mood_lift : float
        How far beyond a threshold the mouth must open, or its corners rise, to change.
    talk_gap : float
        Opening of a mouth that is open whatever its corners do, as in speech.
    closed_share, open_share : float
        Eyes are closed under this share of their usual opening, and open again over that one: the
        landmarks of closed lids lie about 0.6 of the usual opening apart.
    usual_s : float
        Time in which the usual opening of the eyes is forgotten; a wider one is learnt ten times
        as fast.
    """

    track_px: int = setting(192, 96, 512)
    cutoff_hz: float = setting(0.8, 0.01, 100, "Hz")
    cutoff_slope: float = setting(5.0, 0, 1000, "Hz per face size a second")
    slope_hz: float = setting(1.0, 0.01, 100, "Hz")
    label_s: float = setting(0.15, 0, 10, "seconds")
    search_frames: int = setting(6, 1, 1000)
    recheck_s: float = setting(3.0, 0.1, 1000, "seconds")
    larger: float = setting(1.4, 1, 10, "times")
    same_s: float = setting(1.0, 0, 60, "seconds")
    cut_level: float = setting(35.0, 1, 255)
    every_frames: int = setting(30, 1, 100_000)
    delay_frames: int = setting(6, 1, 1000)
    settle_s: float = setting(0.7, 0, 60, "seconds")
    memory_looks: int = setting(12, 1, 1000)
    lead: float = setting(0.015, 0, 1, "of the score")
    in_row: int = setting(3, 1, 100)
    colour_step: float = setting(6.0, 0, 100, "delta E")
    mood_s: float = setting(0.06, 0, 10, "seconds")
    blink_s: float = setting(0.12, 0, 10, "seconds")
    mood_gap: float = setting(0.02, 0, 1, "mouth widths")
    mood_lift: float = setting(0.01, 0, 1, "mouth widths")
    talk_gap: float = setting(0.25, 0, 2, "mouth widths")
    closed_share: float = setting(0.66, 0, 1, "share")
    open_share: float = setting(0.75, 0, 1, "share")
    usual_s: float = setting(20.0, 0.1, 1000, "seconds")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.track_px % 32:
            raise ArgumentError(f"track_px {self.track_px}: give a multiple of 32")
        if self.open_share < self.closed_share:
            raise ArgumentError(
                f"open_share {self.open_share} is under closed_share {self.closed_share}: "
                "eyes would open and close in every frame"
            )
