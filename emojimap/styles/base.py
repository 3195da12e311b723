"""What every style gives, whatever its art is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from emojimap.arrays import F32, F64, I32, U8
from emojimap.avatar import Avatar, Choice
from emojimap.settings import Checked, setting
from emojimap.traits import Glasses, Traits

Group: TypeAlias = Literal["hair", "headwear", "headwear_alone"]
"""Kinds of templates: hair; headwear with the hair that shows under it; headwear alone."""

GROUPS: tuple[Group, ...] = ("hair", "headwear", "headwear_alone")

Role: TypeAlias = Literal[
    "hair", "back_hair", "headwear", "facial_hair", "sideburns", "glasses", "mouth", "eyes",
    "lips", "brows", "nose", "ears", "face", "clothes",
]  # fmt: skip
"""What a part is for, in our words."""

ColourRole: TypeAlias = Literal[
    "skin", "hair", "facial_hair", "brows", "lips", "headwear", "clothes", "glasses", "iris"
]
"""What a colour paints, in our words."""

BALD = "bald"
"""Template id of a head without hair: an ordinary template with an empty mask."""


@dataclass(frozen=True)
class PartPenalties(Checked):
    """What is taken off the score of a template that disagrees with a face beside its hair.

    For styles whose templates are whole pictures; the score of a perfect fit is 1.

    Parameters
    ----------
    glasses_missing, glasses_added : float
        The picture lacks the face's glasses; it has glasses that the face has not.
    dark_added : float
        It has dark glasses and the face has none.
    lenses_differ : float
        One has clear, the other dark glasses.
    beard_missing, beard_added : float
        The picture lacks the face's facial hair; it has some that the face has not: the worst
        mistake of all.
    beard_kind : float
        Both have facial hair, as different as can be.
    brows, jaw : float
        For each standard deviation by which brows, length of the chin and width of the jaw differ.
    angry_brows : float
        For brows that slant down to the nose.
    odd_outline : float
        For the area that a picture lacks to a convex outline, beyond a tenth of it: pigtails and
        sweeps to one side, which few people wear.
    look : float
        For each standard deviation by which hair looks otherwise than a template of a vector style
        beside its outline, as its pack says: curls, above all.
    """

    glasses_missing: float = setting(0.12, 0, 1, "of the score")
    glasses_added: float = setting(0.12, 0, 1, "of the score")
    dark_added: float = setting(0.25, 0, 1, "of the score")
    lenses_differ: float = setting(0.16, 0, 1, "of the score")
    beard_missing: float = setting(0.12, 0, 1, "of the score")
    beard_added: float = setting(0.30, 0, 1, "of the score")
    beard_kind: float = setting(0.10, 0, 1, "of the score")
    brows: float = setting(0.004, 0, 1, "of the score")
    jaw: float = setting(0.006, 0, 1, "of the score")
    angry_brows: float = setting(0.03, 0, 1, "of the score")
    odd_outline: float = setting(0.3, 0, 1, "of the score")
    look: float = setting(0.05, 0, 1, "of the score")

    def glasses(self, seen: Glasses, drawn: Glasses) -> float:
        """Return the penalty of a picture's glasses."""
        if seen == drawn:
            return 0.0
        if drawn == "none":
            return self.glasses_missing
        if seen == "none":
            return self.dark_added if drawn == "dark" else self.glasses_added
        return self.lenses_differ


