"""A set from its source to a style: reading, going on, choosing, what a person edits."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emojimap import styles
from emojimap.avatar import Avatar
from emojimap.errors import CacheError, DataError, OutputError, StyleError
from emojimap.overlap import MaskIndex
from emojimap.styles import PartPenalties
from emojimap.styles.cartoonset import consensus, hairstyles, journal, source, table
from emojimap.styles.cartoonset.journal import Journal
from emojimap.styles.cartoonset.precompute import precompute
from emojimap.styles.cartoonset.style import CartoonsetStyle
from emojimap.styles.index import open_index
from emojimap.traits import Traits
from tests.drawn_cartoons import Cartoon, png

BROWN = Cartoon()
SET = {
    "cs10": BROWN,
    "cs11": BROWN.but(glasses="clear", hair=(30, 21, 20)),
    "cs12": BROWN.but(glasses="dark", skin=(96, 61, 48)),
    "cs13": BROWN.but(beard="full", chin=392),
    "cs20": BROWN.but(cut="long"),
    "cs21": BROWN.but(cut="long", glasses="clear"),
    "cs30": BROWN.but(cut="high", brow_opacity=0.39),
    "cs31": BROWN.but(cut="high", beard="moustache"),
    "cs40": BROWN.but(hair=None),
}
HAIRS = {"1": 0, "2": 1, "3": 2, "4": 3}


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return {name: png(cartoon) for name, cartoon in SET.items()}


def csv(name: str) -> bytes:
    return f'"hair", {HAIRS[name[2]]}, 111\n"chin_length", 1, 3\n'.encode()


@pytest.fixture
def folder(pictures: dict[str, bytes], tmp_path: Path) -> Path:
    place = tmp_path / "set"
    place.mkdir()
    for name, content in pictures.items():
        (place / f"{name}.png").write_bytes(content)
    return place


@pytest.fixture(scope="module")
def cache(pictures: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A precomputed set; not to be changed."""
    place = tmp_path_factory.mktemp("given")
    for name, content in pictures.items():
        (place / f"{name}.png").write_bytes(content)
    out = tmp_path_factory.mktemp("cache") / "cartoonset"
    precompute(place, out)
    return out


@pytest.fixture
def style(cache: Path) -> CartoonsetStyle:
    return CartoonsetStyle(cache)


# Sources


def packed(place: Path, kind: str, pictures: dict[str, bytes]) -> Path:
    """Write the set as a folder or as an archive, with attributes beside the pictures."""
    entries = {f"cartoonset10k/{i % 3}/{n}.png": c for i, (n, c) in enumerate(pictures.items())}
    entries |= {name.replace(".png", ".csv"): csv(name[-8:-4]) for name in entries}
    entries["cartoonset10k/._cs10.png"] = b"what macOS leaves"
    entries["cartoonset10k/readme.txt"] = b"text"
    if kind == "folder":
        for name, content in entries.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        return place / "cartoonset10k"
    path = place / f"set.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w:gz" if kind == "tgz" else "w") as tar:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("kind", ["folder", "tgz", "tar", "zip"])
def test_all_sources_give_the_same_style(
    kind: str, pictures: dict[str, bytes], tmp_path: Path
) -> None:
    path = packed(tmp_path, kind, pictures)
    shares: list[float] = []
    report = precompute(path, tmp_path / "out", progress=lambda _, share: shares.append(share))
    assert (report.pictures, report.hairstyles, report.broken) == (9, 4, [])
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 1
    found, _ = table.read(tmp_path / "out")
    assert found.names.tolist() == sorted(SET)
    assert [style.id for style in found.hairstyles] == ["hair0", "hair1", "hair2", "hair3"]


def test_a_folder_with_nothing_but_the_archive(pictures: dict[str, bytes], tmp_path: Path) -> None:
    packed(tmp_path, "tgz", pictures)
    assert precompute(tmp_path, tmp_path / "out").pictures == 9


def test_names_are_words() -> None:
    assert source.name_of("cs100") == "cs100"
    assert source.name_of("Face 07_b").startswith("face07Bx")
    assert source.name_of("07").startswith("cs07x")
    odd = ["---", "é", "顔", "面", "a b", "a-b", "1", "cs1", "aB"]
    assert len({source.name_of(stem) for stem in odd}) == len(odd)


