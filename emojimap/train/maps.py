"""What label maps hold: CelebAMask-HQ's classes in both of their numberings, three levels."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from emojimap.arrays import U8
from emojimap.errors import DataError

# fmt: off
PARTS = (
    "skin", "l_brow", "r_brow", "l_eye", "r_eye", "eye_g", "l_ear", "r_ear", "ear_r", "nose",
    "mouth", "u_lip", "l_lip", "neck", "neck_l", "cloth", "hair", "hat",
)
"""CelebAMask-HQ's parts in the order that face parsing networks number them, 1 to 18."""
_OFFICIAL = (
    "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear", "mouth",
    "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth",
)
"""The same parts in the order of the data set's own maps, 1 to 18."""
# fmt: on
FROM_OFFICIAL = np.array(
    [0, *(PARTS.index(name) + 1 for name in _OFFICIAL), *range(19, 256)], np.uint8
)
"""Table from the data set's own classes to those of `PARTS`."""
LEVELS = (0, 128, 255)
_PART = re.compile(r"(\d+)_(\w+)\.png")


def part_class(path: Path) -> int:
    """Class of a part's mask in CelebAMask-HQ's maps.

    Parameters
    ----------
    path : Path
        ``NNNNN_part.png``.

    Returns
    -------
    int
        1 to 18, see `PARTS`.

    Raises
    ------
    DataError
        If it is none.
    """
    match = _PART.fullmatch(path.name)
    if match is None or match[2] not in PARTS:
        raise DataError(f"{path} is no part of CelebAMask-HQ (NNNNN_part.png): remove it")
    return PARTS.index(match[2]) + 1


def kind(path: Path) -> str:
    """Tell what a map holds by where its values lie.

    Parameters
    ----------
    path : Path
        PNG or BMP.

    Returns
    -------
    {"levels", "official", "classes"}
        Three levels, the data set's own numbering of the classes, or that of `PARTS`.
    """
    grey = read_grey(path)
    if grey is None or set(np.unique(grey).tolist()) <= set(LEVELS):
        return "levels"
    rows = {value: np.nonzero((grey == value).any(axis=1))[0] for value in (1, 13, 17)}
    if not rows[1].size:
        return "classes"
    middle = rows[1].mean()
    # 13 and 17 are hair and neck in the data set's maps, lower lip and hair elsewhere.
    official = sum(rows[v].size > 0 and (rows[v][0] < middle) == (v == 13) for v in (13, 17))
    other = sum(rows[v].size > 0 and (rows[v][0] < middle) == (v == 17) for v in (13, 17))
    return "official" if official > other else "classes"


def read_grey(path: Path) -> U8 | None:
    """Read a single-channel label map; equal channels count as one.

    Parameters
    ----------
    path : Path
        PNG or BMP.

    Returns
    -------
    (H, W) ndarray of uint8 or None
        None if it can't be decoded, or is no single-channel 8-bit picture.
    """
    grey = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if grey is None or grey.dtype != np.uint8:
        return None
    if grey.ndim == 3:
        # Many BMP writers store grey as three equal channels.
        if not (grey[:, :, 0] == grey[:, :, 1]).all() or not (grey[:, :, 0] == grey[:, :, 2]).all():
            return None
        grey = np.ascontiguousarray(grey[:, :, 0])
    plain: U8 = grey
    return plain
