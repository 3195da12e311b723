"""The index of template masks: build, save, load, search."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from emojimap._overlap_bits import (
    I32,
    I64,
    Checks,
    Packed,
    Problem,
    unpack,
)
from emojimap.arrays import F32, F64, Bool, check_mask
from emojimap.errors import CacheError
from emojimap.overlap import checks, file, tree
from emojimap.overlap.ids import Ids
from emojimap.overlap.match import Match, Region
from emojimap.overlap.query import Options, pose
from emojimap.overlap.twins import kernel

_STATUS = {-2: "a tile of its tree", -3: "its masks"}


class MaskIndex:
    """Template masks, packed for search; make one with `build` or `load`.

    Attributes
    ----------
    side : int
        S, side of a mask in pixels.
    levels : int
        Steps of coverage.
    binary : bool
        Whether the masks have no step between empty and full.

    Examples
    --------
    >>> masks = np.zeros((2, 64, 64), dtype=bool)
    >>> masks[1, 8:32, 16:48] = True
    >>> index = MaskIndex.build(masks, ["bald", "cap"])
    >>> [(match.id, match.iou) for match in index.search(masks[1], k=2)]
    [('cap', 1.0), ('bald', 0.0)]
    """

    def __init__(
        self, packed: Packed, ids: Ids, unchecked: Checks | None = None, fault: str = ""
    ) -> None:
        self._packed = packed
        self._ids = ids
        self._unchecked = unchecked
        self._fault = fault

    def __len__(self) -> int:
        return len(self._ids)

    def __repr__(self) -> str:
        return f"<MaskIndex of {len(self)} masks, {self.side}x{self.side}, {self.levels} levels>"

    @property
    def side(self) -> int:
        """S, side of a mask in pixels."""
        return self._packed.side

    @property
    def levels(self) -> int:
        """Steps of coverage."""
        return self._packed.levels

    @property
    def binary(self) -> bool:
        """Whether the masks have no step between empty and full."""
        return bool(self._packed.planes.shape[1] == 1)

    @property
    def distinct(self) -> int:
        """How many masks differ; equal ones are stored once."""
        return self._packed.distinct

    @property
    def nbytes(self) -> int:
        """Bytes of masks, tree and names; those of a loaded index lie in the file."""
        arrays = (part for part in self._packed if isinstance(part, np.ndarray))
        return sum(array.nbytes for array in arrays) + self._ids.nbytes

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the templates, one each."""
        return self._ids.all

    @property
    def masks(self) -> F32:
        """Coverage after quantisation, (n, S, S) ndarray of float32, 0..1; a new array."""
        self.verify()
        distinct = unpack(self._packed.planes[: self.distinct], self.side, self.levels)
        masks: F32 = distinct[self._number].astype(np.float32) / np.float32(self.levels)
        return masks

    def mask(self, row: int) -> F32:
        """Coverage of one template after quantisation.

        Parameters
        ----------
        row : int
            Of the template, as in `Match.index`.

        Returns
        -------
        (S, S) ndarray of float32
            0..1; a new array.

        Raises
        ------
        ArgumentError
            If there is no such row.
        CacheError
            If the file it lies in is damaged there.
        """
        row = checks.check_whole("row", row, 0, len(self) - 1)
        number = int(self._number[row])
        self._check_masks(number // 8, number // 8 + 1)
        steps = unpack(self._packed.planes[number : number + 1], self.side, self.levels)[0]
        coverage: F32 = steps.astype(np.float32) / np.float32(self.levels)
        return coverage

    @classmethod
    def build(
        cls, masks: Bool | F32, ids: Sequence[str], *, levels: int | None = None
    ) -> MaskIndex:
        """Pack masks into an index.

        Parameters
        ----------
        masks : (n, S, S) ndarray of bool or float
            Masks, or coverage 0..1; n >= 1, S a multiple of 8. Masks that are equal are stored
            once.
        ids : sequence of n str
            Unique names, without NUL or surrogates.
        levels : int, optional
            Steps to which coverage is rounded, that of the queries too: by default 1 for masks
            of bool, else 8. Masks that need but one bit plane take but one.

        Returns
        -------
        MaskIndex
            In memory.

        Raises
        ------
        ArgumentError
            If masks, ids or levels are unusable or don't agree.
        """
        if levels is None:
            levels = 1 if getattr(masks, "dtype", None) == np.bool_ else 8
        levels = checks.check_whole("levels", levels, 1, checks.MAX_LEVELS)
        checks.check_masks(masks)
        names = Ids.of(checks.check_ids(ids, len(masks)))
        return cls(tree.build(masks, levels), names)

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
        CacheError
            If this index lies in a file that is damaged.
        """
        self.verify()
        file.write(Path(path), self._packed, self._ids)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        rebuild: str = "MaskIndex.build(masks, ids).save(path)",
        verify: bool | None = None,
    ) -> MaskIndex:
        """Open a file that `save` wrote; the masks stay on disk, mapped read-only.

        Parameters
        ----------
        path : path
            The file.
        rebuild : str
            What the message of an error advises to run.
        verify : bool, optional
            Whether to read and check all of the file at once. By default this is done up to 8 MB;
            larger ones are checked tile by tile, each before it is used for the first time, so
            that opening them takes no longer. Header, names and tables are always checked.

        Returns
        -------
        MaskIndex
            Its masks are a read-only memory map.

        Raises
        ------
        CacheError
            If the file is missing, foreign, of another version, truncated or damaged.
        """
        content = file.read(Path(path), rebuild)
        index = cls(content.packed, content.ids, content.checks, content.fault)
        if verify or (verify is None and index.nbytes <= file.SMALL):
            index.verify()
        return index

    def verify(self) -> None:
        """Check all that was not checked when the file was opened; without a file do nothing.

        Raises
        ------
        CacheError
            If the file is damaged.
        """
        if self._unchecked is None:
            return
        self._check_tiles()
        self._check_masks(0, len(self._unchecked.mask_checked))
        self._unchecked = None

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
        exhaustive: bool = False,
    ) -> list[Match]:
        """Find the templates that fit a mask best, each at its best alignment.

        The conventions are those of the package. An alignment is chosen by the weighted mean of
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
        exhaustive : bool
            Compare every template at every alignment instead of those that can still win: the
            same answer, later.

        Returns
        -------
        list of Match
            Best first.

        Raises
        ------
        ArgumentError
            If an argument is unusable or doesn't fit the index.
        CacheError
            If the file of the index turns out to be damaged.
        EmojimapError
            If the compiled kernel is missing.
        """
        checks.check_query(query, self.side)
        if visible is not None:
            check_mask(visible, "visible", (self.side, self.side))
            visible = np.ascontiguousarray(visible)[None]
        coverage = np.ascontiguousarray(query, dtype=np.float32)[None]
        options = Options(window, scales, regions, prior, margin, exhaustive)
        return self._search(coverage, visible, k, options, 1)[0]

    def search_many(
        self,
        queries: Bool | F32,
        k: int = 10,
        window: int = 0,
        scales: Sequence[float] = (1.0,),
        visible: Bool | None = None,
        regions: Sequence[Region] | None = None,
        prior: F64 | Mapping[str, float] | None = None,
        margin: float = 0.0,
        exhaustive: bool = False,
        threads: int | None = None,
    ) -> list[list[Match]]:
        """Search for each of many masks, spread over threads.

        Parameters
        ----------
        queries : (q, S, S) ndarray of bool or float
            As the query of `search`; q may be 0.
        k : int
            How many matches for each query.
        window : int
            Largest shift in each direction, pixels.
        scales : sequence of float
            Sizes at which the queries are tried.
        visible : (q, S, S) ndarray of bool, optional
            Pixels of each query that its photo shows.
        regions : sequence of Region, optional
            Parts of the frame whose IoUs enter the score.
        prior : (n,) ndarray of float or mapping of id to float, optional
            Taken off the score.
        margin : float
            Area added to both sums of the whole IoU.
        exhaustive : bool
            Compare every template at every alignment.
        threads : int, optional
            By default as many as the process may use. The answers don't depend on it.

        Returns
        -------
        list of list of Match
            Answers in the order of the queries.

        Raises
        ------
        ArgumentError, CacheError, EmojimapError
            As `search`.
        """
        threads = checks.check_threads(threads)
        if len(queries) == 0:
            return []
        checks.check_queries(queries, self.side)
        if visible is not None:
            checks.check_visible(visible, np.shape(queries))
            visible = np.ascontiguousarray(visible)
        coverage = np.ascontiguousarray(queries, dtype=np.float32)
        options = Options(window, scales, regions, prior, margin, exhaustive)
        return self._search(coverage, visible, k, options, threads)

    def _search(
        self, coverage: F32, visible: Bool | None, k: int, options: Options, threads: int
    ) -> list[list[Match]]:
        k = min(checks.check_whole("k", k, 1), len(self))
        problem, scales, names = pose(coverage, visible, options, self.levels, self._ids)
        chosen = np.empty((len(coverage), k, 2), dtype=np.int64)
        scores = np.empty((len(coverage), k, 2 + len(names)))
        self._run(problem, threads, chosen, scores)
        return [
            self._matches(problem.alignments[rows[:, 1]], rows[:, 0], values, scales, names)
            for rows, values in zip(chosen, scores.tolist(), strict=True)
        ]

    def _run(self, problem: Problem, threads: int, chosen: I64, scores: F64) -> I64:
        """Let the kernel fill its outputs, and return its report."""
        module, path = kernel()
        if not path:
            self.verify()
        report: I64 = module.search(
            self._packed, self._unchecked, problem, path, threads, chosen, scores
        )
        status = int(report[:, 0].min())
        if status == -1:
            raise MemoryError("no memory for the search: take a smaller window or fewer scales")
        if status:
            raise CacheError(self._fault.replace(file.PART, _STATUS[status]))
        return report

    def _matches(
        self,
        shifts: I32,
        rows: I64,
        scores: list[list[float]],
        scales: tuple[float, ...],
        names: list[str],
    ) -> list[Match]:
        return [
            Match(
                id=self._ids[row],
                index=row,
                score=score,
                iou=iou,
                dy=dy,
                dx=dx,
                scale=scales[at],
                parts=dict(zip(names, parts, strict=True)),
            )
            for row, (dy, dx, at), (score, iou, *parts) in zip(
                rows.tolist(), shifts.tolist(), scores, strict=True
            )
        ]

    @cached_property
    def _number(self) -> I64:
        """Place of each template's mask."""
        numbers = np.empty(len(self), dtype=np.int64)
        counts = np.diff(self._packed.starts)
        numbers[self._packed.members] = np.repeat(np.arange(self.distinct), counts)
        return numbers

    def _check_tiles(self) -> None:
        if self._unchecked is None:
            return
        sums = kernel().module.block_sums
        for part, known in (
            (self._packed.tiles, self._unchecked.tile_sums),
            (self._packed.cells, self._unchecked.cell_sums),
        ):
            if not np.array_equal(sums(part.reshape(-1), part.shape[1]), known):
                raise CacheError(self._fault.replace(file.PART, _STATUS[-2]))

    def _check_masks(self, start: int, stop: int) -> None:
        """Check blocks of eight masks."""
        if self._unchecked is not None:
            blocks = self._packed.planes.reshape(len(self._unchecked.mask_sums), -1)[start:stop]
            found = kernel().module.block_sums(
                blocks.reshape(-1).view(np.uint8), blocks.shape[1] * 8
            )
            if not np.array_equal(found, self._unchecked.mask_sums[start:stop]):
                raise CacheError(self._fault.replace(file.PART, _STATUS[-3]))
