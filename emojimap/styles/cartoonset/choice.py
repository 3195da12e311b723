"""Which pictures agree with a face beside their hair: beard, glasses, brows, jaw."""

from __future__ import annotations

import numpy as np

from emojimap.arrays import F32, F64, Bool
from emojimap.styles.base import PartPenalties
from emojimap.styles.cartoonset.table import GLASSES, Table
from emojimap.traits import COVER_WEIGHTS, Traits, has_beard

_COVER_WEIGHTS = np.array(COVER_WEIGHTS)
_SLANTED_PX = 10.0
_FAR = 3.0
_SOLID = 0.9


def penalties(table: Table, traits: Traits, settings: PartPenalties) -> F64:
    """Return what is taken off each picture's score because it disagrees with a face.

    Parameters
    ----------
    table : Table
        n pictures.
    traits : Traits
        What was seen in the face.
    settings : PartPenalties
        How much each disagreement costs.

    Returns
    -------
    (n,) ndarray of float64
        0 or more.
    """
    total: F64 = (
        _glasses(table, traits, settings)
        + _beard(table, traits, settings)
        + _brows(table, traits, settings)
        + settings.jaw * _apart(traits.standard("chin_length"), table.chin)
        + settings.jaw * _apart(traits.standard("jaw_width"), table.jaw)
        + settings.odd_outline * np.clip(_SOLID - table.solidity, 0, 1)
    )
    return total


def bearded(table: Table) -> Bool:
    """Which pictures have facial hair, (n,) bool."""
    found: Bool = table.beard.max(axis=1) > 0.02
    return found


def _glasses(table: Table, traits: Traits, settings: PartPenalties) -> F64:
    costs = [settings.glasses(traits.glasses, kind) for kind in GLASSES]
    return np.array(costs)[table.glasses]


def _beard(table: Table, traits: Traits, settings: PartPenalties) -> F64:
    there = bearded(table)
    if not has_beard(traits):
        return np.where(there, settings.beard_added, 0.0)
    seen = np.array(traits.cover)
    apart = np.sqrt((((table.beard - seen) * _COVER_WEIGHTS) ** 2).sum(axis=1))
    kind = apart / np.linalg.norm(_COVER_WEIGHTS)
    return np.where(there, settings.beard_kind * kind, settings.beard_missing)


def _brows(table: Table, traits: Traits, settings: PartPenalties) -> F64:
    """Brows at another height, and those that make the face look angry."""
    height, _, slant = (np.nan_to_num(table.brows[:, k], nan=0.0) for k in range(3))
    unseen = np.isnan(table.brows[:, 0])
    cost = settings.brows * _apart(traits.standard("brow_height"), np.where(unseen, np.nan, height))
    angry = np.clip(slant / _SLANTED_PX, 0, 2) * (table.glasses == 0)
    total: F64 = cost + settings.angry_brows * angry
    return total


def _apart(seen: float, drawn: F32) -> F64:
    """Difference of a photo's standard score and that of each picture's measure."""
    known = ~np.isnan(drawn)
    if not known.any() or not np.isfinite(seen):
        return np.zeros(len(drawn))
    middle, spread = float(drawn[known].mean()), float(drawn[known].std())
    if spread < 1e-3:
        return np.zeros(len(drawn))
    wanted = np.clip(seen, -2, 2)
    score = np.where(known, (np.where(known, drawn, middle) - middle) / spread, 0.0)
    apart: F64 = np.clip(np.abs(score - wanted), 0, _FAR)
    return apart
