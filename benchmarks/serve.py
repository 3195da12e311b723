"""Measures a real server under closed-loop clients; ends with 1 if a limit is passed.

    python benchmarks/serve.py [PHOTOS] [--requests 2000] [--clients 4] [--workers 2]

A warm-up leaves out the photos in which no face is found. Limits: p95 of 600 ms, no error but 429,
and memory that does not grow from the middle of the run to its end. Processor time for one photo is
printed as well: it tells whether the machine had other work.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

P95_MS = 600.0
GROWTH_MB = 60.0
"""From the middle to the end, each process: the allocators keep a little more of what they had."""
WARM_UP = 80
"""Photos that are tried first."""
_DATA = os.environ.get("EMOJIMAP_DATA", Path(__file__).parents[2] / "shared" / "data")
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass
class Started:
    process: subprocess.Popen[str]
    port: int

    def processes(self) -> list[psutil.Process]:
        """The server, and its workers by age; the processes that only start others are left out."""
        first = psutil.Process(self.process.pid)
        below = first.children(recursive=True)
        workers = [one for one in below if one.ppid() != first.pid]
        return [first, *sorted(workers, key=lambda one: one.create_time())]


@contextlib.contextmanager
def started(*options: str) -> Iterator[Started]:
    """Start `emojimap serve` without its page, on a free port."""
    command = [sys.executable, "-c", "from emojimap.cli import main; main()", "serve", "--no-page"]
    process = subprocess.Popen(
        [*command, "--port", "0", *options], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    found = re.search(r":(\d+)/", process.stderr.readline())
    if found is None:
        process.kill()
        sys.exit("the server did not start")
    # Somebody must read the log, or the server would wait for room in the pipe.
    threading.Thread(target=process.stderr.read, daemon=True).start()
    try:
        yield Started(process, int(found[1]))
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def post(port: int, photo: bytes) -> tuple[int, float]:
    """Post a photo on a connection of its own; the status, and seconds."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        return on(line, photo)
    finally:
        line.close()


def on(line: http.client.HTTPConnection, photo: bytes) -> tuple[int, float]:
    start = time.perf_counter()
    line.request("POST", "/v1/fit", photo, {"Content-Type": "application/octet-stream"})
    answer = line.getresponse()
    answer.read()
    return answer.status, time.perf_counter() - start


class Load:
    """Clients that each ask, wait for the answer, and ask again."""

    def __init__(self, server: Started, photos: list[bytes], requests: int) -> None:
        self._server, self._photos = server, photos
        self._turns = iter(range(requests))
        self._lock = threading.Lock()
        self._middle = requests // 2
        self.statuses: Counter[int] = Counter()
        self.seconds: list[float] = []
        self.memory: list[float] = []

    def run(self, clients: int) -> float:
        threads = [threading.Thread(target=self._client) for _ in range(clients)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - start

    def _client(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=120)
        for turn in iter(self._next, None):
            if turn == self._middle:
                self.memory = memory(self._server)
            try:
                status, seconds = on(line, self._photos[turn % len(self._photos)])
            except (OSError, http.client.HTTPException):
                status, seconds = 0, float("inf")
                line.close()
            with self._lock:
                self.statuses[status] += 1
                if status != 429:
                    self.seconds.append(seconds)
        line.close()

    def _next(self) -> int | None:
        with self._lock:
            return next(self._turns, None)


def memory(server: Started) -> list[float]:
    """RSS of the server and of each worker, MB."""
    return [one.memory_info().rss / 1e6 for one in server.processes()]


def processor(server: Started) -> tuple[float, float]:
    """Seconds of processor time: of the server, and of its workers together."""
    first, *workers = (sum(one.cpu_times()[:2]) for one in server.processes())
    return first, sum(workers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="?", type=Path, default=Path(_DATA) / "hair" / "lfw")
    parser.add_argument("--requests", type=int, default=2_000, help="after the warm-up")
    parser.add_argument("--clients", type=int, default=4, help="that ask at once")
    parser.add_argument("--workers", type=int, default=2, help="processes of the server")
    wanted = parser.parse_args()
    photos = read(wanted.photos)
    with started("--workers", str(wanted.workers)) as server:
        photos = [one for one in photos[:WARM_UP] if post(server.port, one)[0] == 200]
        Load(server, photos, 4 * wanted.clients).run(wanted.clients)
        first, before = memory(server), processor(server)
        load = Load(server, photos, wanted.requests)
        took = load.run(wanted.clients)
        last, after = memory(server), processor(server)
    print(
        f"{wanted.requests} photos, {wanted.clients} clients, {wanted.workers} workers: "
        f"{wanted.requests / took:.2f} photos/s"
    )
    own, theirs = (1000 * (b - a) / wanted.requests for a, b in zip(before, after, strict=True))
    print(f"processor time for one photo: server {own:.1f} ms, workers {theirs:.0f} ms")
    return report(load, first, last)


def read(folder: Path) -> list[bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
    paths = [path for path in paths if not {"masks", "parsing"} & set(path.parts)]
    if not paths:
        sys.exit(f"{folder} holds no photos: name a folder")
    return [path.read_bytes() for path in itertools.islice(paths, 500)]


def report(load: Load, first: list[float], last: list[float]) -> int:
    p50, p95, p99 = 1000 * np.percentile(load.seconds, [50, 95, 99])
    print(f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms")
    print("statuses " + ", ".join(f"{n} x {status}" for status, n in sorted(load.statuses.items())))
    for when, sizes in (("start", first), ("middle", load.memory), ("end", last)):
        server, *workers = sizes
        told = ", ".join(f"{size:.0f}" for size in workers)
        print(f"memory at the {when}: server {server:.0f} MB, workers {told} MB")
    wrong = [status for status in load.statuses if status not in (200, 429)]
    growth = max(b - a for a, b in zip(load.memory, last, strict=True))
    missed = [
        *([f"p95 {p95:.0f} ms, above {P95_MS:.0f} ms"] if p95 > P95_MS else ()),
        *(f"status {status}" for status in wrong),
        *([f"a process grew by {growth:.0f} MB"] if growth > GROWTH_MB else ()),
    ]
    for line in missed:
        print(f"MISS {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
