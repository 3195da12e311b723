"""What every style gives, whatever its art is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

from emojimap.arrays import F32
from emojimap.avatar import Avatar, Choice
from emojimap.traits import Traits

Group: TypeAlias = Literal["hair", "headwear", "headwear_alone"]
"""Kinds of templates: hair; headwear with the hair that shows under it; headwear alone."""

GROUPS: tuple[Group, ...] = ("hair", "headwear", "headwear_alone")

Role: TypeAlias = Literal[
    "hair", "headwear", "facial_hair", "glasses", "mouth", "eyes", "brows", "nose", "clothes"
]
"""What a part is for, in our words."""

ColourRole: TypeAlias = Literal[
    "skin", "hair", "facial_hair", "headwear", "clothes", "glasses", "iris"
]
"""What a colour paints, in our words."""

BALD = "bald"
"""Template id of a head without hair: an ordinary template with an empty mask."""


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
            Template ids; `BALD` first among hair.
        masks : (n, size, size) ndarray of float32
            Coverage 0..1, in the order of the ids.
        """

    def template_parts(self, group: Group, template: str) -> dict[str, str | None]:
        """Return the parts that a template stands for.

        Parameters
        ----------
        group : {"hair", "headwear", "headwear_alone"}
            Kind of template.
        template : str
            One of the ids of `template_masks`.

        Returns
        -------
        dict of str to (str or None)
            To be set in an avatar.

        Raises
        ------
        StyleError
            If there is no such template.
        """

    def priors(self, group: Group) -> dict[str, float]:
        """Return what is taken off each template's score, 0 or more, by id."""

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
