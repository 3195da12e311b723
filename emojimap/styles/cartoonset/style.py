"""The Cartoon Set as a style: its templates are whole pictures, painted in new colours."""

from __future__ import annotations

import base64
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image

from emojimap import canonical, recolour
from emojimap.arrays import F32, F64, I32, I64, U8
from emojimap.avatar import BY_HAND, Avatar, Choice
from emojimap.errors import CacheError, StyleError
from emojimap.styles.base import GROUPS, ColourRole, Group, PartPenalties, Role
from emojimap.styles.cartoonset import choice, hairstyles, journal, regions
from emojimap.styles.cartoonset.extract import Extraction, decode, extract
from emojimap.styles.cartoonset.palette import BROW
from emojimap.styles.cartoonset.pictures import BEARDS, Pictures
from emojimap.styles.cartoonset.table import GLASSES, read
from emojimap.styles.known import check_mask_size, check_name
from emojimap.traits import Traits

STYLE = "cartoonset"
_PLAIN = {"skin": "#d9a16e", "hair": "#4a312c", "iris": "#5b3a1e", "glasses": "#2f2b2d"}
_AS_SET = "as set by hand"
_LABELS = {
    "skin": (regions.SKIN,),
    "hair": (regions.HAIR,),
    "facialHair": (regions.FACIAL_HAIR,),
    "brows": (regions.BROWS,),
    "iris": (regions.IRIS,),
    "glasses": (regions.FRAME, regions.RIMS),
}


