"""What goes into a search beside the masks, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emojimap.arrays import Bool, check_mask
from emojimap.overlap import checks


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the templates' frame whose own IoU enters the score.

    Attributes
    ----------
    name : str
        Key in `Match.parts`.
    mask : (S, S) ndarray of bool
        Fixed in the templates' frame.
    weight : float
        0 to 1e9; the whole mask weighs 1.
    """

    name: str
    mask: Bool
    weight: float

    def __post_init__(self) -> None:
        check_mask(self.mask, f"region {self.name!r}")
        checks.check_number(f"weight of region {self.name!r}", self.weight)


@dataclass(frozen=True)
class Match:
    """A template and the alignment at which the query fits it best.

    Attributes
    ----------
    id : str
        Of the template.
    index : int
        Its row in the index.
    score : float
        Weighted mean of the IoUs, less the prior.
    iou : float
        IoU of the whole masks.
    dy, dx : int
        Pixels by which the query was moved down and right, after scaling.
    scale : float
        By which the query was resampled.
    parts : dict of str to float
        IoU inside each region; 1.0 where both masks are empty there.
    """

    id: str
    index: int
    score: float
    iou: float
    dy: int
    dx: int
    scale: float
    parts: Mapping[str, float] = field(hash=False)
