"""Pictures of a set painted in four extreme sets of colours, enlarged to look at every edge."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from emojimap import recolour
from emojimap.styles.cartoonset import regions, source
from emojimap.styles.cartoonset.extract import Extraction, decode, extract
from emojimap.styles.cartoonset.palette import BROW, tint

SETS = (
    {"skin": (250, 225, 210), "hair": (20, 18, 20), "iris": (60, 110, 190), "frame": (40, 40, 45)},
    {"skin": (60, 38, 28), "hair": (240, 225, 170), "iris": (90, 60, 30), "frame": (200, 30, 30)},
    {"skin": (200, 140, 100), "hair": (40, 90, 200), "iris": (90, 140, 60), "frame": (240,) * 3},
    {"skin": (120, 78, 52), "hair": (170, 50, 30), "iris": (30, 20, 15), "frame": (20, 90, 60)},
)
PAPER = (120, 160, 200)


def painted(seen: Extraction, colours: dict[str, tuple[int, int, int]]) -> np.ndarray:
    held = recolour.amounts(seen.picture, seen.labels, seen.materials())
    new = {
        regions.SKIN: colours["skin"],
        regions.HAIR: colours["hair"],
        regions.FACIAL_HAIR: colours["hair"],
        regions.BROWS: tint(colours["hair"], BROW),
        regions.IRIS: colours["iris"],
        regions.FRAME: colours["frame"],
        regions.RIMS: colours["frame"],
    }
    return recolour.repaint(seen.picture, held, seen.materials(), new)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", type=Path, help="folder or archive")
    parser.add_argument("out", type=Path, help="PNG to write")
    parser.add_argument("--zoom", type=int, default=4)
    parser.add_argument("--box", type=int, nargs=4, default=(60, 50, 440, 450), metavar="PX")
    parser.add_argument("--pictures", type=int, nargs="*", help="which, by place")
    arguments = parser.parse_args()
    entries = [entry for entry in source.read(arguments.set) if entry.is_picture]
    chosen = arguments.pictures or range(len(entries))
    left, top, right, bottom = arguments.box
    size = (right - left) * arguments.zoom, (bottom - top) * arguments.zoom
    sheet = Image.new("RGB", (size[0] * (len(SETS) + 1), size[1] * len(chosen)), PAPER)
    for row, number in enumerate(chosen):
        seen = extract(decode(entries[number].content))
        pictures = [seen.picture, *(painted(seen, colours) for colours in SETS)]
        for column, picture in enumerate(pictures):
            image = Image.fromarray(picture).crop(tuple(arguments.box))
            image = image.resize(size, Image.Resampling.NEAREST)
            sheet.paste(image, (column * size[0], row * size[1]), image)
    sheet.save(arguments.out)


if __name__ == "__main__":
    main()
