"""Write searches and the slow twin's answers to a file, for `replay` on another processor."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from unittest import mock

import numpy as np

from emojimap import _overlap_py
from emojimap.overlap import Region, index, twins
from tests.drawn_masks import blobs, named

COUNT = 150


def searches(rng):
    """Index, query and options of every kind."""
    for number in range(COUNT):
        side = int(rng.choice([8, 16, 24, 64, 96]))
        count = int(rng.integers(1, 600 if side < 20 else 40))
        masks = blobs(rng, count, side, soft=bool(rng.integers(2)))
        query = np.roll(masks[rng.integers(count)], rng.integers(-2, 3, 2), (0, 1))
        options = {
            "k": int(rng.integers(1, 12)),
            "window": int(rng.choice([0, 2, min(7, side - 1)])),
            "scales": ((1.0,), (0.9, 1.0, 1.1))[rng.integers(2)],
            "margin": float(rng.choice([0.0, 7.5])),
            "exhaustive": number % 5 == 0,
        }
        if rng.integers(2):
            options["visible"] = blobs(rng, 4, side, soft=False)[3]
        if rng.integers(2):
            areas = blobs(rng, 2, side, soft=False)
            options["regions"] = [Region(f"r{i}", area, 0.3) for i, area in enumerate(areas)]
        if rng.integers(2):
            options["prior"] = rng.choice([0.0, 0.125], count)
        yield named(masks, levels=int(rng.choice([1, 8]))), query, options


def record(out, packed, problem, chosen, scores):
    """One search: sizes, numbers, arrays in the order of replay.c, and what is expected."""
    scales, regions = len(problem.taps_start) - 1, len(problem.regions)
    hidden, prior = problem.visible is not None, problem.prior is not None
    sizes = (
        *(packed.side, packed.levels, *packed.planes.shape[1:], packed.distinct),
        *(len(packed.levels_start) - 1, packed.tiles.shape[1], packed.bins),
        *(packed.bin_unit, packed.cell_unit),
        *(len(packed.members), len(packed.tiles), scales, problem.window),
        *(len(problem.alignments), regions, chosen.shape[1], problem.exhaustive),
        *(hidden, prior, len(problem.taps)),
    )
    out.write(struct.pack("<21q", *map(int, sizes)))
    out.write(struct.pack("<2d", problem.prior.min() if prior else 0.0, problem.margin))
    arrays = (
        *(packed.planes, packed.starts, packed.members, packed.tiles),
        *(packed.cells, packed.levels_start),
        *(problem.coverage, problem.visible, problem.alignments, problem.rank, problem.taps),
        *(problem.taps_start, problem.regions, problem.weights, problem.prior, chosen, scores),
    )
    for array in arrays:
        out.write(b"" if array is None else np.ascontiguousarray(array).tobytes())


def main(path):
    rng = np.random.default_rng(0)
    with Path(path).open("wb") as out:

        def search(packed, checks, problem, path, threads, chosen, scores):
            report = _overlap_py.search(packed, checks, problem, path, threads, chosen, scores)
            record(out, packed, problem, chosen, scores)
            return report

        twin = mock.Mock(wraps=_overlap_py, search=search)
        with mock.patch.object(index, "kernel", return_value=twins.Kernel(twin, "")):
            for templates, query, options in searches(rng):
                templates.search(query, **options)


if __name__ == "__main__":
    main(sys.argv[1])
