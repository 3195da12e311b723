"""What part embedders learn from: segments of photos, and parts of avatars drawn alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emojimap import files, segments, styles
from emojimap.analysis import analyse
from emojimap.arrays import U8
from emojimap.avatar import Avatar
from emojimap.errors import DataError, EmojimapError
from emojimap.segments import FEATURES, KINDS, WHOLE, WHOLE_SIZE
from emojimap.styles.dicebear import DicebearStyle
from emojimap.train.samples import Sample
from emojimap.workers import workers

CHUNK = 100
"""Photos in one file of the run; a run that was interrupted goes on with the next file."""

_LEAST = 50
_FOLDER = "photos"
_WHOLES = 150  # whole avatars of each style, drawn at random
_HAIRS = ("#2c1b18", "#4a312c", "#724133", "#a55728", "#b58143", "#d6b370", "#c8c4be")
_SKINS = ("#fbd9c0", "#edb98a", "#d08b5b", "#ae5d29", "#7a4a2b", "#4f3020")


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pictures of one kind.

    Parameters
    ----------
    photos : (n, S, S, 4) ndarray of uint8
        RGBA segments of photos.
    people : tuple of str
        Who is on each of them.
    parts : (m, S, S, 4) ndarray of uint8
        Parts of avatars.
    style : (m,) ndarray of int64
        Number of the style of each.
    """

    photos: U8
    people: tuple[str, ...]
    parts: U8
    style: Any


def people_first(samples: Sequence[Sample]) -> list[Sample]:
    """Put people of whom there are several photos first: they say what tells people apart.

    Parameters
    ----------
    samples : sequence of Sample
        Any.

    Returns
    -------
    list of Sample
        The same, otherwise in order; photos of hair alone, where types stand for people, last.
    """
    count = Counter(who(sample) for sample in samples)
    return sorted(samples, key=lambda one: (not one.source.endswith("lfw"), count[who(one)] < 2))


def who(sample: Sample) -> str:
    """Return the person on a photo, or the photo's own name where nobody knows."""
    return sample.group if sample.source.endswith("lfw") else f"{sample.source}/{sample.name}"


def gather(
    samples: Sequence[Sample],
    out: Path,
    *,
    jobs: int = 1,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Cut the faces of photos into segments and keep them in a folder.

    Parameters
    ----------
    samples : sequence of Sample
        Of the training split.
    out : Path
        The run's folder; what it holds already is not done again.
    jobs : int
        Processes.
    progress : callable, optional
        Told how many photos are done.

    Returns
    -------
    int
        Photos with a face.

    Raises
    ------
    DataError
        If fewer than 50 photos show a face, or the folder holds segments of other photos.
    """
    folder = out / _FOLDER
    files.make_folder(folder)
    names = [f"{one.source}/{one.name}" for one in samples]
    _check_same(folder / "names.txt", names)
    starts = [at for at in range(0, len(samples), CHUNK) if not _file(folder, at).is_file()]
    done = len(samples) - sum(len(samples[at : at + CHUNK]) for at in starts)
    with workers(jobs, __name__) as pool:
        waiting = [
            pool.submit(_chunk, samples[at : at + CHUNK], _file(folder, at)) for at in starts
        ]
        for one in waiting:
            done += one.result()
            if progress is not None:
                progress(done)
    found = sum(len(np.load(path)["people"]) for path in _files(folder))
    if found < _LEAST:
        raise DataError(f"{found} of {len(samples)} photos show a face: give {_LEAST} or more")
    return found


def read(out: Path, kind: str, names: Sequence[str]) -> Pieces:
    """Read the photos' segments of one kind, and draw the parts of styles.

    Parameters
    ----------
    out : Path
        The run's folder, after `gather`.
    kind : str
        One of `emojimap.segments.KINDS`, or ``whole``.
    names : sequence of str
        Styles.

    Returns
    -------
    Pieces
        Of that kind.
    """
    photos, people = [], []
    for path in _files(out / _FOLDER):
        with np.load(path) as chunk:
            photos.append(chunk[kind])
            people += chunk["people"].tolist()
    parts, numbers = [], []
    for i, name in enumerate(names):
        style = styles.load(name)
        drawn = wholes(style, _WHOLES, np.random.default_rng(i)) if kind == WHOLE else (
            style.part_pictures(kind).pictures  # type: ignore[attr-defined]
        )  # fmt: skip
        parts.append(drawn)
        numbers += [i] * len(drawn)
    both = np.concatenate(photos), np.concatenate(parts)
    if kind == WHOLE:
        both = segments.grounded(both[0]), segments.grounded(both[1])
    return Pieces(both[0], tuple(people), both[1], np.array(numbers, np.int64))


def wholes(style: Any, count: int, rng: np.random.Generator) -> U8:
    """Draw avatars at random, aligned.

    Parameters
    ----------
    style : DicebearStyle
        Whose; only parts that a face may get are worn.
    count : int
        How many.
    rng : numpy.random.Generator
        What they are.

    Returns
    -------
    (count, 112, 112, 4) ndarray of uint8
        RGBA.
    """
    rows = {kind: style.part_pictures(kind) for kind in KINDS if kind != "face"}
    drawn = []
    for _ in range(count):
        parts: dict[str, str | None] = {}
        for found in rows.values():
            usable = [p for p, good in zip(found.parts, found.usable, strict=True) if good]
            if usable:
                parts |= usable[rng.integers(len(usable))]
        hair, skin = _HAIRS[rng.integers(len(_HAIRS))], _SKINS[rng.integers(len(_SKINS))]
        roles = {"skin": skin, "hair": hair, "facial_hair": hair, "brows": hair}
        colours = {style.colour_names[r]: v for r, v in roles.items() if r in style.colour_names}
        picture = style.pixels(Avatar(style.name, parts, colours), 2 * WHOLE_SIZE)
        drawn.append(style.aligned(picture))
    return np.stack(drawn)


def vector_styles() -> list[str]:
    """Return the names of the built-in styles whose parts can be drawn alone."""
    return [name for name in styles.names() if isinstance(styles.load(name), DicebearStyle)]


def ground(kind: str) -> tuple[int, int, int, int]:
    """Colour and alpha of what lies around a picture of a kind."""
    if kind in FEATURES:
        return (*segments.PAINT["skin"], 255)
    return (*segments.GROUND, 0)


def _chunk(samples: Sequence[Sample], target: Path) -> int:
    rows: list[dict[str, U8]] = []
    people: list[str] = []
    for sample in samples:
        try:
            seen = analyse(sample.photo)
        except EmojimapError:
            continue  # no face in it, as in many photos of hair
        head = seen.head
        rows.append(segments.cut(head.photo, head.points, head.masks))
        rows[-1][WHOLE] = segments.whole(seen.photo, seen.landmarks)
        people.append(who(sample))
    sides = {**dict.fromkeys(KINDS, segments.SIZE), WHOLE: WHOLE_SIZE}
    columns = {
        kind: np.stack([row[kind] for row in rows])
        if rows
        else np.zeros((0, side, side, 4), np.uint8)
        for kind, side in sides.items()
    }
    with files.whole(target) as draft, draft.open("wb") as stream:
        np.savez_compressed(stream, people=np.array(people, str), **columns)  # type: ignore[arg-type]
    return len(samples)


def _file(folder: Path, at: int) -> Path:
    return folder / f"{at:06d}.npz"


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.npz"))


def _check_same(path: Path, names: Sequence[str]) -> None:
    text = "\n".join(names)
    if not path.is_file():
        files.write(path, text)
    elif path.read_text("utf-8") != text:
        raise DataError(f"{path.parent} holds segments of other photos: name another folder")