class Style(Protocol):
    """One way of drawing faces.

    `parts` and `colours` use the style's own names; `part_names` and `colour_names` lead to them
    from our roles. Templates are named by ids, which `template_parts` turns into parts.
    """

    @property
    def name(self) -> str:
        """What the style is asked for by."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def credit(self) -> str:
        """Whose art it is, one line."""

    @property
    def licence(self) -> str:
        """Under which terms the art may be used."""

    @property
    def url(self) -> str:
        """Where the art comes from."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that the template masks depend on, hexadecimal."""

    @property
    def parts(self) -> Mapping[str, tuple[str | None, ...]]:
        """Allowed variants of each part; None first where the part may be absent."""

    @property
    def colours(self) -> tuple[str, ...]:
        """Names of the colours."""

    @property
    def part_names(self) -> Mapping[Role, tuple[str, ...]]:
        """Parts that fill a role; a role that the style lacks is missing."""

    @property
    def colour_names(self) -> Mapping[ColourRole, str]:
        """Colour of each role; a role that the style lacks is missing."""

    @property
    def weights(self) -> Mapping[str, float]:
        """How much each difference of two avatars counts; empty for the usual weights."""

    def default(self) -> Avatar:
        """Return a plain avatar with every part and every colour set."""

    def check(self, avatar: Avatar) -> Avatar:
        """Return the avatar with defaults for what it leaves out.

        Parameters
        ----------
        avatar : Avatar
            Of this style.

        Returns
        -------
        Avatar
            With every part and every colour set.

        Raises
        ------
        StyleError
            If the style, a part, a variant or a colour is unknown; names the nearest.
        """

    @property
    def folder(self) -> Path | None:
        """Where the index of its masks is kept; None for the folder of all caches."""

    @property
    def size(self) -> int:
        """Side of its pictures in pixels, where nobody asks for another."""

    def png(self, avatar: Avatar, size: int) -> bytes:
        """Return the picture as PNG, RGBA, the same bytes for equal avatars.

        Parameters
        ----------
        avatar : Avatar
            Of this style; see `check`.
        size : int
            Width and height, pixels.

        Returns
        -------
        bytes
            PNG.

        Raises
        ------
        StyleError
            As in `check`.
        """

    def pixels(self, avatar: Avatar, size: int) -> U8:
        """Return the picture as (size, size, 4) uint8 RGBA; see `png`."""

    def svg(self, avatar: Avatar) -> str:
        """Return the picture, the same text for equal avatars.

        Parameters
        ----------
        avatar : Avatar
            Of this style; see `check`.

        Returns
        -------
        str
            An SVG document.

        Raises
        ------
        StyleError
            As in `check`.
        """

    def template_masks(self, group: Group, size: int = 64) -> tuple[tuple[str, ...], F32]:
        """Return the exact masks of all templates in the canonical frame.

        Parameters
        ----------
        group : {"hair", "headwear", "headwear_alone"}
            Kind of templates.
        size : int
            Side of the masks, pixels.

        Returns
        -------
        ids : tuple of str
            Template ids; `BALD` first among the hair of vector styles.
        masks : (n, size, size) ndarray of float32
            Coverage 0..1, in the order of the ids.
        """

    def template_parts(
        self,
        group: Group,
        template: str,
        traits: Traits | None = None,
        penalties: PartPenalties | None = None,
    ) -> dict[str, str | None]:
        """Return the parts that a template stands for.

        Parameters
        ----------
        group : {"hair", "headwear", "headwear_alone"}
            Kind of template.
        template : str
            One of the ids of `template_masks`.
        traits, penalties : Traits and PartPenalties, optional
            As in `priors`.

        Returns
        -------
        dict of str to (str or None)
            To be set in an avatar.

        Raises
        ------
        StyleError
            If there is no such template.
        """

    def priors(
        self,
        group: Group,
        traits: Traits | None = None,
        penalties: PartPenalties | None = None,
    ) -> Mapping[str, float] | F64:
        """Return what is taken off each template's score.

        Parameters
        ----------
        group : {"hair", "headwear", "headwear_alone"}
            Kind of templates.
        traits : Traits, optional
            What was seen in the face, for styles whose templates are whole pictures.
        penalties : PartPenalties, optional
            What disagreement costs them.

        Returns
        -------
        mapping of str to float, or (n,) ndarray of float64
            0 or more, by id, or in the order of the ids of `template_masks`.
        """

    def families(self, group: Group) -> I32 | None:
        """Return the number of each template's hairdo, in the order of the ids of `template_masks`.

        Only the best of a hairdo is a candidate. None where all templates differ in it.
        """

    def choose(self, traits: Traits) -> dict[str, Choice]:
        """Return a variant for each part that is not chosen by its mask.

        Parameters
        ----------
        traits : Traits
            What was seen in the face.

        Returns
        -------
        dict of str to Choice
            By part, with score and reason. Sad, angry and closed eyes are never among them.
        """

    def shown(self, avatar: Avatar) -> Traits:
        """Return what an avatar shows, in the terms of a face, but for the places of its hair.

        Parameters
        ----------
        avatar : Avatar
            From `check`.

        Returns
        -------
        Traits
            Measures that its parts don't show are missing.
        """

    def hair_cover(self, avatar: Avatar) -> F32:
        """Return what an avatar's hair covers in the canonical frame.

        Parameters
        ----------
        avatar : Avatar
            From `check`.

        Returns
        -------
        (64, 64) ndarray of float32
            0..1, as in `template_masks`.
        """
