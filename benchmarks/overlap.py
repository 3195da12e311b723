"""Speed of the overlap search, beside other libraries on the same masks in the same run.

Run from the root of the repository: ``python benchmarks/overlap.py``. Peers that are not installed
are left out. Times are medians and 90th percentiles over the queries, in ms, on one thread unless
said otherwise. BLAS is held to one thread as well.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import drawn
import numpy as np
from peers import PEERS

from emojimap import _overlap
from emojimap._overlap_bits import COVERAGE_STEPS, TAP_STEPS
from emojimap.overlap import KERNEL_VARIABLE, MaskIndex, Region, kernels
from emojimap.overlap.query import prepare

SIDE = 64
ALIGNED = {"window": 8, "scales": (0.9, 0.95, 1.0, 1.05, 1.1)}
COUNT = 17 * 17 * 5
SAMPLE = 64
"""Alignments that a peer is timed on; the rest is reckoned, since it does them all alike."""
VECTORS = [kernel for kernel in kernels() if kernel in ("avx512", "avx2", "neon")]


class Timer:
    """Times of several ways to do one thing, turn and turn about."""

    def __init__(self):
        self.times = {}

    def run(self, name, call):
        start = time.perf_counter()
        answer = call()
        self.times.setdefault(name, []).append(1000 * (time.perf_counter() - start))
        return answer

    def median(self, name):
        return float(np.median(self.times[name]))

    def print(self, scale=None, best=None):
        for name, times in self.times.items():
            factor = (scale or {}).get(name, 1.0)
            p50, p90 = np.quantile(times, [0.5, 0.9]) * factor
            ratio = f"{best / p50:10.1f}x" if best else ""
            print(f"  {name:44}{p50:11.3f}{p90:11.3f}{ratio}")


def pack(masks):
    return np.packbits(masks.reshape(len(masks), -1), axis=1, bitorder="little")


def pin(kernel):
    os.environ[KERNEL_VARIABLE] = kernel


def named(masks):
    return MaskIndex.build(masks, [f"t{row}" for row in range(len(masks))])


def queries_of(rng, masks, count):
    return {
        "perturbed": drawn.perturbed(rng, masks, count),
        "unseen": drawn.hair(np.random.default_rng(rng.integers(2**32)), count),
        "blobs": drawn.blobs(rng, count),
        "speckle": drawn.speckle(rng, count),
    }


def machine():
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(": ")[1] for line in lines if "model name" in line), model)
    print(f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    print(f"numpy {np.__version__}; kernels: {', '.join(kernels())}")


def limit(masks, queries, paths):
    """The unpruned scan against the machine's limit, turn and turn about."""
    print("\nUnpruned scan of every pair against the popcount limit (AND, count, add; all in L1)")
    index, rounds = named(masks), 100_000
    for path in paths:
        pin(path)
        scan, most = [], []
        for query in queries[:5]:
            start = time.perf_counter()
            _overlap.count_much(path, rounds)
            most.append(512 * rounds / (time.perf_counter() - start))
            start = time.perf_counter()
            index.search(query, k=1, exhaustive=True, **ALIGNED)
            scan.append(len(index) * COUNT * SIDE / (time.perf_counter() - start))
        share = np.median(np.array(scan) / np.array(most))
        print(
            f"  {path:10} limit {np.median(most) / 1e9:6.1f} Gwords/s, scan "
            f"{np.median(scan) / 1e9:6.1f}: {share:.0%}"
        )


def ways_of_index(index):
    """Ways to search, each with a call for plain and for aligned queries."""
    for path in VECTORS:
        for k in (1, 10):
            yield (
                f"this index, top {k}, {path}",
                path,
                lambda query, k=k: index.search(query, k=k),
                lambda query, k=k: index.search(query, k=k, **ALIGNED),
            )


def installed(packed):
    for peer in PEERS:
        try:
            yield peer(packed)
        except ImportError as error:
            print(f"  ({peer.name} left out: {error})")


