"""The labelling page, over HTTP as a browser asks for it."""

import _thread
import http.client
import io
import json
import re
import signal
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from emojimap import photo
from emojimap.errors import ArgumentError, DataError, OutputError
from emojimap.tune import labels
from emojimap.tune.labels import Label
from emojimap.web.labelling import find_photos, serve

BLANK = {"skin": None, "hair": None, "iris": None}


class Page:
    """A running server, asked by address."""

    def __init__(self, ended):
        self.ended = ended
        self.announced = ""
        self._told = threading.Event()

    def announce(self, line):
        self.announced = line
        self._told.set()

    def wait(self):
        assert self._told.wait(10)
        self.address = re.search(r"http://127\.0\.0\.1:\d+/[\w-]{20,}/", self.announced)[0]
        self.port = int(self.address.split(":")[2].split("/")[0])

    def ask(self, target, body=None, address=None, **headers):
        """Status, headers and body of an answer, whatever the status."""
        request = urllib.request.Request((address or self.address) + target, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.status, error.headers, error.read()

    def save(self, number, **colours):
        status, _, body = self.ask(f"labels/{number}", json.dumps(BLANK | colours).encode())
        return status, json.loads(body)

    def colours(self):
        return [row["colours"] for row in json.loads(self.ask("photos.json")[2])["photos"]]

    def done(self):
        assert self.ask("done", b"")[0] == 200
        return self.ended.result(timeout=10)


@contextmanager
def served(photos, out, **options):
    with ThreadPoolExecutor(1) as pool:
        page = Page(None)
        page.ended = pool.submit(
            serve, photos, out, open_browser=False, announce=page.announce, **options
        )
        try:
            page.wait()
            yield page
        finally:
            if not page.ended.done():
                page.done()


def draw(place):
    """Two photos, one of them turned by its EXIF notes, and a damaged one."""
    place.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    Image.fromarray(noise).save(place / "a.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise).save(place / "b.jpg", exif=exif)
    (place / "c.jpg").write_bytes(b"no photo")
    return place


@pytest.fixture
def folder(tmp_path):
    return draw(tmp_path / "faces")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "labels.csv"


@pytest.fixture
def page(folder, out):
    with served(find_photos(folder), out) as page:
        yield page


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """One server for all tests that leave it as it is."""
    place = tmp_path_factory.mktemp("standing")
    out = place / "labels.csv"
    with served(find_photos(draw(place / "faces")), out) as page:
        page.out = out
        yield page


class TestShown:
    def test_page_may_load_nothing_from_elsewhere(self, page):
        status, headers, body = page.ask("")
        assert status == 200
        policy = headers["Content-Security-Policy"]
        nonce = re.search(r"script-src 'nonce-([\w-]+)'", policy)[1]
        assert policy.startswith("default-src 'none'")
        assert body.count(f'nonce="{nonce}"'.encode()) == 2
        assert b"NONCE" not in body
        assert b"http" not in body
        assert page.ask("")[1]["Content-Security-Policy"] != policy
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("number", [0, 1])
    def test_photos_are_exact(self, page, folder, number):
        status, headers, body = page.ask(f"photos/{number}.png")
        assert (status, headers["Content-Type"]) == (200, "image/png")
        with Image.open(io.BytesIO(body)) as shown:
            assert np.array_equal(np.array(shown), photo.read(find_photos(folder)[number]))

    def test_large_photos_are_shown_as_they_are_measured(self, tmp_path, out):
        Image.new("RGB", (3000, 60), "red").save(tmp_path / "wide.png")
        with served([tmp_path / "wide.png"], out) as page:
            _, _, body = page.ask("photos/0.png")
        with Image.open(io.BytesIO(body)) as shown:
            assert shown.width == 2048

    def test_damaged_photo_is_listed(self, page):
        status, _, body = page.ask("photos/2.png")
        assert status == 422
        assert "c.jpg" in json.loads(body)["error"]
        rows = json.loads(page.ask("photos.json")[2])["photos"]
        assert [row["name"] for row in rows] == ["a.png", "b.jpg", "c.jpg"]
        assert [bool(row["error"]) for row in rows] == [False, False, True]

    def test_address_is_announced(self, page, out):
        assert "3 photos" in page.announced
        assert str(out) in page.announced


class TestRefused:
    @pytest.mark.parametrize("target", ["", "photos.json", "photos/0.png"])
    @pytest.mark.parametrize("token", ["", "guess/", "ä/".encode().decode("latin-1")])
    def test_wrong_token(self, standing, target, token):
        address = f"http://127.0.0.1:{standing.port}/{urllib.request.quote(token)}"
        assert standing.ask(target, address=address)[0] == 403

    def test_wrong_token_saves_and_ends_nothing(self, standing):
        address = f"http://127.0.0.1:{standing.port}/guess/"
        body = json.dumps(BLANK | {"skin": "#010203"}).encode()
        assert standing.ask("labels/0", body, address=address)[0] == 403
        assert standing.ask("done", b"", address=address)[0] == 403
        assert not standing.out.exists()
        assert standing.ask("")[0] == 200

    @pytest.mark.parametrize(
        "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "[::1]:{port}"]
    )
    def test_wrong_host(self, standing, host):
        assert standing.ask("", Host=host.format(port=standing.port))[0] == 403
        assert standing.ask("done", b"", Host=host.format(port=standing.port))[0] == 403

    def test_localhost_is_this_computer(self, standing):
        assert standing.ask("", Host=f"localhost:{standing.port}")[0] == 200

    @pytest.mark.parametrize(
        "target",
        [
            "photos/3.png", "photos/-1.png", "photos/.png", "photos/a.png", "photos/0.jpg",
            "photos/999999999999.png", "photos/0.png?x", "labels/0", "favicon.ico",
            "../labels.csv", "photos/../../labels.csv", "photos/%2e%2e/faces/a.png",
            "..%2f..%2fetc/passwd", "/etc/passwd", "label.html", "photos/%30.png",
        ],
    )  # fmt: skip
    def test_nothing_else_is_served(self, standing, target):
        assert standing.ask(target)[0] == 404

    @pytest.mark.parametrize("target", ["labels/3", "labels/x", "photos/0.png", ""])
    def test_nothing_else_is_taken(self, standing, target):
        assert standing.ask(target, json.dumps(BLANK).encode())[0] == 404
        assert not standing.out.exists()

    @pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS"])
    def test_other_methods(self, standing, method):
        connection = http.client.HTTPConnection("127.0.0.1", standing.port, timeout=10)
        try:
            connection.request(
                method, standing.address.removeprefix(f"http://127.0.0.1:{standing.port}")
            )
            assert connection.getresponse().status == 501
        finally:
            connection.close()

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"{", b"[]", b"\xff", b"null", b'{"skin": "#010203"}', b"[" * 1000,
            json.dumps(BLANK | {"eyes": None}).encode(),
            *(json.dumps(BLANK | {"skin": bad}).encode()
              for bad in ("#abc", "red", "", "#01020g", "#010203\n", 7, ["#010203"], {})),
        ],
    )  # fmt: skip
    def test_bad_colours(self, standing, body):
        status, _, answer = standing.ask("labels/0", body)
        assert status == 400
        assert json.loads(answer)["error"]
        assert not standing.out.exists()

    @pytest.mark.parametrize("size", [1025, 500_000])
    def test_too_large(self, standing, size):
        assert standing.ask("labels/0", b" " * size)[0] == 413
        assert not standing.out.exists()

    def test_without_a_length(self, standing):
        connection = http.client.HTTPConnection("127.0.0.1", standing.port, timeout=10)
        try:
            connection.putrequest("POST", "/guess/done")
            connection.endheaders()
            assert connection.getresponse().status == 411
        finally:
            connection.close()


