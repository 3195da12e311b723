"""Scores of the roads as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emojimap.evaluate.report import rows_table


def table(results: Mapping[str, Any]) -> str:
    """Lay out the scores.

    Parameters
    ----------
    results : mapping
        As `emojimap evaluate roads --json` prints it.

    Returns
    -------
    str
        Blocks of lines.
    """
    head = (
        f"{results['style']}, split {results['split']}, {results['photos']} photos, "
        f"{results['people']} people, {results['same_pairs']} pairs of one person, "
        f"{results['frames']} still frames"
    )
    roads, embedders = results["roads"], results["embedders"]
    rows = {
        "AUC of avatars": {n: one["auc"] for n, one in roads.items()},
        "equal parts, same person": {n: one["equal_parts"]["same"] for n, one in roads.items()},
        "equal parts, chance": {n: one["equal_parts"]["chance"] for n, one in roads.items()},
        "hair as the overlap's": {n: one.get("hair_as_overlap") for n, one in roads.items()},
        "still frames, all parts the same": {n: o.get("still_parts") for n, o in roads.items()},
        "still frames, hair the same": {n: one.get("still_hair") for n, one in roads.items()},
        "ms after the analysis": {n: one["ms"] for n, one in roads.items()},
    }
    blocks = [rows_table(head, rows, list(roads))]
    if embedders:
        blocks.append(_codes(embedders, results.get("own_parts", {})))
    parts = {p: None for one in roads.values() for p in one["by_part"]}
    both = {
        f"{part}: {what}": {n: o["by_part"].get(part, {}).get(what) for n, o in roads.items()}
        for part in parts
        for what in ("same", "chance")
    }
    blocks.append(rows_table("equal parts", both, list(roads)))
    return "\n".join(blocks)


def _codes(embedders: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    rows = {
        "AUC of codes": {n: one["auc"] for n, one in embedders.items()},
        "unrest: spread still / over people": {n: o.get("unrest") for n, o in embedders.items()},
    }
    kinds = next(iter(embedders.values()))["auc_by_kind"]
    for kind in kinds:
        rows[f"{kind}: AUC"] = {n: o["auc_by_kind"][kind] for n, o in embedders.items()}
        rows[f"{kind}: unrest"] = {
            n: o.get("unrest_by_kind", {}).get(kind) for n, o in embedders.items()
        }
    for kind in dict.fromkeys(k for one in own.values() for k in one):
        rows[f"{kind}: own part given back"] = {n: own.get(n, {}).get(kind) for n in embedders}
    return rows_table("codes", rows, list(embedders))
