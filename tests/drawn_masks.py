"""Masks for the tests of the overlap: shapes, noise, empty, full and equal ones."""

from __future__ import annotations

import numpy as np
import pytest

from emojimap.overlap import KERNEL_VARIABLE, MaskIndex, kernels

SIDE = 16


def rectangle(top, left, bottom, right, side=SIDE):
    mask = np.zeros((side, side), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def blobs(rng, count, side, soft):
    """Masks of every kind: rectangles, noise, coverage, empty, full and duplicates."""
    masks = np.zeros((count, side, side), dtype=np.float32)
    for mask in masks:
        kind = rng.integers(6)
        y, x = sorted(rng.integers(0, side + 1, 2)), sorted(rng.integers(0, side + 1, 2))
        if kind == 0:
            mask[:] = 1
        elif kind == 1:
            mask[:] = rng.random((side, side))
        elif kind == 2:
            mask[:] = masks[rng.integers(count)]
        elif kind > 3:
            mask[y[0] : y[1], x[0] : x[1]] = rng.random() if soft else 1
    return masks if soft else masks >= 0.5


def named(masks, **options):
    return MaskIndex.build(masks, [f"t{i}" for i in range(len(masks))], **options)


def everyone(index, query, **options):
    """Answers of both twins, the compiled one with each instruction set, pruned and not."""
    answers = []
    for kernel in kernels():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(KERNEL_VARIABLE, kernel)
            answers.append(index.search(query, **options))
            answers.append(index.search(query, exhaustive=True, **options))
    return answers
