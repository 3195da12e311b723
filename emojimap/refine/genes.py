"""What is searched: for each part, or group of parts, what a face may wear there.

Hair is chosen among the templates that overlap best. Of the other parts, a face gets what the pack
of its style names, and never what contradicts the photos: no beard, no glasses and no hat where
none was seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from emojimap.analysis import Analysis
from emojimap.arrays import F64
from emojimap.comparison import compare
from emojimap.fit import Fit, FitSettings
from emojimap.styles import Group, Style
from emojimap.styles.choosing import BY_MASK, disagreement
from emojimap.styles.dicebear import DicebearStyle
from emojimap.styles.known import check_name
from emojimap.styles.pack import Pack
from emojimap.traits import Traits, cover_apart, has_beard

Parts = Mapping[str, "str | None"]

_KINDS = ("none", "clear", "dark")
_UNKNOWN, _FURTHER = 0.5, 0.25
"""Evidence where nothing was measured: for any variant, and for one that is not plain though no
measure speaks for it. Else an embedder that prefers one for everybody gives it to everybody."""


@dataclass(frozen=True, eq=False)
class Gene:
    """Parts that are chosen together.

    Parameters
    ----------
    name : str
        ``hair``, ``headwear`` or the role of the part.
    choices : tuple of (mapping of str to (str or None))
        What may be set in an avatar.
    scores : (n,) ndarray of float64
        What each choice is worth by itself, mean over the references: overlap of hair, evidence of
        the other parts.
    start : int
        Which choice the search starts from.
    """

    name: str
    choices: tuple[Parts, ...]
    scores: F64
    start: int = 0

    @property
    def by_mask(self) -> bool:
        """Whether it is chosen by the overlap of masks."""
        return self.name in BY_MASK

    @property
    def parts(self) -> frozenset[str]:
        """Names of its parts."""
        return frozenset(part for choice in self.choices for part in choice)

    def fixed(self) -> Gene:
        """Return it with the start as its only choice."""
        one = slice(self.start, self.start + 1)
        return replace(self, choices=self.choices[one], scores=self.scores[one], start=0)


def genes(
    style: Style,
    start: Fit,
    references: Sequence[Analysis],
    templates: int,
    settings: FitSettings,
    keep: Iterable[str] = (),
) -> list[Gene]:
    """List what a search may change.

    Parameters
    ----------
    style : Style
        Of the avatar.
    start : Fit
        Where the search starts; its face says whether there are glasses, a beard, headwear.
    references : sequence of Analysis
        Photos of one person.
    templates : int
        How many templates of hair or headwear.
    settings : FitSettings
        How hair is compared.
    keep : iterable of str
        Parts, or roles of parts, that stay as they are.

    Returns
    -------
    list of Gene
        Hair first. What is kept has one choice.

    Raises
    ------
    StyleError
        If a part to keep is unknown; the message names the nearest.
    """
    kept = kept_parts(style, keep)
    found = [_hair(style, start, references, templates, settings)]
    if isinstance(style, DicebearStyle):
        found += _others(style.pack, style, start, references)
    return [gene.fixed() if gene.parts & kept else gene for gene in found]


def kept_parts(style: Style, names: Iterable[str]) -> set[str]:
    """Return the parts that names stand for.

    Parameters
    ----------
    style : Style
        Whose parts.
    names : iterable of str
        Parts, or roles of parts.

    Returns
    -------
    set of str
        Parts.

    Raises
    ------
    StyleError
        If one is unknown; the message names the nearest.
    """
    roles = {str(role): parts for role, parts in style.part_names.items()}
    kept: set[str] = set()
    for name in names:
        check_name(name, dict.fromkeys([*style.parts, *roles]), f"{style.name} part to keep")
        kept.update(roles.get(name, (name,)))
    return kept


def hair_scores(
    references: Sequence[Analysis], style: Style, group: Group, most: int, settings: FitSettings
) -> dict[str, float]:
    """Compare all photos with the templates of one group.

    Parameters
    ----------
    references : sequence of Analysis
        Photos of one person; those that are compared with the other group, as they show a hat and
        the others don't, say nothing here.
    style : Style
        Whose templates.
    group : {"hair", "headwear"}
        Which.
    most : int
        How many templates of each photo count, the best.
    settings : FitSettings
        How they are compared.

    Returns
    -------
    dict of str to float
        Mean score by template. Before its prior is taken off, a score below 0 counts as 0: else one
        photo with its hair tied back would outvote two.
    """
    priors = style.priors(group)
    priors = priors if isinstance(priors, Mapping) else {}  # one for each picture of a set
    tables = []
    for seen in references:
        overlay = compare(
            seen, style, top=most, settings=settings.overlap, penalties=settings.penalties
        )
        if overlay.group == group:
            tables.append(
                {one.id: max(one.score, -priors.get(one.id, 0.0)) for one in overlay.matches}
            )
    # A template that is not among the best of a photo is worth no more than the last of them.
    return {
        name: float(np.mean([table.get(name, min(table.values())) for table in tables]))
        for name in dict.fromkeys(name for table in tables for name in table)
    }


def _hair(
    style: Style,
    start: Fit,
    references: Sequence[Analysis],
    templates: int,
    settings: FitSettings,
) -> Gene:
    """Templates that overlap best, with their scores; parts of several pieces go together."""
    group, traits = start.overlay.group, start.analysis.traits
    scores = hair_scores(references, style, group, templates, settings)
    best = sorted(scores, key=lambda name: -scores[name])[:templates]
    choices = [style.template_parts(group, name, traits, settings.penalties) for name in best]
    worth = [scores[name] for name in best]
    return _started(group, choices, worth, start.avatar.parts, min(worth))


def _others(pack: Pack, style: Style, start: Fit, references: Sequence[Analysis]) -> list[Gene]:
    """Parts that are chosen by what was measured."""
    faces = [seen.traits for seen in references]
    worn = {part for role in BY_MASK for part in pack.roles.get(role, [])}
    found: dict[str, Gene] = {}
    roles = dict.fromkeys([*pack.traits, *pack.usable])
    # One part may fill several roles: glasses that are drawn with the eyes come last.
    for role in sorted(roles, key=lambda role: role == "glasses"):
        parts = [part for part in pack.roles.get(role, []) if part not in worn]
        if not parts or role in ("clothes", "lips", *BY_MASK):
            continue
        rows = _rows(role, pack, start.analysis.traits, faces)
        if rows is None:
            continue
        lips = pack.roles.get("lips", []) if role == "mouth" else []
        choices = [
            {**dict.fromkeys(parts, variant), **dict.fromkeys(lips, _lips(pack, variant))}
            for variant in rows
            if all(variant in style.parts[part] for part in parts)
        ]
        scores = [rows[next(iter(choice.values()))] for choice in choices]
        gene = _started(role, choices, scores, start.avatar.parts, min(scores, default=0.0))
        found = {key: one for key, one in found.items() if not one.parts & gene.parts}
        found[role] = gene
    return list(found.values())


def _started(
    name: str, choices: Sequence[Parts], scores: Sequence[float], now: Parts, lowest: float
) -> Gene:
    """Make a gene; what the avatar wears now is one of the choices."""
    known = [all(now[part] == variant for part, variant in one.items()) for one in choices]
    if any(known):
        return Gene(name, tuple(choices), np.array(scores, np.float64), known.index(True))
    parts = dict.fromkeys(part for one in choices for part in one)
    worn = {part: now[part] for part in parts}
    return Gene(name, (worn, *choices), np.array([lowest, *scores], np.float64))


def _rows(
    role: str, pack: Pack, seen: Traits, faces: Sequence[Traits]
) -> dict[str | None, float] | None:
    """Variants that a face may wear, with the mean evidence for each."""
    table = pack.traits.get(role, {})
    if role == "glasses":
        return _glasses(table, seen, faces)
    if role == "facial_hair":
        return _beards(table, seen, faces)
    if role == "mouth":
        return {variant: _share(table, variant, faces) for variant in table.values()}
    if table:
        return _measured(table, faces)
    # Nothing tells these apart but their looks.
    plain = [v for part in pack.roles[role] if (v := pack.default["parts"].get(part))]
    known: list[str | None] = [*pack.usable.get(role, []), *plain]
    return {variant: _UNKNOWN if variant in plain else _FURTHER for variant in known}


def _glasses(
    table: Mapping[str, Any], seen: Traits, faces: Sequence[Traits]
) -> dict[str | None, float] | None:
    """Of the kind that was seen; where they are drawn with the eyes, those have their own table."""
    if seen.glasses == "none":
        return None if "none" in table else {None: 1.0}
    frames = {
        name: {key: value for key, value in looks.items() if key != "kind"}
        for name, looks in table.items()
        if name not in _KINDS and looks.get("kind", "clear") == seen.glasses
    }
    return _measured({table[seen.glasses]: {}, **frames}, faces)


def _beards(
    table: Mapping[str, Any], seen: Traits, faces: Sequence[Traits]
) -> dict[str | None, float]:
    """Nothing but a bare face where no beard was seen: a wrong one is the worst mistake."""
    if not has_beard(seen):
        return {None: 1.0}
    covers: dict[str | None, tuple[float, ...]] = {None: (0.0, 0.0, 0.0)}
    covers.update({name: tuple(row) for name, row in table.items()})
    return {
        name: float(np.mean([1 - cover_apart(face.cover, cover) for face in faces]))
        for name, cover in covers.items()
    }


def _share(table: Mapping[str, str], variant: str, faces: Sequence[Traits]) -> float:
    """Share of the faces whose mouth a variant shows."""
    return float(np.mean([table[face.mouth] == variant for face in faces]))


def _measured(
    looks: Mapping[str, Mapping[str, float]], faces: Sequence[Traits]
) -> dict[str | None, float]:
    """Evidence as choosing ranks it, from the measures that any of the variants names."""
    names = {measure for row in looks.values() for measure in row}
    found: dict[str | None, float] = {}
    for variant, row in looks.items():
        full = {name: row.get(name, 0.0) for name in names}
        apart = [
            disagreement(face, full)
            for face in faces
            if any(math.isfinite(face.standard(name)) for name in names)
        ]
        found[variant] = float(np.mean([1 / (1 + one) for one in apart])) if apart else _UNKNOWN
    return found


def _lips(pack: Pack, mouth: str | None) -> str | None:
    """Lips that go with a mouth: those of its mood, or closed ones."""
    lips: Mapping[str, str] = pack.traits.get("lips", {})
    moods = {variant: mood for mood, variant in pack.traits.get("mouth", {}).items()}
    return lips.get(moods.get(mouth or "", "neutral"))