@pytest.mark.parametrize(
    "line", ["hair", '"hair", 99999, 3', '"hair", -1, 3', '"hair", x, 3', '"hair", 1, 2, 3']
)
def test_attributes_that_are_none(line: str) -> None:
    with pytest.raises(DataError, match="count"):
        source.attributes(line.encode())


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone", None, "does not exist"),
        ("a.txt", b"text", "neither a folder nor"),
        ("a.tgz", b"no archive", "damaged"),
        ("a.zip", b"PK\x03\x04", "damaged"),
    ],
)
def test_what_is_no_source(name: str, content: bytes | None, words: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        precompute(tmp_path / name, tmp_path / "out")


def test_an_archive_that_is_cut_off(pictures: dict[str, bytes], tmp_path: Path) -> None:
    path = packed(tmp_path, "tgz", pictures)
    path.write_bytes(path.read_bytes()[:-6000])
    with pytest.raises(DataError, match=r"set.tgz is damaged"):
        precompute(path, tmp_path / "out")
    assert not (tmp_path / "out" / table.NAME).exists()


# Precomputing


def test_broken_pictures_are_listed_and_skipped(folder: Path, tmp_path: Path) -> None:
    (folder / "cs98.png").write_bytes(b"no picture")
    (folder / "cs99.png").write_bytes((folder / "cs10.png").read_bytes()[:3000])
    (folder / "cs10.csv").write_bytes(b"hair is 3\n")
    report = precompute(folder, tmp_path / "out")
    assert report.pictures == 9
    places = sorted(Path(place).name for place, _ in report.broken)
    assert places == ["cs10.csv", "cs98.png", "cs99.png"]


def test_one_bad_file_does_not_end_the_run(folder: Path, tmp_path: Path) -> None:
    huge = bytearray((folder / "cs10.png").read_bytes())
    huge[16:24] = (40_000).to_bytes(4, "big") * 2
    (folder / "cs90.png").write_bytes(bytes(huge))
    (folder / "cs91.png").write_bytes(b"")
    (folder / "cs92.png").write_bytes(b"\x89PNG" + b"\0" * 5_000_000)
    (folder / "cs11.csv").write_bytes(b'"hair", 1, 3\r"glasses", "' + b"x" * 200_000)
    (folder / "cs94.csv").write_bytes(b"\xef\xbb\xbf" + csv("cs10"))
    report = precompute(folder, tmp_path / "out")
    reasons = {Path(place).name: reason for place, reason in report.broken}
    assert report.pictures == 9
    assert "40000x40000 pixels" in reasons["cs90.png"]
    assert reasons["cs91.png"] == "empty"
    assert "5 MB: pictures of the set have at most 4" in reasons["cs92.png"]
    assert set(reasons) == {"cs90.png", "cs91.png", "cs92.png", "cs11.csv"}


def test_a_damaged_entry_of_a_zip_is_skipped(pictures: dict[str, bytes], tmp_path: Path) -> None:
    path = packed(tmp_path, "zip", pictures)
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 40] ^= 255
    path.write_bytes(bytes(content))
    report = precompute(path, tmp_path / "out")
    assert report.pictures == 8
    assert "can't be unpacked" in report.broken[0][1]


def test_several_archives_are_named(pictures: dict[str, bytes], tmp_path: Path) -> None:
    packed(tmp_path, "tgz", pictures)
    packed(tmp_path, "zip", pictures)
    (tmp_path / "._set.tgz").write_bytes(b"what macOS leaves")
    with pytest.raises(DataError, match=r"several archives, set.tgz, set.zip: give one"):
        precompute(tmp_path, tmp_path / "out")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights")
def test_links_are_followed_once(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "linked"
    place.mkdir()
    (place / "set").symlink_to(folder)
    (folder / "again").symlink_to(folder)
    assert precompute(place, tmp_path / "out").pictures == 9


class Full:
    """A file on a disk that is full."""

    def __init__(self, file: io.FileIO, room: int) -> None:
        self._file, self._room = file, room

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)

    def write(self, content: bytes) -> int:
        if not self._room:
            raise OSError(28, "No space left on device")
        written = self._file.write(content[: self._room])
        self._room -= written
        return written


