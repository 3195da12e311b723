"""Sends broken and hostile requests to a real server; ends with 1 if one is not refused cleanly.

python benchmarks/hostile.py [--count 320] [--seed 0]
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
from PIL import Image
from skimage import data

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.serve import post, started
from tests import hostile

MAX_MB = 4.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=320, help="requests")
    parser.add_argument("--seed", type=int, default=0, help="of the damage")
    wanted = parser.parse_args()
    corpus = hostile.corpus(wanted.count, wanted.seed, MAX_MB)
    with started("--max-mb", str(MAX_MB), "--workers", "2") as server:
        statuses, faults, slowest = send_all(corpus, server.port)
        size = sum(one.memory_info().rss for one in server.processes()) / 1e6
        alive = psutil.Process(server.process.pid).is_running() and fits(server.port)
    print(
        f"{len(corpus)} requests, seed {wanted.seed}: "
        + ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    )
    print(f"slowest {slowest[0]:.1f} s ({slowest[1]}); all processes {size:,.0f} MB at the end")
    for fault in faults:
        print(f"MISS {fault}")
    print("server alive and fitting" if alive else "MISS the server does not fit any more")
    return 1 if faults or not alive else 0


def send_all(
    corpus: list[hostile.Hostile], port: int
) -> tuple[Counter[int], list[str], tuple[float, str]]:
    statuses: Counter[int] = Counter()
    faults, slowest = [], (0.0, "")
    for one in corpus:
        start = time.perf_counter()
        answer = hostile.send(one, port)
        slowest = max(slowest, (time.perf_counter() - start, one.name))
        statuses[answer.status] += 1
        if (fault := answer.fault()) is not None:
            faults.append(f"{one.name}: {fault}")
    return statuses, faults, slowest


def fits(port: int) -> bool:
    photo = io.BytesIO()
    Image.fromarray(data.astronaut()).save(photo, "JPEG")
    return post(port, photo.getvalue())[0] == 200


if __name__ == "__main__":
    sys.exit(main())
