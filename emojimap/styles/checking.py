"""What a person should look at in a pack that can be loaded."""

from __future__ import annotations

import numpy as np

from emojimap.arrays import F32
from emojimap.canonical import FACE_PX, SIZE
from emojimap.styles import sketch
from emojimap.styles.base import BALD, GROUPS, Group, Role
from emojimap.styles.dicebear import DicebearStyle
from emojimap.traits import Traits

_THIN = 0.03  # of the squared face size
_MISPLACED = 0.03  # of the canvas
_ALIKE = 0.98
_WANTED: dict[Role, str] = {
    "facial_hair": "beards and moustaches can't be shown",
    "glasses": "glasses can't be shown",
    "headwear": "hats can't be shown",
    "mouth": "nobody smiles",
}


def findings(style: DicebearStyle) -> list[str]:
    """Look for what is probably wrong in a pack.

    Parameters
    ----------
    style : DicebearStyle
        Loaded, so its tables and its definition are valid.

    Returns
    -------
    list of str
        One line each; empty if there is nothing to say.
    """
    return [*_roles(style), *_places(style), *_templates(style), *_moods(style)]


def _roles(style: DicebearStyle) -> list[str]:
    found = []
    for role, why in _WANTED.items():
        if role not in style.part_names:
            found.append(f"roles.{role} is missing: {why}")
        elif role not in style.pack.traits and role != "headwear":
            found.append(f"traits.{role} is missing: {why}")
    found += [
        f"colours.{role} is missing: every avatar has the same"
        for role in ("skin", "hair")
        if role not in style.colour_names
    ]
    return found


def _places(style: DicebearStyle) -> list[str]:
    """Compare the anchors with what the drawing shows."""
    seen = sketch.look(style.original)
    found = []
    for key in ("eyes", "outline", "chin"):
        if any(key.rstrip("s") in guess for guess in seen.guessed):
            continue
        written = np.array(style.pack.anchors[key], float).reshape(-1, 2)
        drawn = np.array(seen.anchors[key], float).reshape(-1, 2)
        if len(written) == len(drawn) and np.abs(written - drawn).max() > _MISPLACED:
            found.append(
                f"anchors.{key} is {style.pack.anchors[key]}, the drawing looks like "
                f"{seen.anchors[key]}: look at the sheet"
            )
    return found


def _templates(style: DicebearStyle) -> list[str]:
    found = []
    face = (FACE_PX * SIZE / 96) ** 2
    for group in GROUPS[:2]:
        ids, masks = style.template_masks(group)
        if group == "hair" and BALD not in ids:
            found.append("no template is bald: set templates.bald, or let hair be optional")
        thin = [
            name
            for name, mask in zip(ids, masks, strict=True)
            if mask.sum() < _THIN * face and name != BALD
        ]
        if thin:
            found.append(
                f"{group} that hardly shows: {', '.join(thin[:6])}: leave it out, or check that "
                f"its layers have the colour of {group}"
            )
        found += _twins(style, group, ids, masks)
    return found


def _twins(style: DicebearStyle, group: Group, ids: tuple[str, ...], masks: F32) -> list[str]:
    """Templates of few pieces that neither their masks nor their priors tell apart."""
    if not 1 < len(ids) <= 64:
        return []
    flat = masks.reshape(len(ids), -1)
    both = np.array([np.minimum(one, flat).sum(axis=1) for one in flat])
    every = np.array([np.maximum(one, flat).sum(axis=1) for one in flat])
    first, second = np.nonzero(np.triu(both > _ALIKE * np.maximum(every, 1e-6), 1))
    prior = style.priors(group)
    pairs = [
        f"{ids[i]} and {ids[j]}"
        for i, j in zip(first, second, strict=True)
        if prior[ids[i]] == prior[ids[j]]
    ]
    return [f"{group} of one outline: {', '.join(pairs[:4])}: give one of them a prior"] * bool(
        pairs
    )


def _moods(style: DicebearStyle) -> list[str]:
    """Variants of a bad mood that a face can get."""
    chosen = {
        choice.variant
        for mouth in ("neutral", "smile", "twinkle", "open")
        for choice in style.choose(Traits(mouth=mouth)).values()
    }
    bad = sorted(v for v in chosen if v and sketch.is_moody(v))
    return [f"{', '.join(bad)} can be chosen: sad, angry or closed eyes suit nobody"] * bool(bad)
