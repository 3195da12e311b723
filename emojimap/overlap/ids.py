"""Names of templates, decoded when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from emojimap._overlap_bits import U32
from emojimap.arrays import U8


class Ids:
    """Names in UTF-8, one after the other.

    Parameters
    ----------
    ends : (n,) ndarray of uint32
        Where each name ends in `text`.
    text : (bytes,) ndarray of uint8
        May be read-only.
    """

    def __init__(self, ends: U32, text: U8) -> None:
        self.ends = ends
        self.text = text

    @classmethod
    def of(cls, names: Sequence[str]) -> Ids:
        """Encode names.

        Parameters
        ----------
        names : sequence of str
            Without surrogates.

        Returns
        -------
        Ids
            They come back in the same order.
        """
        encoded = [name.encode() for name in names]
        ends = np.cumsum([len(name) for name in encoded], dtype=np.uint32)
        return cls(ends, np.frombuffer(b"".join(encoded), dtype=np.uint8))

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, row: int) -> str:
        start = int(self.ends[row - 1]) if row else 0
        return self.text[start : int(self.ends[row])].tobytes().decode()

    @property
    def nbytes(self) -> int:
        """Bytes of names and table."""
        return self.ends.nbytes + self.text.nbytes

    @property
    def are_sound(self) -> bool:
        """Whether the text is UTF-8 and no name ends within a character."""
        try:
            self.text.tobytes().decode()
        except UnicodeDecodeError:
            return False
        starts = np.concatenate([[0], self.ends[:-1]])
        starts = starts[starts < len(self.text)]
        return not bool(((self.text[starts] & 0xC0) == 0x80).any())

    @cached_property
    def all(self) -> tuple[str, ...]:
        """Every name."""
        text, starts = self.text.tobytes(), [0, *self.ends.tolist()]
        return tuple(text[start:end].decode() for start, end in pairwise(starts))

    @cached_property
    def rows(self) -> dict[str, int]:
        """Row of each name."""
        return {name: row for row, name in enumerate(self.all)}