class TestSaved:
    def test_at_once(self, page, out):
        assert page.save(1, hair="#AABBCC", iris="010203") == (200, {"judged": 1})
        assert out.read_text() == "photo,skin,hair,iris\nfaces/b.jpg,,#aabbcc,#010203\n"
        assert page.save(0, skin="#000000") == (200, {"judged": 2})
        assert page.colours()[0] == BLANK | {"skin": "#000000"}

    def test_cleared(self, page, out):
        page.save(0, skin="#000000")
        assert page.save(0) == (200, {"judged": 0})
        assert out.read_text() == "photo,skin,hair,iris\n"
        assert page.done() == 0

    def test_many_at_once(self, page, out):
        with ThreadPoolExecutor(8) as pool:
            shades = [f"#0000{i:02x}" for i in range(40)]
            answers = list(pool.map(lambda shade: page.save(0, skin=shade), shades))
        assert answers == [(200, {"judged": 1})] * 40
        assert len(labels.read(out)) == 1

    def test_gone_on_with(self, folder, out, tmp_path):
        other = tmp_path / "other.jpg"
        known = [
            Label(other, iris="#111111"),
            Label(folder / "b.jpg", skin="#222222"),
        ]
        labels.write(out, known)
        photos = find_photos(folder)
        with served(photos, out) as page:
            assert [row["skin"] for row in page.colours()] == [None, "#222222", None]
            page.save(0, skin="#333333")
            assert page.done() == 2
        found = labels.read(out, unfinished=True)
        assert found == [*known, Label(folder / "a.png", skin="#333333")]
        with served(photos, out) as page:
            assert page.colours()[0]["skin"] == "#333333"

    def test_after_everything_was_cleared(self, folder, out):
        out.write_text("photo,skin,hair,iris\n")
        with served(find_photos(folder), out) as page:
            assert page.done() == 0

    def test_failure_reaches_the_page_and_may_be_repeated(self, page, out):
        out.mkdir()
        status, answer = page.save(0, skin="#010203")
        assert status == 507
        assert "labels.csv" in answer["error"]
        assert page.colours()[0] == BLANK
        out.rmdir()
        assert page.save(0, skin="#010203")[0] == 200
        assert labels.read(out)

    def test_what_another_program_wrote_is_kept(self, page, out):
        page.save(0, skin="#010203")
        out.write_text("photo,skin,hair,iris\nfaces/b.jpg,#ffffff,,\n")
        status, answer = page.save(0, skin="#040506")
        assert status == 507
        assert "another program" in answer["error"]
        assert "#ffffff" in out.read_text()