def against_peers(masks, queries, slow, rounds=3):
    """The index and the peers on the same masks: each answers all queries in a row, by turns.

    The index first answers a hundred other queries, peers a few, untimed, so that the caches hold
    what is needed again and again, as in use. "Cold" is the other end: 64 MB of something else
    are read before each.
    """
    others = drawn.perturbed(np.random.default_rng(2), masks, 100)
    index, packed = named(masks), pack(masks)
    peers = list(installed(packed))
    plain, aligned, batch = Timer(), Timer(), pack(queries)
    other = np.ones(8_000_000)
    sample = pack(drawn.perturbed(np.random.default_rng(1), masks, SAMPLE))
    for _ in range(rounds):
        for name, path, once, shifted in ways_of_index(index):
            pin(path)
            for timer, call in ((plain, once), (aligned, shifted)):
                for query in others:
                    call(query)
                for query in queries:
                    timer.run(name, lambda: call(query))
        pin("cython")
        for query in queries:
            other.sum()
            plain.run("this index, top 1, cold", lambda: index.search(query, k=1))
            other.sum()
            aligned.run("this index, top 1, cold", lambda: index.search(query, k=1, **ALIGNED))
        for query in queries:
            plain.run("this index, unpruned", lambda: index.search(query, k=1, exhaustive=True))
        for query in queries[:slow]:
            aligned.run(
                "this index, unpruned", lambda: index.search(query, k=1, exhaustive=True, **ALIGNED)
            )
        for peer in peers:
            count = slow if peer.slow else len(queries)
            for at in range(slow):
                peer.nearest(batch[at : at + 1])
            for at in range(count):
                plain.run(peer.name, lambda: peer.nearest(batch[at : at + 1]))
            for _ in range(1 if peer.slow else slow):
                aligned.run(peer.name, lambda: all_of(peer, sample))
    scale = {peer.name: COUNT / SAMPLE for peer in peers}
    for title, timer, factor in (("Plain", plain, {}), ("Aligned (1,445)", aligned, scale)):
        times = [timer.median(peer.name) * factor.get(peer.name, 1.0) for peer in peers]
        print(f"\n{title}, {len(masks):,} templates, {len(queries)} queries x {rounds} rounds")
        print(f"  {'':44}{'p50 ms':>11}{'p90 ms':>11}{'best peer':>11}")
        timer.print(factor, min(times, default=None))


def all_of(peer, queries):
    for start in range(0, len(queries), peer.most):
        peer.nearest(queries[start : start + peer.most])


def kinds_of_queries(masks, sets):
    print(f"\nKinds of queries, aligned, {len(masks):,} templates")
    print(f"  {'':44}{'p50 ms':>11}{'p90 ms':>11}")
    index = named(masks)
    for path in VECTORS:
        pin(path)
        timer = Timer()
        for kind, queries in sets.items():
            for query in queries:
                timer.run(f"{kind}, top 1, {path}", lambda: index.search(query, k=1, **ALIGNED))
        timer.print()
    pin("cython")


def composite(masks, queries, slow):
    """As `fit` asks: photo cut off at the top, two regions, a prior, a margin; here aligned too."""
    print(f"\nComposite score, {len(masks):,} templates")
    print(f"  {'':44}{'p50 ms':>11}{'p90 ms':>11}")
    rows, columns = np.mgrid[:SIDE, :SIDE]
    face = np.hypot(columns - 32, rows - 26) <= 16
    options = {
        "k": 5,
        "visible": rows >= 4,
        "regions": [Region("face", face, 0.3), Region("low", rows >= 41, 0.3)],
        "prior": np.random.default_rng(0).choice([0.0, 0.02, 0.05], len(masks)),
        "margin": 66.0,
    }
    index, timer = named(masks), Timer()
    for query in queries:
        timer.run("plain", lambda: index.search(query, **options))
        timer.run("aligned", lambda: index.search(query, **options, **ALIGNED))
    for query in queries[:slow]:
        timer.run("plain, unpruned", lambda: index.search(query, exhaustive=True, **options))
        timer.run(
            "aligned, unpruned", lambda: index.search(query, exhaustive=True, **options, **ALIGNED)
        )
    timer.print()


def batches(masks, queries):
    """A hundred queries at a time, for each number of threads."""
    print(f"\nBatch of {len(queries)}, aligned, {len(masks):,} templates: ms for each query")
    index, timer = named(masks), Timer()
    for _ in range(5):
        for threads in range(1, (os.cpu_count() or 1) + 1):
            timer.run(
                f"top 1, {threads} threads",
                lambda: index.search_many(queries, k=1, threads=threads, **ALIGNED),
            )
    timer.print({name: 1 / len(queries) for name in timer.times})


def growth(rng, masks, counts, runs):
    print("\nGrowth (ms; build in s)")
    head = ("templates", "aligned p50", "p90", "plain p50", "build s", "file MB", "open ms")
    print("".join(f"{name:>12}" for name in head))
    for count in counts:
        start = time.perf_counter()
        index = named(masks[:count])
        build = time.perf_counter() - start
        timer, queries = Timer(), drawn.perturbed(rng, masks[:count], runs)
        for _ in range(3):
            for query in queries:
                timer.run("aligned", lambda: index.search(query, k=1, **ALIGNED))
            for query in queries:
                timer.run("plain", lambda: index.search(query, k=1))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "i"
            index.save(path)
            for _ in range(9):
                timer.run("open", lambda: MaskIndex.load(path, verify=False))
            size = path.stat().st_size / 1e6
        p90 = float(np.quantile(timer.times["aligned"], 0.9))
        numbers = (timer.median("aligned"), p90, timer.median("plain"), build, size)
        print(f"{count:12,}" + "".join(f"{number:12.3f}" for number in numbers), end="")
        print(f"{timer.median('open'):12.2f}")