def test_a_full_disk_is_told_and_leaves_whole_entries(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Journal.add

    def add(kept: Journal, *arguments: object) -> object:
        if len(kept.places) == 3:
            kept._file = Full(kept._file, 500)  # type: ignore[assignment, arg-type]
        return first(kept, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "add", add)
        with pytest.raises(OutputError, match=r"No space left on device.*make room"):
            precompute(folder, tmp_path / "out")
    report = precompute(folder, tmp_path / "out")
    assert (report.read, report.pictures) == (6, 9)


def test_nothing_usable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no PNG"):
        precompute(tmp_path / "empty", tmp_path / "out")
    (tmp_path / "empty" / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"none of 1 files .* no PNG"):
        precompute(tmp_path / "empty", tmp_path / "out")
    assert not (tmp_path / "out" / table.NAME).exists()


def test_one_picture_under_two_names(folder: Path, tmp_path: Path) -> None:
    (folder / "cs99.png").write_bytes((folder / "cs20.png").read_bytes())
    assert precompute(folder, tmp_path / "out").pictures == 10
    ids, masks = CartoonsetStyle(tmp_path / "out").template_masks("hair")
    assert "cs20" in ids
    assert masks[list(ids).index("cs20")].any()


def test_two_pictures_of_one_name(folder: Path, tmp_path: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "cs10.png").write_bytes((folder / "cs11.png").read_bytes())
    report = precompute(folder, tmp_path / "out")
    assert report.broken[0][1] == "another picture is called cs10"
    assert report.pictures == 9


def test_it_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    held = {name: (folder / name).read_bytes() for name in ("cs30.png", "cs31.png", "cs40.png")}
    for name in held:
        (folder / name).unlink()
    assert precompute(folder, tmp_path / "out").read == 6
    for name, content in held.items():
        (folder / name).write_bytes(content)
    report = precompute(folder, tmp_path / "out")
    assert (report.read, report.pictures) == (3, 9)
    assert precompute(folder, tmp_path / "out").read == 0
    fresh = tmp_path / "fresh"
    precompute(folder, fresh)
    one, other = (styles.load(place).template_masks("hair") for place in (tmp_path / "out", fresh))
    assert one[0] == other[0]
    assert np.array_equal(one[1], other[1])


@pytest.mark.parametrize("torn", [1, 40, 3000])
def test_a_torn_end_is_read_again(torn: int, folder: Path, tmp_path: Path) -> None:
    precompute(folder, tmp_path / "out")
    path = tmp_path / "out" / journal.NAME
    path.write_bytes(path.read_bytes()[:-torn])
    report = precompute(folder, tmp_path / "out")
    assert (report.read, report.pictures) == (1, 9)
    assert CartoonsetStyle(tmp_path / "out").pixels(Avatar("cartoonset", {}, {}), 500).any()


def test_a_journal_of_another_version_is_begun_anew(folder: Path, tmp_path: Path) -> None:
    precompute(folder, tmp_path / "out")
    path = tmp_path / "out" / journal.NAME
    path.write_bytes(path.read_bytes().replace(b"emojimap cartoonset", b"emojimap something", 1))
    assert precompute(folder, tmp_path / "out").read == 9


def test_pictures_that_are_gone_leave_the_style(folder: Path, tmp_path: Path) -> None:
    precompute(folder, tmp_path / "out")
    (folder / "cs40.png").unlink()
    precompute(folder, tmp_path / "out")
    assert "cs40" not in CartoonsetStyle(tmp_path / "out").parts["picture"]


def test_several_processes_find_the_same(folder: Path, tmp_path: Path, cache: Path) -> None:
    (folder / "cs99.png").write_bytes(b"no picture")
    report = precompute(folder, tmp_path / "out", jobs=2)
    assert (report.pictures, len(report.broken)) == (9, 1)
    one, other = (table.read(place)[0] for place in (tmp_path / "out", cache))
    assert np.array_equal(one.beard, other.beard)
    assert np.array_equal(one.digests, other.digests)
    assert [style.rows for style in one.hairstyles] == [style.rows for style in other.hairstyles]


def session(leader: int) -> list[str]:
    """Processes that a process has started and left behind, where the system tells."""
    left = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = path.read_text().rpartition(")")
            state, _, _, number = rest.split()[:4]
            if int(number) == leader and state != "Z":
                left.append(name)
    return left


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_process_that_was_stopped_is_followed_by_one_that_ends(
    blow: signal.Signals, pictures: dict[str, bytes], tmp_path: Path
) -> None:
    place, out = tmp_path / "many", tmp_path / "out"
    place.mkdir()
    for i in range(120):
        (place / f"cs{i:03d}.png").write_bytes(pictures["cs11"] + b"\0" * i)
    code = (
        "import sys; from pathlib import Path\n"
        "from emojimap.styles.cartoonset.precompute import precompute\n"
        "precompute(Path(sys.argv[1]), Path(sys.argv[2]), jobs=2)\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code, str(place), str(out)],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    path = out / journal.NAME
    until = time.monotonic() + 60
    while time.monotonic() < until and not (path.exists() and path.stat().st_size > 200_000):
        time.sleep(0.02)
    running.send_signal(blow)
    running.wait(30)
    assert running.returncode != 0
    assert not (out / table.NAME).exists()
    until = time.monotonic() + 20
    while session(running.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not session(running.pid), "workers were left behind"
    report = precompute(place, out)
    assert report.pictures == 120
    assert 0 < report.read < 120


def test_two_at_a_time_are_refused(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with (
        Journal(tmp_path / "out"),
        pytest.raises(OutputError, match="being written by another"),
    ):
        precompute(folder, tmp_path / "out")


def test_a_folder_that_is_a_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("here already")
    with pytest.raises(OutputError):
        precompute(folder, tmp_path / "out")


def test_pictures_with_one_attribute_agree() -> None:
    for count, known, agrees in ((6, True, True), (4, True, False), (6, False, False)):
        glasses = np.array([0] * (count - 1) + [2], np.int8)
        beard = np.full((count, 3), 0.9, np.float32)
        beard[-1] = 0
        glasses = 2 - glasses
        chin, jaw = (np.full(count, value, np.float32) for value in (388, 75))
        chin[-1] = np.nan
        given = np.full((count, 5), 3, np.int16)
        if not known:
            given[-1] = consensus.UNKNOWN
        consensus.agree(glasses, beard, chin, jaw, given)
        assert (glasses[-1] == 2) == agrees
        assert (chin[-1] == 388) == agrees
        assert beard[-1].any() == agrees


def test_one_misread_picture_takes_no_beard_from_others_and_gives_none() -> None:
    given = np.full((40, 5), 3, np.int16)
    beard, rest = np.zeros((40, 3), np.float32), [np.full(40, np.nan, np.float32) for _ in "ab"]
    glasses = np.zeros(40, np.int8)
    beard[:3], glasses[:3] = 0.5, 1
    consensus.agree(glasses, beard, *rest, given)
    assert (beard[:3] == 0.5).all()
    assert not beard[3:].any()
    assert glasses.tolist() == [1] * 3 + [0] * 37
    beard[:16] = 0.5
    consensus.agree(glasses, beard, *rest, given)
    assert (beard == 0.5).all()


# Hairstyles


def test_one_hairdo_is_found_by_its_mask(cache: Path) -> None:
    found, _ = table.read(cache)
    names = [[found.names[row] for row in style.rows] for style in found.hairstyles]
    assert names == [
        ["cs10", "cs11", "cs12", "cs13"], ["cs20", "cs21"], ["cs30", "cs31"], ["cs40"]
    ]  # fmt: skip


@pytest.fixture
def own(cache: Path, tmp_path: Path) -> Path:
    """A copy of the precomputed set that may be changed."""
    for path in cache.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def wish(own: Path, words: str, hair: str) -> None:
    path = own / hairstyles.NAME
    lines = path.read_text().splitlines()
    path.write_text("\n".join(f"{words} {x.strip()}" if hair in x else x for x in lines) + "\n")


def test_a_person_can_drop_a_hairstyle(own: Path, folder: Path) -> None:
    before = CartoonsetStyle(own)
    open_index(before, "hair")
    wish(own, "drop", "cs20 ")
    after = CartoonsetStyle(own)
    assert "cs20" in before.parts["hair"]
    assert "cs20" not in after.parts["hair"]
    assert not {"cs20", "cs21"} & set(after.template_masks("hair")[0])
    assert after.fingerprint != before.fingerprint
    assert len(open_index(after, "hair")) == len(open_index(before, "hair")) - 2
    precompute(folder, own)
    assert "cs20" not in CartoonsetStyle(own).parts["hair"]


def test_flawed_ones_are_set_aside_until_a_person_keeps_them(
    pictures: dict[str, bytes], folder: Path, tmp_path: Path
) -> None:
    with Image.open(io.BytesIO(pictures["cs30"])) as image:
        picture = np.array(image)
    picture[:95, 200:300] = (*(BROWN.hair or ()), 255)
    Image.fromarray(picture).save(folder / "cs50.png")
    out = tmp_path / "out"
    report = precompute(folder, out)
    assert report.aside == {"cs50": "cut off by the border of the picture"}
    assert "cs50" not in CartoonsetStyle(out).parts["picture"]
    wish(out, "keep", "cs50 ")
    assert "cs50" in CartoonsetStyle(out).parts["picture"]
    assert precompute(folder, out).read == 0
    assert "cs50" in CartoonsetStyle(out).parts["picture"]
    assert "keep cs50" in (out / hairstyles.NAME).read_text()


def test_wishes_follow_a_hairstyle_that_changes_its_name(
    own: Path, folder: Path, pictures: dict[str, bytes]
) -> None:
    wish(own, "drop", "cs20 ")
    (folder / "cs05.png").write_bytes(png(BROWN.but(cut="long", skin=(96, 61, 48))))
    precompute(folder, own)
    assert "drop cs05" in (own / hairstyles.NAME).read_text()
    assert not {"cs05", "cs20", "cs21"} & set(CartoonsetStyle(own).parts["picture"])
    for name in pictures:
        (folder / f"{name}.csv").write_bytes(csv(name))
    (folder / "cs05.csv").write_bytes(csv("cs20"))
    precompute(folder, own)
    assert "drop hair1" in (own / hairstyles.NAME).read_text()
    assert "hair1" not in CartoonsetStyle(own).parts["hair"]


def test_a_picture_named_like_an_attribute(folder: Path, tmp_path: Path) -> None:
    for name in ("cs10", "cs11"):
        (folder / f"{name}.csv").write_bytes(b'"hair", 12, 111\n')
    (folder / "hair12.png").write_bytes(png(BROWN.but(cut="curtains")))
    precompute(folder, tmp_path / "out")
    found, _ = table.read(tmp_path / "out")
    named = {style.id: style.rows for style in found.hairstyles}
    assert len(named["hair12"]) == 2
    assert [found.names[row] for row in named["hair12Alone"]] == ["hair12"]
    assert sum(len(rows) for rows in named.values()) == len(found)


def test_a_misspelt_wish_is_named(own: Path) -> None:
    wish(own, "dr0p", "cs20 ")
    with pytest.raises(CacheError, match=r"line \d+: 'dr0p' is neither keep nor drop"):
        CartoonsetStyle(own)


def test_flawed_pictures_are_no_templates_while_there_are_sound_ones(
    pictures: dict[str, bytes], folder: Path, tmp_path: Path
) -> None:
    with Image.open(io.BytesIO(pictures["cs20"])) as image:
        picture = np.array(image)
    picture[:95, 200:300] = (*(BROWN.hair or ()), 255)
    Image.fromarray(picture).save(folder / "cs22.png")
    for name in ("cs20", "cs21", "cs22"):
        (folder / f"{name}.csv").write_bytes(csv("cs20"))
    precompute(folder, tmp_path / "out")
    style = CartoonsetStyle(tmp_path / "out")
    assert "hair1" in style.parts["hair"]
    assert "cs22" not in style.parts["picture"]


def test_wishes_for_hairstyles_that_are_gone_are_kept(own: Path, folder: Path) -> None:
    wish(own, "drop", "cs40 ")
    (folder / "cs40.png").unlink()
    precompute(folder, own)
    assert "drop cs40" in (own / hairstyles.NAME).read_text()


def test_a_list_that_keeps_nothing(own: Path) -> None:
    (own / hairstyles.NAME).write_text("drop cs10\ndrop cs20\ndrop cs30\ndrop cs40\n")
    with pytest.raises(CacheError, match="keeps no hairstyle"):
        CartoonsetStyle(own)


def test_a_list_that_is_no_text(own: Path) -> None:
    (own / hairstyles.NAME).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CacheError, match="can't be read as text"):
        CartoonsetStyle(own)


# The cache


def test_a_damaged_table_is_named(own: Path) -> None:
    path = own / table.NAME
    whole = path.read_bytes()
    for damaged in (b"", whole[:50], whole[:-1], whole[:-40] + b"\0" * 40, b"x" + whole):
        path.write_bytes(damaged)
        with pytest.raises(CacheError, match="run emojimap precompute again"):
            CartoonsetStyle(own)


def test_masks_behind_a_damaged_record_are_read_from_the_pictures(own: Path) -> None:
    whole = CartoonsetStyle(own).template_masks("hair")[1]
    path = own / journal.NAME
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(b'"name":"cs12"')] ^= 255
    path.write_bytes(bytes(damaged))
    found = CartoonsetStyle(own).template_masks("hair")[1]
    assert np.abs(found - whole).max() < 0.01


def test_a_damaged_picture_is_named(own: Path) -> None:
    style = CartoonsetStyle(own)
    path = own / journal.NAME
    damaged = bytearray(path.read_bytes())
    damaged[-500] ^= 255
    path.write_bytes(bytes(damaged))
    with pytest.raises(CacheError, match=r"picture cs40 .* is damaged: remove that file"):
        style.pixels(Avatar("cartoonset", {"picture": "cs40"}, {}), 500)
    path.unlink()
    with pytest.raises(CacheError, match="run emojimap precompute again"):
        style.pixels(Avatar("cartoonset", {"picture": "cs30"}, {}), 500)


def test_a_damaged_set_does_not_hide_the_other_styles(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own / table.NAME).write_bytes(b"damaged")
    monkeypatch.setattr(styles, "_sets", [own])
    assert "avataaars" in [style.name for style in styles.available()]
    listed = run("styles", "list", EMOJIMAP_CACHE=str(own))
    assert listed.returncode == 0
    assert "avataaars" in listed.stdout


def test_of_two_sets_the_last_is_meant(
    cache: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(styles, "_sets", [])
    (folder / "cs40.png").unlink()
    precompute(folder, tmp_path / "out")
    styles.load(tmp_path / "out")
    assert "cs40" not in styles.load("cartoonset").parts["picture"]
    styles.load(cache)
    assert "cs40" in styles.load("cartoonset").parts["picture"]


def test_a_set_that_was_precomputed_again_is_opened_again(own: Path, folder: Path) -> None:
    first = styles.load(own)
    assert styles.load(own) is first
    (folder / "cs40.png").unlink()
    time.sleep(0.02)
    precompute(folder, own)
    assert "cs40" not in styles.load(own).parts["picture"]


def test_without_a_set_the_style_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOJIMAP_CACHE", str(tmp_path))
    monkeypatch.setattr(styles, "_sets", [])
    with pytest.raises(StyleError, match="run emojimap precompute PATH once"):
        styles.load("cartoonset")
    assert "cartoonset" not in [style.name for style in styles.available()]


# Choosing


def test_every_mask_finds_itself(style: CartoonsetStyle) -> None:
    ids, masks = style.template_masks("hair")
    index = MaskIndex.build(masks, ids, levels=8)
    for number, mask in enumerate(masks):
        found = index.search(mask, k=1)[0].index
        assert np.array_equal(index.mask(found), index.mask(number))  # itself, or its twin
    families = style.families("hair")
    assert len(set(families.tolist())) == 4


def best(style: CartoonsetStyle, traits: Traits, family_of: str) -> dict[str, str | None]:
    """Parts of the best picture among those with one hairdo."""
    ids, _ = style.template_masks("hair")
    prior = style.priors("hair", traits, PartPenalties())
    families = style.families("hair")
    of = families[ids.index(family_of)]
    number = min(np.flatnonzero(families == of), key=lambda i: prior[i])
    return style.template_parts("hair", ids[number], traits, PartPenalties())


@pytest.mark.parametrize(
    ("traits", "picture"),
    [
        (Traits(), "cs10"),
        (Traits(glasses="clear"), "cs11"),
        (Traits(glasses="dark"), "cs12"),
        (Traits(moustache=0.6, chin=0.8, cheeks=0.6), "cs13"),
    ],
)
def test_beard_and_glasses_decide_among_pictures(
    style: CartoonsetStyle, traits: Traits, picture: str
) -> None:
    assert best(style, traits, "cs10")["picture"] == picture


def test_penalties_are_settings(style: CartoonsetStyle) -> None:
    free = PartPenalties(
        **{n: 0.0 for n, v in vars(PartPenalties()).items() if v and not isinstance(v, tuple)}
    )
    assert not style.priors("hair", Traits(glasses="dark"), free).any()
    assert style.priors("hair", Traits(glasses="dark")).any()


def test_a_long_chin_finds_one(tmp_path: Path) -> None:
    place = tmp_path / "set"
    place.mkdir()
    for i, chin in enumerate((376, 386, 394)):
        (place / f"cs{i}.png").write_bytes(png(BROWN.but(chin=chin)))
    precompute(place, tmp_path / "out")
    style = CartoonsetStyle(tmp_path / "out")
    settings = PartPenalties()
    mean, deviation = settings.usual_chin_length
    for sign, picture in ((-1, "cs0"), (1, "cs2")):
        prior = style.priors("hair", Traits(chin_length=mean + sign * 1.5 * deviation), settings)
        assert style.template_masks("hair")[0][int(prior.argmin())] == picture


# Avatars


def test_parts_are_those_of_the_picture(style: CartoonsetStyle) -> None:
    full = style.check(Avatar("cartoonset", {"picture": "cs13"}, {"skin": "#aabbcc"}))
    assert dict(full.parts) == {
        "picture": "cs13", "hair": "cs10", "facialHair": "beard", "glasses": None
    }  # fmt: skip
    assert full.colours["skin"] == "#aabbcc"
    assert full.colours["facialHair"] == full.colours["hair"]
    assert Avatar.from_json(full.to_json()) == full


def test_parts_set_by_hand_find_another_picture(style: CartoonsetStyle) -> None:
    plain = style.check(Avatar("cartoonset", {"picture": "cs10"}, {}))
    worn = style.check(plain.with_(parts={"glasses": "clear"}))
    assert worn.parts["picture"] == "cs11"
    assert style.check(worn.with_(parts={"glasses": None})).parts["picture"] == "cs10"
    long = style.check(plain.with_(parts={"hair": "cs20"}))
    assert long.parts["picture"] == "cs20"
    other = style.check(plain.with_(parts={"picture": "cs31"}))
    assert other.parts["facialHair"] == "moustache"
    again = Avatar.from_json(worn.to_json())
    assert style.check(again).parts["picture"] == "cs11"


def test_what_is_set_last_decides(style: CartoonsetStyle) -> None:
    worn = style.check(style.default().with_(parts={"hair": "cs10", "glasses": "clear"}))
    assert worn.parts["picture"] == "cs11"
    plain = style.check(worn.with_(parts={"picture": "cs10"}))
    assert plain.parts["picture"] == "cs10"
    assert style.check(plain.with_(parts={"glasses": "dark"})).parts["picture"] == "cs12"
    with pytest.raises(StyleError, match="give the picture or its parts, not both"):
        style.check(plain.with_(parts={"picture": "cs10", "glasses": "clear"}))


def test_brows_and_beard_follow_the_hair_until_they_are_set(style: CartoonsetStyle) -> None:
    red = style.check(style.default().with_(colours={"hair": "#ff0000"}))
    assert red.colours["brows"] == "#af0000"
    assert red.colours["facialHair"] == "#ff0000"
    own = style.check(red.with_(colours={"brows": "#112233"}))
    again = style.check(own.with_(colours={"hair": "#00ff00"}))
    assert again.colours["brows"] == "#112233"
    assert again.colours["facialHair"] == "#00ff00"


def test_pictures_of_a_hairstyle_that_was_dropped_can_still_be_drawn(own: Path) -> None:
    wish(own, "drop", "cs20 ")
    style = CartoonsetStyle(own)
    saved = style.check(Avatar("cartoonset", {"picture": "cs20"}, {}))
    assert style.pixels(saved, 64).any()
    with pytest.raises(StyleError, match="none of the 7 pictures has hair=cs20"):
        style.check(Avatar("cartoonset", {"hair": "cs20"}, {}))


def test_parts_without_a_picture_find_one(style: CartoonsetStyle) -> None:
    found = style.check(Avatar("cartoonset", {"hair": "cs20", "glasses": "clear"}, {}))
    assert found.parts["picture"] == "cs21"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"picture": "cs77"}, "picture 'cs77' is unknown: use cs"),
        ({"hat": "top"}, "part 'hat' is unknown"),
        ({"glasses": "round"}, "glasses 'round' is unknown"),
        ({"picture": "cs10", "glasses": "clear"}, "cs10 has glasses none, not clear: give the pic"),
        ({"hair": "cs20", "glasses": "dark"}, "none of the 9 pictures has hair=cs20, glasses=dark"),
    ],
)
def test_what_there_is_not(style: CartoonsetStyle, parts: dict[str, str], words: str) -> None:
    with pytest.raises(StyleError, match=words):
        style.check(Avatar("cartoonset", parts, {}))


