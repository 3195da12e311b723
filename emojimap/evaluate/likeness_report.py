"""Scores of likeness as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emojimap.evaluate.report import rows_table

_TERMS = 8


def table(results: Mapping[str, Any]) -> str:
    """Lay out the scores.

    Parameters
    ----------
    results : mapping
        As `emojimap evaluate likeness --json` prints it.

    Returns
    -------
    str
        Blocks of lines.
    """
    found = results["styles"]
    head = (
        f"split {results['split']}, {results['photos']} photos, {results['people']} people, "
        f"{results['same_pairs']} pairs of one person"
    )
    first = {
        "AUC, same against different": {name: one["auc"] for name, one in found.items()},
        "  95% from": {name: one["auc_95"][0] for name, one in found.items()},
        "  95% to": {name: one["auc_95"][1] for name, one in found.items()},
        "equal error rate": {name: one["equal_error_rate"] for name, one in found.items()},
        "distance, same person": {n: one["distance"]["same"] for n, one in found.items()},
        "distance, different people": {n: one["distance"]["different"] for n, one in found.items()},
    }
    if all("steadiness" in one for one in found.values()):
        steady = {name: one["steadiness"] for name, one in found.items()}
        first["perturbed: hair unchanged"] = {n: one["hair"] for n, one in steady.items()}
        first["perturbed: colours within 5"] = {n: one["colours"] for n, one in steady.items()}
        for kind in next(iter(steady.values()))["hair_by_kind"]:
            first[f"  hair, {kind}"] = {n: one["hair_by_kind"][kind] for n, one in steady.items()}
    blocks = [rows_table(head, first, list(found))]
    for name, one in found.items():
        blocks.append(_parts(name, one))
    things = {
        label: {name: row[key] for name, row in results["things"].items()}
        for key, label in (
            ("with", "photos with"),
            ("without", "photos without"),
            ("right", "right"),
            ("found", "found where it is"),
            ("false", "false where it is not"),
        )
    }
    blocks.append(rows_table("by the labels there are", things, list(results["things"])))
    return "\n".join(blocks)


def weights_table(weights: Mapping[str, Mapping[str, float]]) -> str:
    """Lay out weights as the table of a pack; nothing for none."""
    blocks = []
    for name, one in weights.items():
        ranked = sorted(one.items(), key=lambda pair: -pair[1])
        blocks.append(f"\n[distance]  # {name}\n" + "".join(f"{k} = {v}\n" for k, v in ranked))
    return "".join(blocks)


def _parts(name: str, one: Mapping[str, Any]) -> str:
    best = list(one["says_most"].items())[:_TERMS]
    says = ", ".join(f"{term.replace('_', ' ')} {value:.2f}" for term, value in best)
    rows: dict[str, dict[str, Any]] = {}
    steady = one.get("steadiness", {})
    for part, row in one["agreement"].items():
        rows[part] = {"same": row["same"], "chance": row["different"]}
        if steady:
            rows[part]["unchanged"] = steady["parts"][part]
    for colour, share in steady.get("each_colour", {}).items():
        rows[f"colour {colour}"] = {"unchanged": share}
    columns = ["same", "chance", *(["unchanged"] if steady else [])]
    return rows_table(f"{name}: AUC of single differences: {says}", rows, columns)
