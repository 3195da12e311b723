"""Which templates overlap a mask best: exact aligned soft IoU, the only door to its kernels.

build   masks -> quantise, pack --> planes <--> file              _overlap_file
search  query -> scale, quantise, pack -> planes at each scale    _overlap_query
        planes x planes at each alignment --> best, top k         _overlap | _overlap_py

All arguments are checked first, in _overlap_checks. Conventions, the same in both kernels:

* Coverage is quantised to 0..levels, halves up. IoU is the sum of minima over the sum of maxima;
  two empty masks have IoU 1.0.
* The query is resampled by each scale about the middle of the canvas, then moved by whole pixels,
  dy rows down and dx columns right. Templates and regions stay where they are.
* Query area that leaves the frame, by scale or shift, can't match but stays in the union. A shift
  doesn't bring back what scaling has pushed out.
* `visible` belongs to the query and moves with it; pixels outside it leave both sums. A pixel
  that enters the frame is empty, and as visible as the nearest pixel at the query's edge.
* Within a region only its pixels inside the frame count, for query and template alike.
* Sums are integers; floats are evaluated in one order: IoU + w1 * IoU1 + w2 * IoU2 ... from the
  left, divided by 1 + w1 + w2 ..., less the prior.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emojimap import _overlap_checks as checks
from emojimap import _overlap_py
from emojimap._overlap_checks import MAX_LEVELS as MAX_LEVELS
from emojimap._overlap_checks import MAX_SIDE as MAX_SIDE
from emojimap._overlap_file import Content, read_file, write_file
from emojimap._overlap_py import I64, U64, fewest, pack, pack_masks, quantise, unpack
from emojimap._overlap_query import Query, prepare
from emojimap.arrays import F32, F64, Bool, check_mask
from emojimap.errors import ArgumentError, CacheError, EmojimapError

KERNEL_VARIABLE = "EMOJIMAP_KERNEL"
"""Environment variable that pins a twin of the kernel: cython (default) or python."""

_CHUNK = 512


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


@dataclass(frozen=True, eq=False, repr=False)
class MaskIndex:
    """Template masks, packed for search; make one with `build` or `load`.

    Attributes
    ----------
    planes : (n, P, S * S / 64) ndarray of uint64
        Bit planes, C-contiguous; P is `levels`, or 1 if all masks are binary. May be a read-only
        memory map.
    ids : tuple of str
        One per template.
    side : int
        S, side of a mask in pixels.
    levels : int
        Steps of coverage.

    Examples
    --------
    >>> masks = np.zeros((2, 64, 64), dtype=bool)
    >>> masks[1, 8:32, 16:48] = True
    >>> index = MaskIndex.build(masks, ["bald", "cap"])
    >>> [(match.id, match.iou) for match in index.search(masks[1], k=2)]
    [('cap', 1.0), ('bald', 0.0)]
    """

    planes: U64
    ids: tuple[str, ...]
    side: int
    levels: int

    def __post_init__(self) -> None:
        checks.check_planes(self.planes, self.ids, self.side, self.levels)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<MaskIndex of {len(self)} masks, {self.side}x{self.side}, {self.levels} levels>"

    @property
    def masks(self) -> F32:
        """Coverage after quantisation, (n, S, S) ndarray of float32, 0..1; a new array."""
        values = unpack(self.planes, self.levels).astype(np.float32)
        return values.reshape(-1, self.side, self.side) / np.float32(self.levels)

    @classmethod
    def build(cls, masks: Bool | F32, ids: Sequence[str], *, levels: int = 8) -> MaskIndex:
        """Pack masks into an index.

        Parameters
        ----------
        masks : (n, S, S) ndarray of bool or float
            Masks, or coverage 0..1; n >= 1, S a multiple of 8.
        ids : sequence of n str
            Unique names, without NUL or surrogates.
        levels : int
            Steps to which coverage is rounded; ignored by binary masks, which take one plane.

        Returns
        -------
        MaskIndex
            In memory.

        Raises
        ------
        ArgumentError
            If masks, ids or levels are unusable or don't agree.
        """
        levels = checks.check_whole("levels", levels, 1, MAX_LEVELS)
        side = checks.check_masks(masks)
        names = checks.check_ids(ids, len(masks))
        chunks = (masks[start : start + _CHUNK] for start in range(0, len(masks), _CHUNK))
        steps = 1 if masks.dtype == np.bool_ else levels
        planes = np.concatenate([pack(quantise(chunk, steps), steps) for chunk in chunks])
        return cls(fewest(planes), names, side, levels)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index to a file, which appears whole or not at all.

        Parameters
        ----------
        path : path
            Replaced if it exists.

        Raises
        ------
        OutputError
            If it can't be written.
        """
        write_file(Path(path), Content(self.planes, self.ids, self.side, self.levels))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        rebuild: str = "MaskIndex.build(masks, ids).save(path)",
    ) -> MaskIndex:
        """Open a file that `save` wrote; the masks stay on disk, mapped read-only.

        Parameters
        ----------
        path : path
            The file.
        rebuild : str
            What the message of an error advises to run.

        Returns
        -------
        MaskIndex
            Its `planes` are a read-only memory map.

        Raises
        ------
        CacheError
            If the file is missing, foreign, of another version, truncated or damaged.
        """
        content = read_file(Path(path), rebuild)
        try:
            return cls(*content)
        except ArgumentError as error:
            raise CacheError(
                f"{path} holds no usable index ({error}): delete it and rebuild it with {rebuild}"
            ) from error

    def search(
        self,
        query: Bool | F32,
        k: int = 10,
        window: int = 0,
        scales: Sequence[float] = (1.0,),
        visible: Bool | None = None,
        regions: Sequence[Region] | None = None,
        prior: F64 | Mapping[str, float] | None = None,
        margin: float = 0.0,
    ) -> list[Match]:
        """Find the templates that fit a mask best, each at its best alignment.

        The conventions are those of the module. An alignment is chosen by the weighted mean of
        the IoUs. Ties go to the lowest row of the index; within a template to the shortest
        shift (dy^2 + dx^2), then to the earlier scale, then to the smaller dy, then dx.

        Parameters
        ----------
        query : (S, S) ndarray of bool or float
            Mask, or coverage 0..1.
        k : int
            How many matches; all templates if there are fewer.
        window : int
            Largest shift in each direction, pixels; less than S.
        scales : sequence of float
            Sizes at which the query is tried, 0.25 to 4.
        visible : (S, S) ndarray of bool, optional
            Pixels of the query that the photo shows; all by default.
        regions : sequence of Region, optional
            Parts of the frame whose IoUs enter the score.
        prior : (n,) ndarray of float or mapping of id to float, optional
            Taken off the score; 0 where a mapping has no entry.
        margin : float
            Area in pixels, 0 to 1e9, added to both sums of the whole IoU (not of the regions'),
            so that a small area counts little.

        Returns
        -------
        list of Match
            Best first.

        Raises
        ------
        ArgumentError
            If an argument is unusable or doesn't fit the index.
        EmojimapError
            If the compiled kernel is missing.
        """
        regions = tuple(regions or ())
        self._check_frame(query, visible, regions)
        k = min(checks.check_whole("k", k, 1), len(self))
        window = checks.check_whole("window", window, 0, self.side - 1)
        scales = checks.check_scales(scales)
        margin = checks.check_number("margin", margin)
        prior = checks.check_prior(prior, self.ids)
        aligned = prepare(query, visible, window, scales, self.levels)
        chosen, scores = self._rank(aligned, regions, prior, margin, k)
        alignments = aligned.alignments[chosen[:, 1]].tolist()
        names = [region.name for region in regions]
        return [
            Match(
                id=self.ids[row],
                index=row,
                score=score,
                iou=iou,
                dy=dy,
                dx=dx,
                scale=scales[at],
                parts=dict(zip(names, parts, strict=True)),
            )
            for (row, _), (dy, dx, at), (score, iou, *parts) in zip(
                chosen.tolist(), alignments, scores.tolist(), strict=True
            )
        ]

    def _rank(
        self, aligned: Query, regions: Sequence[Region], prior: F64, margin: float, k: int
    ) -> tuple[I64, F64]:
        """Return the kernel's outputs: rows of templates and alignments, and their scores."""
        chosen = np.empty((k, 2), dtype=np.int64)
        scores = np.empty((k, 2 + len(regions)))
        _kernel()(
            self.planes,
            *aligned,
            pack_masks([region.mask for region in regions], self.side),
            np.array([region.weight for region in regions], dtype=np.float64),
            prior,
            self.side,
            self.levels,
            margin * self.levels,
            chosen,
            scores,
        )
        return chosen, scores

    def _check_frame(
        self, query: Bool | F32, visible: Bool | None, regions: Sequence[Region]
    ) -> None:
        """Refuse what doesn't share the index's frame, and regions of one name."""
        shape = (self.side, self.side)
        checks.check_query(query, self.side)
        if visible is not None:
            check_mask(visible, "visible", shape)
        for region in regions:
            check_mask(region.mask, f"region {region.name!r}", shape)
        names = [region.name for region in regions]
        if len(set(names)) < len(names):
            raise ArgumentError(f"regions are named {names}: give each a name of its own")


def _kernel() -> Callable[..., None]:
    """`search` of the twin that the environment pins; both have one signature."""
    name = os.environ.get(KERNEL_VARIABLE, "cython")
    if name == "python":
        return _overlap_py.search
    if name != "cython":
        raise ArgumentError(f"{KERNEL_VARIABLE} is {name!r}: set it to cython or python")
    try:
        from emojimap import _overlap
    except ImportError as error:
        raise EmojimapError(
            f"the compiled kernel can't be imported ({error}): reinstall emojimap, or run "
            f"'python setup.py build_ext --inplace', or set {KERNEL_VARIABLE}=python (slow)"
        ) from error
    return _overlap.search
