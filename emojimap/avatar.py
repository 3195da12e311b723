"""An avatar: which parts in which colours, nothing drawn yet.

As a dictionary an avatar is a set of DiceBear options: any DiceBear tool, in any language, draws
it and goes on editing it. The schema of options allows no keys beside its own patterns, so what
is ours alone stands where the schema has room and DiceBear looks at nothing:

* ``emojimapStyleVariant``: the style (``toon-head`` as ``toonHead``),
* ``irisColor``: a colour that the definitions do not have,
* ``topScoreVariant``, ``hairColorScoreVariant``: scores of the choice and of its runners-up,
* ``seed``: why each choice was made, in words. Everything is pinned, so the seed decides nothing.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from emojimap.arrays import U8
from emojimap.errors import ArgumentError

FORMAT = "emojimap 1"
"""First words of the explanation; the number changes with the meaning of our own keys."""

BY_HAND = "set by hand"
"""Why a part is what it is, where a person chose it."""

_STYLE_KEY = "emojimapStyleVariant"
_SEED_MAX = 1024
_NAME = re.compile(r"[a-z][a-zA-Z0-9]{0,63}")
_STYLE = re.compile(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*")
_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})")


@dataclass(frozen=True)
class Choice:
    """Why a part or a colour is what it is.

    Parameters
    ----------
    variant : str or None
        What was chosen: a variant, None where the part is absent, or ``#rrggbb``.
    score : float or None
        How well it fits, 0 or more; None where nothing was measured.
    why : str
        One clause with the figure that decided.
    runners_up : tuple of (str or None, float)
        The next best with their scores, best first.
    """

    variant: str | None
    score: float | None = None
    why: str = ""
    runners_up: tuple[tuple[str | None, float], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the choice as JSON types, keys in a fixed order."""
        return {
            "variant": self.variant,
            "score": self.score,
            "why": self.why,
            "runners_up": [[name, score] for name, score in self.runners_up],
        }


