"""Which templates overlap a mask best: exact aligned soft IoU, the only door to its kernels.

build   masks -> steps, bit planes --> tree of tiles <--> file         tree, file
search  queries, shifts, scales --> bounds, exact sums --> top k       query, _overlap | _overlap_py

All arguments are checked first, in checks. Conventions, the same in both kernels:

* Coverage is quantised to 0..levels, halves up. IoU is the sum of minima over the sum of maxima;
  two empty masks have IoU 1.0.
* The query is resampled by each scale about the middle of the canvas, linearly, in whole numbers
  (256 steps of coverage, 64 steps of a pixel), then moved by whole pixels, dy rows down and dx
  columns right. Templates and regions stay where they are.
* Query area that leaves the frame, by scale or shift, can't match but stays in the union. A shift
  doesn't bring back what scaling has pushed out.
* `visible` belongs to the query and moves with it; pixels outside it leave both sums. A pixel
  that enters the frame is empty, and as visible as the nearest pixel at the query's edge.
* Within a region only its pixels inside the frame count, for query and template alike.
* Sums are integers; floats are evaluated in one order: IoU + w1 * IoU1 + w2 * IoU2 ... from the
  left, divided by 1 + w1 + w2 ..., less the prior.
"""

from __future__ import annotations

from emojimap.overlap.checks import MAX_LEVELS, MAX_SIDE
from emojimap.overlap.index import MaskIndex
from emojimap.overlap.match import Match, Region
from emojimap.overlap.twins import KERNEL_VARIABLE, kernels

__all__ = [
    "KERNEL_VARIABLE",
    "MAX_LEVELS",
    "MAX_SIDE",
    "MaskIndex",
    "Match",
    "Region",
    "kernels",
]
