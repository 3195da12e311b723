"""Vector styles: a DiceBear definition and the pack that says how to read it."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from emojimap import canonical, segments
from emojimap.arrays import F32, F64, U8
from emojimap.avatar import Avatar, Choice, hex_colour
from emojimap.errors import StyleError
from emojimap.styles import alone, choosing, definition, markers, pack, raster
from emojimap.styles.alone import PartPictures
from emojimap.styles.base import BALD, GROUPS, ColourRole, Group, PartPenalties, Role
from emojimap.styles.definition import Definition
from emojimap.styles.known import check_mask_size, check_name
from emojimap.traits import Traits

ALGORITHM = "2"
"""Changes when the same definition and pack give other masks."""

_BACKGROUND = "background"
_EXACT, _MOST = 64, 4000  # templates that are drawn one by one; that a pack may have


class DicebearStyle:
    """A style that dicebear-core draws; see `emojimap.styles.base.Style` for what it gives.

    Parameters
    ----------
    path : Path
        The pack.
    builtin : bool
        The pack is part of emojimap: its word that a definition was checked is believed.

    Attributes
    ----------
    pack : Pack
        As read.
    original : dict
        The definition without the pack's changes.

    Raises
    ------
    StyleError
        If pack or definition can't be used.
    """

    folder = None
    size = 512

    def __init__(self, path: Path, *, builtin: bool = False) -> None:
        self.pack = pack.read(path)
        original, digest = definition.load(self.pack)
        self.original = original
        if not (builtin and digest in self.pack.checked):
            definition.validate(original, self.pack.definition)
        self._definition = definition.changed(original, self.pack)
        self._meta: Mapping[str, Any] = original.get("meta", {})
        self.name = self.pack.name
        self.title = self.pack.title or self.name
        self.fingerprint = _fingerprint(digest, self.pack.digest)
        self.parts = MappingProxyType(dict(self._find_parts()))
        self.colours = tuple(self.pack.default["colours"])
        self.part_names = cast(
            "Mapping[Role, tuple[str, ...]]",
            MappingProxyType({role: tuple(found) for role, found in self.pack.roles.items()}),
        )
        self.colour_names = cast(
            "Mapping[ColourRole, str]", MappingProxyType(dict(self.pack.colours))
        )
        self._layers: dict[markers.Layer, F32] = {}
        self._hair_cover = lru_cache(maxsize=_MOST)(self._cover_hair)
        self._draw_pieces = cache(self._renderer_of)
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

    @property
    def weights(self) -> Mapping[str, float]:
        """How much each difference of two avatars counts; empty for the usual weights."""
        return self.pack.distance

    def default(self) -> Avatar:
        """Return a plain avatar with every part and every colour set."""
        plain = self.pack.default["parts"]
        parts = {part: plain.get(part, allowed[0]) for part, allowed in self.parts.items()}
        return Avatar(self.name, parts, self.pack.default["colours"])

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
    def drawing(self) -> Definition:
        """The definition as it is drawn, with the pack's changes; not to be changed."""
        return self._definition

    @property
    def eyes(self) -> F32:
        """Centres of the eyes, (2, 2) float32, (x, y), fractions of the canvas."""
        return np.array(self.pack.anchors["eyes"], np.float32)

    @property
    def unseen(self) -> frozenset[str]:
        """Parts and colours that `head_svg` leaves out."""
        head = self.pack.head
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
        for name, root in self.pack.head.get("same", ()):
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
        masks = np.zeros((len(templates), size, size), np.float32)
        for row, (hair, headwear, _) in enumerate(self._covers(list(templates.values()), size)):
            layers = {"hair": hair, "headwear_alone": headwear, "headwear": hair + headwear}
            masks[row] = np.minimum(layers[group], 1.0)
        return tuple(templates), masks

    def cover(
        self, parts: Mapping[str, str | None], size: int = canonical.SIZE, zoom: str = "hair"
    ) -> F32:
        """Return what hair, headwear and facial hair cover when parts are worn.

        Parameters
        ----------
        parts : mapping of str to (str or None)
            Variants; the others are plain.
        size : int
            Side of the masks, pixels.
        zoom : {"hair", "face", "beard"}
            Part of the canonical frame that the masks show, see `emojimap.segments.zoomed`.

        Returns
        -------
        (3, size, size) ndarray of float32
            0..1, in the canonical frame.
        """
        avatar = self.default().with_(parts=parts)
        image = markers.drawn(self._draw_marked(avatar.to_dict()), size)
        return markers.coverage(image, segments.zoomed(zoom, self._frame), size)

    def in_frame(self, channel: F32, size: int, zoom: str) -> F32:
        """Return a channel of a drawing, (S, S) float32, as `cover` returns masks."""
        return markers.framed(channel, segments.zoomed(zoom, self._frame), size)

    def pieces_svg(self, avatar: Avatar, names: Iterable[str]) -> str:
        """Draw some of an avatar's parts and nothing else.

        Parameters
        ----------
        avatar : Avatar
            From `check`.
        names : iterable of str
            Parts, as they stand on the canvas.

        Returns
        -------
        str
            An SVG document.
        """
        return self._draw_pieces(frozenset(names))(avatar.to_dict())

    def part_pictures(self, kind: str) -> PartPictures:
        """Return all parts of one kind, drawn alone; see `emojimap.styles.alone`."""
        return alone.part_pictures(self, kind)

    def aligned(self, picture: U8) -> U8:
        """Return the aligned face of one of its pictures; see `emojimap.styles.alone.aligned`."""
        return alone.aligned(self, picture)

    def segments(self, avatar: Avatar) -> dict[str, U8]:
        """Return an avatar cut as faces are; see `emojimap.styles.alone.avatar_segments`."""
        return alone.avatar_segments(self, avatar)

    @cached_property
    def _frame(self) -> F64:
        return markers.frame(self.pack.anchors)

    def _covers(self, templates: list[dict[str, str | None]], size: int) -> Iterator[F32]:
        pieces = list(templates[0]) if templates else []
        if len(templates) <= _EXACT or not markers.can_stack(self._marked, pieces):
            yield from (self.cover(parts, size) for parts in templates)
            return
        plain = self.default()

        def draw(drawing: Definition, parts: Mapping[str, str | None]) -> str:
            return definition.renderer(drawing)(plain.with_(parts=parts).to_dict())

        yield from markers.stacked(self._marked, templates, draw, self._frame, size, self._layers)

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
        found, penalties = self._fixed_priors(group), penalties or PartPenalties()
        looks = self.pack.traits.get("hair" if group == "hair" else "headwear", {})
        if traits is None or not looks:
            return found
        costs = {
            variant: penalties.look * choosing.disagreement(traits, measures)
            for variant, measures in looks.items()
        }
        return {
            template: found[template]
            + sum(costs.get(variant, 0.0) for variant in parts.values() if variant)
            for template, parts in self._templates(group).items()
        }

    def _fixed_priors(self, group: Group) -> dict[str, float]:
        priors = self.pack.priors
        return {
            template: priors.get(template, sum(priors.get(v, 0.0) for v in parts.values() if v))
            for template, parts in self._templates(group).items()
        }

    def families(self, group: Group) -> None:
        """Return None: all templates differ in their hair."""

    def choose(self, traits: Traits) -> dict[str, Choice]:
        """Return a variant for each part that is not chosen by its mask."""
        return choosing.choose(traits, self.pack, self.default().parts)

    def shown(self, avatar: Avatar) -> Traits:
        """Return what an avatar shows, in the terms of a face, but for the places of its hair."""
        return choosing.shown(avatar.parts, self.pack)

    def hair_cover(self, avatar: Avatar) -> F32:
        """Return what an avatar's hair covers, (64, 64) float32, in the canonical frame."""
        roles = self.pack.roles
        worn = _unique(part for role in choosing.BY_MASK for part in roles.get(role, []))
        return self._hair_cover(tuple((part, avatar.parts[part]) for part in worn))

    def _cover_hair(self, parts: tuple[tuple[str, str | None], ...]) -> F32:
        found: F32 = self.cover(dict(parts))[0]
        found.setflags(write=False)
        return found

    def _renderer_of(self, names: frozenset[str]) -> Callable[[dict[str, Any]], str]:
        return definition.renderer(alone.pieces(self._definition, names))

    @cached_property
    def _draw(self) -> Callable[[dict[str, Any]], str]:
        return definition.renderer(self._definition)

    @cached_property
    def _draw_head(self) -> Callable[[dict[str, Any]], str]:
        return definition.renderer(definition.head_alone(self._definition, self.pack))

    @cached_property
    def _marked(self) -> Definition:
        return markers.marked(self._definition, self.pack)

    @cached_property
    def _draw_marked(self) -> Callable[[dict[str, Any]], str]:
        return definition.renderer(self._marked)

    def _find_parts(self) -> Iterable[tuple[str, tuple[str | None, ...]]]:
        for name, component in self._definition.get("components", {}).items():
            if "extends" not in component:
                absent = (None,) if name in self.pack.optional else ()
                yield name, (*absent, *component["variants"])

    def _templates(self, group: Group) -> dict[str, dict[str, str | None]]:
        """All combinations of a group's parts by id, the bald head first."""
        check_name(group, GROUPS, "template group")
        return self._hair_templates if group == "hair" else self._headwear_templates

    @cached_property
    def _hair_templates(self) -> dict[str, dict[str, str | None]]:
        front, back = (self.pack.roles.get(role, []) for role in ("hair", "back_hair"))
        pieces = _unique([*front, *back])
        combined = self._combined(pieces, dict.fromkeys(pieces, "hair"))
        bald = {**dict.fromkeys(pieces), **self.pack.templates.get("bald", {})}
        found = {BALD: bald} if self._can_be(bald) else {}
        for row in combined:
            # Hair behind a bald forehead is nobody's: the front pieces go first.
            if row != bald and all(row[part] for part in front):
                found[_template_id(row)] = row
        return found

    @cached_property
    def _headwear_templates(self) -> dict[str, dict[str, str | None]]:
        roles = self.pack.roles
        worn, front = roles.get("headwear", []), roles.get("hair", [])
        pieces = _unique([*worn, *front, *roles.get("back_hair", [])]) if worn else []
        kinds = {part: "headwear" if part in worn else "hair" for part in pieces}
        hidden = [part for part in front if part not in worn and part in self.pack.optional]
        found = {}
        for row in self._combined(pieces, kinds) if worn else ():
            # What is worn hides the hair in front.
            if all(row[part] for part in worn) and not any(row[part] for part in hidden):
                found[_template_id(row)] = row
        return found

    def _combined(self, pieces: list[str], kinds: Mapping[str, str]) -> list[dict[str, str | None]]:
        choices = [
            [v for v in self.parts[part] if v is None or v in self.pack.templates[kinds[part]]]
            for part in pieces
        ]
        return [dict(zip(pieces, row, strict=True)) for row in itertools.product(*choices)]

    def _variants(self, *roles: str) -> set[str | None]:
        found = self.pack.roles
        return {v for role in roles for part in found.get(role, []) for v in self.parts[part]}

    def _can_be(self, parts: Mapping[str, str | None]) -> bool:
        return all(variant in self.parts[part] for part, variant in parts.items())

    def _check_pack(self) -> None:
        """Raise StyleError if the pack speaks of parts or variants that the style lacks."""
        found, where = self.pack, self.pack.path.name
        for part in (*itertools.chain(*found.roles.values()), *found.optional):
            check_name(part, self.parts, f"{where}: part")
        for role in found.traits:
            check_name(role, found.roles, f"{where}: traits of a role without parts:")
            known = self._variants("hair", "back_hair") if role == "hair" else self._variants(role)
            for variant in _named_variants(role, found.traits[role]):
                check_name(variant, known, f"{where}: traits.{role}: variant")
        for role, variants in found.usable.items():
            for variant in variants:
                check_name(variant, self._variants(role), f"{where}: usable.{role}: variant")
        for group in ("hair", "headwear"):
            known = self._variants(*(("hair", "back_hair") if group == "hair" else (group,)))
            for variant in found.templates.get(group, []):
                check_name(variant, known, f"{where}: templates.{group}: variant")
        every = set(itertools.chain(*self.parts.values())) - {None}
        ids = {*self._hair_templates, *self._headwear_templates}
        for name in found.priors:
            if name not in ids:
                check_name(name, every, f"{where}: priors: variant")
        for colour in found.colours.values():
            check_name(colour, self.colours, f"{where}: colour without a default")
        if not self._hair_templates:
            raise StyleError(f"{where}: templates.hair gives no template: list variants of hair")
        many = max(len(self._hair_templates), len(self._headwear_templates))
        if many > _MOST:
            raise StyleError(
                f"{where}: {many} templates, combined of all pieces: list fewer variants, so that "
                f"there are at most {_MOST}"
            )
        self.check(self.default())


def _named_variants(role: str, table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        worded = role in choosing.MOODS or (role == "glasses" and key in ("none", "clear", "dark"))
        yield value if worded else key


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _template_id(parts: Mapping[str, str | None]) -> str:
    return "+".join(v or "none" for v in parts.values()) if any(parts.values()) else BALD


def _fingerprint(*digests: str) -> str:
    frame = (canonical.CANVAS, canonical.FACE_PX, canonical.MIDDLE_X, canonical.EYE_Y)
    return hashlib.sha256(repr((ALGORITHM, frame, digests)).encode()).hexdigest()
