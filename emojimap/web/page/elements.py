"""Elements of the page that are drawn by our own modules in ``static/``, without templates.

They need neither eval nor a build: NiceGUI hands them their properties and brings their events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

_SHARED = {"emojimap": "static"}


class _Own(Element):
    def show(self, **props: Any) -> None:
        """Set properties; what stays as it is is not sent."""
        changed = {
            name: value
            for name, value in props.items()
            if name not in self.props or self.props[name] != value
        }
        for name, value in changed.items():
            self.props[name] = value
        if changed:
            self.update()

    def when(self, event: str, act: Callable[[Any], None]) -> None:
        """Call `act` with what an event brings."""

        def handle(found: GenericEventArguments) -> None:
            act(found.args)

        self.on(event, handle)


class Segments(_Own, component="static/segments.js", esm=_SHARED):
    """A row of tabs.

    Parameters
    ----------
    label : str
        For screen readers.
    prefix : str
        Of the ids of the tabs, ``prefix-value``.
    panel : str
        Id of what the tabs show.
    pick : callable
        Is given the value of the tab that was picked.
    """

    def __init__(self, label: str, prefix: str, panel: str, pick: Callable[[Any], None]) -> None:
        super().__init__()
        self.show(label=label, prefix=prefix, panel=panel, options=[], value="")
        self.when("pick", pick)

    def fill(self, options: Sequence[tuple[str, str]], value: str) -> None:
        """Show tabs, (value, label) each, with one of them chosen."""
        self.show(options=[{"value": v, "label": label} for v, label in options], value=value)


class Panel(_Own, component="static/panel.js"):
    """Groups of pictures and colours to choose from.

    Parameters
    ----------
    prefix : str
        Of the ids of its headings.
    heading : str
        Their tag.
    pick, paint : callable
        Are given ``{"group": id, "value": value}`` for a picture and for a colour.
    """

    def __init__(
        self,
        prefix: str,
        heading: str,
        pick: Callable[[Any], None],
        paint: Callable[[Any], None],
    ) -> None:
        super().__init__()
        self.show(prefix=prefix, heading=heading, groups=[])
        self.when("pick", pick)
        self.when("paint", paint)


class Studio(_Own, component="static/studio.js"):
    """Where the photo comes in; it posts it to the service and brings the answer."""


class Save(_Own, component="static/save.js"):
    """Downloads, options and the link."""


class Theme(_Own, component="static/theme.js"):
    """Light, dark or as the system says; decided in the browser."""