class TestEnd:
    def test_done(self, page):
        page.save(0, skin="#010203")
        assert page.done() == 1
        with pytest.raises(urllib.error.URLError):
            page.ask("")

    def test_an_idle_browser_does_not_hold_it_up(self, page):
        connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
        connection.connect()
        start = time.monotonic()
        assert page.done() == 0
        assert time.monotonic() - start < 5
        connection.close()

    def test_ctrl_c(self, folder, out):
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            timer = threading.Timer(0.3, _thread.interrupt_main)
            ended = serve(
                find_photos(folder), out, open_browser=False, announce=lambda _: timer.start()
            )
            timer.join()
        finally:
            signal.signal(signal.SIGINT, before)
        assert ended == 0

    def test_browser_is_opened_at_the_address(self, folder, out, monkeypatch):
        opened, announced = [], []

        def end(address):
            opened.append(address)
            urllib.request.urlopen(address + "done", b"", timeout=10).close()

        monkeypatch.setattr("webbrowser.open", end)
        assert serve(find_photos(folder), out, announce=announced.append) == 0
        assert opened[0] in announced[0]


class TestStart:
    def test_no_photos(self, out):
        with pytest.raises(ArgumentError, match="no photos"):
            serve([], out, announce=print)

    @pytest.mark.parametrize("port", [-1, 65_536])
    def test_no_such_port(self, folder, out, port):
        with pytest.raises(ArgumentError, match=str(port)):
            serve(find_photos(folder), out, port=port, announce=print)

    def test_port_in_use(self, page, folder, out):
        with pytest.raises(ArgumentError, match=str(page.port)):
            serve(find_photos(folder), out, port=page.port, announce=print)

    def test_no_folder_for_the_result(self, folder, tmp_path):
        with pytest.raises(OutputError, match="none"):
            serve(find_photos(folder), tmp_path / "none" / "l.csv", announce=print)

    def test_a_photo_is_not_overwritten(self, folder):
        before = (folder / "a.png").read_bytes()
        with pytest.raises(DataError, match=r"a\.png"):
            serve(find_photos(folder), folder / "a.png", announce=print)
        assert (folder / "a.png").read_bytes() == before


class TestFindPhotos:
    def test_below_sorted_without_hidden_ones_and_avatars(self, folder):
        for name in ("d/x.HEIC", "d/.y.png", ".e/z.png", "a.avatar.png", "notes.txt", "d/w.webp"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(b"")
        found = [path.relative_to(folder).as_posix() for path in find_photos(folder)]
        assert found == ["a.png", "b.jpg", "c.jpg", "d/w.webp", "d/x.HEIC"]

    def test_none(self, tmp_path):
        (tmp_path / "a.txt").write_bytes(b"")
        with pytest.raises(DataError, match=re.escape(str(tmp_path))):
            find_photos(tmp_path)

    @pytest.mark.parametrize("name", ["none", "a.txt"])
    def test_no_folder(self, tmp_path, name):
        (tmp_path / "a.txt").write_bytes(b"")
        with pytest.raises(DataError, match=name):
            find_photos(tmp_path / name)
