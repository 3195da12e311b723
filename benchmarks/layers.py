"""Speed of avatars composed of layers, beside whole drawings, and of the search that uses them.

Run from the root of the repository: ``python benchmarks/layers.py [--avatars N] [--size PX]``.
Everything runs on one thread. Rates are given by the clock and by the time of the processor, which
a busy machine does not change; the error is the mean over all values of premultiplied RGBA, as a
share of the full range.
"""

from __future__ import annotations

import argparse
import os
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import cv2
import numpy as np
from skimage import data

from emojimap import styles
from emojimap.analysis import analyse
from emojimap.avatar import Avatar
from emojimap.refine import RefineSettings, refine
from emojimap.styles.layers import Layers

WHOLE = 40  # avatars that are also drawn whole


class Clock:
    """Seconds by the clock and of the processor."""

    def __enter__(self):
        self.begun = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_):
        self.wall = time.perf_counter() - self.begun[0]
        self.cpu = time.process_time() - self.begun[1]


class Thumbnails:
    """An embedder that takes no time."""

    name = "thumbnails"

    def embed(self, pictures, kind):
        small = [cv2.resize(one, (12, 12), interpolation=cv2.INTER_AREA) for one in pictures]
        return np.asarray(small, np.float32).reshape(len(pictures), -1) - 128


def drawn(style, rng):
    return {part: known[rng.integers(len(known))] for part, known in style.parts.items()}


def warm(layers):
    """Draw every layer: the variants side by side, and one part inside another in its own."""
    known = layers.style.parts
    for row in range(max(map(len, known.values()))):
        layers.picture({part: variants[row % len(variants)] for part, variants in known.items()})
    for graphic in known.get("clothesGraphic", ()):
        layers.picture({"clothes": "graphicShirt", "clothesGraphic": graphic})


def error(layers, avatars):
    apart = []
    for parts in avatars:
        both = [
            one.astype(np.float64)
            for one in (
                layers.picture(parts),
                layers.style.pixels(Avatar(layers.style.name, parts, {}), layers.size),
            )
        ]
        for one in both:
            one[:, :, :3] *= one[:, :, 3:] / 255
        apart.append(np.abs(both[0] - both[1]).mean() / 255)
    return np.mean(apart), np.max(apart)


def rendering(count, size):
    print(f"\n{count} random avatars of {size}x{size}, every part free; warm: all layers drawn")
    print(f"{'style':12}{'layers':>8}{'warm s':>8}{'cpu s':>7}{'1/s':>7}{'1/cpu s':>9}"
          f"{'whole/s':>9}{'1/cpu s':>9}{'error':>9}{'worst':>9}")  # fmt: skip
    for name in styles.names():
        style, rng = styles.load(name), np.random.default_rng(0)
        style.pixels(style.default(), size)  # what is loaded once
        layers = Layers(style, {}, size)
        with Clock() as first:
            warm(layers)
        avatars = [drawn(style, rng) for _ in range(count)]
        for parts in avatars:  # combinations of a part inside another
            layers.picture(parts)
        with Clock() as clock:
            for parts in avatars:
                layers.picture(parts)
        with Clock() as whole:
            for parts in avatars[:WHOLE]:
                style.pixels(Avatar(name, parts, {}), size)
        mean, worst = error(layers, avatars[:WHOLE])
        print(f"{name:12}{layers.drawn:8}{first.wall:8.2f}{first.cpu:7.2f}{count / clock.wall:7.0f}"
              f"{count / clock.cpu:9.0f}{WHOLE / whole.wall:9.0f}{WHOLE / whole.cpu:9.0f}"
              f"{mean:9.3%}{worst:9.3%}")  # fmt: skip


def searching(evaluations):
    print(f"\nsearch, {evaluations} evaluations, an embedder that takes no time")
    print(f"{'style':12}{'distinct':>9}{'wall s':>8}{'cpu s':>7}{'1/s':>7}{'1/cpu s':>9}"
          f"{'drawing':>9}{'embed':>7}{'search':>8}  ms per evaluation by the clock")  # fmt: skip
    seen = analyse(data.astronaut())
    rules = RefineSettings(evaluations=evaluations, seconds=600, patience=1_000_000)
    for name in styles.names():
        refine([seen], name, Thumbnails(), RefineSettings(evaluations=1))  # index, packs
        with Clock() as clock:
            found = refine([seen], name, Thumbnails(), rules)
        parts = [1000 * value / evaluations for value in found.times.values()]
        print(f"{name:12}{found.distinct:9}{clock.wall:8.1f}{clock.cpu:7.1f}"
              f"{evaluations / clock.wall:7.0f}{evaluations / clock.cpu:9.0f}"
              f"{parts[0]:9.2f}{parts[1]:7.2f}{parts[2]:8.2f}")  # fmt: skip


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--avatars", type=int, default=400)
    options.add_argument("--size", type=int, default=128)
    options.add_argument("--evaluations", type=int, default=1000)
    asked = options.parse_args()
    rendering(asked.avatars, asked.size)
    searching(asked.evaluations)
