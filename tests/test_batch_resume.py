"""A run that is killed, interrupted or out of room goes on, and ends with the same files."""

import csv
import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from emojimap import styles
from emojimap.batch.folder import OWN, Folder
from emojimap.batch.inputs import gather
from emojimap.batch.job import Job
from emojimap.batch.run import Run
from emojimap.batch.task import Face, Outcome
from emojimap.errors import ArgumentError, ClusterError, OutputError, StyleError, WorkerError

PATIENCE_S = 60
OPTIONS = {"emojimap": "test", "size": 64}


def fake(job, style, path):
    """Give for each letter of a photo a face with files of its bytes; `bad` is none."""
    content = Path(path).read_bytes()
    if content.startswith(b"bad"):
        return Outcome((), 0.1, "not a photo, give another", "PhotoError")
    avatar = styles.load(style).default()
    row = {
        "style": style,
        "parts": dict(avatar.parts),
        "colours": dict(avatar.colours),
        "score": 0.5,
        "confidence": 1.0,
        "box": [0.0, 0.0, 9.0, 9.0],
    }
    faces = [
        Face({"face": i, **row}, dict.fromkeys(job.formats, 40 * content[i : i + 1]))
        for i in range(len(content) if job.face is None else 1)
    ]
    return Outcome(tuple(faces), time.perf_counter() % 1)


class FakePool:
    """Threads that do `fake`, and note what for."""

    def __init__(self, work=fake, threads=2):
        self._work, self._threads = work, threads
        self.asked = []

    def ahead(self):
        return 3 * self._threads

    def submit(self, job, style, item):
        self.asked.append(Path(item.path).name)
        return self._open.submit(self._work, job, style, item.path)

    def check(self):
        pass

    def __enter__(self):
        self._open = ThreadPoolExecutor(self._threads)
        return self

    def __exit__(self, kind, error, trace):
        self._open.shutdown(cancel_futures=kind is not None)


def photos(place, count=30):
    for i in range(count):
        path = place / f"{'abc'[i % 3]}" / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"bad" if i % 7 == 3 else bytes(range(i, i + 1 + i % 3)))
    return place


def go(place, out, pool=None, *, job=None, options=OPTIONS, kind="csv", **flags):
    pool = pool or FakePool()
    items = gather([str(place)], out=out).items
    with Folder(out, options, **flags) as folder, pool:
        return Run(folder, job or Job(face=None), kind=kind)(items, pool)


