"""Looking pictures up: by name, by what they show, by the template that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from emojimap.arrays import I64
from emojimap.avatar import BY_HAND, Avatar
from emojimap.errors import StyleError
from emojimap.styles.base import PartPenalties
from emojimap.styles.cartoonset import choice
from emojimap.styles.cartoonset.hairstyles import Hairstyle
from emojimap.styles.cartoonset.table import GLASSES, Table
from emojimap.styles.known import check_name
from emojimap.traits import Traits

BEARDS = ("moustache", "chinBeard", "beard")
DERIVED = ("hair", "facialHair", "glasses")
"""Parts that follow from the picture."""
MOST_MASKS = 10_000
"""More different masks are too many for a small machine's memory, and say nothing new."""

_HAS_MOUSTACHE, _HAS_CHIN, _HAS_CHEEKS = 0.3, 0.1, 0.4
_HIDDEN_PX, _FAR_PX = 5.0, 40.0


@dataclass(frozen=True, eq=False)
class Classes:
    """Pictures that share a template.

    Parameters
    ----------
    rows : (n,) ndarray of int64
        Rows of all pictures, those of a class together.
    starts : (m,) ndarray of int64
        Where each of m classes starts in `rows`.
    first : (m,) ndarray of int64
        Row of the first picture of each; rising.
    """

    rows: I64
    starts: I64
    first: I64

    def members(self, number: int) -> I64:
        """Return the rows of one class."""
        stop = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.rows)
        return self.rows[self.starts[number] : stop]


class Pictures:
    """Pictures of a set whose hairstyles are used.

    Parameters
    ----------
    table : Table
        All pictures.
    used : sequence of Hairstyle
        Those that serve as templates, at least one.
    """

    def __init__(self, table: Table, used: Sequence[Hairstyle]) -> None:
        self.table = table
        self.rows: I64 = np.sort(np.concatenate([style.rows for style in used]).astype(np.int64))
        self._bearded = choice.bearded(table)

    @cached_property
    def classes(self) -> Classes:
        """Pictures with one mask; in very large sets with one hairdo, chin, glasses and beard."""
        rows, table = self.rows, self.table
        keys = np.stack([table.hairstyle[rows], table.mask[rows]], 1)
        if len(np.unique(table.mask[rows])) > MOST_MASKS:
            chin = np.rint(np.nan_to_num(table.chin[rows], nan=-1.0)).astype(np.int64)
            hidden = (chin, table.glasses[rows], self._bearded[rows])
            keys = np.stack([table.hairstyle[rows], *hidden], 1)
        _, first, number = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        number = rank[number.ravel()]
        members = np.argsort(number, kind="stable")
        starts = np.searchsorted(number[members], np.arange(len(order))).astype(np.int64)
        return Classes(rows[members], starts, rows[first[order]])

    @cached_property
    def plainest(self) -> int:
        """Row of the picture that fits a face of which nothing is known."""
        strict = PartPenalties(beard_added=1.0, glasses_added=1.0, dark_added=1.0)
        costs = choice.penalties(self.table, Traits(), strict) + self.table.bald
        return int(self.rows[costs[self.rows].argmin()])

    def row(self, name: str | None) -> int:
        """Return the row of a picture, or raise StyleError."""
        found = None if name is None else self.table.row(name)
        if found is None:
            check_name(name, self.table.names.tolist(), "cartoonset picture")
        return int(found or 0)

    def shown(self, row: int) -> dict[str, str | None]:
        """Return the parts that a picture shows."""
        table = self.table
        glasses = GLASSES[table.glasses[row]]
        return {
            "picture": str(table.names[row]),
            "hair": table.hairstyles[table.hairstyle[row]].id,
            "facialHair": self._beard(row),
            "glasses": None if glasses == "none" else glasses,
        }

    def resolve(self, avatar: Avatar) -> int:
        """Return the row of the picture that an avatar means.

        Parameters
        ----------
        avatar : Avatar
            Of known parts and variants.

        Returns
        -------
        int
            The row.

        Raises
        ------
        StyleError
            If no picture has the parts, or they differ from its picture's and nothing says which
            of them was meant.
        """
        asked = {part: avatar.parts[part] for part in DERIVED if part in avatar.parts}
        if "picture" not in avatar.parts:
            return self._nearest(asked, self.plainest)
        row = self.row(avatar.parts["picture"])
        shown = self.shown(row)
        differ = {part: variant for part, variant in asked.items() if variant != shown[part]}
        if not differ:
            return row
        by_hand = {part for part, why in avatar.choices.items() if why.why == BY_HAND}
        wanted = {part: variant for part, variant in differ.items() if part in by_hand}
        if wanted:
            # Glasses and beards are put on and taken off: hair stays unless it was asked for.
            return self._nearest({"hair": shown["hair"], **wanted}, row)
        if "picture" in by_hand:
            return row
        part, variant = next(iter(differ.items()))
        raise StyleError(
            f"picture {shown['picture']} has {part} {shown[part] or 'none'}, not "
            f"{variant or 'none'}: give the picture or its parts, not both"
        )

    def _nearest(self, wanted: Mapping[str, str | None], start: int) -> int:
        """Row of the picture with some parts that is most like another one."""
        shown = {row: self.shown(row) for row in self.rows.tolist()}
        fits = [row for row, parts in shown.items() if wanted.items() <= parts.items()]
        if not fits:
            asked = ", ".join(f"{part}={variant or 'none'}" for part, variant in wanted.items())
            raise StyleError(
                f"none of the {len(self.rows)} pictures has {asked}: ask for less, or precompute "
                "a larger set"
            )
        return int(min(fits, key=lambda row: (self._unlike(row, start), row)))

    def _unlike(self, a: int, b: int) -> float:
        table, mine, its = self.table, self.shown(a), self.shown(b)
        parts = sum(mine[part] != its[part] for part in DERIVED)
        beard = float(np.abs(table.beard[a] - table.beard[b]).sum())
        apart = (np.abs(values[a] - values[b]) for values in (table.brows, table.chin, table.jaw))
        pixels = sum(float(np.nan_to_num(one, nan=_HIDDEN_PX).sum()) for one in apart)
        return 2 * parts + beard + pixels / _FAR_PX

    def _beard(self, row: int) -> str | None:
        if not self._bearded[row]:
            return None
        moustache, chin, cheeks = self.table.beard[row]
        if moustache < _HAS_MOUSTACHE:
            return "beard" if cheeks >= _HAS_CHEEKS else "chinBeard"
        return "moustache" if chin < _HAS_CHIN else "beard"
