"""Unique hairstyles: pictures with the same hairdo, what is set aside and why, what a person wants.

The list is a small text file beside the pictures. A person's ``keep`` or ``drop`` in front of a
line survives every run; all else is written anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emojimap import files
from emojimap.arrays import U8, Bool
from emojimap.errors import CacheError
from emojimap.styles.cartoonset import consensus, layout
from emojimap.styles.cartoonset.record import SHAPE_SIDE, unpack

NAME = "hairstyles.txt"
SAME_IOU = 0.955
"""Masks with at least this IoU are one hairdo."""
Wish = Literal["keep", "drop"]

_REASONS = {
    "cut": "cut off by the border of the picture",
    "merged": "merged with the beard",
    "headwear": "hidden by headgear",
}
_HEADER = """\
# Hairstyles of this set. Write keep or drop in front of a line to overrule what stands behind it;
# emojimap fit heeds that at once, and emojimap precompute keeps it.
"""
_FLAWED_SHARE = 0.5


@dataclass(frozen=True)
class Hairstyle:
    """Pictures with one hairdo.

    Parameters
    ----------
    id : str
        ``hair12`` where the set has attributes, else the name of its first picture.
    rows : tuple of int
        Its pictures.
    reason : str
        Why it is set aside; empty if it is used.
    """

    id: str
    rows: tuple[int, ...]
    reason: str = ""


def unique(
    names: Sequence[str], flaws: Sequence[str | None], shapes: U8, attributes: NDArray[np.int16]
) -> list[Hairstyle]:
    """Group pictures by their hairdo: by attribute where there is one, by mask otherwise.

    Parameters
    ----------
    names : sequence of n str
        Of the pictures.
    flaws : sequence of n (str or None)
        Why a picture's hairdo can't serve as a template.
    shapes : (n, b) ndarray of uint8
        Hair masks; see `Record.shape`.
    attributes : (n, 5) ndarray of int16
        See `consensus.NAMES`.

    Returns
    -------
    list of Hairstyle
        In the order of their first pictures, each set aside if most of its pictures are flawed.
    """
    hair = attributes[:, consensus.NAMES.index("hair")]
    groups = {
        f"hair{hair[rows[0]]}": rows.tolist()
        for rows in consensus.same(attributes, "hair", fewest=1)
    }
    for rows in _by_mask(shapes, np.flatnonzero(hair == consensus.UNKNOWN).tolist()):
        id_ = names[rows[0]]
        groups[f"{id_}Alone" if id_ in groups else id_] = rows
    found = (Hairstyle(id_, tuple(rows), _reason(flaws, rows)) for id_, rows in groups.items())
    return sorted(found, key=lambda style: style.rows[0])


def _reason(flaws: Sequence[str | None], rows: Sequence[int]) -> str:
    counted = Counter(flaws[row] for row in rows)
    flawed = len(rows) - counted.pop(None, 0)
    if flawed <= _FLAWED_SHARE * len(rows):
        return ""
    return _REASONS[str(counted.most_common(1)[0][0])]


def _by_mask(shapes: U8, rows: Sequence[int]) -> list[list[int]]:
    """Rows with one hairdo: each joins the most similar first one before it, if similar enough."""
    seen = _comparable()
    masks = np.zeros((64, int(seen.sum())), np.bool_)  # of the first ones, grown as they come
    areas = np.zeros(64, np.float32)
    groups: list[list[int]] = []
    for row in rows:
        mask = unpack(shapes[row])[seen]
        area = float(mask.sum())
        # IoU is at most the ratio of the areas.
        alike = np.flatnonzero(
            np.minimum(areas[: len(groups)], area)
            >= SAME_IOU * np.maximum(areas[: len(groups)], area)
        )
        if alike.size:
            shared = masks[alike].astype(np.float32) @ mask.astype(np.float32)
            joined = areas[alike] + area - shared
            iou = np.where(joined > 0, shared / np.maximum(joined, 1), 1.0)
            if iou.max() >= SAME_IOU:
                groups[int(alike[iou.argmax()])].append(row)
                continue
        if len(groups) == len(masks):
            masks = np.concatenate([masks, np.zeros_like(masks)])
            areas = np.concatenate([areas, np.zeros_like(areas)])
        masks[len(groups)], areas[len(groups)] = mask, area
        groups.append([row])
    return groups


def _comparable() -> Bool:
    """Where neither jaw nor beard nor glasses hide hair."""
    seen = np.ones((SHAPE_SIDE, SHAPE_SIDE), np.bool_)
    unit = layout.SIDE // SHAPE_SIDE
    for window in (layout.BEARD, layout.EYE_BAND):
        rows, columns = (slice(s.start // unit, -(-s.stop // unit)) for s in window)
        seen[rows, columns] = False
    return seen


def wishes(folder: Path) -> dict[str, Wish]:
    """Read what a person wants kept or dropped.

    Parameters
    ----------
    folder : Path
        Of the list.

    Returns
    -------
    dict of str to {"keep", "drop"}
        By hairstyle; empty if there is no list yet.

    Raises
    ------
    CacheError
        If the file can't be read as text, or a line begins with another word.
    """
    path = folder / NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise CacheError(f"{path} can't be read as text ({error}): mend or remove it") from error
    found: dict[str, Wish] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if len(words) < 2 or line.startswith("#"):
            continue
        if words[0].lower() in ("keep", "drop"):
            found[words[1]] = "keep" if words[0].lower() == "keep" else "drop"
        elif not words[1].isdecimal():  # lines without a wish go on with a count
            raise CacheError(
                f"{path}, line {number}: {words[0]!r} is neither keep nor drop: mend the line"
            )
    return found


def settled(
    wanted: Mapping[str, Wish], styles: Sequence[Hairstyle], names: NDArray[np.str_]
) -> dict[str, Wish]:
    """Return wishes under the names that hairstyles have now.

    Parameters
    ----------
    wanted : mapping of str to {"keep", "drop"}
        From `wishes`: names of hairstyles, or of any of their pictures, as a hairstyle that was
        named after its first picture may have another first one by now.
    styles : sequence of Hairstyle
        All of them.
    names : (n,) ndarray of str
        Of the pictures, sorted.

    Returns
    -------
    dict of str to {"keep", "drop"}
        What is in no set stays as it is.
    """
    ids = {style.id for style in styles}
    holder = {row: style.id for style in styles for row in style.rows}
    found: dict[str, Wish] = {}
    for id_, wish in wanted.items():
        at = int(np.searchsorted(names, id_))
        pictured = at < len(names) and names[at] == id_
        found[holder[at] if id_ not in ids and pictured else id_] = wish
    return found


def used(styles: Iterable[Hairstyle], wanted: Mapping[str, Wish]) -> list[Hairstyle]:
    """Return the hairstyles that serve as templates."""
    return [s for s in styles if wanted.get(s.id, "drop" if s.reason else "keep") == "keep"]


def write(
    folder: Path, styles: Sequence[Hairstyle], names: Sequence[str], wanted: Mapping[str, Wish]
) -> None:
    """Write the list, with a person's wishes where they were.

    Parameters
    ----------
    folder : Path
        Where to.
    styles : sequence of Hairstyle
        All of them.
    names : sequence of str
        Of the pictures.
    wanted : mapping of str to {"keep", "drop"}
        From `wishes`.
    """
    width = max((len(style.id) for style in styles), default=0)
    lines = [
        f"{wanted.get(s.id, ''):4} {s.id:{width}} {len(s.rows):6} x, as {names[s.rows[0]]}: "
        + (f"set aside, {s.reason}" if s.reason else "used")
        for s in styles
    ]
    ids = {style.id for style in styles}
    gone = [f"{wish:4} {id_}  (not in this set)" for id_, wish in wanted.items() if id_ not in ids]
    files.write(folder / NAME, _HEADER + "\n".join([*lines, *gone]) + "\n")