@dataclass(frozen=True)
class Avatar:
    """Parts and colours of one face in one style.

    Names are checked by the style when the avatar is drawn, not here.

    Parameters
    ----------
    style : str
        Name of the style.
    parts : mapping of str to (str or None)
        Variant of each of the style's components; None where it is absent.
    colours : mapping of str to str
        ``#rrggbb`` of each of the style's colours; ``#rgb`` and a missing # are understood.
    choices : mapping of str to Choice
        Explanations, by part (``top``) or by colour (``hairColor``). Ignored when compared.

    Raises
    ------
    ArgumentError
        If a name or a colour can't be one.
    """

    style: str
    parts: Mapping[str, str | None]
    colours: Mapping[str, str]
    choices: Mapping[str, Choice] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not _STYLE.fullmatch(self.style):
            raise ArgumentError(f"style {self.style!r} is no name: use words like toon-head")
        for name in (*self.parts, *self.colours, *(v for v in self.parts.values() if v)):
            if not _NAME.fullmatch(name):
                raise ArgumentError(f"{name!r} is no part, colour or variant: use camelCase names")
        colours = {name: hex_colour(value, name) for name, value in self.colours.items()}
        for name, value in (("parts", self.parts), ("colours", colours), ("choices", self.choices)):
            object.__setattr__(self, name, MappingProxyType(dict(sorted(value.items()))))

    def __hash__(self) -> int:
        return hash((self.style, tuple(self.parts.items()), tuple(self.colours.items())))

    def __reduce__(self) -> tuple[Any, ...]:
        # Read-only views can't be pickled; plain copies can.
        return Avatar, (self.style, dict(self.parts), dict(self.colours), dict(self.choices))

    def with_(
        self,
        *,
        parts: Mapping[str, str | None] | None = None,
        colours: Mapping[str, str] | None = None,
    ) -> Avatar:
        """Return a copy with some parts and colours set by hand.

        Parameters
        ----------
        parts : mapping of str to (str or None), optional
            New variants; None takes the part away.
        colours : mapping of str to str, optional
            New colours, hex.

        Returns
        -------
        Avatar
            The copy; the explanation of what was set says so.

        Raises
        ------
        ArgumentError
            If a name or a colour can't be one.

        Examples
        --------
        >>> avatar = Avatar("avataaars", {"top": "bun"}, {"hair": "#2c1b18"})
        >>> avatar.with_(parts={"top": "bob"}, colours={"hair": "#aa3311"}).parts["top"]
        'bob'
        """
        parts, colours = dict(parts or {}), dict(colours or {})
        by_hand = {name: Choice(value, why=BY_HAND) for name, value in parts.items()}
        for name, value in colours.items():
            by_hand[f"{name}Color"] = Choice(hex_colour(value, name), why=BY_HAND)
        return Avatar(
            self.style,
            {**self.parts, **parts},
            {**self.colours, **colours},
            {**self.choices, **by_hand},
        )

    def explained(self, choices: Mapping[str, Choice]) -> Avatar:
        """Return a copy with further explanations, by part (``top``) or colour (``hairColor``)."""
        return Avatar(self.style, self.parts, self.colours, {**self.choices, **choices})

    def to_dict(self) -> dict[str, Any]:
        """Return the avatar as DiceBear options, explanations included.

        Returns
        -------
        dict
            JSON types, in a fixed order; valid under DiceBear's schema of options.
        """
        options: dict[str, Any] = {"seed": _reasons(self.choices), _STYLE_KEY: _camel(self.style)}
        for name, variant in self.parts.items():
            if variant is not None:
                options[f"{name}Variant"] = variant
            options[f"{name}Probability"] = 0 if variant is None else 100
        for name, colour in self.colours.items():
            options[f"{name}Color"] = [colour[1:]]
        for name, choice in self.choices.items():
            if scores := _scores(choice):
                options[f"{name}ScoreVariant"] = scores
        return options

    @classmethod
    def from_dict(cls, options: Mapping[str, Any]) -> Avatar:
        """Return the avatar that a dictionary describes.

        Parameters
        ----------
        options : mapping
            From `to_dict`, perhaps edited by a DiceBear tool.

        Returns
        -------
        Avatar
            Equal to the one that `to_dict` was called on.

        Raises
        ------
        ArgumentError
            If the style is missing, or a part or a colour is left to chance.
        """
        if not isinstance(options, Mapping) or not isinstance(options.get(_STYLE_KEY), str):
            raise ArgumentError(f"no {_STYLE_KEY}: give the JSON of an emojimap avatar")
        parts: dict[str, str | None] = {}
        for name in _stems(options, "Variant") | _stems(options, "Probability"):
            if name != _STYLE_KEY[:-7] and not name.endswith("Score"):
                parts[name] = _variant(options, name)
        colours = {name: _pinned(options, f"{name}Color") for name in _stems(options, "Color")}
        avatar = cls(_kebab(options[_STYLE_KEY]), parts, colours)
        return avatar.explained(_read_choices(avatar, options))

    def to_json(self) -> str:
        """Return `to_dict` as text: two spaces of indentation, a line break at the end."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Avatar:
        """Return the avatar that JSON describes; ArgumentError as in `from_dict`."""
        try:
            return cls.from_dict(json.loads(text))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ArgumentError(f"not JSON ({error}): give the JSON of an avatar") from error

    def to_svg(self) -> str:
        """Return the picture as SVG; see `emojimap.render.to_svg`."""
        return str(_render().to_svg(self))

    def to_image(self, size: int = 512) -> U8:
        """Return the picture as (size, size, 4) uint8 RGBA; see `emojimap.render.to_image`."""
        image: U8 = _render().to_image(self, size)
        return image

    def distance(self, other: Avatar) -> float:
        """How different two avatars of one style look, 0 for equal to 1.

        The weighted mean of differences of what both show: where hair lies, its colour and that of
        the skin, brows, facial hair, glasses and more, each weighted by how well it tells photos of
        one person from photos of two. See `emojimap.likeness`.

        Parameters
        ----------
        other : Avatar
            Of the same style.

        Returns
        -------
        float
            0..1, the same both ways.

        Raises
        ------
        ArgumentError
            If the styles differ: their parts have nothing in common.
        StyleError
            If one of them can't be drawn.
        """
        likeness = importlib.import_module("emojimap.likeness")
        return float(likeness.distance(self, other))


def hex_colour(value: Any, name: str = "colour") -> str:
    """Return a colour of three or six hexadecimal digits as ``#rrggbb``, or raise ArgumentError.

    Examples
    --------
    >>> hex_colour("A31")
    '#aa3311'
    """
    match = _HEX.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None:
        raise ArgumentError(f"{name} {value!r} is no colour: give #rrggbb")
    digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
    return f"#{digits}"


def _render() -> Any:
    # Drawing and comparing need the styles, which stand above avatars: loading the modules by name
    # when they are needed keeps the rows apart, and importing avatars cheap.
    return importlib.import_module("emojimap.render")


def _camel(name: str) -> str:
    first, *rest = name.split("-")
    return first + "".join(word.capitalize() for word in rest)


def _kebab(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"-{match[0].lower()}", name)


def _stems(options: Mapping[str, Any], ending: str) -> set[str]:
    return {key[: -len(ending)] for key in options if key.endswith(ending)}


def _pinned(options: Mapping[str, Any], key: str) -> str:
    value = options[key]
    values = list(value) if isinstance(value, list | dict) else [value]
    if len(values) != 1 or not isinstance(values[0], str):
        raise ArgumentError(f"{key} is {value!r}: an avatar has exactly one")
    return values[0]


def _variant(options: Mapping[str, Any], name: str) -> str | None:
    probability = options.get(f"{name}Probability", 100)
    if probability not in (0, 100):
        raise ArgumentError(f"{name}Probability is {probability!r}: an avatar has 0 or 100")
    if probability == 0:
        return None
    if f"{name}Variant" not in options:
        raise ArgumentError(f"{name}Variant is missing: pin the part, or set {name}Probability 0")
    return _pinned(options, f"{name}Variant")


def _scores(choice: Choice) -> dict[str, float]:
    """Scores by variant; what is no variant name (a colour, none) goes by a word."""
    named = [(choice.variant, choice.score), *choice.runners_up]
    return {
        _word(variant): max(0.0, round(float(score), 4))
        for variant, score in named
        if score is not None
    }


def _word(variant: str | None) -> str:
    if variant is None:
        return "none"
    return f"x{variant[1:]}" if variant.startswith("#") else variant


def _unword(word: str) -> str | None:
    if word == "none":
        return None
    return f"#{word[1:]}" if re.fullmatch(r"x[0-9a-f]{6}", word) else word


def _reasons(choices: Mapping[str, Choice]) -> str:
    """One text of at most `_SEED_MAX` characters; too long reasons all shrink to one length."""
    reasons = {
        name: " ".join(choice.why.replace("|", "/").split())
        for name, choice in choices.items()
        if choice.why
    }
    longest = max(map(len, reasons.values()), default=0)
    for length in range(longest, -1, -1):
        clauses = [f"{name}: {why[:length].rstrip()}" for name, why in reasons.items()]
        text = " | ".join([FORMAT, *clauses])
        # DiceBear counts UTF-16 units, of which a rare character takes two.
        if len(text.encode("utf-16-le")) // 2 <= _SEED_MAX:
            return text
    return FORMAT


def _read_choices(avatar: Avatar, options: Mapping[str, Any]) -> dict[str, Choice]:
    first, *clauses = str(options.get("seed", "")).split(" | ")
    split = [clause.partition(": ") for clause in clauses] if first == FORMAT else []
    reasons = {name: why for name, _, why in split}
    chosen: dict[str, str | None] = dict(avatar.parts)
    chosen.update({f"{name}Color": value for name, value in avatar.colours.items()})
    choices = {}
    for name, variant in chosen.items():
        found = options.get(f"{name}ScoreVariant", {})
        pairs = found.items() if isinstance(found, Mapping) else ()
        scores = {_unword(word): float(score) for word, score in pairs}
        if name in reasons or scores:
            score = scores.pop(variant, None)
            choices[name] = Choice(variant, score, reasons.get(name, ""), tuple(scores.items()))
    return choices
