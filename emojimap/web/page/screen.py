"""The page as NiceGUI builds it, once for each browser tab; all of its state is here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui import ui
from nicegui.element import Element

from emojimap import styles
from emojimap.avatar import Avatar
from emojimap.errors import EmojimapError
from emojimap.styles import Style
from emojimap.web.page import address, groups, names, palettes
from emojimap.web.page.elements import Panel, Save, Segments, Studio, Theme
from emojimap.web.page.work import Candidate, Desk


class Screen:
    """One person's page.

    Parameters
    ----------
    offered : sequence of str
        Names of the styles.
    style : str
        The one that is shown first.
    has_token : bool
        Whether people sign in, and so may sign out.
    """

    def __init__(self, offered: Sequence[str], style: str, *, has_token: bool) -> None:
        self._desk = Desk(offered, style)
        self._section = ""
        self._failed: list[str] = []
        self._header(has_token)
        with _tag("div", "page"):
            with _tag("div", "left"):
                self._studio = Studio()
                self._stage()
            with _tag("div", "right"):
                self._choices()
                self._save = Save()
        self._footer()
        self._listen()
        self._refresh()

    def _header(self, has_token: bool) -> None:
        with ui.context.client.layout, _tag("header", "top") as header:
            with _tag("div", "brand"):
                _image("page/static/icon.svg", "", "logo")
                with _tag("div"):
                    _text("h1", "emojimap")
                    _text("p", "A photo in, your cartoon out.")
            if has_token:
                with _tag("form").props('method=post action="logout"'):
                    _text("button", "Sign out", "button quiet").props("type=submit")
            Theme()
        header.move(target_index=0)

    def _stage(self) -> None:
        with _tag("section", "card stage").props("aria-labelledby=avatar-title"):
            _text("h2", "Avatar").props("id=avatar-title")
            with _tag("div", "easel"):
                self._picture = _image("", "", "avatar")
            with _tag("div", "buttons").props('role=group aria-label="Steps"'):
                self._undo = _button("Undo", self._step_back)
                self._redo = _button("Redo", self._step_on)
                self._reset = _button("Reset", self._start_again)
            self._voice = _text("div", "", "visually-hidden").props("role=status")
            self._alarm = _text("div", "", "error").props("role=alert")

    def _choices(self) -> None:
        with _tag("section", "card").props("aria-labelledby=style-title"):
            _text("h2", "Style").props("id=style-title")
            self._styles = Segments("Style", "style", "editor", self._pick_style)
            with _tag("p", "credit"):
                self._art = _text("a", "").props("rel=noreferrer")
                self._terms = _text("span", "")
            with _tag("div", "editor").props("id=editor role=tabpanel") as self._editor:
                self._hairs = Panel("best", "h3", self._pick_candidate, self._paint)
                self._sections = Segments("Part", "part", "choices", self._pick_section)
                with _tag("div").props("id=choices role=tabpanel") as self._tabpanel:
                    self._panel = Panel("choice", "h3", self._pick_part, self._paint)

    def _footer(self) -> None:
        with ui.context.client.layout, _tag("footer", "foot"):
            _text("p", "Photos are looked at on this server alone and forgotten with the answer.")

    def _listen(self) -> None:
        self._studio.when("fit", self._take_fit)
        self._studio.when("undo", lambda _: self._step_back())
        self._studio.when("redo", lambda _: self._step_on())
        self._save.when("link", self._take_link)

    # What people do.

    def _take_fit(self, found: dict[str, Any]) -> None:
        with _Telling(self):
            face = found["face"]
            avatar = address.complete(face["avatar"], self._desk.offered)
            if found["fresh"]:
                self._desk.new_photo()
            ranked = [
                Candidate(str(one["variant"]), float(one["score"]), dict(one["parts"]))
                for one in face["candidates"]
            ]
            self._desk.fitted(avatar, ranked)
            self._refresh()
            if avatar.style == self._desk.style:
                self._say(f"Avatar ready: {self._description()}")

    def _take_link(self, query: str) -> None:
        with _Telling(self):
            self._desk.open(address.read(query, self._desk.offered))
            self._refresh()
            self._say(f"Avatar opened: {self._description()}")

    def _pick_style(self, name: str) -> None:
        if name in self._desk.offered:
            self._desk.style = name
            self._refresh()
            self._say(f"Style {self._drawn.title}")

    def _pick_section(self, title: str) -> None:
        self._section = title
        self._refresh()

    def _pick_candidate(self, picked: dict[str, Any]) -> None:
        for one in self._desk.work.candidates:
            if one.name == picked["value"]:
                self._change(one.parts, {}, f"Hair: {self._hair_label(one.parts)}")

    def _pick_part(self, picked: dict[str, Any]) -> None:
        part, variant = picked["group"], picked["value"]
        titles = names.variant_titles(self._drawn, part)
        said = f"{names.part_title(self._drawn, part)}: {titles[variant]}"
        self._change({part: variant}, {}, said)

    def _paint(self, picked: dict[str, Any]) -> None:
        colour, value = picked["group"].removesuffix("Color"), picked["value"]
        said = palettes.nearest(self._drawn, colour, value)
        self._change({}, {colour: value}, f"{names.colour_title(self._drawn, colour)}: {said}")

    def _change(self, parts: Any, colours: dict[str, str], said: str) -> None:
        with _Telling(self):
            work = self._desk.work
            avatar = self._drawn.check(work.now.with_(parts=dict(parts), colours=colours))
            if work.change(avatar):
                self._refresh()
                self._say(said)

    def _step_back(self) -> None:
        self._after(self._desk.work.undo(), "Undone")

    def _step_on(self) -> None:
        self._after(self._desk.work.redo(), "Done again")

    def _start_again(self) -> None:
        self._after(self._desk.work.reset(), "Back to the start")

    def _after(self, changed: bool, said: str) -> None:
        if changed:
            self._refresh()
            self._say(f"{said}: {self._description()}")

    # What is shown.

    @property
    def _drawn(self) -> Style:
        return styles.load(self._desk.style)

    def _refresh(self) -> None:
        self._show_avatar()
        self._show_choices()

    def _show_avatar(self) -> None:
        style, work = self._drawn, self._desk.work
        query = address.query(work.now)
        self._picture.props["src"] = f"page/avatar.svg?{query}"
        self._picture.props["alt"] = f"Avatar: {self._description()}"
        self._picture.update()
        _enable(self._undo, work.can_undo)
        _enable(self._redo, work.can_redo)
        _enable(self._reset, work.now != work.start)
        self._art.text = style.credit
        self._art.props["href"] = style.url
        self._art.update()
        self._terms.text = f" · {style.licence}"
        self._save.show(query=query, json=work.now.to_json(), file=f"emojimap-{style.name}")
        fitted = [name for name in self._desk.offered if self._desk.has_fit(name)]
        self._studio.show(look=style.name, known=fitted)

    def _show_choices(self) -> None:
        style, work = self._drawn, self._desk.work
        titles = [(name, styles.load(name).title) for name in self._desk.offered]
        self._styles.fill(titles, style.name)
        self._editor.props["aria-labelledby"] = f"style-{style.name}"
        self._editor.update()
        found = names.sections(style)
        section = next((one for one in found if one.title == self._section), found[0])
        self._sections.fill([(one.title, one.title) for one in found], section.title)
        self._tabpanel.props["aria-labelledby"] = f"part-{section.title}"
        self._tabpanel.update()
        self._panel.show(groups=groups.of_section(style, work.now, section))
        labels = {one.name: self._hair_label(one.parts) for one in work.candidates}
        self._hairs.show(groups=[groups.of_candidates(work, labels)] if labels else [])

    def _hair_label(self, parts: Any) -> str:
        said = Avatar(self._drawn.name, parts, {})
        return names.hair_words(self._drawn, said)

    def _description(self) -> str:
        style, avatar = self._drawn, self._desk.work.now
        said = f"hair {names.hair_words(style, avatar)}"
        colour = style.colour_names.get("hair")
        if colour is None:
            return said
        return f"{said}, {palettes.nearest(style, colour, avatar.colours[colour])}"

    def _say(self, text: str) -> None:
        self._alarm.text = ""
        # The same words are only read out again if the text differs.
        self._voice.text = f"{text}\N{NO-BREAK SPACE}" if text == self._voice.text else text

    def _warn(self, text: str) -> None:
        self._alarm.text = text


class _Telling:
    """Tells an error of ours on the page; what the browser sent may be anything."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, EmojimapError):
            self._screen._warn(str(error))
        elif isinstance(error, KeyError | TypeError | ValueError):
            self._screen._warn("That can't be read: load the page again.")
        else:
            return False
        return True


def _tag(tag: str, classes: str = "") -> Element:
    return ui.element(tag).classes(classes)


class _Text(Element):
    """A tag with text in it."""

    @property
    def text(self) -> str:
        return self._text or ""

    @text.setter
    def text(self, value: str) -> None:
        if value != self._text:
            self._text = value
            self.update()


def _text(tag: str, text: str, classes: str = "") -> _Text:
    element = _Text(tag)
    element.text = text
    element.classes(classes)
    return element


def _image(source: str, alt: str, classes: str) -> Element:
    image = _tag("img", classes)
    image.props["src"], image.props["alt"] = source, alt
    return image


def _button(label: str, act: Any) -> _Text:
    button = _text("button", label, "button")
    button.props["type"] = "button"
    button.on("click", lambda _: act(), args=[])
    return button


def _enable(button: Element, enabled: bool) -> None:
    # A button that is really disabled would lose the focus of who has just pressed it.
    button.props["aria-disabled"] = "false" if enabled else "true"
    button.update()
