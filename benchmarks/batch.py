"""Measures `emojimap batch`; ends with 1 if a limit is passed.

    python benchmarks/batch.py speed  [PHOTOS...] [--photos 200] [--jobs 2] [--formats png json]
    python benchmarks/batch.py memory [PHOTOS...] [--photos 2000] [--jobs 2]
    python benchmarks/batch.py kills  [PHOTOS...] [--photos 24] [--kills 20] [--seed 0]

Speed: photos per second of a warm run, PNG and JSON written unless told otherwise (--formats), the
median of three; at least 8.
Memory: of each worker, sampled ten times a second, large photos among small ones; at most 700 MB,
and what the largest gain of the last quarter over the second is. Kills: whole commands are killed
at random moments of a run and resumed; the files must be those of a run that nobody disturbed.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from emojimap import photos
from emojimap.batch.folder import OWN, Folder
from emojimap.batch.inputs import Item, gather
from emojimap.batch.job import Job, options
from emojimap.batch.local import LocalPool
from emojimap.batch.run import Run

LEAST_RATE = 8.0
MOST_MB = 700.0
MOST_GROWTH_MB = 25.0
_SAMPLES_S = 0.1
_DATA = Path(os.environ.get("EMOJIMAP_DATA", Path(__file__).parents[2] / "shared" / "data"))
_FOLDERS = [_DATA / "hair" / "lfw" / "images", _DATA / "photos"]
_COMMAND = [sys.executable, "-c", "from emojimap.cli import main; main()", "batch"]


def chosen(folders: Sequence[Path], count: int, place: Path) -> Path:
    """Link so many photos of some folders into one, in turn, and again when all were taken."""
    found = [sorted(photos.walk(folder)) for folder in folders]
    rng = random.Random(0)
    for paths in found:
        rng.shuffle(paths)
    few = min(found, key=len)
    many = [path for paths in found if paths is not few for path in paths] or few
    place.mkdir()
    for i in range(count):
        # One of the smaller folder, which has the large photos, among twenty.
        source = few[i // 20 % len(few)] if i % 20 == 10 else many[i % len(many)]
        (place / f"{i:05d}{source.suffix}").symlink_to(source.resolve())
    return place


def run(items: Sequence[Item], out: Path, job: Job, pool: LocalPool) -> float:
    """Fit all items and return the photos per second."""
    with Folder(out, options(job)) as folder:
        return Run(folder, job)(items, pool).rate


def speed(args: argparse.Namespace, place: Path) -> bool:
    job = Job(formats=tuple(args.formats))
    items = gather([str(chosen(args.folders[:1], args.photos, place / "in"))]).items
    with LocalPool(args.jobs, job, [job.style]) as pool:
        run(items[: 20 * args.jobs], place / "warm", job, pool)
        rates = [run(items, place / f"out{i}", job, pool) for i in range(3)]
    rate = statistics.median(rates)
    told = ", ".join(f"{one:.2f}" for one in rates)
    what = f"{args.jobs} workers, {args.photos} photos, {' and '.join(args.formats)}"
    print(f"{what}: {rate:.2f} photos/s ({told})")
    return rate >= LEAST_RATE


class Sampler(threading.Thread):
    """Notes the memory of processes until it is stopped."""

    def __init__(self, pids: Sequence[int]) -> None:
        super().__init__(daemon=True)
        self._processes = [psutil.Process(pid) for pid in pids]
        self._stopped = threading.Event()
        self.mb: list[list[float]] = []

    def run(self) -> None:
        while not self._stopped.wait(_SAMPLES_S):
            self.mb.append([one.memory_info().rss / 1e6 for one in self._processes])

    def stop(self) -> list[list[float]]:
        self._stopped.set()
        self.join()
        return self.mb


def memory(args: argparse.Namespace, place: Path) -> bool:
    job = Job()
    items = gather([str(chosen(args.folders, args.photos, place / "in"))]).items
    with LocalPool(args.jobs, job, [job.style]) as pool:
        sampler = Sampler(pool.pids)
        sampler.start()
        rate = run(items, place / "out", job, pool)
        samples = sampler.stop()
    good = True
    for worker, mb in enumerate(zip(*samples, strict=True)):
        quarter = len(mb) // 4
        early, late = (max(mb[i * quarter : (i + 1) * quarter]) for i in (1, 3))
        middles = [statistics.median(mb[i * quarter : (i + 1) * quarter]) for i in (1, 3)]
        print(
            f"worker {worker}: peak {max(mb):.0f} MB; second quarter {middles[0]:.0f} MB (peak "
            f"{early:.0f}), last quarter {middles[1]:.0f} MB (peak {late:.0f})"
        )
        grown = max(late - early, middles[1] - middles[0])
        good &= max(mb) <= MOST_MB and grown <= MOST_GROWTH_MB
    print(f"{args.photos} photos, {rate:.2f} photos/s")
    return good


def command(place: Path, out: Path, jobs: int, *flags: str) -> subprocess.Popen[bytes]:
    line = [*_COMMAND, str(place), "-o", str(out), "--jobs", str(jobs), "--format", "svg"]
    line += ["--format", "png", "--format", "json", *flags]
    return subprocess.Popen(line, stderr=subprocess.DEVNULL)


def tree(out: Path) -> dict[str, object]:
    """All files with their contents, the table without its times, and not the run's own."""
    found: dict[str, object] = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if path.is_dir() or name.startswith(f"{OWN}/"):
            continue
        found[name] = path.read_bytes()
        if name == "results.csv":
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            found[name] = [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
    own = sorted(path.name for path in (out / OWN).iterdir())
    return {**found, OWN: own}


def kills(args: argparse.Namespace, place: Path) -> bool:
    source = chosen(args.folders[:1], args.photos, place / "in")
    (source / "00003_damaged.jpg").write_bytes(b"\xff\xd8\xff no photo")
    begin = time.monotonic()
    status = command(source, place / "whole", args.jobs).wait()
    lasted = time.monotonic() - begin
    whole = tree(place / "whole")
    print(f"undisturbed: {lasted:.1f} s, exit status {status}, {len(whole) - 1} files")
    rng, good, before = random.Random(args.seed), True, 0
    for number in range(args.kills):
        out, moment = place / f"out{number}", rng.uniform(0.3, lasted)
        killed = command(source, out, args.jobs)
        try:
            killed.wait(moment)
        except subprocess.TimeoutExpired:
            killed.send_signal(signal.SIGKILL)
            killed.wait()
        there = len(list(out.rglob("*.avatar.*"))) if out.exists() else 0
        before += 0 < there < len(whole) - 2
        again = command(source, out, args.jobs, "--resume").wait()
        same = tree(out) == whole and again == status
        good &= same
        print(
            f"{number}: killed after {moment:.1f} s with {there} files there, "
            f"{'same files' if same else 'OTHER FILES'}"
        )
    print(f"{args.kills} kills, {before} of them between the first file and the last")
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("speed", "memory", "kills"))
    parser.add_argument("folders", nargs="*", type=Path, default=_FOLDERS, metavar="PHOTOS")
    parser.add_argument("--photos", type=int)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--formats", nargs="+", default=["png", "json"])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    measure, usual = {"speed": (speed, 200), "memory": (memory, 2000), "kills": (kills, 24)}[
        args.what
    ]
    args.photos = args.photos or usual
    with tempfile.TemporaryDirectory() as place:
        if not measure(args, Path(place)):
            sys.exit("a limit was passed")


if __name__ == "__main__":
    main()
