"""Many photos: which, under what names, into what table, and what the command says."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from emojimap import photos, styles
from emojimap.analysis import networks
from emojimap.batch import job, table, task
from emojimap.batch.cuda import ThreadPool
from emojimap.batch.folder import Folder, Record
from emojimap.batch.inputs import Item, gather
from emojimap.batch.job import Job
from emojimap.batch.local import LocalPool
from emojimap.batch.names import names
from emojimap.batch.run import Run
from emojimap.errors import ArgumentError, DataError, StyleError
from emojimap.facenet.batching import Batching, together
from emojimap.facenet.network import Landmarks, Networks, Prediction
from tests.command import run
from tests.conftest import DrawnNetwork, blank, draw_face
from tests.test_cli import failed

PATIENCE_S = 90


def png(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def shown(found):
    return [item.shown for item in found.items]


def item(name, folder="/in", style=""):
    return Item(name, f"{folder}/{name}", name, style)


def waiting(check, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


class TestInputs:
    def test_folders_photos_patterns_and_lists_become_one_list(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        base = tmp_path / "in"
        touch(*(base / name for name in ("b.jpg", "a/c.PNG", ".h.jpg", ".d/e.jpg", "n.txt")))
        touch(base / "out/x.avatar.png", base / "x.avatar.png", tmp_path / "one.webp")
        touch(tmp_path / "p/q/r.gif", tmp_path / "p/s.gif", tmp_path / "listed.jpg")
        found = gather(
            ["in", "one.webp", "p/**/*.gif", "-", "in/b.jpg"],
            out=base / "out",
            listed=b"listed.jpg\r\n\none.webp\n",
        )
        assert [item.name for item in found.items] == [
            *("a/c.PNG", "b.jpg", "one.webp", "q/r.gif", "s.gif", "listed.jpg"),
        ]
        assert found.doubles == ["one.webp", "in/b.jpg"]
        assert [str(path) for path in found.folders] == ["in"]
        assert all(os.path.isabs(item.path) and not item.fault for item in found.items)

    def test_the_results_are_passed_over_wherever_they_lie(self, tmp_path):
        touch(tmp_path / "a.jpg", tmp_path / "out/copy.jpg")
        for source in (str(tmp_path), f"{tmp_path}/**/*.jpg"):
            assert shown(gather([source], out=tmp_path / "out")) == [str(tmp_path / "a.jpg")]

    def test_what_is_missing_is_a_fault_of_its_own(self, tmp_path):
        found = gather([str(tmp_path / "no.jpg"), f"{tmp_path}/*.jpg"], listed=b"")
        assert [bool(item.fault) for item in found.items] == [True, True]
        assert "no such file" in found.items[0].fault
        assert "pattern" in found.items[1].fault

    def test_a_list_may_end_its_paths_with_nul(self, tmp_path):
        touch(tmp_path / "a\nb.jpg", tmp_path / "c.jpg")
        listed = b"\0".join(os.fsencode(tmp_path / name) for name in ("a\nb.jpg", "c.jpg"))
        found = gather(["-"], listed=listed)
        assert shown(found) == [str(tmp_path / "a\nb.jpg"), str(tmp_path / "c.jpg")]
        assert not any(item.fault for item in found.items)

    def test_absolute_and_outer_paths_of_a_list_stay_below_the_results(self, tmp_path, monkeypatch):
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        touch(tmp_path / "a.jpg")
        found = gather(["-"], listed=b"../a.jpg\n")
        name = found.items[0].name
        assert name == (tmp_path / "a.jpg").as_posix().lstrip("/")
        assert found.items[0].fault == ""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("photo,name,style\na.jpg,team/anna,big-ears\n", [("a.jpg", "team/anna", "big-ears")]),
            ("id;Path\n1;a.jpg\n", [("a.jpg", "a.jpg", "")]),
            ("﻿path\na.jpg\n\nb.jpg\n", [("a.jpg", "a.jpg", ""), ("b.jpg", "b.jpg", "")]),
            ("a.jpg\n", [("a.jpg", "a.jpg", "")]),
            ("a.jpg,x\nb.jpg,y\n", [("a.jpg", "a.jpg", ""), ("b.jpg", "b.jpg", "")]),
        ],
    )
    def test_tables(self, tmp_path, text, expected):
        touch(tmp_path / "a.jpg", tmp_path / "b.jpg")
        path = tmp_path / "list.csv"
        path.write_text(text, encoding="utf-8")
        found = gather([str(path)])
        got = [(one.shown, one.name, one.style) for one in found.items]
        assert got == [(str(tmp_path / photo), name, style) for photo, name, style in expected]
        assert not any(one.fault for one in found.items)

    def test_lines_without_a_photo_fail_alone(self, tmp_path):
        touch(tmp_path / "a.jpg")
        path = tmp_path / "list.csv"
        path.write_text("photo,name\n,anna\na.jpg,\n")
        found = gather([str(path)])
        assert [bool(item.fault) for item in found.items] == [True, False]
        assert found.items[0].shown == f"{path}:2"

    @pytest.mark.parametrize(
        "name", ["../a", "/a", "a/../../b", "a//b", "./a", ".emojimap/x", "a\\b", "a\x07"]
    )
    def test_names_of_tables_stay_below_the_results(self, tmp_path, name):
        path = tmp_path / "list.csv"
        path.write_text(f"photo,name\na.jpg,{name}\n")
        with pytest.raises(DataError, match="line 2"):
            gather([str(path)])

    @pytest.mark.parametrize(
        "content", [b"", b"\n \n", b"photo\n\xff.jpg\n", b"file,who\na.jpg,x\n"]
    )
    def test_tables_that_cant_be_used(self, tmp_path, content):
        path = tmp_path / "list.csv"
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"list\.csv"):
            gather([str(path)])

    def test_one_photo_in_two_styles_is_no_double(self, tmp_path):
        touch(tmp_path / "a.jpg")
        path = tmp_path / "list.csv"
        path.write_text("photo,style\na.jpg,big-ears\na.jpg,avataaars\na.jpg,big-ears\n")
        found = gather([str(path)])
        assert [item.style for item in found.items] == ["big-ears", "avataaars"]
        assert len(set(names(found.items))) == 2


PARTS = st.sampled_from(["a", "A", "b", "a.jpg", "a-2", ".x", "é", "é", "x" * 300, "a.avatar.png"])
PATHS = st.builds(
    lambda folders, stem, end: "/".join([*folders, stem + end]),
    st.lists(PARTS, max_size=2),
    PARTS,
    st.sampled_from([".jpg", ".png", ".JPG", ""]),
)


class TestNames:
    def test_suffixes_are_kept_only_where_they_are_needed(self):
        given_ = [item(name) for name in ("a.jpg", "a.png", "b.jpg", "c/a.jpg", "a.jpg.png")]
        assert names(given_) == ["a.jpg", "a.png", "b", "c/a", "a.jpg.png"]

    def test_photos_of_one_name_are_numbered(self):
        given_ = [item("a.jpg", "/one"), item("a.jpg", "/two"), item("a.jpg-2.png", "/two")]
        assert names(given_) == ["a.jpg", "a.jpg-3", "a.jpg-2"]

    def test_upper_and_lower_case_are_no_difference(self):
        assert names([item("a.jpg"), item("A.png")]) == ["a.jpg", "A.png"]

    def test_names_of_one_writer_come_first(self):
        fixed = Item("z.jpg", "/in/z.jpg", "a", fixed=True)
        assert names([item("a.jpg"), fixed]) == ["a.jpg", "a"]
        with pytest.raises(DataError, match="same name"):
            names([fixed, Item("y.jpg", "/in/y.jpg", "A", fixed=True)])

    def test_known_names_are_kept(self):
        first = [item("a.jpg")]
        known = {first[0].key: names(first)[0]}
        assert names([*first, item("a.png")], known) == ["a", "a.png"]
        known = {"gone": "b"}
        assert names([item("b.jpg")], known) == ["b.jpg-2"]

    @given(st.lists(st.tuples(PATHS, st.sampled_from(["/one", "/two"])), unique=True, max_size=8))
    def test_never_the_same_twice_and_never_outside(self, paths):
        given_ = [item(name, folder) for name, folder in paths]
        found = names(given_)
        assert found == names(given_)
        assert len({name.casefold() for name in found}) == len(found)
        for name in found:
            parts = name.split("/")
            assert not any(part.startswith(".") or len(part.encode()) > 240 for part in parts)
            assert not any(part.endswith(".avatar.png") for part in parts[:-1])
        known = {one.key: name for one, name in zip(given_[::2], found[::2], strict=True)}
        assert names(given_, known) == found


def record(style="avataaars", **changes):
    avatar = styles.load(style).default().with_(**changes)
    row = {
        "face": 0,
        "style": style,
        "parts": dict(avatar.parts),
        "colours": dict(avatar.colours),
        "score": 0.5,
        "confidence": 1.0,
        "box": [1.0, 2.0, 3.0, 4.5],
        "files": {"png": "a.avatar.png"},
    }
    return Record("/in/a.jpg", "a.jpg", "a", style, 1, 1, [row], 0.25)


class TestTable:
    @pytest.mark.parametrize("style", styles.names())
    def test_every_part_and_colour_has_a_column(self, style):
        drawn = styles.load(style)
        columns = table.columns([drawn], ["json", "png"])
        assert columns[:6] == ["photo", "name", "face", "style", "png", "json"]
        assert columns[-2:] == ["seconds", "error"]
        assert len(set(columns)) == len(columns)
        (line,) = table.rows(record(style))
        assert set(line) <= set(columns)
        variants = [variant for variant in drawn.default().parts.values() if variant]
        assert all(variant in line.values() for variant in variants)
        skin = drawn.default().colours["skin"]
        assert line["skin_colour"] == skin

    def test_hair_and_hats_stand_in_their_own_columns(self):
        (bare,) = table.rows(record(parts={"top": "bob"}))
        (hat,) = table.rows(record(parts={"top": "hijab"}))
        assert (bare["hair"], "headwear" in bare) == ("bob", False)
        assert (hat["headwear"], "hair" in hat) == ("hijab", False)

    def test_csv_keeps_what_it_is_given(self):
        names_ = ["photo", "score", "error"]
        odd = '=cmd|" /C",\n\udce9.jpg'
        text = table.as_csv(names_, [{"photo": odd, "score": 0.1}, {"error": "x, y"}])
        lines = list(csv.DictReader(io.StringIO(text.decode(), newline="")))
        assert lines[0]["photo"] == odd.replace("\udce9", "\\udce9")
        assert lines[0]["score"] == "0.1"
        assert lines[1] == {"photo": "", "score": "", "error": "x, y"}

    def test_parquet_holds_the_same(self):
        from pyarrow import parquet

        one = record()
        names_ = table.columns([styles.load("avataaars")], ["png"])
        lines = [*table.rows(one), {"photo": "\udce9", "error": "broken"}]
        read = parquet.read_table(io.BytesIO(table.as_parquet(names_, lines)))
        assert read.column_names == names_
        first, second = read.to_pylist()
        assert (first["face"], first["box_height"], first["photo"]) == (0, 4.5, "a.jpg")
        assert (second["face"], second["error"], second["photo"]) == (None, "broken", "\\udce9")

    def test_parquet_that_is_missing_is_said_at_once(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(Exception, match=r"emojimap\[parquet\]"):
            table.check_parquet()


class TestJob:
    @pytest.mark.parametrize(
        "wrong",
        [{"formats": ()}, {"formats": ("gif",)}, {"top": 0}, {"face": -1}, {"size": 0}],
    )
    def test_what_makes_no_sense_is_refused(self, wrong):
        with pytest.raises(ArgumentError):
            Job(**wrong)

    def test_what_every_photo_would_meet_is_met_first(self):
        for wrong in ({"parts": (("hat", "x"),)}, {"colours": (("wings", "#fff"),)}):
            with pytest.raises(StyleError):
                job.prepare(Job(**wrong), ["avataaars"])
        with pytest.raises(StyleError, match="unknown"):
            job.prepare(Job(), ["nosuch"])

    def test_options_are_json_and_differ_where_results_would(self):
        plain = job.options(Job())
        assert json.loads(json.dumps(plain)) == plain
        assert job.differences(plain, job.options(Job())) == []
        told = job.differences(plain, job.options(Job(size=256, colours=(("hair", "#aa3311"),))))
        assert told[0] == "size (None then, 256 now)"
        assert len(told) == 2


@pytest.fixture(scope="module")
def drawn_photo():
    photo = blank()
    draw_face(photo, (320, 250), 90)
    return png(photo)


@pytest.fixture
def drawn_nets():
    return Networks(DrawnNetwork(), DrawnNetwork())


class TestTask:
    def test_files_and_row_of_a_face(self, drawn_photo, drawn_nets):
        rules = Job(
            formats=("png", "svg", "json"), size=64, parts=(("glasses", "none"),),
            colours=(("hair", "#aa3311"),),
        )  # fmt: skip
        found = task.work(rules, "avataaars", drawn_photo, drawn_nets)
        assert found.error == ""
        (face,) = found.faces
        assert face.row["colours"]["hair"] == "#aa3311"
        assert face.row["parts"]["accessories"] is None
        assert json.loads(json.dumps(face.row)) == face.row
        with Image.open(io.BytesIO(face.files["png"])) as picture:
            assert picture.size == (64, 64)
        assert face.files["svg"].startswith(b"<svg")
        assert b"aa3311" in face.files["json"]
        again = task.work(rules, "avataaars", drawn_photo, drawn_nets)
        assert again.faces == found.faces

    def test_all_faces_are_numbered(self, drawn_nets):
        photo = blank(480, 900)
        draw_face(photo, (220, 250), 90)
        draw_face(photo, (660, 250), 80)
        found = task.work(Job(face=None), "avataaars", png(photo), drawn_nets)
        assert [face.row["face"] for face in found.faces] == [0, 1]

    def test_faults_of_the_photo_are_told_without_its_name(self, tmp_path, drawn_nets):
        (tmp_path / "text.jpg").write_text("no photo")
        os.mkfifo(tmp_path / "pipe.jpg")
        for photo, word, kind in (
            (str(tmp_path / "none.jpg"), "no such file", "PhotoError"),
            (str(tmp_path), "is a folder", "PhotoError"),
            (str(tmp_path / "pipe.jpg"), "is no ordinary file", "PhotoError"),
            (str(tmp_path / "text.jpg"), "not a photo", "PhotoError"),
            ("a\0b", "can't be read", "PhotoError"),
            (b"no photo", "not a photo", "PhotoError"),
            (png(blank()), "no face", "NoFaceError"),
        ):
            found = task.work(Job(), "avataaars", photo, drawn_nets)
            assert found.faces == ()
            assert found.error.startswith(word), found.error
            assert found.kind == kind

    def test_a_fault_of_the_program_costs_the_photo_alone(self, drawn_photo):
        class Broken(DrawnNetwork):
            def __call__(self, crops):
                raise FloatingPointError("overflow")

        broken = Networks(Broken(), Broken())
        found = task.work(Job(), "avataaars", drawn_photo, broken)
        assert found.error == "unexpected FloatingPointError: overflow"

    def test_what_is_no_fault_of_the_photo_ends_the_run(self, drawn_photo, drawn_nets):
        with pytest.raises(StyleError):
            task.work(Job(), "nosuch", drawn_photo, drawn_nets)

    def test_a_photo_that_is_too_large_is_not_read(self, tmp_path):
        path = tmp_path / "large.jpg"
        with path.open("wb") as file:
            file.truncate(201_000_000)
        assert "201.0 MB" in task.work(Job(), "avataaars", str(path)).error


class Counting(DrawnNetwork):
    """A network that notes how it is called."""

    def __init__(self):
        self.sizes, self.inside, self.most_inside = [], 0, 0
        self.lock = threading.Lock()

    def landmarks(self, crops):
        with self.lock:
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
            self.sizes.append(len(crops))
        time.sleep(0.01)
        if (crops == 255).all(axis=(1, 2, 3)).any():
            self.inside -= 1
            raise MemoryError("white")
        values = crops[:, :2, :2].astype(np.float32).mean(axis=(1, 2, 3))
        points = np.repeat(values[:, None], 140, 1).reshape(-1, 70, 2)
        self.inside -= 1
        return Landmarks(points, points[..., 0], values)

    def __call__(self, crops):
        found = self.landmarks(crops)
        labels = np.zeros((len(crops), 7, *crops.shape[1:3]), np.float32)
        return Prediction(labels, found.points, found.spread, found.tone)


def crops_of(*values, side=32):
    return np.stack([np.full((side, side, 3), value, np.uint8) for value in values])


class TestBatching:
    def test_each_gets_its_own_part(self):
        network = Counting()
        shared = Batching(network, most=8, wait_ms=50)
        groups = [crops_of(*range(i, i + 1 + i % 3), side=32 + 32 * (i % 2)) for i in range(40)]
        with ThreadPoolExecutor(12) as threads:
            found = list(threads.map(shared.landmarks, groups))
            labelled = list(threads.map(shared, groups))
        for group, one, other in zip(groups, found, labelled, strict=True):
            expected = group[:, 0, 0, 0].astype(np.float32)
            assert one.tone.tolist() == expected.tolist() == other.tone.tolist()
            assert one.points.shape == (len(group), 70, 2)
            assert other.probabilities.shape == (len(group), 7, *group.shape[1:3])
        assert network.most_inside == 1
        assert max(network.sizes) <= 8
        assert len(network.sizes) < 80

    def test_a_fault_stays_with_its_caller(self):
        shared = Batching(Counting(), most=16, wait_ms=100)
        groups = [crops_of(value) for value in (1, 255, 3, 4)]
        with ThreadPoolExecutor(4) as threads:
            futures = [threads.submit(shared.landmarks, group) for group in groups]
        errors = [future.exception() for future in futures]
        assert [type(error).__name__ for error in errors] == [
            *("NoneType", "MemoryError", "NoneType", "NoneType"),
        ]
        assert shared.landmarks(crops_of(9)).tone == 9

    def test_more_than_a_batch_of_one_caller_goes_alone(self):
        network = Counting()
        found = Batching(network, most=4, wait_ms=0)(crops_of(*range(9)))
        assert found.tone.tolist() == list(range(9))
        assert network.sizes == [9]

    def test_the_shipped_network_gives_the_same(self, astronaut):
        alone = networks("cpu").face
        rng = np.random.default_rng(0)
        corners = rng.integers(0, 200, (6, 2))
        crops = np.stack([astronaut[y : y + 128, x : x + 128] for y, x in corners])
        shared = Batching(alone, most=4, wait_ms=50)
        with ThreadPoolExecutor(6) as threads:
            found = list(threads.map(shared, [crop[None] for crop in crops]))
        for crop, one in zip(crops, found, strict=True):
            expected = alone(crop[None])
            assert np.abs(one.probabilities - expected.probabilities).max() < 1e-4
            assert np.abs(one.points - expected.points).max() < 1e-2

    def test_one_network_stays_one(self):
        one = Counting()
        both = together(Networks(one, one))
        assert both.face is both.hair
        assert together(Networks(one, Counting())).hair is not one

    @pytest.mark.parametrize(("most", "wait_ms"), [(0, 1), (1, -1)])
    def test_what_makes_no_sense_is_refused(self, most, wait_ms):
        with pytest.raises(ArgumentError):
            Batching(Counting(), most, wait_ms)


def results(out):
    with (out / "results.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class TestPools:
    def test_threads_give_what_one_alone_gives(self, tmp_path, drawn_nets):
        for i in range(6):
            photo = blank()
            draw_face(photo, (280 + 10 * i, 250), 80 + 4 * i)
            (tmp_path / f"{i}.png").write_bytes(png(photo))
        rules = Job()
        items = gather([str(tmp_path)]).items
        with (
            Folder(tmp_path / "out", job.options(rules)) as folder,
            ThreadPool(4, rules, ["avataaars"], nets=drawn_nets) as pool,
        ):
            report = Run(folder, rules)(items, pool)
        assert (report.photos, report.avatars, report.failures) == (6, 6, [])
        for one in items:
            expected = task.work(rules, "avataaars", one.path, drawn_nets).faces[0]
            stem = one.name.removesuffix(".png")
            written = (tmp_path / "out" / f"{stem}.avatar.json").read_bytes()
            assert written == expected.files["json"]

    @pytest.mark.gpu
    def test_a_gpu_finds_the_same_parts(self, tmp_path, astronaut):
        torch = pytest.importorskip("torch")
        if not torch.cuda.is_available():
            pytest.skip("no CUDA device")
        (tmp_path / "a.png").write_bytes(png(astronaut))
        items = gather([str(tmp_path)]).items
        nets = together(networks("cuda"))
        with ThreadPool(2, Job(), ["avataaars"], nets=nets) as pool:
            found = pool.submit(Job(), "avataaars", items[0]).result(PATIENCE_S)
        expected = task.work(Job(), "avataaars", items[0].path)
        assert found.faces[0].row["parts"] == expected.faces[0].row["parts"]

    def test_processes_are_warm_when_the_pool_is_open(self, tmp_path, astronaut):
        (tmp_path / "a.png").write_bytes(png(astronaut))
        (one,) = gather([str(tmp_path)]).items
        with LocalPool(1, Job(), ["avataaars"], limit_s=60) as pool:
            found = pool.submit(Job(), "avataaars", one).result(PATIENCE_S)
            assert len(pool.pids) == 1
        assert found.faces == task.work(Job(), "avataaars", one.path).faces

    def test_a_limit_ends_a_photo(self, tmp_path, astronaut):
        (tmp_path / "a.png").write_bytes(png(astronaut))
        items = gather([str(tmp_path)]).items
        rules = Job()
        with (
            Folder(tmp_path / "out", job.options(rules)) as folder,
            LocalPool(1, rules, ["avataaars"], limit_s=0.01) as pool,
        ):
            report = Run(folder, rules)(items, pool)
        assert "longer than 0.01 s" in report.failures[0][1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, astronaut):
    place = tmp_path_factory.mktemp("photos")
    (place / "team").mkdir()
    Image.fromarray(astronaut).save(place / "team" / "eileen.png")
    Image.fromarray(astronaut[:, ::-1]).save(place / "mirror.jpg")
    (place / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    return place


class TestCommand:
    def test_avatars_table_sheet_and_counts(self, folder, tmp_path):
        out = tmp_path / "out"
        flags = ("--format", "png", "--format", "svg", "--size", 96, "--jobs", 2, "--face", "all")
        done = run("batch", folder, "-o", out, *flags, "--sheet", tmp_path / "s.png", "--json")
        assert done.returncode == 1, done.stderr
        assert json.loads(done.stdout)["failures"][0]["photo"] == str(folder / "broken.jpg")
        assert "3 photos: 2 avatars, 1 failed" in done.stderr
        assert f"emojimap: {folder / 'broken.jpg'}: " in done.stderr
        written = {path.relative_to(out).as_posix() for path in out.rglob("*.avatar.*")}
        assert written == {
            *("mirror.0.avatar.png", "mirror.0.avatar.svg"),
            *("team/eileen.0.avatar.png", "team/eileen.0.avatar.svg"),
        }
        lines = results(out)
        assert [line["name"] for line in lines] == ["broken", "mirror", "team/eileen"]
        assert lines[0]["error"]
        assert lines[2]["png"] == "team/eileen.0.avatar.png"
        assert float(lines[2]["score"]) > 0.3
        assert lines[2]["skin_colour"].startswith("#")
        with Image.open(tmp_path / "s.png") as sheet:
            assert sheet.size == (480, 120)

        failed(run("batch", folder, "-o", out), "--resume", "--overwrite")
        failed(run("batch", folder, "-o", out, "--resume"), "size (96 then, None now)")
        again = run("batch", folder, "-o", out, *flags, "--resume", "--sheet", tmp_path / "t.png")
        assert again.returncode == 1
        assert "2 done before" in again.stderr
        assert (tmp_path / "t.png").read_bytes() == (tmp_path / "s.png").read_bytes()

    def test_a_list_on_standard_input(self, folder, tmp_path):
        code = "from emojimap.cli import main; main()"
        flags = ("-o", tmp_path / "out", "--jobs", "1", "--table", "parquet")
        done = subprocess.run(
            [sys.executable, "-c", code, "batch", "-", *map(str, flags)],
            input=b"mirror.jpg\nmirror.jpg\n",
            cwd=folder,
            capture_output=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, done.stderr
        assert b"named twice" in done.stderr
        assert b"1 photo: 1 avatar, " in done.stderr
        assert (tmp_path / "out" / "results.parquet").is_file()

    @pytest.mark.parametrize(
        ("flags", "word", "code"),
        [
            (("--resume", "--overwrite"), "give one", 2),
            (("--cluster", "tcp://127.0.0.1:1", "--jobs", 2), "own workers", 2),
            (("--cluster", "tcp://127.0.0.1:1", "--time-limit", 2), "ended", 2),
            (("--style", "nosuch"), "unknown", 1),
            (("--sheet", "s.jpgg"), "s.jpgg: the sheet is a PNG", 1),
            (("--set", "hair=nosuch"), "nosuch", 1),
        ],
    )
    def test_wrong_use(self, folder, tmp_path, flags, word, code):
        failed(run("batch", folder, "-o", tmp_path / "out", *flags), word, code=code)
        assert not (tmp_path / "out").exists()

    def test_a_precomputed_set_is_a_style_like_others(self, folder, tmp_path, cache):
        done = run("batch", folder / "mirror.jpg", "-o", tmp_path / "out", "--style", cache,
                   "--jobs", 1)  # fmt: skip
        assert done.returncode == 0, done.stderr
        with Image.open(tmp_path / "out" / "mirror.avatar.png") as picture:
            assert picture.size == (500, 500)

    def test_nothing_to_do_is_said(self, tmp_path):
        (tmp_path / "empty").mkdir()
        failed(run("batch", tmp_path / "empty", "-o", tmp_path / "out"), "no photos")

    def test_a_slip_of_the_pen_leaves_nothing_behind(self, tmp_path):
        failed(run("batch", tmp_path / "stuff", "-o", tmp_path / "out"), "stuff: no such file")
        assert not (tmp_path / "out").exists()

    def test_a_file_is_no_folder_for_results(self, folder):
        place = folder / "mirror.jpg"
        failed(run("batch", folder, "-o", place), "mirror.jpg is a file: name a folder")

    def test_a_folder_that_cant_be_made(self, folder, tmp_path):
        (tmp_path / "file").write_text("")
        failed(run("batch", folder, "-o", tmp_path / "file" / "out"), "can't be made")


def begun(*arguments):
    code = "from emojimap.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "batch", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class TestWatch:
    def test_photos_that_come_are_fitted_until_the_end(self, folder, tmp_path):
        place, out = tmp_path / "in", tmp_path / "out"
        place.mkdir()
        (place / "first.jpg").write_bytes((folder / "mirror.jpg").read_bytes())
        running = begun(place, "-o", out, "--watch", "--jobs", 1, "--size", 64, "--json")
        try:
            waiting(lambda: (out / "results.csv").exists())
            content = (folder / "team" / "eileen.png").read_bytes()
            with (place / "second.png").open("wb") as slow:  # in two halves
                slow.write(content[:1000])
                slow.flush()
                time.sleep(0.3)
                slow.write(content[1000:])
            (place / "notes.txt").write_text("no photo")
            waiting(lambda: len(results(out)) == 2)
            (place / "first.jpg").unlink()
            (place / "third.jpg").write_bytes(b"no photo")
            waiting(lambda: len(results(out)) == 3)
            running.send_signal(signal.SIGTERM)
            stdout, stderr = running.communicate(timeout=PATIENCE_S)
        finally:
            running.kill()
        assert running.returncode == 0, stderr
        assert {line["name"]: bool(line["error"]) for line in results(out)} == {
            "second": False,
            "third": True,
            "first": False,
        }
        counts = [json.loads(line) for line in stdout.splitlines()]
        assert counts[0]["avatars"] == 1
        assert "Traceback" not in stderr

    def test_what_cant_be_watched_is_said(self, folder, tmp_path, monkeypatch):
        from emojimap.batch import watch

        failed(
            run("batch", folder / "mirror.jpg", "-o", tmp_path / "o", "--watch"), "needs a folder"
        )
        monkeypatch.setitem(sys.modules, "watchfiles", None)
        with pytest.raises(Exception, match=r"emojimap\[watch\]"):
            watch.check([folder])


class TestPhotos:
    def test_what_may_be_a_photo(self):
        assert photos.is_photo("A.JPG")
        for name in (".a.jpg", "a.avatar.png", "a.txt", "results.csv", "jpg"):
            assert not photos.is_photo(name)
