"""Looking pictures up: by name, by what they show, by the template that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

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
        rows: I64 = np.sort(np.concatenate([style.rows for style in used]).astype(np.int64))
        # Pictures whose hair can't be trusted serve where their hairstyle has no others.
        sound = ~table.flawed[rows]
        only = ~np.isin(table.hairstyle[rows], table.hairstyle[rows[sound]])
        self.rows: I64 = rows[sound | only]
        self._bearded = choice.bearded(table)

    @cached_property
    def classes(self) -> Classes:
        """Pictures with one mask; in very large sets with one hairdo, chin, glasses and beard."""
        table, rows = self.table, self.rows
        chin = np.rint(np.nan_to_num(table.chin[rows], nan=-1.0)).astype(np.int64)
        hair, worn = table.hairstyle[rows], (table.glasses[rows], self._bearded[rows])
        for shared in ((table.mask[rows],), (chin, *worn), worn, ()):
            keys = np.stack([hair, *shared], axis=1)
            _, first, number = np.unique(keys, axis=0, return_index=True, return_inverse=True)
            if len(first) <= MOST_MASKS:
                break
        order = np.argsort(first)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        number = rank[number.ravel()]
        members = np.argsort(number, kind="stable")
        starts = np.searchsorted(number[members], np.arange(len(order))).astype(np.int64)
        most = min(len(starts), MOST_MASKS)
        stop = starts[most] if most < len(starts) else len(members)
        return Classes(rows[members[:stop]], starts[:most], rows[first[order]][:most])

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
        found = {part: str(kinds[row]) for part, kinds in self._kinds.items()}
        return {
            "picture": str(self.table.names[row]),
            **{part: None if kind == "none" else kind for part, kind in found.items()},
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
        if wanted and "picture" not in by_hand:
            # Glasses and beards are put on and taken off: hair stays unless it was asked for.
            return self._nearest({"hair": shown["hair"], **wanted}, row)
        if "picture" in by_hand and not wanted:
            return row
        part, variant = next(iter(differ.items()))
        raise StyleError(
            f"picture {shown['picture']} has {part} {shown[part] or 'none'}, not "
            f"{variant or 'none'}: give the picture or its parts, not both"
        )

    def _nearest(self, wanted: Mapping[str, str | None], start: int) -> int:
        """Row of the picture with some parts that is most like another one."""
        table, rows = self.table, self.rows
        fits = np.ones(len(rows), np.bool_)
        for part, variant in wanted.items():
            fits &= self._kinds[part][rows] == _word(variant)
        if not fits.any():
            raise StyleError(self._lacking(wanted))
        rows = rows[fits]
        unlike = np.abs(table.beard[rows] - table.beard[start]).sum(axis=1, dtype=np.float64)
        for part in DERIVED:
            unlike += 2.0 * (self._kinds[part][rows] != self._kinds[part][start])
        for values in (table.brows, table.chin[:, None], table.jaw[:, None]):
            apart = np.nan_to_num(np.abs(values[rows] - values[start]), nan=_HIDDEN_PX)
            unlike += apart.sum(axis=1) / _FAR_PX
        return int(rows[unlike.argmin()])

    def _lacking(self, wanted: Mapping[str, str | None]) -> str:
        """Tell that no picture has some parts, and what would have them."""
        rest = {part: variant for part, variant in wanted.items() if part != "hair"}
        fits = np.ones(len(self.rows), np.bool_)
        for part, variant in rest.items():
            fits &= self._kinds[part][self.rows] == _word(variant)
        hairs = sorted(set(self._kinds["hair"][self.rows][fits].tolist()))
        asked, alone = (
            ", ".join(f"{part}={_word(variant)}" for part, variant in parts.items())
            for parts in (wanted, rest)
        )
        remedy = "precompute a larger set"
        if "hair" in wanted and rest and hairs:
            remedy = f"{alone} comes with hair={' or '.join(hairs[:3])}"
        return f"none of the {len(self.rows)} pictures has {asked}: {remedy}"

    @cached_property
    def _kinds(self) -> dict[str, NDArray[np.str_]]:
        """Variants of the derived parts of all pictures."""
        table = self.table
        moustache, chin, cheeks = table.beard.T
        beards = np.where(cheeks >= _HAS_CHEEKS, "beard", "chinBeard")
        shaved = np.where(chin < _HAS_CHIN, "moustache", "beard")
        beards = np.where(moustache < _HAS_MOUSTACHE, beards, shaved)
        return {
            "hair": np.array([style.id for style in table.hairstyles])[table.hairstyle],
            "facialHair": np.where(self._bearded, beards, "none"),
            "glasses": np.array(GLASSES)[table.glasses],
        }


def _word(variant: str | None) -> str:
    return variant or "none"
