"""One training photo and the labels that exist for it, and who belongs to which split.

A sample may lack any label; what is missing is ignored in the loss, never guessed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emojimap.arrays import F32

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
        Hand-made hair mask of the photo's size, 255 where hair is, else 0.
    beard_is_hair : bool
        Whether that mask marks beards and moustaches too.
    levels : Path or None
        Map of the photo's size in three levels: 0 background, 128 face, 255 hair.
    parsing : Path or None
        Map of CelebAMask-HQ's 19 classes; 255 = not looked at. It is scaled to the photo.
    parsing_by_hand : bool
        Whether a person has drawn that map; else a network has.
    parsing_official : bool
        Whether it is numbered as CelebAMask-HQ's own maps are, else as `readers.PARTS`.
    parts : tuple of Path
        Masks of CelebAMask-HQ's parts, ``NNNNN_part.png``, instead of a map.
    mesh : (478, 2) ndarray of float32 or None
        Face mesh in photo pixels, x then y.
    guess : Path or None
        Probability of hair by a trained network, of the photo's size, 255 for sure.
    """

    source: str
    name: str
    split: str
    group: str
    photo: Path
    hair: Path | None = None
    beard_is_hair: bool = False
    levels: Path | None = None
    parsing: Path | None = None
    parsing_by_hand: bool = False
    parsing_official: bool = False
    parts: tuple[Path, ...] = ()
    mesh: F32 | None = None
    guess: Path | None = None

    @property
    def points(self) -> F32 | None:
        """(70, 2) landmarks in photo pixels, or None."""
        return None if self.mesh is None else self.mesh[list(MESH_TO_POINTS)]

    @property
    def hand_made(self) -> bool:
        """Whether a person has drawn the hair."""
        drawn = (self.hair, self.levels, self.parsing if self.parsing_by_hand else None)
        return bool(self.parts) or any(path is not None for path in drawn)


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


def split_of(group: str, share: float) -> str:
    """Split of a person by hash: all of their photos fall into the same one, on every machine.

    Parameters
    ----------
    group : str
        Person, or the photo where the person is not known.
    share : float
        Share of the people that are kept aside.

    Returns
    -------
    str
        ``"train"`` or ``"val"``.
    """
    number = int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big")
    return "val" if number < share * 2**64 else "train"
