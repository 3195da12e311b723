"""Drawn faces, a network that reads them, and the real photos where they are at hand."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from emojimap import styles
from emojimap.facenet import LABELS
from emojimap.facenet.network import Landmarks, Prediction
from emojimap.facenet.shape import mean_face
from emojimap.styles.cartoonset.precompute import precompute
from emojimap.styles.cartoonset.style import CartoonsetStyle
from emojimap.train.samples import MESH_TO_POINTS
from tests.drawn_cartoons import png
from tests.drawn_set import SET

FACE = (220, 30, 30)
HAIR = (30, 200, 30)
DOT = (30, 30, 220)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Tests leave the user's cache alone."""
    os.environ["EMOJIMAP_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _own_styles(monkeypatch):
    """A style that one test loads by its path is unknown to the next."""
    monkeypatch.setattr(styles, "_sets", [])
    monkeypatch.setattr(styles, "_own", {})


@pytest.fixture(scope="session")
def data():
    """Folder of the real photos; tests that ask for it skip where it is absent."""
    folder = Path(os.environ.get("EMOJIMAP_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / "hair" / "index.csv").is_file():
        pytest.skip(f"no photos at {folder}: set EMOJIMAP_DATA")
    return folder


@pytest.fixture(scope="session")
def astronaut():
    from skimage import data as pictures

    return pictures.astronaut()


@pytest.fixture(scope="session")
def pictures():
    return {name: png(cartoon) for name, cartoon in SET.items()}


@pytest.fixture
def set_folder(pictures, tmp_path):
    place = tmp_path / "set"
    place.mkdir()
    for name, content in pictures.items():
        (place / f"{name}.png").write_bytes(content)
    return place


@pytest.fixture(scope="session")
def cache(pictures, tmp_path_factory):
    """A precomputed set; not to be changed."""
    place = tmp_path_factory.mktemp("given")
    for name, content in pictures.items():
        (place / f"{name}.png").write_bytes(content)
    out = tmp_path_factory.mktemp("cache") / "cartoonset"
    precompute(place, out)
    return out


@pytest.fixture
def set_style(cache):
    return CartoonsetStyle(cache)


@pytest.fixture
def own(cache, tmp_path):
    """A copy of the precomputed set that may be changed."""
    for path in cache.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


@pytest.fixture
def as_named(cache, monkeypatch):
    """Make the set the one that is found by name."""
    monkeypatch.setattr(styles, "_sets", [])
    monkeypatch.setenv("EMOJIMAP_CACHE", str(cache.parent))
    return


def blank(height=480, width=640):
    """A grey picture."""
    return np.full((height, width, 3), 120, np.uint8)


def draw_face(photo, centre, radius, angle=0.0):
    """Paint a face that `DrawnNetwork` reads: a disc, hair over it, a dot towards its chin."""
    x, y = centre
    cv2.circle(photo, (round(x), round(y)), round(1.5 * radius), HAIR, -1)
    cv2.circle(photo, (round(x), round(y)), round(radius), FACE, -1)
    dot = round(x - 0.6 * radius * np.sin(angle)), round(y + 0.6 * radius * np.cos(angle))
    cv2.circle(photo, dot, max(2, round(0.15 * radius)), DOT, -1)
    return photo


class DrawnNetwork:
    """Reads drawn faces by their colours, as the face network reads real ones."""

    size = 128

    def __call__(self, crops):
        found = [self._one(crop.astype(int)) for crop in crops]
        parts = (np.stack(part).astype(np.float32) for part in zip(*found, strict=True))
        return Prediction(*parts, tone=np.full(len(crops), 70.0, np.float32))

    def landmarks(self, crops):
        found = self(crops)
        return Landmarks(found.points, found.spread, found.tone)

    def _one(self, crop):
        near = {
            name: np.abs(crop - np.array(colour)).sum(axis=2) < 90
            for name, colour in (("face", FACE), ("hair", HAIR), ("dot", DOT))
        }
        probabilities = np.full((len(LABELS), *crop.shape[:2]), 0.01)
        probabilities[0] = 0.9
        probabilities[LABELS.index("hair")][near["hair"]] = 9
        probabilities[LABELS.index("face")][near["face"] | near["dot"]] = 9
        probabilities /= probabilities.sum(axis=0)
        points, spread = self._points(near, crop.shape[0])
        return probabilities, points, np.full(70, spread)

    def _points(self, near, side):
        disc = (near["face"] | near["dot"]).astype(np.uint8)
        count, islands, stats, centres = cv2.connectedComponentsWithStats(disc)
        if count < 2:
            return np.full((70, 2), side / 2), 0.3
        middle = np.hypot(*(centres[1:] - side / 2).T)
        best = 1 + int(np.argmin(middle / np.sqrt(stats[1:, cv2.CC_STAT_AREA])))
        radius = np.sqrt(stats[best, cv2.CC_STAT_AREA] / np.pi)
        rows, columns = np.nonzero(near["dot"] & (islands == best))
        if not rows.size:
            return np.full((70, 2), side / 2), 0.3
        angle = np.arctan2(centres[best][0] - columns.mean(), rows.mean() - centres[best][1])
        shape = mean_face() - mean_face().mean(axis=0)
        eyes = np.stack([shape[36:42].mean(axis=0), shape[42:48].mean(axis=0)])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return centres[best] + 1.8 * radius * np.vstack([shape, eyes]) @ turn.T, 0.02


@pytest.fixture
def network():
    return DrawnNetwork()


SIDE = 120


def mesh(side=SIDE):
    """A mesh whose 68 points are the mean face; the rest lies inside the hull."""
    face = mean_face() * side * 0.5 + side / 2
    points = np.full((478, 2), face[:68].mean(axis=0), np.float32)
    eyes = np.stack([face[36:42].mean(axis=0), face[42:48].mean(axis=0)])
    points[list(MESH_TO_POINTS)] = np.vstack([face, eyes])
    return points


@pytest.fixture
def folder(tmp_path):
    """A small data set of the usual layout: drawn faces with hair masks, maps and meshes."""
    base = tmp_path / "hair" / "lfw"
    for name in ("images", "masks", "parsing"):
        (base / name).mkdir(parents=True)
    rows, rng = [], np.random.default_rng(0)
    for i in range(6):
        photo = rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8)
        hair = np.zeros((SIDE, SIDE), np.uint8)
        hair[:30] = 255
        parsing = np.full((SIDE, SIDE), 255, np.uint8)
        parsing[20:110, 20:100] = 1
        for kind, picture in (("masks", hair), ("parsing", parsing)):
            cv2.imwrite(str(base / kind / f"p{i}.png"), picture)
        cv2.imwrite(str(base / "images" / f"p{i}.jpg"), photo)
        split = "val" if i == 5 else "train"
        rows.append({"source": "lfw", "id": f"p{i}", "split": split, "group": f"g{i}"})
    with (tmp_path / "hair" / "index.csv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    ids = np.array([f"p{i}" for i in range(6)])
    xy = (np.stack([mesh()] * 6) * 32).astype(np.int16)
    np.savez(base / "landmarks.npz", ids=ids, xy=xy)
    return tmp_path
