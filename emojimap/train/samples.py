"""Readers of the training data: which photos there are, and which labels each of them has.

A sample may lack any label; what is missing is ignored in the loss, never guessed.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emojimap.arrays import F32
from emojimap.errors import DataError

# Face mesh (478 points) -> 68 iBUG points, image-left first, and the two iris centres.
# fmt: off
MESH_TO_POINTS = (
    127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
    168, 197, 5, 4, 98, 97, 2, 326, 327,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,
    78, 82, 13, 312, 308, 317, 14, 87,
    468, 473,
)
# fmt: on
SPLITS = ("train", "val")


@dataclass(frozen=True, eq=False)
class Sample:
    """One photo and the labels that exist for it.

    Parameters
    ----------
    source : str
        Data set.
    name : str
        Name within the data set.
    split : {"train", "val"}
        Validation photos are never trained on.
    group : str
        Person where known, else a type; people never stand in two splits.
    photo : Path
        RGB picture.
    hair : Path or None
        Hand-made hair mask of the photo's size, 255 where hair is.
    beard_is_hair : bool
        Whether that mask marks beards and moustaches too.
    parsing : Path or None
        Map in CelebAMask-HQ's 19 classes; 255 = not looked at. It is scaled to the photo.
    mesh : (478, 2) ndarray of float32 or None
        Face mesh in photo pixels, x then y.
    """

    source: str
    name: str
    split: str
    group: str
    photo: Path
    hair: Path | None = None
    beard_is_hair: bool = False
    parsing: Path | None = None
    mesh: F32 | None = None

    @property
    def points(self) -> F32 | None:
        """(70, 2) landmarks in photo pixels, or None."""
        return None if self.mesh is None else self.mesh[list(MESH_TO_POINTS)]


def read_all(data: Path) -> list[Sample]:
    """Read every data set found below a folder.

    Parameters
    ----------
    data : Path
        Folder with any of ``hair/lfw``, ``hair/figaro1k`` (and ``hair/index.csv``),
        ``faces/lfw`` and ``celebamask-hq``.

    Returns
    -------
    list of Sample
        In a fixed order.

    Raises
    ------
    DataError
        If nothing usable is there, or a label has no photo.
    """
    samples: list[Sample] = []
    if (data / "hair" / "index.csv").is_file():
        samples += read_hair(data / "hair")
    for folder in sorted((data / "faces").glob("*/images")):
        samples += read_faces(folder.parent)
    if (data / "celebamask-hq").is_dir():
        samples += read_celebamask(data / "celebamask-hq")
    if not samples:
        raise DataError(
            f"{data} holds none of hair/index.csv, faces/*/images, celebamask-hq: "
            "give the folder above them"
        )
    return samples


def read_hair(folder: Path) -> list[Sample]:
    """Read photos with hand-made hair masks, listed in ``index.csv``.

    Parameters
    ----------
    folder : Path
        Holds ``index.csv`` (source, id, split, group) and per source ``images``, ``masks``,
        ``parsing`` and ``landmarks.npz``, the last two optional.

    Returns
    -------
    list of Sample
        In the order of the index.

    Raises
    ------
    DataError
        If a photo or mask of the index is missing, or a split is unknown.
    """
    with (folder / "index.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    meshes = {source: _meshes(folder / source) for source in {row["source"] for row in rows}}
    samples = []
    for row in rows:
        source, name, base = row["source"], row["id"], folder / row["source"]
        if row["split"] not in SPLITS:
            raise DataError(
                f"{folder}/index.csv: split {row['split']!r} of {name}: use train or val"
            )
        parsing = base / "parsing" / f"{name}.png"
        samples.append(
            Sample(
                source=source,
                name=name,
                split=row["split"],
                group=row["group"],
                photo=_existing(base / "images" / f"{name}.jpg"),
                hair=_existing(base / "masks" / f"{name}.png"),
                beard_is_hair=source == "lfw",
                parsing=parsing if parsing.is_file() else None,
                mesh=meshes[source].get(name),
            )
        )
    return samples


def read_faces(folder: Path) -> list[Sample]:
    """Read photos that only have a teacher's maps and meshes; all are for training.

    Parameters
    ----------
    folder : Path
        ``images/PERSON_K.jpg``, and optionally ``parsing`` and ``landmarks.npz``.

    Returns
    -------
    list of Sample
        Sorted by name.
    """
    meshes = _meshes(folder)
    samples = []
    for photo in sorted((folder / "images").glob("*.jpg")):
        parsing = folder / "parsing" / f"{photo.stem}.png"
        samples.append(
            Sample(
                source=f"faces-{folder.name}",
                name=photo.stem,
                split="train",
                group=photo.stem.rsplit("_", 1)[0],
                photo=photo,
                parsing=parsing if parsing.is_file() else None,
                mesh=meshes.get(photo.stem),
            )
        )
    return samples


def read_celebamask(folder: Path) -> list[Sample]:
    """Read photos with label maps in CelebAMask-HQ's 19 classes.

    Parameters
    ----------
    folder : Path
        ``N.jpg`` beside ``N.png``.

    Returns
    -------
    list of Sample
        Sorted by name; all are for training.

    Raises
    ------
    DataError
        If a photo has no map.
    """
    return [
        Sample(
            source="celebamask-hq",
            name=photo.stem,
            split="train",
            group=photo.stem,
            photo=photo,
            parsing=_existing(photo.with_suffix(".png")),
        )
        for photo in sorted(folder.glob("*.jpg"))
    ]


def of_split(samples: Sequence[Sample], split: str) -> list[Sample]:
    """Keep the samples of one split.

    Parameters
    ----------
    samples : sequence of Sample
        Of any split.
    split : {"train", "val"}
        The one to keep.

    Returns
    -------
    list of Sample
        In the same order.
    """
    return [sample for sample in samples if sample.split == split]


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"{path} is missing: the data set's index names it")
    return path


def _meshes(folder: Path) -> dict[str, F32]:
    path = folder / "landmarks.npz"
    if not path.is_file():
        return {}
    with np.load(path) as stored:
        points = stored["xy"].astype(np.float32) / 32
        return dict(zip(stored["ids"].tolist(), points, strict=True))