class CartoonsetStyle:
    """A precomputed set; see `emojimap.styles.base.Style` for what it gives.

    An avatar's part `picture` names the picture it is painted from. Its other parts say what that
    picture shows; where some of them were set by hand, `check` looks for the nearest picture that
    has them.

    Parameters
    ----------
    folder : Path
        As `precompute` wrote it.

    Raises
    ------
    CacheError
        If it can't be used.
    """

    name = STYLE
    title = "Cartoon Set"
    credit = "Cartoon Set by Google"
    licence = "CC BY 4.0"
    url = "https://google.github.io/cartoonset/"
    size = 500
    colours = tuple(_LABELS)
    weights: Mapping[str, float] = MappingProxyType({})
    part_names: Mapping[Role, tuple[str, ...]] = MappingProxyType(
        {"hair": ("hair",), "facial_hair": ("facialHair",), "glasses": ("glasses",)}
    )
    colour_names: Mapping[ColourRole, str] = MappingProxyType(
        {
            "skin": "skin",
            "hair": "hair",
            "facial_hair": "facialHair",
            "brows": "brows",
            "iris": "iris",
            "glasses": "glasses",
        }
    )

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._table, digest = read(folder)
        wanted = hairstyles.settled(
            hairstyles.wishes(folder), self._table.hairstyles, self._table.names
        )
        used = hairstyles.used(self._table.hairstyles, wanted)
        if not used:
            raise CacheError(f"{folder / hairstyles.NAME} keeps no hairstyle: keep at least one")
        self._hairs = tuple(style.id for style in used)
        self._every_hair = tuple(style.id for style in self._table.hairstyles)
        self._pictures = Pictures(self._table, used)
        self._unmixed = lru_cache(maxsize=8)(self._unmix)
        self.fingerprint = hashlib.sha256(repr((digest, self._hairs)).encode()).hexdigest()

    @cached_property
    def parts(self) -> Mapping[str, tuple[str | None, ...]]:
        """Allowed variants of each part; None first where the part may be absent."""
        return MappingProxyType(
            {
                "picture": tuple(self._table.names[self._pictures.rows].tolist()),
                "hair": self._hairs,
                "facialHair": (None, *BEARDS),
                "glasses": (None, *GLASSES[1:]),
            }
        )

    def default(self) -> Avatar:
        """Return the plainest picture in plain colours."""
        return self._complete(Avatar(STYLE, self._pictures.shown(self._pictures.plainest), {}))

    def check(self, avatar: Avatar) -> Avatar:
        """Return the avatar with all it leaves out, of a picture that has what was set by hand.

        Parameters
        ----------
        avatar : Avatar
            Of this style.

        Returns
        -------
        Avatar
            Whose parts are those of its picture.

        Raises
        ------
        StyleError
            If the style, a part, a variant or a colour is unknown, if no picture has all parts
            that are asked for, or if parts and picture differ and neither was set by hand.
        """
        if avatar.style != STYLE:
            raise StyleError(f"avatar of style {avatar.style}: this is {STYLE}, load the other")
        for colour in avatar.colours:
            check_name(colour, (*self.colours, "background"), f"{STYLE} colour")
        for part, variant in avatar.parts.items():
            check_name(part, self.parts, f"{STYLE} part")
            if part == "picture":
                self._pictures.row(variant)
            else:
                known = self._every_hair if part == "hair" else self.parts[part]
                check_name(variant, known, f"{STYLE} {part}")
        parts = self._pictures.shown(self._pictures.resolve(avatar))
        full = self._complete(Avatar(STYLE, parts, avatar.colours, avatar.choices))
        # From here on parts and picture agree: what is set next decides.
        settled = {
            name: replace(choice, why=_AS_SET)
            for name, choice in full.choices.items()
            if choice.why == BY_HAND and name in parts
        }
        return full.explained(settled)

    def svg(self, avatar: Avatar) -> str:
        """Return an SVG document that holds the picture; StyleError as in `check`."""
        data = base64.b64encode(self.png(avatar, self.size)).decode()
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.size} {self.size}">'
            f'<image width="{self.size}" height="{self.size}" '
            f'href="data:image/png;base64,{data}"/></svg>'
        )

    def png(self, avatar: Avatar, size: int) -> bytes:
        """Return the picture as PNG, RGBA; StyleError as in `check`."""
        body = io.BytesIO()
        Image.fromarray(self.pixels(avatar, size)).save(body, format="PNG", compress_level=6)
        return body.getvalue()

    def pixels(self, avatar: Avatar, size: int) -> U8:
        """Return the picture as (size, size, 4) uint8 RGBA; StyleError as in `check`."""
        full = self.check(avatar)
        seen, held = self._unmixed(self._pictures.row(full.parts["picture"]))
        colours = {
            label: _rgb(full.colours[name])
            for name, labels in _LABELS.items()
            for label in labels
            if name in full.colours
        }
        painted = Image.fromarray(recolour.repaint(seen.picture, held, seen.materials(), colours))
        if size != self.size:
            painted = painted.resize((size, size), Image.Resampling.LANCZOS)
        if "background" in full.colours:
            paper = Image.new("RGBA", painted.size, full.colours["background"])
            painted = Image.alpha_composite(paper, painted)
        return np.asarray(painted, np.uint8)

    def readings(self, count: int) -> Iterator[tuple[str, Extraction]]:
        """Yield some pictures, evenly taken from all, by name and as they are read.

        Parameters
        ----------
        count : int
            How many, at most.

        Yields
        ------
        tuple of str and Extraction
            Sorted by name; those of hairstyles that are set aside are among them.
        """
        total = len(self._table)
        for row in sorted({i * total // min(count, total) for i in range(min(count, total))}):
            yield str(self._table.names[row]), self._unmixed(row)[0]

    def template_masks(
        self, group: Group, size: int = canonical.SIZE
    ) -> tuple[tuple[str, ...], F32]:
        """Return ids and (n, size, size) float32 canonical coverage of all templates.

        Pictures with equal masks share a template; see `Pictures.classes`.
        """
        check_mask_size(size)
        first, table = self._first(group), self._table
        masks = np.zeros((len(first), size, size), np.float32)
        left: dict[str, list[int]] = defaultdict(list)  # equal pictures can have two names
        for i, row in enumerate(first.tolist()):
            left[table.digests[row].tobytes().hex()].append(i)
        if size == canonical.SIZE and left:
            for record in journal.records(self.folder):
                for i in left.pop(record.digest, ()):
                    masks[i] = record.coverage()
        for rows in left.values():  # of another size, or behind a damaged record
            for i in rows:
                masks[i] = self._unmixed(int(first[i]))[0].hair(size)
        return tuple(table.names[first].tolist()), masks

    def template_parts(
        self,
        group: Group,
        template: str,
        traits: Traits | None = None,
        penalties: PartPenalties | None = None,
    ) -> dict[str, str | None]:
        """Return the parts of the picture that agrees best with a face, or raise StyleError."""
        names = self._table.names[self._first(group)].tolist()
        check_name(template, names, f"{STYLE} {group} template")
        members = self._pictures.classes.members(names.index(template))
        costs = choice.penalties(self._table, traits or Traits(), penalties or PartPenalties())[
            members
        ]
        return self._pictures.shown(int(members[costs.argmin()]))

    def priors(
        self,
        group: Group,
        traits: Traits | None = None,
        penalties: PartPenalties | None = None,
    ) -> F64:
        """Return what is taken off each template's score: what its best picture costs."""
        if not self._first(group).size:
            return np.zeros(0)
        classes = self._pictures.classes
        costs = choice.penalties(self._table, traits or Traits(), penalties or PartPenalties())
        least: F64 = np.minimum.reduceat(costs[classes.rows], classes.starts)
        return least

    def families(self, group: Group) -> I32:
        """Return the number of the hairdo of each template."""
        return self._table.hairstyle[self._first(group)]

    def choose(self, traits: Traits) -> dict[str, Choice]:
        """Return nothing: all parts are those of one picture."""
        return {}

    def shown(self, avatar: Avatar) -> Traits:
        """Return what an avatar shows, in the terms of a face, but for the places of its hair."""
        row = self._pictures.row(avatar.parts["picture"])
        moustache, chin, cheeks = (float(share) for share in self._table.beard[row])
        glasses = GLASSES[int(self._table.glasses[row])]
        return Traits(glasses, False, moustache, chin, cheeks)

    def hair_cover(self, avatar: Avatar) -> F32:
        """Return what an avatar's hair covers, (64, 64) float32, in the canonical frame."""
        return self._unmixed(self._pictures.row(avatar.parts["picture"]))[0].hair(canonical.SIZE)

    def _first(self, group: Group) -> I64:
        """Row of the first picture of each template: there are templates of hair alone."""
        check_name(group, GROUPS, "template group")
        first = self._pictures.classes.first
        return first if group == "hair" else first[:0]

    def _complete(self, avatar: Avatar) -> Avatar:
        """Fill in colours: plain ones, and those that follow from others."""
        colours = {**_PLAIN, **avatar.colours}
        by_hand = {name for name, choice in avatar.choices.items() if choice.why == BY_HAND}
        follows = {"facialHair": colours["hair"], "brows": _darker(colours["hair"])}
        for name, value in follows.items():
            known = f"{name}Color" in avatar.choices
            if name not in colours or ("hairColor" in by_hand and not known):
                colours[name] = value
        return Avatar(STYLE, avatar.parts, colours, avatar.choices)

    def _content(self, row: int) -> bytes:
        table = self._table
        content = journal.picture(self.folder, int(table.offsets[row]), int(table.lengths[row]))
        if hashlib.sha256(content).digest() != table.digests[row].tobytes():
            raise CacheError(
                f"picture {table.names[row]} in {self.folder / journal.NAME} is damaged: remove "
                "that file and run emojimap precompute again"
            )
        return content

    def _unmix(self, row: int) -> tuple[Extraction, dict[int, F32]]:
        seen = extract(decode(self._content(row)))
        return seen, recolour.amounts(seen.picture, seen.labels, seen.materials())


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def _darker(colour: str) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(round(BROW * value) for value in _rgb(colour)))