def tree(out):
    """Contents of all files but the run's own, the table without its times."""
    found = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if path.is_dir() or name.startswith(OWN):
            continue
        found[name] = path.read_bytes()
        if name == "results.csv":
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            found[name] = [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
    return found


@pytest.fixture
def place(tmp_path):
    return photos(tmp_path / "in")


@pytest.fixture
def whole(place, tmp_path):
    go(place, tmp_path / "whole")
    return tree(tmp_path / "whole")


def main(place, out, seed):
    """Run slowly, with pauses where a kill may fall between any two steps."""
    rng = random.Random(seed)
    replace = os.replace

    def slow_replace(*arguments):
        time.sleep(rng.random() * 0.004)
        replace(*arguments)
        time.sleep(rng.random() * 0.004)

    os.replace = slow_replace
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    go(Path(place), Path(out), resume=True)


def begun(place, out, seed):
    code = f"from tests.test_batch_resume import main; main({str(place)!r}, {str(out)!r}, {seed})"
    running = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert running.stdout.readline() == b"begun\n"
    return running


class TestKills:
    def test_killed_at_random_moments_it_ends_the_same(self, place, tmp_path, whole):
        rng = random.Random(7)
        out = tmp_path / "out"
        kills = 0
        for seed in range(6):
            running = begun(place, out, seed)
            try:
                running.wait(rng.uniform(0.0, 0.12))
            except subprocess.TimeoutExpired:
                running.kill()
                kills += 1
            running.wait(PATIENCE_S)
            running.stdout.close()
        assert kills > 2
        pool = FakePool()
        go(place, out, pool, resume=True)
        assert tree(out) == whole
        assert not (out / OWN / "drafts").exists()

    def test_the_lock_goes_with_its_process(self, place, tmp_path):
        running = begun(place, tmp_path / "out", 0)
        end = time.monotonic() + PATIENCE_S
        try:
            while not (tmp_path / "out" / "a" / "0.0.avatar.png").exists():
                assert time.monotonic() < end
                time.sleep(0.005)
            running.send_signal(signal.SIGSTOP)
            with pytest.raises(OutputError, match="another run"):
                go(place, tmp_path / "out", resume=True)
        finally:
            running.kill()
            running.wait()
            running.stdout.close()
        assert go(place, tmp_path / "out", resume=True).photos == 30

    def test_every_cut_of_the_journal_ends_the_same(self, tmp_path):
        place = photos(tmp_path / "in", 4)
        go(place, tmp_path / "whole")
        whole, out = tree(tmp_path / "whole"), tmp_path / "out"
        go(place, out)
        journal = out / OWN / "journal.jsonl"
        content = journal.read_bytes()
        for cut in range(0, len(content), 97):
            journal.write_bytes(content[:cut])
            drafts = out / OWN / "drafts"
            drafts.mkdir()
            (drafts / "0").write_bytes(b"half")
            go(place, out, **({"resume": True} if b"\n" in content[:cut] else {"overwrite": True}))
            assert tree(out) == whole
            assert not drafts.exists()


class TestResume:
    def test_only_what_is_missing_is_done(self, place, tmp_path, whole):
        out = tmp_path / "out"
        go(place, out)
        (out / "b" / "4.1.avatar.png").unlink()
        (place / "a" / "0.jpg").write_bytes(b"changed")
        pool = FakePool()
        report = go(place, out, pool, resume=True)
        bad = [f"{i}.jpg" for i in range(30) if i % 7 == 3]
        assert sorted(pool.asked) == sorted([*bad, "4.jpg", "0.jpg"])
        assert report.done_before == 30 - len(pool.asked)
        found = tree(out)
        assert found["b/4.1.avatar.png"] == whole["b/4.1.avatar.png"]
        assert found["a/0.6.avatar.png"] == b"d" * 40

    def test_faces_that_are_gone_leave_no_files(self, place, tmp_path):
        out = tmp_path / "out"
        go(place, out)
        assert (out / "c" / "2.2.avatar.png").exists()
        (place / "c" / "2.jpg").write_bytes(b"x")
        (place / "c" / "5.jpg").write_bytes(b"bad")
        go(place, out, resume=True)
        assert (out / "c" / "2.0.avatar.png").exists()
        assert not (out / "c" / "2.1.avatar.png").exists()
        assert not list(out.glob("c/5.*"))

    def test_photos_that_come_later_are_added(self, place, tmp_path):
        out = tmp_path / "out"
        go(place, out)
        (place / "a" / "0.png").write_bytes(b"z")
        pool = FakePool()
        go(place, out, pool, resume=True)
        assert "0.png" in pool.asked
        assert "0.jpg" not in pool.asked
        assert (out / "a" / "0.png.0.avatar.png").exists()

    def test_photos_that_are_gone_keep_their_lines(self, place, tmp_path):
        out = tmp_path / "out"
        go(place, out)
        (place / "a" / "0.jpg").unlink()
        (place / "a" / "3.jpg").unlink()  # it had failed
        go(place, out, resume=True)
        names = [row["name"] for row in tree(out)["results.csv"]]
        assert names[-1] == "a/0"
        assert "a/3" not in names

    def test_other_options_are_refused_by_name(self, place, tmp_path):
        out = tmp_path / "out"
        go(place, out)
        with pytest.raises(ArgumentError, match=r"size \(64 then, 32 now\)"):
            go(place, out, options={**OPTIONS, "size": 32}, resume=True)

    def test_an_earlier_run_is_not_written_over_by_chance(self, place, tmp_path):
        out = tmp_path / "out"
        go(place, out)
        with pytest.raises(OutputError, match=r"--resume.*--overwrite"):
            go(place, out)

    def test_overwriting_takes_away_what_was_there(self, place, tmp_path, whole):
        out = tmp_path / "out"
        (out / "mine").mkdir(parents=True)
        (out / "mine" / "note.txt").write_text("mine")
        more = photos(tmp_path / "more", 40)
        go(more, out)
        pool = FakePool()
        go(place, out, pool, overwrite=True)
        assert len(pool.asked) == 30
        found = tree(out)
        assert found.pop("mine/note.txt") == b"mine"
        assert found == whole

    def test_a_journal_that_names_files_outside_harms_nothing(self, place, tmp_path):
        out = tmp_path / "out"
        go(place, out)
        victim = tmp_path / "victim.txt"
        victim.write_text("mine")
        journal = out / OWN / "journal.jsonl"
        lines = journal.read_text().splitlines()
        entry = json.loads(lines[1])
        entry["rows"][0]["files"] = {"png": "../victim.txt", "json": str(victim)}
        journal.write_text("\n".join([lines[0], json.dumps(entry), *lines[2:]]) + "\n")
        go(place, out, overwrite=True)
        assert victim.read_text() == "mine"


class TestFaults:
    def test_failures_are_lines_of_the_table(self, place, tmp_path, whole):
        rows = whole["results.csv"]
        assert [row["photo"] for row in rows] == sorted(row["photo"] for row in rows)
        bad = [row for row in rows if row["error"]]
        assert len(bad) == 4
        assert all(row["error"] == "not a photo, give another" for row in bad)
        assert all(row["face"] == row["png"] == row["score"] == "" for row in bad)

    def test_a_worker_that_dies_costs_its_photo(self, place, tmp_path):
        def work(job, style, path):
            if path.endswith("5.jpg"):
                raise WorkerError("its process died (signal 9)")
            return fake(job, style, path)

        report = go(place, tmp_path / "out", FakePool(work))
        assert [error for _, error in report.failures].count("its process died (signal 9)") == 3
        assert report.photos == 30

    def test_a_fault_of_the_job_ends_the_run(self, place, tmp_path):
        def work(job, style, path):
            if path.endswith("5.jpg"):
                raise StyleError("style gone")
            return fake(job, style, path)

        out = tmp_path / "out"
        with pytest.raises(StyleError, match="gone"):
            go(place, out, FakePool(work))
        assert not (out / "results.csv").exists()
        assert go(place, out, resume=True).photos == 30

    def test_a_cluster_that_goes_away_ends_the_run(self, place, tmp_path):
        class Gone(FakePool):
            def submit(self, job, style, item):
                future = Future()
                future.cancel()
                future.set_running_or_notify_cancel()
                return future

        with pytest.raises(ClusterError, match="--resume"):
            go(place, tmp_path / "out", Gone())

    def test_a_full_disk_ends_the_run_and_it_goes_on_later(
        self, place, tmp_path, whole, monkeypatch
    ):
        out, replace = tmp_path / "out", os.replace
        left = [12]

        def full(draft, target):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device", str(target))
            replace(draft, target)

        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(OutputError, match=r"No space left.*--resume"):
            go(place, out)
        monkeypatch.undo()
        assert 0 < len(list(out.rglob("*.avatar.png"))) < 20
        go(place, out, resume=True)
        assert tree(out) == whole

    def test_an_interruption_keeps_what_is_done(self, place, tmp_path, whole):
        out = tmp_path / "out"

        def work(job, style, path):
            if path.endswith("20.jpg"):
                raise KeyboardInterrupt
            return fake(job, style, path)

        with pytest.raises(KeyboardInterrupt):
            go(place, out, FakePool(work))
        pool = FakePool()
        assert go(place, out, pool, resume=True).done_before > 0
        assert tree(out) == whole

    def test_the_table_may_be_parquet(self, place, tmp_path):
        from pyarrow import parquet

        report = go(place, tmp_path / "out", kind="parquet")
        assert report.table.name == "results.parquet"
        assert parquet.read_table(report.table).num_rows == report.avatars + len(report.failures)

    def test_few_photos_are_under_way(self, place, tmp_path):
        most = [0]

        class Watched(FakePool):
            def __init__(self):
                super().__init__()
                self.futures = []

            def submit(self, job, style, item):
                self.futures = [one for one in self.futures if not one.done()]
                most[0] = max(most[0], len(self.futures))
                self.futures.append(super().submit(job, style, item))
                return self.futures[-1]

        go(place, tmp_path / "out", Watched())
        assert most[0] < 6


def test_ctrl_c_ends_the_command_at_once(tmp_path, astronaut):
    from PIL import Image

    for i in range(40):
        (tmp_path / "in").mkdir(exist_ok=True)
        Image.fromarray(astronaut).save(tmp_path / "in" / f"{i}.jpg")
    code = "from emojimap.cli import main; main()"
    out = tmp_path / "out"
    running = subprocess.Popen(
        [sys.executable, "-c", code, "batch", str(tmp_path / "in"), "-o", str(out), "--jobs", "1"],
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + PATIENCE_S
    while not list(out.glob("*.avatar.json")):
        assert time.monotonic() < end
        time.sleep(0.02)
    begin = time.monotonic()
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - begin < 15
    assert running.returncode == 130
    assert "--resume" in told
    assert "Traceback" not in told
    assert not (out / "results.csv").exists()
