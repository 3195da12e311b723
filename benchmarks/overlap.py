"""Time of `MaskIndex.search` for both twins of the kernel: medians over seeded masks.

Run from the root of the repository: ``python benchmarks/overlap.py``.
"""

from __future__ import annotations

import os
import time
from statistics import median

import cv2
import numpy as np

from emojimap.overlap import KERNEL_VARIABLE, MaskIndex

SIDE = 64
ALIGNED = {"window": 8, "scales": (0.9, 0.95, 1.0, 1.05, 1.1)}
CASES = [
    # templates, options, runs of the compiled twin, runs of the Python twin
    (34, {}, 20, 5),
    (1_000, {}, 20, 3),
    (10_000, {}, 7, 1),
    (34, ALIGNED, 3, 1),
    (1_000, ALIGNED, 1, 0),
]


def hair(rng, count):
    """Soft masks shaped roughly like hair: an ellipse less a face, (count, SIDE, SIDE)."""
    masks = np.zeros((count, SIDE, SIDE), dtype=np.float32)
    for mask in masks:
        middle = (SIDE // 2 + int(rng.integers(-3, 4)), SIDE // 2 - int(rng.integers(2, 10)))
        outer = (int(rng.integers(14, 26)), int(rng.integers(14, 30)))
        cv2.ellipse(mask, middle, outer, float(rng.uniform(-20, 20)), 0, 360, 1.0, -1)
        cv2.ellipse(mask, (SIDE // 2, SIDE // 2 + 6), (12, 17), 0, 0, 360, 0.0, -1)
        mask[:] = cv2.GaussianBlur(mask, (0, 0), 1.0)
    return masks


def milliseconds(index, queries, options, kernel, runs):
    """Median time of a search, or NaN without runs."""
    os.environ[KERNEL_VARIABLE] = kernel
    times = []
    for run in range(runs):
        start = time.perf_counter()
        index.search(queries[run % len(queries)], **options)
        times.append(time.perf_counter() - start)
    return 1000 * median(times) if times else float("nan")


def main():
    rng = np.random.default_rng(0)
    masks = hair(rng, max(case[0] for case in CASES))
    queries = hair(rng, 8)
    print(
        f"{'templates':>9} {'alignments':>10} {'build ms':>9} {'cython ms':>10} {'python ms':>10}"
    )
    for count, options, compiled_runs, plain_runs in CASES:
        start = time.perf_counter()
        index = MaskIndex.build(masks[:count], [f"t{i}" for i in range(count)])
        build = 1000 * (time.perf_counter() - start)
        compiled = milliseconds(index, queries, options, "cython", compiled_runs)
        plain = milliseconds(index, queries, options, "python", plain_runs)
        shifts = (2 * options.get("window", 0) + 1) ** 2 * len(options.get("scales", (1.0,)))
        print(f"{count:9d} {shifts:10d} {build:9.1f} {compiled:10.3f} {plain:10.1f}")


if __name__ == "__main__":
    main()
