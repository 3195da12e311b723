"""Seeded masks for the overlap benchmark: hair-like templates, queries near and far."""

from __future__ import annotations

import cv2
import numpy as np

_ANGLES = np.linspace(0, 2 * np.pi, 64, endpoint=False)


def hair(rng, count, side=64):
    """Masks shaped like hair, (count, side, side) bool: a head's outline less its face.

    Length, bulk, parting, fringe, locks and place vary independently.
    """
    masks = np.zeros((count, side, side), dtype=np.uint8)
    scale = side / 64 * 16
    sine, cosine = np.sin(_ANGLES), np.cos(_ANGLES)
    waves = np.stack([np.cos(k * _ANGLES) for k in range(2, 9)])
    turned = np.stack([np.sin(k * _ANGLES) for k in range(2, 9)])
    fall = 1.0 / np.arange(2, 9)
    for mask in masks:
        width, height = rng.uniform(13, 24), rng.uniform(14, 21)
        length = max(0.0, rng.normal(4, 14))
        lock = rng.uniform(0, 3) * fall
        ripple = (rng.normal(0, 1, 7) * lock) @ waves + (rng.normal(0, 1, 7) * lock) @ turned
        x0, y0 = 32 + rng.normal(0, 1.5), 29 + rng.normal(0, 1.5)
        x = x0 + (width + ripple) * cosine
        y = y0 + (height + ripple) * sine + np.maximum(sine, 0) * length
        outer = np.stack([x, y], axis=1) * scale
        cv2.fillPoly(mask, [outer.astype(np.int32)], 1, shift=4)
        fringe = rng.uniform(-6, 8)
        inner_width, inner_height = rng.uniform(10, 14), rng.uniform(15, 19)
        parting = rng.normal(0, 0.5)
        x = x0 + inner_width * cosine
        y = y0 + 6 + inner_height * sine
        y = np.maximum(y, y0 - 8 + fringe + parting * (x - x0) + rng.uniform(0, 1.5) * np.sin(x))
        y += (sine > 0.5) * rng.choice([0.0, 40.0], p=[0.35, 0.65])
        inner = np.stack([x, y], axis=1) * scale
        cv2.fillPoly(mask, [inner.astype(np.int32)], 0, shift=4)
    return masks.astype(bool)


def perturbed(rng, masks, count):
    """Templates moved, resized and with a ragged border, (count, side, side) bool."""
    side = masks.shape[1]
    out = []
    for row in rng.integers(0, len(masks), count):
        size, turn = rng.uniform(0.92, 1.08), rng.normal(0, 2)
        onto = cv2.getRotationMatrix2D((side / 2, side / 2), turn, size)
        onto[:, 2] += rng.uniform(-5, 5, 2) * side / 64
        soft = cv2.warpAffine(masks[row].astype(np.float32), onto, (side, side))
        noise = cv2.GaussianBlur(rng.normal(0, 1, (side, side)).astype(np.float32), (0, 0), 2.0)
        out.append(cv2.GaussianBlur(soft, (0, 0), 1.0) + 0.9 * noise > 0.5)
    return np.stack(out)


def blobs(rng, count, side=64):
    """Masks of smooth noise, like no hair at all, (count, side, side) bool."""
    out = []
    for _ in range(count):
        noise = rng.normal(0, 1, (side, side)).astype(np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), rng.uniform(2, 8) * side / 64)
        out.append(smooth > np.quantile(smooth, rng.uniform(0.4, 0.9)))
    return np.stack(out)


def speckle(rng, count, side=64):
    """Masks of single pixels, (count, side, side) bool."""
    share = rng.uniform(0.05, 0.6, count)
    return rng.random((count, side, side)) < share[:, None, None]