def test_pictures_in_any_size_and_on_paper(style: CartoonsetStyle) -> None:
    avatar = Avatar("cartoonset", {"picture": "cs10"}, {"skin": "#30201a", "hair": "#e8d8a0"})
    whole = style.pixels(avatar, 500)
    assert tuple(whole[290, 250, :3]) == (0x30, 0x20, 0x1A)
    assert style.pixels(avatar, 64).shape == (64, 64, 4)
    assert style.png(avatar, 300) == style.png(avatar, 300)
    on_paper = style.pixels(avatar.with_(colours={"background": "#102030"}), 500)
    assert tuple(on_paper[2, 2]) == (0x10, 0x20, 0x30, 255)
    assert style.svg(avatar).startswith("<svg")


@pytest.fixture
def as_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the set the one that is found by name."""
    monkeypatch.setattr(styles, "_sets", [])
    monkeypatch.setenv("EMOJIMAP_CACHE", str(cache.parent))
    return


@pytest.mark.usefixtures("as_named")
def test_a_fit_names_its_picture(astronaut: np.ndarray) -> None:
    import emojimap

    found = emojimap.fit(astronaut, "cartoonset", top=3)
    assert found.avatar.parts["picture"] in SET
    assert len({name[:3] for name, _ in found.candidates}) == len(found.candidates) == 3
    scores = [score for _, score in found.candidates]
    assert scores == sorted(scores, reverse=True)
    assert found.avatar.parts["glasses"] is None
    assert found.avatar.parts["facialHair"] is None
    assert found.avatar.colours["glasses"]
    image = found.avatar.to_image(500)
    skin = bytes.fromhex(found.avatar.colours["skin"][1:])
    assert tuple(image[290, 250, :3]) == tuple(skin)
    assert emojimap.fit(astronaut, "cartoonset").avatar == found.avatar


def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from emojimap.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **variables},
    )


class TestCommands:
    def test_precompute_then_fit(self, folder: Path, tmp_path: Path, astronaut: np.ndarray) -> None:
        photo = tmp_path / "me.png"
        Image.fromarray(astronaut).save(photo)
        (folder / "cs99.png").write_bytes(b"no picture")
        cache = str(tmp_path / "cache")
        done = run(
            "precompute", folder, "--cache", cache, "--jobs", 1, "--sheet", tmp_path / "s.png"
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("9 pictures (9 read now), 4 hairstyles, 0 of them set aside")
        assert "cs99.png: no PNG" in " ".join(done.stderr.split())
        with Image.open(tmp_path / "s.png") as sheet:
            assert min(sheet.size) > 300
        flags = ("--style", "cartoonset", "-o", tmp_path / "a.png", "--colour", "hair=#aa3311")
        done = run("fit", photo, *flags, EMOJIMAP_CACHE=cache)
        assert done.returncode == 0, done.stderr
        with Image.open(tmp_path / "a.png") as picture:
            assert picture.size == (500, 500)
        listed = run("styles", "list", EMOJIMAP_CACHE=cache)
        assert "Cartoon Set by Google; CC BY 4.0" in listed.stdout
        shown = run("styles", "show", tmp_path / "cache" / "cartoonset")
        assert "cs10" in shown.stdout
        gone = run("fit", photo, *flags[:4], EMOJIMAP_CACHE=str(tmp_path / "none"))
        assert gone.returncode == 1
        assert "run emojimap precompute PATH once" in gone.stderr

    @pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
    @pytest.mark.parametrize("seconds", [0.45, 1.5])
    def test_interrupted_it_says_how_to_go_on(
        self, seconds: float, pictures: dict[str, bytes], tmp_path: Path
    ) -> None:
        place = tmp_path / "many"
        place.mkdir()
        for i in range(400):
            (place / f"cs{i:03d}.png").write_bytes(pictures["cs11"] + b"\0" * i)
        words = ("precompute", place, "--cache", tmp_path / "cache", "--jobs", "2")
        running = subprocess.Popen(
            [sys.executable, "-c", "from emojimap.cli import main; main()", *map(str, words)],
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        begun = tmp_path / "cache" / "cartoonset" / journal.NAME
        until = time.monotonic() + 60
        while not begun.exists() and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(seconds - 0.4)
        os.killpg(running.pid, signal.SIGINT)
        told = running.communicate(timeout=60)[1]
        assert running.returncode == 130
        assert "interrupted: the same command goes on" in " ".join(told.split())
        assert "Traceback" not in told

    @pytest.mark.parametrize("path", ["gone", "empty"])
    def test_nothing_to_read(self, path: str, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        done = run("precompute", tmp_path / path, "--cache", tmp_path / "cache", "--jobs", 1)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "emojimap: " in done.stderr
