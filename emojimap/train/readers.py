"""Readers of the training data, one per format, and the search for formats below a folder."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from emojimap.arrays import F32
from emojimap.errors import DataError
from emojimap.train import maps as maps_
from emojimap.train.samples import SPLITS, Sample, split_of

VAL_SHARE = 0.05
"""Share of the people that are kept aside where a data set comes without splits."""

_PHOTOS = (".jpg", ".jpeg")
_MAPS = (".png", ".bmp")
_FULL = ("CelebAMask-HQ-mask-anno", "CelebA-HQ-img")
_MESHES = "landmarks.npz"
_SPLIT_FOLDERS = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "val",
}
_LOOKED_AT = 15
_DEPTH = 3


def read_all(*folders: Path) -> list[Sample]:
    """Read every data set found at or below some folders, each by its format.

    Parameters
    ----------
    *folders : Path
        Each holds data sets of any of the formats in ``docs/training.md``, up to three folders
        deep.

    Returns
    -------
    list of Sample
        In a fixed order.

    Raises
    ------
    DataError
        If a folder is missing or holds nothing usable, or a label has no photo.
    """
    samples: list[Sample] = []
    for folder in folders:
        if not folder.is_dir():
            raise DataError(f"{folder} is no folder: give the one that holds the data sets")
        found = _below(folder, _DEPTH)
        if not found:
            raise DataError(
                f"{folder} holds no data set: hair/index.csv, faces/*/images, "
                f"{_FULL[0]}, or photos beside label maps of the same name (docs/training.md)"
            )
        samples += found
    return samples


def _below(folder: Path, depth: int) -> list[Sample]:
    """Read the data sets of a folder, and of those in it that are not part of one."""
    if (folder / "index.csv").is_file():
        return read_hair(folder)
    samples: list[Sample] = []
    taken: set[str] = set()
    if (folder / _FULL[0]).is_dir():
        samples += read_celebamask_parts(folder)
        taken |= set(_FULL)
    if (folder / "images").is_dir() and (folder / "masks").is_dir():
        samples += read_maps(folder / "images", folder / "masks")
        taken |= {"images", "masks"}
    elif (folder / "images").is_dir():
        samples += read_faces(folder)
        taken |= {"images", "parsing"}
    if set(_named(folder, _PHOTOS)) & set(_named(folder, _MAPS)):
        samples += read_maps(folder, folder)
    if depth:
        inner = sorted(p for p in folder.iterdir() if p.is_dir() and p.name not in taken)
        samples += [sample for path in inner for sample in _below(path, depth - 1)]
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
        If a photo or mask of the index is missing, a split is unknown, or somebody stands in both.
    """
    with (folder / "index.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    missing = {"source", "id", "split", "group"} - set(rows[0] if rows else ())
    if missing:
        raise DataError(f"{folder / 'index.csv'} lacks the columns {sorted(missing)}")
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

    Raises
    ------
    DataError
        If there is a map without a photo.
    """
    meshes = _meshes(folder)
    photos = sorted(_named(folder / "images", _PHOTOS + _MAPS).values())
    maps = _named(folder / "parsing", _MAPS)
    _no_strangers(maps, {photo.stem for photo in photos})
    _no_strangers(dict.fromkeys(meshes, folder / _MESHES), {photo.stem for photo in photos})
    return [
        Sample(
            source=f"faces-{folder.name}",
            name=photo.stem,
            split="train",
            group=photo.stem.rsplit("_", 1)[0],
            photo=photo,
            parsing=maps.get(photo.stem),
            mesh=meshes.get(photo.stem),
        )
        for photo in photos
    ]


def read_maps(photos: Path, maps: Path) -> list[Sample]:
    """Read photos with label maps of the same base name.

    Maps of three levels (0 background, 128 face, 255 hair) and maps of 19 classes, in either of
    the two numberings that are in use, are told apart by what they hold. People are known by
    CelebA's ``identity_CelebA.txt`` above the photos; else a photo stands for one.

    Parameters
    ----------
    photos, maps : Path
        Folder of ``NAME.jpg`` and folder of ``NAME.png`` or ``NAME.bmp``; may be the same. With
        ``landmarks.npz`` beside them the faces have meshes.

    Returns
    -------
    list of Sample
        Sorted by name.

    Raises
    ------
    DataError
        If a photo has no map, or a map no photo.
    """
    pictures, labels = _named(photos, _PHOTOS), _named(maps, _MAPS)
    _no_strangers(labels, set(pictures))
    for name, photo in pictures.items():
        if name not in labels:
            raise DataError(f"{photo} has no label map {name}.png or .bmp in {maps}: add or remove")
    home = photos.resolve().parent if photos != maps else photos.resolve()
    kinds = [maps_.kind(path) for path in list(labels.values())[:_LOOKED_AT]]
    kind = Counter(kinds).most_common(1)[0][0] if kinds else "levels"
    people, meshes = _identities(home), _meshes(home)
    samples = []
    for name in sorted(pictures):
        person = people.get(pictures[name].name, f"photo-{name}")
        samples.append(
            Sample(
                source=home.name,
                name=name,
                split=_split(home, person),
                group=person,
                photo=pictures[name],
                levels=labels[name] if kind == "levels" else None,
                parsing=None if kind == "levels" else labels[name],
                parsing_by_hand=kind != "levels",
                parsing_official=kind == "official",
                mesh=meshes.get(name),
            )
        )
    return samples


def read_celebamask_parts(folder: Path) -> list[Sample]:
    """Read CelebAMask-HQ as it is handed out: photos, and one PNG per part.

    Parameters
    ----------
    folder : Path
        Holds ``CelebA-HQ-img/N.jpg`` and ``CelebAMask-HQ-mask-anno/K/NNNNN_part.png``; with
        ``CelebA-HQ-to-CelebA-mapping.txt`` and CelebA's ``identity_CelebA.txt`` beside them the
        splits go by person.

    Returns
    -------
    list of Sample
        In the order of the numbers; photos without any part are left out.

    Raises
    ------
    DataError
        If a part has no photo or is unknown.
    """
    parts: dict[int, list[Path]] = defaultdict(list)
    for path in sorted((folder / _FULL[0]).rglob("*.png")):
        maps_.part_class(path)
        parts[int(path.name.split("_")[0])].append(path)
    people, meshes = _people(folder), _meshes(folder)
    samples = []
    for number, masks in sorted(parts.items()):
        photo = folder / _FULL[1] / f"{number}.jpg"
        if not photo.is_file():
            raise DataError(f"{masks[0]} has no photo {photo}: add it or remove its parts")
        person = people.get(number, f"photo-{number}")
        samples.append(
            Sample(
                source="celebamask-hq",
                name=str(number),
                split=_split(folder.resolve(), person),
                group=person,
                photo=photo,
                parts=tuple(masks),
                mesh=meshes.get(str(number)),
            )
        )
    return samples


def _people(folder: Path) -> dict[int, str]:
    """Person of each CelebA-HQ number, where both of the tables are there."""
    mapping, identities = folder / "CelebA-HQ-to-CelebA-mapping.txt", _identities(folder)
    if not identities or not mapping.is_file():
        return {}
    rows = _table(mapping, 3)
    return {int(row[0]): identities[row[2]] for row in rows[1:] if row[2] in identities}


def _identities(folder: Path) -> dict[str, str]:
    """Person of each CelebA photo, by the table in a folder or above it."""
    for place in (folder, folder.parent):
        path = place / "identity_CelebA.txt"
        if path.is_file():
            return {row[0]: f"person-{row[1]}" for row in _table(path, 2)}
    return {}


def _table(path: Path, columns: int) -> list[list[str]]:
    rows = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
    short = [row for row in rows if len(row) < columns]
    if short:
        raise DataError(f"{path}: {' '.join(short[0])!r} has less than {columns} columns")
    return rows


def _split(home: Path, person: str) -> str:
    """Split by the name of the data set's folder, else by person."""
    for name in (home.name.lower(), home.parent.name.lower()):
        if name in _SPLIT_FOLDERS:
            return _SPLIT_FOLDERS[name]
    return split_of(person, VAL_SHARE)


def _named(folder: Path, endings: tuple[str, ...]) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {p.stem: p for p in sorted(folder.iterdir()) if p.suffix.lower() in endings}


def _no_strangers(maps: dict[str, Path], photos: set[str]) -> None:
    for name, path in maps.items():
        if name not in photos:
            raise DataError(f"{path} has no photo {name}.jpg: add it or remove the map")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"{path} is missing: the data set's index names it")
    return path


def _meshes(folder: Path) -> dict[str, F32]:
    path = folder / _MESHES
    if not path.is_file():
        return {}
    try:
        with np.load(path) as stored:
            names, points = stored["ids"].tolist(), stored["xy"].astype(np.float32) / 32
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise DataError(f"{path} can't be read ({error}): it must hold `ids` and `xy`") from error
    if points.shape != (len(names), 478, 2):
        raise DataError(f"{path} holds {points.shape} for {len(names)} ids: xy must be (n, 478, 2)")
    return dict(zip(names, points, strict=True))