def resampled(query):
    """The query at every scale, by its definition: float sums over a padded canvas."""
    views = []
    aligned = prepare(SIDE, ALIGNED["window"], ALIGNED["scales"])
    for at, scale in enumerate(ALIGNED["scales"]):
        if scale == 1.0:
            views.append((query, int(query.sum())))
            continue
        taps = aligned.taps[aligned.taps_start[at] : aligned.taps_start[at + 1]]
        mix = np.zeros((len(taps), SIDE + 2))
        rows = np.arange(len(taps))
        mix[rows, taps[:, 0] + 1] += TAP_STEPS - taps[:, 1]
        mix[rows, taps[:, 0] + 2] += taps[:, 1]
        canvas = mix @ np.pad(query.astype(float), 1) @ mix.T / TAP_STEPS**2
        full = np.floor(canvas * COVERAGE_STEPS) >= COVERAGE_STEPS / 2
        pad = (len(taps) - SIDE) // 2
        views.append((full[pad : pad + SIDE, pad : pad + SIDE], int(full.sum())))
    return views


def brute_force(words, areas, query):
    """Best template and score over all alignments, pair by pair with NumPy."""
    best = (-1.0, 0)
    window = ALIGNED["window"]
    for mask, area in resampled(query):
        wide = np.pad(mask, window)
        for dy in range(2 * window + 1):
            for dx in range(2 * window + 1):
                moved = pack(wide[None, dy : dy + SIDE, dx : dx + SIDE]).view(np.uint64)
                both = np.bitwise_count(words & moved).sum(axis=1, dtype=np.int64)
                union = area + areas - both
                iou = np.divide(both, union, out=np.ones(len(words)), where=union > 0)
                row = int(iou.argmax())
                best = max(best, (float(iou[row]), -row))
    return best[0], -best[1]


def proof(masks, queries):
    """Answers of every kernel against the brute force."""
    print(
        f"\nBrute force with NumPy: {len(masks):,} templates x {COUNT:,} x {len(queries)} queries"
    )
    index, words = named(masks), pack(masks).view(np.uint64)
    areas = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    equal = dict.fromkeys(kernels()[:-1], 0)
    for query in queries:
        expected = brute_force(words, areas, query)
        for path in equal:
            pin(path)
            (match,) = index.search(query, k=1, **ALIGNED)
            equal[path] += (match.score, match.index) == expected
    pin("cython")
    for path, count in equal.items():
        print(f"  {path:10}{count} of {len(queries)} equal")
    return all(count == len(queries) for count in equal.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", "--templates", type=int, default=100_000)
    parser.add_argument("-q", "--queries", type=int, default=50)
    parser.add_argument("--slow", type=int, default=3, help="runs of what takes seconds")
    parser.add_argument("--growth", type=int, nargs="+", default=[1_000, 10_000, 100_000, 300_000])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--exact", action="store_true", help="compare with a brute force (minutes); nothing else"
    )
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it runs")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.templates, arguments.queries, arguments.growth = 2_000, 5, [1_000, 2_000]
    rng = np.random.default_rng(arguments.seed)
    machine()
    if arguments.exact:
        masks = drawn.hair(rng, 200 if arguments.quick else 20_000)
        sets = queries_of(rng, masks, -(-arguments.queries // 4))
        queries = np.concatenate(list(sets.values()))[: arguments.queries]
        sys.exit(not proof(masks, queries))
    masks = drawn.hair(rng, max(arguments.templates, *arguments.growth))
    some = masks[: arguments.templates]
    sets = queries_of(rng, some, arguments.queries)
    paths = (
        kernels()[:-1] if len(some) < 5000 else [name for name in kernels()[:-1] if "avx" in name]
    )
    limit(some, sets["perturbed"], paths)
    against_peers(some, sets["perturbed"], arguments.slow)
    kinds_of_queries(some, sets)
    composite(some, sets["perturbed"], arguments.slow)
    batches(some, drawn.perturbed(rng, some, 100))
    growth(rng, masks, arguments.growth, arguments.queries)


if __name__ == "__main__":
    main()
