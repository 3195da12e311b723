"""Vector styles: a DiceBear definition and the pack that says how to read it."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from emojimap import canonical
from emojimap.arrays import F32, U8
from emojimap.avatar import Avatar, Choice, hex_colour
from emojimap.errors import StyleError
from emojimap.styles import choosing, definition, markers, pack, raster
from emojimap.styles.base import BALD, GROUPS, ColourRole, Group, PartPenalties, Role
from emojimap.styles.known import check_mask_size, check_name
from emojimap.traits import Traits

ALGORITHM = "1"
"""Changes when the same definition and pack give other masks."""

_BACKGROUND = "background"


class DicebearStyle:
    """A style that dicebear-core draws; see `emojimap.styles.base.Style` for what it gives.

    Parameters
    ----------
    path : Path
        The pack.
    builtin : bool
        The pack is part of emojimap: its word that a definition was checked is believed.

    Raises
    ------
    StyleError
        If pack or definition can't be used.
    """

    folder = None
    size = 512

    def __init__(self, path: Path, *, builtin: bool = False) -> None:
        self._pack = pack.read(path)
        original, digest = definition.load(self._pack)
        if not (builtin and digest in self._pack.checked):
            definition.validate(original, self._pack.definition)
        self._definition = definition.changed(original, self._pack)
        self._meta: Mapping[str, Any] = original.get("meta", {})
        self.name = self._pack.name
        self.title = self._pack.title or self.name
        self.fingerprint = _fingerprint(digest, self._pack.digest)
        self.parts = MappingProxyType(dict(self._find_parts()))
        self.colours = tuple(self._pack.default["colours"])
        self.part_names = cast(
            "Mapping[Role, tuple[str, ...]]",
            MappingProxyType({role: tuple(found) for role, found in self._pack.roles.items()}),
        )
        self.colour_names = cast(
            "Mapping[ColourRole, str]", MappingProxyType(dict(self._pack.colours))
        )
        self._check_pack()

    @property
    def credit(self) -> str:
        """Whose art it is, one line."""
        source = self._meta.get("source", {}).get("name", self.title)
        creator = self._meta.get("creator", {}).get("name", "unknown")
        return f"{source} by {creator}"

    @property
    def licence(self) -> str:
        """Under which terms the art may be used."""
        return str(self._meta.get("license", {}).get("name", "unknown"))

    @property
    def url(self) -> str:
        """Where the art comes from."""
        return str(self._meta.get("source", {}).get("url", ""))

    def default(self) -> Avatar:
        """Return a plain avatar with every part and every colour set."""
        plain = self._pack.default["parts"]
        parts = {part: plain.get(part, allowed[0]) for part, allowed in self.parts.items()}
        return Avatar(self.name, parts, self._pack.default["colours"])

    def check(self, avatar: Avatar) -> Avatar:
        """Return the avatar with defaults for what it leaves out, or raise StyleError."""
        if avatar.style != self.name:
            raise StyleError(f"avatar of style {avatar.style}: this is {self.name}, load the other")
        for part, variant in avatar.parts.items():
            check_name(part, self.parts, f"{self.name} part")
            if variant is None and None not in self.parts[part]:
                raise StyleError(f"{self.name} {part} can't be left out: give one of its variants")
            check_name(variant, self.parts[part], f"{self.name} {part}")
        for colour in avatar.colours:
            check_name(colour, (*self.colours, _BACKGROUND), f"{self.name} colour")
        plain = self.default()
        return Avatar(
            self.name,
            {**plain.parts, **avatar.parts},
            {**plain.colours, **avatar.colours},
            avatar.choices,
        )

    def svg(self, avatar: Avatar) -> str:
        """Return the picture, the same text for equal avatars; StyleError as in `check`."""
        full = self.check(avatar)
        # Without explanations, which would change the ids in the document.
        return self._draw(Avatar(full.style, full.parts, full.colours).to_dict())

    def png(self, avatar: Avatar, size: int) -> bytes:
        """Return the picture as PNG, RGBA; StyleError as in `check`."""
        return raster.png(self.svg(avatar), size)

    def pixels(self, avatar: Avatar, size: int) -> U8:
        """Return the picture as (size, size, 4) uint8 RGBA; StyleError as in `check`."""
        return raster.pixels(self.svg(avatar), size)

    @property
    def palettes(self) -> Mapping[str, tuple[str, ...]]:
        """Colours that the style's author offers, ``#rrggbb``, by name."""
        found = {}
        for name in self.colours:
            values = self._definition["colors"].get(name, {}).get("values", [])
            found[name] = tuple(hex_colour(value) for value in values)
        return found

    @property
    def eyes(self) -> F32:
        """Centres of the eyes, (2, 2) float32, (x, y), fractions of the canvas."""
        return np.array(self._pack.anchors["eyes"], np.float32)

    @property
    def unseen(self) -> frozenset[str]:
        """Parts and colours that `head_svg` leaves out."""
        head = self._pack.head
        same = {name for name, _ in head.get("same", ())}
        worn = {f"{part}Graphic" for part in head.get("without", ())}
        return frozenset({*head.get("without", ()), *same, *worn})

    def head_svg(self, avatar: Avatar, box: tuple[float, float, float, float]) -> str:
        """Return the head alone, without neck and clothes where the pack knows them.

        Parameters
        ----------
        avatar : Avatar
            Of this style; see `check`.
        box : tuple of float
            Left, top, width and height of what is shown, fractions of the canvas.

        Returns
        -------
        str
            An SVG document.

        Raises
        ------
        StyleError
            As in `check`.
        """
        full = self.check(avatar)
        colours = dict(full.colours)
        for name, root in self._pack.head.get("same", ()):
            colours[name] = colours[root]
        drawn = self._draw_head(Avatar(full.style, full.parts, colours).to_dict())
        canvas = self._definition["canvas"]
        sides = (canvas["width"], canvas["height"]) * 2
        shown = " ".join(f"{value * side:.6g}" for value, side in zip(box, sides, strict=True))
        return re.sub(r'viewBox="[^"]*"', f'viewBox="{shown}"', drawn, count=1)

    def template_masks(
        self, group: Group, size: int = canonical.SIZE
    ) -> tuple[tuple[str, ...], F32]:
        """Return ids and (n, size, size) float32 exact canonical coverage of all templates."""
        check_mask_size(size)
        templates = self._templates(group)
        matrix = markers.frame(self._pack.anchors)
        masks = np.zeros((len(templates), size, size), np.float32)
        for row, parts in enumerate(templates.values()):
            avatar = self.default().with_(parts=parts)
            hair, headwear = markers.coverage(self._draw_marked(avatar.to_dict()), matrix, size)
            layers = {"hair": hair, "headwear_alone": headwear, "headwear": hair + headwear}
            masks[row] = np.minimum(layers[group], 1.0)
        return tuple(templates), masks

    def template_parts(
        self,
        group: Group,
        template: str,
        traits: Traits | None = None,
        penalties: PartPenalties | None = None,
    ) -> dict[str, str | None]:
        """Return the parts that a template stands for, or raise StyleError."""
        templates = self._templates(group)
        check_name(template, templates, f"{self.name} {group} template")
        return dict(templates[template])

    def priors(
        self,
        group: Group,
        traits: Traits | None = None,
        penalties: PartPenalties | None = None,
    ) -> Mapping[str, float]:
        """Return what is taken off each template's score, 0 or more, by id."""
        return {
            template: sum(self._pack.priors.get(variant or "", 0.0) for variant in parts.values())
            for template, parts in self._templates(group).items()
        }

    def families(self, group: Group) -> None:
        """Return None: all templates differ in their hair."""

    def choose(self, traits: Traits) -> dict[str, Choice]:
        """Return a variant for each part that is not chosen by its mask."""
        return choosing.choose(traits, self._pack, self.default().parts)

    @cached_property
    def _draw(self) -> Callable[[dict[str, Any]], str]:
        return definition.renderer(self._definition)

    @cached_property
    def _draw_head(self) -> Callable[[dict[str, Any]], str]:
        return definition.renderer(definition.head_alone(self._definition, self._pack))

    @cached_property
    def _draw_marked(self) -> Callable[[dict[str, Any]], str]:
        return definition.renderer(markers.marked(self._definition, self._pack))

    def _find_parts(self) -> Iterable[tuple[str, tuple[str | None, ...]]]:
        for name, component in self._definition.get("components", {}).items():
            if "extends" not in component:
                absent = (None,) if name in self._pack.optional else ()
                yield name, (*absent, *component["variants"])

    def _templates(self, group: Group) -> dict[str, dict[str, str | None]]:
        """All combinations of a group's parts by id, the bald head first."""
        check_name(group, GROUPS, "template group")
        role = "hair" if group == "hair" else "headwear"
        parts = self._pack.roles.get(role, [])
        listed = {None, *self._pack.templates.get(role, [])}
        choices = [[v for v in self.parts[part] if v in listed] for part in parts]
        combined = [dict(zip(parts, row, strict=True)) for row in itertools.product(*choices)]
        ids = {_template_id(row): row for row in combined}
        if role == "headwear":
            ids.pop(BALD, None)
        return ids

    def _check_pack(self) -> None:
        """Raise StyleError if the pack speaks of parts or variants that the style lacks."""
        for part in (*itertools.chain(*self._pack.roles.values()), *self._pack.optional):
            check_name(part, self.parts, f"{self._pack.path.name}: part")
        variants = set(itertools.chain(*self.parts.values())) - {None}
        tables = (*self._pack.templates.values(), self._pack.priors)
        for variant in itertools.chain(*tables, self._pack.traits.get("facial_hair", ())):
            check_name(variant, variants, f"{self._pack.path.name}: variant")
        for colour in self._pack.colours.values():
            check_name(colour, self.colours, f"{self._pack.path.name}: colour without a default")
        self.check(self.default())


def _template_id(parts: Mapping[str, str | None]) -> str:
    return "+".join(v or "none" for v in parts.values()) if any(parts.values()) else BALD


def _fingerprint(*digests: str) -> str:
    frame = (canonical.CANVAS, canonical.FACE_PX, canonical.MIDDLE_X, canonical.EYE_Y)
    return hashlib.sha256(repr((ALGORITHM, frame, digests)).encode()).hexdigest()
