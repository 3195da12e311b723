"""From one fit after the other to an avatar that changes only where it has to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from emojimap.avatar import Avatar, Choice
from emojimap.fit import Fit
from emojimap.metrics import delta_e
from emojimap.styles import Group, Style
from emojimap.traits import Mouth
from emojimap.video.moods import Mood
from emojimap.video.settings import VideoSettings

TEMPLATE = "template"
"""Stands for all parts that are chosen together, by their mask."""
_SURE = 1.0
_CLOSED = ("closed", "sleep")
_MOUTHS: tuple[Mouth, ...] = ("neutral", "smile", "twinkle", "open")


@dataclass
class _Waiting:
    """What may come instead of a part, and how often in a row it was better."""

    variant: object
    times: int


class Steady:
    """The avatar that is shown.

    Parameters
    ----------
    style : Style
        That it is drawn in.
    settings : VideoSettings
        ``lead``, ``in_row``, ``colour_step``.
    """

    def __init__(self, style: Style, settings: VideoSettings) -> None:
        self._style, self._settings = style, settings
        self._parts: dict[str, str | None] = {}
        self._template: tuple[Group, str] | None = None
        self._colours: dict[str, str] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._moods: dict[Mouth, dict[str, str | None]] = {}
        self._closed: dict[str, str | None] = {}
        self._shown: Avatar | None = None
        self.part_changes = 0
        self.colour_changes = 0

    def offer(self, fit: Fit, *, settled: bool) -> None:
        """Take what a look says.

        Parameters
        ----------
        fit : Fit
            Of the evidence of all looks.
        settled : bool
            Whether parts change with hysteresis only.
        """
        new = dict(fit.avatar.parts)
        together = self._offer_template(fit, settled=settled)
        followed = {*together, *self._mood_parts()}
        for part in new.keys() - followed:
            lead = _lead(fit.avatar.choices.get(part), self._parts.get(part))
            if self._changes(part, self._parts.get(part), new[part], lead, settled=settled):
                self._set({part: new[part]})
        for part in self._mood_parts():
            self._parts.setdefault(part, new[part])
        self._offer_colours(fit.avatar.colours)
        self._moods = {mouth: self._mouth(fit, mouth) for mouth in _MOUTHS}
        self._closed = self._eyes_closed(fit)
        self._shown = None

    def avatar(self, mood: Mood) -> Avatar | None:
        """Return the avatar with the mouth and the eyes of this moment; None before any offer."""
        if not self._parts:
            return None
        parts = {**self._parts, **self._moods.get(mood.mouth, {})}
        if mood.closed:
            parts.update(self._closed)
        if self._shown is None or dict(self._shown.parts) != parts:
            self._shown = Avatar(self._style.name, parts, self._colours)
        return self._shown

    def _offer_template(self, fit: Fit, *, settled: bool) -> set[str]:
        """Change hair or headwear, which are compared by mask, with all parts that belong to it."""
        overlay, traits = fit.overlay, fit.analysis.traits
        best = overlay.group, overlay.matches[0].id
        parts = self._style.template_parts(overlay.group, best[1], traits)
        scores = {(overlay.group, match.id): match.score for match in overlay.matches}
        lead = _SURE
        if self._template is not None and self._template[0] == overlay.group:
            # What is shown and not among the best is worse than the last of them.
            lead = scores[best] - scores.get(self._template, overlay.matches[-1].score)
        if self._changes(TEMPLATE, self._template, best, lead, settled=settled):
            self._template = best
            self._set({name: fit.avatar.parts[name] for name in parts})
        return set(parts)

    def _changes(
        self, name: str, shown: object, new: object, lead: float, *, settled: bool
    ) -> bool:
        """Tell whether a part changes now."""
        if shown == new:
            self._waiting.pop(name, None)
            return name != TEMPLATE and name not in self._parts
        if not settled or (shown is None and name != TEMPLATE and name not in self._parts):
            return True
        if lead < self._settings.lead:
            self._waiting.pop(name, None)
            return False
        waiting = self._waiting.get(name)
        if waiting is None or waiting.variant != new:
            waiting = self._waiting[name] = _Waiting(new, 0)
        waiting.times += 1
        if waiting.times < self._settings.in_row:
            return False
        del self._waiting[name]
        return True

    def _set(self, parts: Mapping[str, str | None]) -> None:
        changed = [name for name, new in parts.items() if self._parts.get(name, new) != new]
        self.part_changes += len(changed)
        self._parts.update(parts)

    def _offer_colours(self, new: Mapping[str, str]) -> None:
        for name, value in new.items():
            shown = self._colours.get(name)
            if shown is None:
                self._colours[name] = value
            elif shown != value and _apart(shown, value) > self._settings.colour_step:
                self._colours[name] = value
                self.colour_changes += 1

    def _mood_parts(self) -> list[str]:
        names = self._style.part_names
        return [part for role in ("mouth", "lips") for part in names.get(role, ())]

    def _mouth(self, fit: Fit, mouth: Mouth) -> dict[str, str | None]:
        choices = self._style.choose(replace(fit.analysis.traits, mouth=mouth))
        return {part: choices[part].variant for part in self._mood_parts() if part in choices}

    def _eyes_closed(self, fit: Fit) -> dict[str, str | None]:
        """Variants with closed eyes, where the style has them and draws no glasses with them."""
        names = self._style.part_names
        worn = set(names.get("glasses", ())) if fit.analysis.traits.glasses != "none" else set()
        found: dict[str, str | None] = {}
        for part in names.get("eyes", ()):
            for variant in self._style.parts[part]:
                if part not in worn and variant and variant.lower().startswith(_CLOSED):
                    found[part] = variant
        return found


def _lead(choice: Choice | None, shown: str | None) -> float:
    """How much better the choice is than what is shown."""
    if choice is None or choice.score is None:
        return _SURE
    others = dict(choice.runners_up)
    if not others:
        return _SURE
    return choice.score - others.get(shown, min(others.values()))


def _apart(a: str, b: str) -> float:
    pair = [np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)], np.uint8) for text in (a, b)]
    return float(delta_e(pair[0], pair[1]))
