"""The page of `emojimap serve`: the real server and a real browser, and its parts alone."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from emojimap import styles
from emojimap.avatar import Avatar
from emojimap.errors import ArgumentError, StyleError
from emojimap.web.page import address, groups, mount, names, palettes, pictures
from emojimap.web.page.work import Candidate, Desk, Work
from emojimap.web.service.settings import ServeSettings

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
expect = playwright.expect
expect.set_options(timeout=10_000)

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
TOKEN = "a-token-for-tests-alone"
NAME = "avatars.test"
SLOW_MS = 40_000
VOICE = ".stage [role=status]"


# Parts of the page, without a browser.


@pytest.mark.parametrize("name", styles.names())
def test_an_address_says_all_of_an_avatar(name):
    style = styles.load(name)
    avatar = style.default().with_(colours={style.colour_names["hair"]: "#123456"})
    assert address.read(address.query(avatar), [name]) == avatar
    for part, variants in style.parts.items():
        base = address.query(avatar, without=[part])
        last = address.read(f"{base}&{address.variants({part: variants[-1]})}", [name])
        assert last == avatar.with_(parts={part: variants[-1]})


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", ArgumentError),
        ("topVariant=bob", ArgumentError),
        ("emojimapStyleVariant=..%2F..%2Fetc", ArgumentError),
        ("emojimapStyleVariant=docs", StyleError),
        ("emojimapStyleVariant=personas", StyleError),
        ("emojimapStyleVariant=avataaars&topVariant=nothing", StyleError),
        ("emojimapStyleVariant=avataaars&topProbability=50", ArgumentError),
        ("emojimapStyleVariant=avataaars&hairColor=<script>", ArgumentError),
        ("emojimapStyleVariant=avataaars&" + "x=1&" * 200, ArgumentError),
        ("a" * 5000, ArgumentError),
    ],
)
def test_an_address_that_is_no_avatar_is_refused(query, error):
    with pytest.raises(error):
        address.read(query, ["avataaars"])


@pytest.mark.parametrize("name", styles.names())
def test_sections_hold_every_choice_once(name):
    style = styles.load(name)
    sections = names.sections(style)
    parts = [part for one in sections for part in one.parts]
    colours = [colour for one in sections for colour in one.colours]
    assert sorted(parts) == sorted(p for p, found in style.parts.items() if len(found) > 1)
    assert sorted(colours) == sorted(style.colours)
    assert all(one.title and (one.parts or one.colours) for one in sections)
    for part in parts:
        titles = list(names.variant_titles(style, part).values())
        assert len(set(titles)) == len(titles)
        assert not any(re.search(r"variant|[A-Z_]", title) for title in titles)


def test_names_are_plain_words():
    assert names.words("winterHat02") == "winter hat 2"
    avataaars, ears = styles.load("avataaars"), styles.load("big-ears")
    assert names.part_title(avataaars, "facialHair") == "Beard and moustache"
    assert names.colour_title(ears, "beard") == "Beard colour"
    assert names.variant_titles(ears, "nose")["variant02"] == "number 2"
    assert names.hair_words(avataaars, avataaars.default()) == "short flat"
    assert palettes.nearest(avataaars, "hair", "#241d1b") == "black"


def test_undo_and_redo_lead_back_and_forth():
    start = styles.load("avataaars").default()
    work = Work(start)
    bob, red = start.with_(parts={"top": "bob"}), start.with_(colours={"hair": "#ff0000"})
    assert not work.undo()
    assert work.change(bob)
    assert not work.change(bob)
    assert work.change(red)
    assert work.undo()
    assert work.now == bob
    assert work.redo()
    assert work.now == red
    assert work.reset()
    assert work.now == start
    assert work.undo()
    assert work.now == red
    assert work.change(bob)
    assert not work.can_redo


def test_each_style_has_its_own_work():
    desk = Desk(["avataaars", "toon-head"], "avataaars")
    desk.work.change(desk.work.now.with_(parts={"top": "bob"}))
    desk.style = "toon-head"
    assert desk.work.now == styles.load("toon-head").default()
    hair = {"hair": "bun", "rearHair": "longWavy"}
    desk.fitted(styles.load("toon-head").default(), [Candidate("bun+longWavy", 0.9, hair)])
    assert [one.parts for one in desk.work.candidates] == [hair]
    with pytest.raises(StyleError):
        desk.fitted(desk.work.now, [Candidate("unheard", 0.1, {"hair": "unheard"})])
    assert desk.has_fit("toon-head")
    assert not desk.has_fit("avataaars")
    desk.style = "avataaars"
    assert desk.work.now.parts["top"] == "bob"
    desk.new_photo()
    assert desk.work.now == styles.load("avataaars").default()


def test_candidates_take_away_what_others_add():
    desk = Desk(["toon-head"], "toon-head")
    bun = Candidate("bun+longWavy", 0.9, {"hair": "bun", "rearHair": "longWavy"})
    cap = Candidate("cap+none+none", 0.5, {"headwear": "cap", "hair": None, "rearHair": None})
    desk.fitted(desk.work.now, [bun, cap])
    group = groups.of_candidates(desk.work, {"bun+longWavy": "bun", "cap+none+none": "cap"})
    assert group["value"] is None
    drawn = [
        address.read(f"{group['base']}&{one['add']}", desk.offered) for one in group["options"]
    ]
    assert drawn[0].parts["headwear"] is None
    assert drawn[1].parts["headwear"] == "cap"


def test_only_what_shows_is_offered():
    style = styles.load("avataaars")
    found = {one.title: one for one in names.sections(style)}

    def offered(title, **parts):
        avatar = style.default().with_(parts=parts)
        return [one["title"] for one in groups.of_section(style, avatar, found[title])]

    assert offered("Hair") == ["Hair", "Hair colour"]
    assert offered("Hair", top="winterHat02") == ["Hair", "Hat colour"]
    assert offered("Glasses") == ["Glasses"]
    assert offered("Glasses", accessories="round") == ["Glasses", "Glasses colour"]
    assert offered("Clothes") == ["Clothes", "Clothes colour"]
    assert "Clothes graphic" in offered("Clothes", clothes="graphicShirt")


def test_the_page_alone_needs_no_token_and_sets_no_cookie():
    app = FastAPI()

    @app.get("/v1/other")
    def _other() -> dict[str, str]:
        return {}

    for _ in range(2):  # the second frame in a process takes the place of the first
        mount(app, ServeSettings(style="personas"))
    client = TestClient(app)
    page = client.get("/")
    assert page.status_code == 200
    assert "Sign out" not in page.text
    assert "Draftbit" in page.text
    assert "set-cookie" not in page.headers
    nonce = re.search(r"'nonce-([\w-]+)'", page.headers["content-security-policy"])[1]
    assert page.text.count("<script") == page.text.count(f'<script nonce="{nonce}"')
    assert (
        client.get("/").headers["content-security-policy"]
        != page.headers["content-security-policy"]
    )
    assert client.get("/page/static/page.css").status_code == 200
    assert client.get("/v1/other").json() == {}
    assert client.get("/nothing").json() == {"detail": "Not Found"}


@pytest.fixture(scope="module")
def drawer():
    app = FastAPI()
    app.include_router(pictures.router(["avataaars"]))
    with TestClient(app) as client:
        yield client


def test_pictures_are_drawn_from_their_address(drawer):
    avatar = styles.load("avataaars").default()
    query = address.query(avatar)
    svg = drawer.get(f"/page/avatar.svg?{query}")
    assert svg.text == avatar.to_svg()
    assert svg.headers["content-type"] == "image/svg+xml"
    png = drawer.get(f"/page/avatar.png?{query}&size=256")
    assert Image.open(io.BytesIO(png.content)).size == (256, 256)


@pytest.mark.parametrize(
    "path", ["avatar.svg?x=1", "avatar.svg", "avatar.png?size=99999", "avatar.png?size=256"]
)
def test_pictures_of_nothing_are_refused(drawer, path):
    assert drawer.get(f"/page/{path}").status_code == 422


# The page in a browser.


@pytest.fixture(scope="module")
def portrait(astronaut):
    return _jpeg(astronaut)


@pytest.fixture(scope="module")
def camera(astronaut, tmp_path_factory):
    """A film of one face, for the browser's false camera."""
    frame = cv2.cvtColor(astronaut, cv2.COLOR_RGB2YUV_I420).tobytes()
    path = tmp_path_factory.mktemp("camera") / "face.y4m"
    path.write_bytes(b"YUV4MPEG2 W512 H512 F10:1 Ip A1:1 C420jpeg\n" + 2 * (b"FRAME\n" + frame))
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The command, with a token; gives its address."""
    folder = tmp_path_factory.mktemp("server")
    variables = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    command = [sys.executable, "-c", "from emojimap.cli import main; main()", "serve"]
    process = subprocess.Popen(
        [*command, "--port", "0", "--workers", "1", "--time-limit", "60", "--allow-host", NAME],
        cwd=folder,
        env={**variables, "EMOJIMAP_TOKEN": TOKEN},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stderr.readline()
        found = re.search(r"http://[\d.]+:\d+", line)
        assert found, line + process.stderr.read()
        reader = threading.Thread(target=process.stderr.read, daemon=True)
        reader.start()
        yield found[0]
        process.terminate()
        reader.join(20)
    finally:
        process.kill()
        process.wait(20)
        process.stderr.close()
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="module")
def browser(camera):
    if CHROMIUM is None:
        pytest.skip("no Chromium: install it, or put it on the PATH")
    arguments = [
        "--no-sandbox",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
        f"--host-resolver-rules=MAP {NAME} 127.0.0.1",
    ]
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield found
        found.close()


class Tab:
    """A page that is open, and all that it asked for or complained about."""

    def __init__(self, browser, url, *, signed_in=True, **more):
        self.url = url
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **more})
        if signed_in:
            self.context.add_cookies([{"name": "emojimap_token", "value": TOKEN, "url": url}])
        self.page = self.context.new_page()
        self.page.set_default_timeout(SLOW_MS)
        self.requests, self.complaints = [], []
        self.page.on("request", lambda found: self.requests.append(found.url))
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.said = None
        self.expected = r"$^"  # complaints that a test brings about

    def _told(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def open(self, more=""):
        self.page.goto(self.url + "/" + more)
        expect(self.page.get_by_role("heading", name="Avatar")).to_be_visible(timeout=SLOW_MS)
        self.page.wait_for_function("() => window.did_handshake")
        return self.page

    def listen(self):
        """Wait in `ready` for what is said from now on."""
        self.said = self.page.locator(VOICE).text_content()

    def upload(self, content, name="photo.jpg", kind="image/jpeg"):
        self.listen()
        file = {"name": name, "mimeType": kind, "buffer": content}
        self.page.set_input_files("#photo-file", files=[file])

    def ready(self, said="Avatar ready"):
        self.page.wait_for_function(
            """([place, before, said]) => {
                const text = document.querySelector(place)?.textContent;
                return text !== before && text?.includes(said);
            }""",
            arg=[VOICE, self.said, said],
        )
        return self.avatar()

    def avatar(self):
        """Return the avatar that is shown now."""
        source = self.page.locator(".avatar").get_attribute("src")
        return address.read(source.partition("?")[2], styles.names())

    def becomes(self, true):
        """Wait until the avatar is as wanted."""
        for _ in range(200):
            avatar = self.avatar()
            if true(avatar):
                return avatar
            self.page.wait_for_timeout(25)
        raise AssertionError(f"still {avatar}")

    def close(self):
        self.context.close()
        origin = (self.url, self.url.replace("http", "ws"), "data:", f"blob:{self.url}")
        assert [url for url in self.requests if not url.startswith(origin)] == []
        unexpected = [text for text in self.complaints if not re.search(self.expected, text)]
        assert unexpected == []


@pytest.fixture
def tab(browser, server, request):
    found = Tab(browser, server, **getattr(request, "param", {}))
    yield found
    found.close()


@pytest.fixture(scope="module")
def fitted(browser, server, portrait):
    """A page with a photo, for tests that leave it as it was."""
    found = Tab(browser, server, permissions=["clipboard-read", "clipboard-write"])
    found.open()
    found.upload(portrait)
    found.ready()
    yield found
    found.close()


def test_a_photo_becomes_an_avatar(tab, portrait):
    page = tab.open()
    expect(page.locator("html")).to_have_attribute("lang", "en-US")
    before = tab.avatar()
    tab.upload(portrait)
    after = tab.ready("Avatar ready: hair ")
    assert after != before
    assert after.style == "avataaars"
    best = page.get_by_role("radiogroup", name="Best hair for this photo").get_by_role("radio")
    expect(best).to_have_count(5)
    expect(best.first).to_be_checked()
    expect(page.get_by_role("img", name="Your photo")).to_be_visible()
    assert [one["name"] for one in tab.context.cookies()] == ["emojimap_token"]
    policy = page.request.get(tab.url).headers["content-security-policy"]
    assert "unsafe-eval" not in policy
    assert "script-src 'self' 'nonce-" in policy
    assert "unsafe-inline" not in policy.partition("style-src")[0]


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_photo_can_be_pasted_and_dropped(fitted, portrait, way):
    fitted.listen()
    fitted.page.evaluate(
        """([data, way]) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const given = new DataTransfer();
            given.items.add(new File([bytes], "photo.jpg", { type: "image/jpeg" }));
            const event = way === "paste"
              ? new ClipboardEvent("paste", { clipboardData: given, bubbles: true })
              : new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true });
            document.body.dispatchEvent(event);
        }""",
        [base64.b64encode(portrait).decode(), way],
    )
    assert fitted.ready().style == "avataaars"


def test_the_camera_takes_a_photo(fitted):
    page = fitted.page
    page.get_by_role("button", name="Camera").click()
    dialog = page.get_by_role("dialog", name="Take a photo")
    expect(dialog).to_be_visible()
    _no_violations(page)
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Camera").click()
    page.wait_for_function("() => document.querySelector('video')?.videoWidth > 0")
    fitted.listen()
    dialog.get_by_role("button", name="Take it").click()
    fitted.ready()
    expect(dialog).to_have_count(0)


def test_a_large_photo_is_made_smaller_and_keeps_its_turn(fitted):
    picture = Image.new("RGB", (2600, 1300), "teal")
    turned = picture.getexif()
    turned[0x0112] = 6  # a quarter turn
    body = io.BytesIO()
    picture.save(body, "JPEG", exif=turned)
    found = fitted.page.evaluate(
        """async (data) => {
            const { shrink } = await import("emojimap/photo.js");
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const sent = await shrink(new Blob([bytes], { type: "image/jpeg" }));
            const { width, height } = await createImageBitmap(sent);
            const kept = await shrink(sent);
            return [width, height, sent.type, kept === sent];
        }""",
        base64.b64encode(body.getvalue()).decode(),
    )
    assert found == [1024, 2048, "image/jpeg", True]


def test_parts_and_colours_change_by_clicks_and_steps_can_be_taken_back(fitted, portrait):
    tab, page = fitted, fitted.page
    tab.upload(portrait)
    first = tab.ready()
    page.get_by_role("radiogroup", name="Best hair").get_by_role("radio").nth(1).click()
    second = tab.becomes(lambda avatar: avatar != first)
    assert {k for k in second.parts if second.parts[k] != first.parts[k]} == {"top"}
    page.get_by_role("radiogroup", name="Hair", exact=True).get_by_label("fro band").click()
    tab.becomes(lambda avatar: avatar.parts["top"] == "froBand")
    page.get_by_role("radiogroup", name="Hair colour").get_by_label("teal").click()
    tab.becomes(lambda avatar: avatar.colours["hair"] == "#2a9d94")
    page.get_by_role("tab", name="Glasses").click()
    glasses = page.get_by_role("radiogroup", name="Glasses", exact=True)
    glasses.get_by_label("round", exact=True).click()
    tab.becomes(lambda avatar: avatar.parts["accessories"] == "round")
    glasses.get_by_label("none").click()
    tab.becomes(lambda avatar: avatar.parts["accessories"] is None)
    page.get_by_role("tab", name="Face", exact=True).click()
    page.get_by_label("Hex").fill("#abc")
    page.get_by_label("Hex").press("Enter")
    last = tab.becomes(lambda avatar: avatar.colours["skin"] == "#aabbcc")
    page.get_by_label("Hex").fill("nonsense")
    page.get_by_label("Hex").press("Enter")
    expect(page.get_by_text("Write it like")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    tab.becomes(lambda avatar: avatar.colours["skin"] == first.colours["skin"])
    page.get_by_role("button", name="Redo").click()
    tab.becomes(lambda avatar: avatar == last)
    page.get_by_role("heading", name="Avatar").click()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    tab.becomes(lambda avatar: avatar.parts["accessories"] == "round")
    page.keyboard.press("Control+Shift+Z")
    tab.becomes(lambda avatar: avatar.parts["accessories"] is None)
    page.get_by_role("button", name="Reset").click()
    tab.becomes(lambda avatar: avatar == first)
    page.get_by_role("tab", name="Hair").click()


def test_each_style_is_fitted_once_and_keeps_its_changes(tab, portrait):
    page = tab.open()
    page.get_by_role("tab", name="Personas").click()
    tab.becomes(lambda avatar: avatar == styles.load("personas").default())
    tab.upload(portrait)
    persona = tab.ready()
    assert persona.style == "personas"
    page.get_by_role("tab", name="ToonHead").click()
    head = tab.becomes(
        lambda avatar: avatar.style == "toon-head" and avatar != styles.load("toon-head").default()
    )
    page.get_by_role("radiogroup", name="Hair colour").get_by_label("pink").click()
    pink = tab.becomes(lambda avatar: avatar != head)
    page.get_by_role("tab", name="Personas").click()
    tab.becomes(lambda avatar: avatar == persona)
    page.get_by_role("tab", name="ToonHead").click()
    tab.becomes(lambda avatar: avatar == pink)
    assert sum("/v1/fit" in url for url in tab.requests) == 2
    expect(page.get_by_role("link", name=re.compile("Johan Melin"))).to_be_visible()
    expect(page.get_by_text("CC BY 4.0")).to_be_visible()


def test_what_is_saved_is_what_is_shown(fitted):
    page, avatar = fitted.page, fitted.avatar()
    page.get_by_label("PNG size").select_option("1024")
    png = Image.open(io.BytesIO(_download(page, "PNG")))
    assert png.size == (1024, 1024)
    assert np.array_equal(np.asarray(png), avatar.to_image(1024))
    svg = _download(page, "SVG")
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert svg.decode() == avatar.to_svg()
    saved = Avatar.from_dict(json.loads(_download(page, "JSON")))
    assert saved == avatar
    assert saved.choices["top"].why
    page.get_by_role("button", name="Copy DiceBear options").click()
    expect(page.get_by_text("DiceBear options copied")).to_be_visible()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert Avatar.from_json(copied) == avatar


def test_a_link_draws_the_same_avatar(fitted, tab):
    fitted.page.get_by_role("button", name="Copy link").click()
    expect(fitted.page.get_by_text("Link copied")).to_be_visible()
    link = fitted.page.evaluate("() => navigator.clipboard.readText()")
    tab.open(link.partition("/#")[2] and "#" + link.partition("/#")[2])
    assert tab.ready("Avatar opened") == fitted.avatar()
    tab.page.get_by_role("tab", name="Face", exact=True).click()
    tab.page.get_by_role("radiogroup", name="Skin colour").get_by_label("ebony").click()
    changed = tab.becomes(lambda avatar: avatar != fitted.avatar())
    tab.page.reload()
    assert tab.ready("Avatar opened") == changed


def test_a_link_to_nothing_is_told(tab):
    page = tab.open("#emojimapStyleVariant=avataaars&topVariant=nothing")
    expect(page.locator(".stage [role=alert]")).to_contain_text("nothing")
    assert tab.avatar() == styles.load("avataaars").default()


def test_what_was_seen_is_shown_on_demand(fitted):
    page = fitted.page
    opener = page.get_by_role("button", name="What was seen")
    opener.click()
    dialog = page.get_by_role("dialog", name="What was seen")
    expect(dialog).to_be_visible(timeout=SLOW_MS)
    page.wait_for_function("() => document.querySelector('dialog img').naturalWidth > 300")
    _no_violations(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"not a photo at all\n" * 20, "notes.txt", "text/plain"),
        (None, "wall.png", "image/png"),
    ],
)
def test_a_photo_that_is_none_is_told(fitted, content, name, kind):
    tab, page, before = fitted, fitted.page, fitted.avatar()
    tab.expected = "status of 4"
    with page.expect_response("**/v1/fit*") as answer:
        tab.upload(content or _png(np.full((300, 300, 3), 150, np.uint8)), name, kind)
    detail = answer.value.json()["detail"]
    expect(page.locator(".studio [role=alert]")).to_have_text(detail)
    assert tab.avatar() == before


def test_a_busy_server_is_asked_again(fitted, portrait):
    tab, page = fitted, fitted.page
    tab.expected = "status of 4"
    asked = []

    def busy_once(route):
        asked.append(route)
        if len(asked) == 1:
            route.fulfill(status=429, headers={"Retry-After": "1"}, body="{}")
        else:
            route.continue_()

    page.route("**/v1/fit*", busy_once)
    tab.upload(portrait)
    expect(page.locator(".studio [role=status]")).to_contain_text("busy: trying again in 1 s")
    tab.ready()
    page.unroute("**/v1/fit*")
    assert len(asked) == 2


@pytest.mark.parametrize(
    "tab", [{"viewport": {"width": 375, "height": 740}, "has_touch": True}], indirect=True
)
def test_a_phone_shows_all_of_it(tab, portrait):
    page = tab.open()
    tab.upload(portrait)
    tab.ready()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 375
    boxes = page.evaluate(
        """() => [...document.querySelectorAll("a.button, button, label.button, select, input")]
            .filter((one) => one.checkVisibility() && !one.matches(".file"))
            .map((one) => [one.className, one.textContent, ...(({width, height}) =>
                [width, height])(one.getBoundingClientRect())])"""
    )
    assert len(boxes) > 40
    least = {"swatch": 24}
    assert [one for one in boxes if min(one[2:]) < least.get(one[0], 43.9)] == []
    page.get_by_role("tab", name="Mouth").tap()
    page.get_by_role("radiogroup", name="Mouth").get_by_label("twinkle").tap()
    tab.becomes(lambda avatar: avatar.parts["mouth"] == "twinkle")
    _no_violations(page)


def test_the_keyboard_reaches_everything(fitted):
    page = fitted.page
    page.locator(".theme[tabindex='0']").focus()
    seen = [page.evaluate(_FOCUSED)]
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(_FOCUSED))
        if seen[-1][0] == "Copy link":
            break
    reached = [name for name, _ in seen]
    wanted = ["auto", "photo-file", "Camera", "What was seen", "Undo", "Redo", "Reset"]
    wanted += ["Avataaars", "Hair", "photo", "PNG", "SVG", "JSON", "Copy link"]
    assert [name for name in wanted if not any(name in found for found in reached)] == []
    assert [name for name, outline in seen if not outline] == []
    before = fitted.avatar()
    page.get_by_role("radiogroup", name="Hair", exact=True).get_by_label("none").focus()
    page.keyboard.press("ArrowRight")
    fitted.becomes(lambda avatar: avatar.parts["top"] == "bigHair")
    focused = page.locator(":focus")
    expect(focused).to_have_attribute("aria-checked", "true")
    expect(focused).to_have_attribute("data-value", "bigHair")
    page.get_by_role("tab", name="Hair").focus()
    page.keyboard.press("End")
    expect(page.get_by_role("radiogroup", name="Clothes colour")).to_be_visible()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Undo").press("Enter")
    fitted.becomes(lambda avatar: avatar == before)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()


_FOCUSED = """() => {
    const one = document.activeElement;
    const shown = one.matches(".file") ? one.nextElementSibling : one;
    const {outlineStyle, outlineWidth} = getComputedStyle(shown);
    const name = one.getAttribute("aria-label") || one.textContent || one.id;
    return [name, outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_hinders_anyone(fitted, tab, scheme):
    for one in (tab, fitted):
        one.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    _no_violations(tab.open())
    _no_violations(fitted.page)
    fitted.page.emulate_media(color_scheme="light")


def test_the_page_is_dark_where_wanted_and_stays_so(tab):
    page = tab.open()
    assert _brightness(page) > 200
    page.get_by_role("radio", name="dark", exact=True).click()
    assert _brightness(page) < 60
    page.reload()
    expect(page.get_by_role("radio", name="dark", exact=True)).to_be_checked()
    assert _brightness(page) < 60
    page.get_by_role("radio", name="dark", exact=True).press("ArrowRight")
    expect(page.get_by_role("radio", name="auto")).to_be_checked()
    assert _brightness(page) > 200


def test_without_a_secure_address_the_phone_takes_the_photo(browser, server):
    found = Tab(browser, server.replace("127.0.0.1", NAME))
    found.expected = "Cross-Origin-Opener-Policy"
    page = found.open()
    expect(page.get_by_role("button", name="Camera")).to_have_count(0)
    expect(page.locator("#photo-camera")).to_have_attribute("capture", "user")
    expect(page.get_by_text("Take a photo")).to_be_visible()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied")).to_be_visible()
    found.close()


def test_paths_that_are_not_the_pages_are_the_services(server, browser):
    context = browser.new_context(extra_http_headers={"Authorization": f"Bearer {TOKEN}"})
    for path, status in (("nothing", 404), ("page/nothing", 404), ("v1/fit", 405)):
        answer = context.request.get(f"{server}/{path}")
        assert answer.status == status
        assert answer.headers["content-type"] == "application/problem+json"
    context.close()


def test_a_token_is_asked_for_once(browser, server):
    found = Tab(browser, server, signed_in=False)
    found.expected = "status of 403"
    page = found.page
    page.goto(server)
    assert page.url == f"{server}/login"
    _no_violations(page)
    page.get_by_label("Token").fill("another token altogether")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not the server's token")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Avatar")).to_be_visible()
    page.wait_for_function("() => window.did_handshake")
    (cookie,) = found.context.cookies()
    assert cookie["name"] == "emojimap_token"
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    assert found.context.cookies() == []
    assert page.request.get(f"{server}/page/avatar.svg").status == 401
    found.close()


def _no_violations(page):
    results = axe.Axe().run(page).response["violations"]
    told = [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in results]
    assert told == []


def _download(page, name):
    with page.expect_download() as found:
        page.get_by_role("link", name=name, exact=True).click()
    assert found.value.suggested_filename == f"emojimap-avataaars.{name.lower()}"
    with open(found.value.path(), "rb") as file:
        return file.read()


def _brightness(page):
    colour = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    return max(int(value) for value in re.findall(r"\d+", colour)[:3])


def _png(picture):
    return _encoded(picture, "PNG")


def _jpeg(picture):
    return _encoded(picture, "JPEG")


def _encoded(picture, kind):
    body = io.BytesIO()
    Image.fromarray(picture).save(body, kind, quality=90)
    return body.getvalue()
