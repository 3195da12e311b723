"""A set from its source to what is kept of it: archives, interruptions, broken files."""

from __future__ import annotations

import contextlib
import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from emojimap import styles
from emojimap.avatar import Avatar
from emojimap.errors import DataError, OutputError
from emojimap.styles.cartoonset import consensus, journal, source, table
from emojimap.styles.cartoonset.journal import Journal
from emojimap.styles.cartoonset.precompute import precompute
from emojimap.styles.cartoonset.style import CartoonsetStyle
from tests.drawn_set import SET, csv, heed_interrupts, packed


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


def test_broken_pictures_are_listed_and_skipped(set_folder: Path, tmp_path: Path) -> None:
    (set_folder / "cs98.png").write_bytes(b"no picture")
    (set_folder / "cs99.png").write_bytes((set_folder / "cs10.png").read_bytes()[:3000])
    (set_folder / "cs10.csv").write_bytes(b"hair is 3\n")
    report = precompute(set_folder, tmp_path / "out")
    assert report.pictures == 9
    places = sorted(Path(place).name for place, _ in report.broken)
    assert places == ["cs10.csv", "cs98.png", "cs99.png"]


def test_one_bad_file_does_not_end_the_run(set_folder: Path, tmp_path: Path) -> None:
    huge = bytearray((set_folder / "cs10.png").read_bytes())
    huge[16:24] = (40_000).to_bytes(4, "big") * 2
    (set_folder / "cs90.png").write_bytes(bytes(huge))
    (set_folder / "cs91.png").write_bytes(b"")
    (set_folder / "cs92.png").write_bytes(b"\x89PNG" + b"\0" * 5_000_000)
    (set_folder / "cs11.csv").write_bytes(b'"hair", 1, 3\r"glasses", "' + b"x" * 200_000)
    (set_folder / "cs94.csv").write_bytes(b"\xef\xbb\xbf" + csv("cs10"))
    report = precompute(set_folder, tmp_path / "out")
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
def test_links_are_followed_once(set_folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "linked"
    place.mkdir()
    (place / "set").symlink_to(set_folder)
    (set_folder / "again").symlink_to(set_folder)
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
    set_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Journal.add

    def add(kept: Journal, *arguments: object) -> object:
        if len(kept.places) == 3:
            kept._file = Full(kept._file, 500)  # type: ignore[assignment, arg-type]
        return first(kept, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "add", add)
        with pytest.raises(OutputError, match=r"No space left on device.*make room"):
            precompute(set_folder, tmp_path / "out")
    report = precompute(set_folder, tmp_path / "out")
    assert (report.read, report.pictures) == (6, 9)


def test_nothing_usable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no PNG"):
        precompute(tmp_path / "empty", tmp_path / "out")
    (tmp_path / "empty" / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"none of 1 files .* no PNG"):
        precompute(tmp_path / "empty", tmp_path / "out")
    assert not (tmp_path / "out" / table.NAME).exists()


def test_one_picture_under_two_names(set_folder: Path, tmp_path: Path) -> None:
    (set_folder / "cs99.png").write_bytes((set_folder / "cs20.png").read_bytes())
    assert precompute(set_folder, tmp_path / "out").pictures == 10
    ids, masks = CartoonsetStyle(tmp_path / "out").template_masks("hair")
    assert "cs20" in ids
    assert masks[list(ids).index("cs20")].any()


def test_two_pictures_of_one_name(set_folder: Path, tmp_path: Path) -> None:
    (set_folder / "more").mkdir()
    (set_folder / "more" / "cs10.png").write_bytes((set_folder / "cs11.png").read_bytes())
    report = precompute(set_folder, tmp_path / "out")
    assert report.broken[0][1] == "another picture is called cs10"
    assert report.pictures == 9


def test_it_goes_on_where_it_was(set_folder: Path, tmp_path: Path) -> None:
    held = {name: (set_folder / name).read_bytes() for name in ("cs30.png", "cs31.png", "cs40.png")}
    for name in held:
        (set_folder / name).unlink()
    assert precompute(set_folder, tmp_path / "out").read == 6
    for name, content in held.items():
        (set_folder / name).write_bytes(content)
    report = precompute(set_folder, tmp_path / "out")
    assert (report.read, report.pictures) == (3, 9)
    assert precompute(set_folder, tmp_path / "out").read == 0
    fresh = tmp_path / "fresh"
    precompute(set_folder, fresh)
    one, other = (styles.load(place).template_masks("hair") for place in (tmp_path / "out", fresh))
    assert one[0] == other[0]
    assert np.array_equal(one[1], other[1])


@pytest.mark.parametrize("torn", [1, 40, 3000])
def test_a_torn_end_is_read_again(torn: int, set_folder: Path, tmp_path: Path) -> None:
    precompute(set_folder, tmp_path / "out")
    path = tmp_path / "out" / journal.NAME
    path.write_bytes(path.read_bytes()[:-torn])
    report = precompute(set_folder, tmp_path / "out")
    assert (report.read, report.pictures) == (1, 9)
    assert CartoonsetStyle(tmp_path / "out").pixels(Avatar("cartoonset", {}, {}), 500).any()


def test_a_journal_of_another_version_is_begun_anew(set_folder: Path, tmp_path: Path) -> None:
    precompute(set_folder, tmp_path / "out")
    path = tmp_path / "out" / journal.NAME
    path.write_bytes(path.read_bytes().replace(b"emojimap cartoonset", b"emojimap something", 1))
    assert precompute(set_folder, tmp_path / "out").read == 9


def test_pictures_that_are_gone_leave_the_style(set_folder: Path, tmp_path: Path) -> None:
    precompute(set_folder, tmp_path / "out")
    (set_folder / "cs40.png").unlink()
    precompute(set_folder, tmp_path / "out")
    assert "cs40" not in CartoonsetStyle(tmp_path / "out").parts["picture"]


def test_several_processes_find_the_same(set_folder: Path, tmp_path: Path, cache: Path) -> None:
    (set_folder / "cs99.png").write_bytes(b"no picture")
    report = precompute(set_folder, tmp_path / "out", jobs=2)
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
        preexec_fn=heed_interrupts,
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


def test_two_at_a_time_are_refused(set_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with (
        Journal(tmp_path / "out"),
        pytest.raises(OutputError, match="being written by another"),
    ):
        precompute(set_folder, tmp_path / "out")


def test_a_folder_that_is_a_file(set_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("here already")
    with pytest.raises(OutputError):
        precompute(set_folder, tmp_path / "out")


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
