"""A large set: precompute, unique hairstyles, round trip, and what a fit costs with it.

Without a set at hand, random avatars of a vector style are exported first; their labels say which
hair each picture has, and none of them is shown to what is judged by them.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import hashlib
import itertools
import json
import os
import resource
import statistics
import sys
import tempfile
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import drawn

from emojimap import canonical, styles
from emojimap.analysis import analyse
from emojimap.export import LABELS, export, frame
from emojimap.fit import fit_analysis
from emojimap.overlap import MaskIndex
from emojimap.styles import raster
from emojimap.styles.cartoonset import consensus, hairstyles, journal, layout, record, source, table
from emojimap.styles.cartoonset.extract import hair_coverage
from emojimap.styles.cartoonset.precompute import precompute
from emojimap.styles.cartoonset.style import CartoonsetStyle
from emojimap.styles.dicebear import DicebearStyle
from emojimap.styles.index import open_index

BALD_MARGIN = 60.0


def rate(path: Path, out: Path, jobs: int) -> None:
    """Time and memory of precomputing, in a process of its own for its peak; CPU of a picture."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        begin = time.perf_counter()
        report = precompute(path, out, jobs=jobs)
        open_index(styles.load(out), "hair")
        told = {
            "pictures": report.pictures,
            "hairstyles": report.hairstyles,
            "aside": len(report.aside),
            "skipped": len(report.broken),
            "wall": time.perf_counter() - begin,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        os.write(writing, json.dumps(told).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = json.loads(pipe.read())
    os.waitpid(child, 0)
    n = told["pictures"]
    print(
        f"precompute: {n} pictures, {told['hairstyles']} hairstyles ({told['aside']} set aside), "
        f"{told['skipped']} skipped; {told['wall']:.0f} s with {jobs} jobs, "
        f"{n / told['wall']:.0f} pictures/s; peak {told['peak']:.0f} MB, without workers"
    )
    contents = [entry.content for entry in itertools.islice(_some(path), 200)]
    begin = time.process_time()
    for content in contents:
        record.make("cs0", content)
    took = (time.process_time() - begin) / len(contents)
    print(f"   one picture: {1e3 * took:.1f} ms CPU, mean of {len(contents)}")


def _some(path: Path) -> Iterator[source.Entry]:
    return (entry for entry in source.read(path) if entry.is_picture)


def labels(path: Path) -> dict[str, str]:
    """Hair of each exported picture, by name."""
    names = json.loads((path / LABELS).read_text())["hair"]
    found = {}
    for file in path.glob("*.csv"):
        with file.open(newline="") as lines:
            rows = {row[0]: int(row[1]) for row in csv.reader(lines, skipinitialspace=True)}
        found[file.stem] = names[rows["hair"]]
    return found


def alone(path: Path, out: Path) -> None:
    """What the pictures say without their labels: hairstyles by mask, and hair of the drawing."""
    truth = labels(path)
    records = sorted(journal.records(out), key=lambda one: one.name)
    begin = time.perf_counter()
    shapes = np.stack([np.frombuffer(one.shape, np.uint8) for one in records])
    unknown = np.full((len(records), len(consensus.NAMES)), consensus.UNKNOWN, np.int16)
    names, flaws = [one.name for one in records], [one.flaw for one in records]
    found = hairstyles.unique(names, flaws, shapes, unknown)
    took = time.perf_counter() - begin
    pure = sum(
        Counter(truth[records[row].name] for row in style.rows).most_common(1)[0][1]
        for style in found
    )
    large = sum(len(style.rows) >= 20 for style in found)
    print(
        f"unique list by mask alone: {len(found)} hairstyles ({large} of 20 pictures and more) in "
        f"{took:.1f} s; {pure / len(records):.2%} of the pictures have the hair of most of theirs"
    )
    style = styles.load("avataaars")
    assert isinstance(style, DicebearStyle)
    worn = set(style.template_masks("headwear", 8)[0])
    for name, index in (("exact mask", _exact(style)), ("plain picture", _plain(style))):
        right: dict[str, list[bool]] = defaultdict(list)
        wrong: Counter[tuple[str, str]] = Counter()
        for one in records:
            shown = _bare(one)
            best = index.search(one.coverage(), k=1, visible=shown, margin=BALD_MARGIN)[0].id
            wanted = styles.BALD if truth[one.name] == "none" else truth[one.name]
            right["headwear" if wanted in worn else "hair"].append(best == wanted)
            if best != wanted:
                wrong[wanted, best] += 1
        every = [hit for hits in right.values() for hit in hits]
        print(
            f"variant against one {name} of each: {np.mean(every):.2%} of {len(every)}; "
            + ", ".join(
                f"{kind} {np.mean(hits):.2%} of {len(hits)}" for kind, hits in right.items()
            )
        )
        print("   most often wrong:", *(f"{a}->{b} {n}" for (a, b), n in wrong.most_common(6)))


def _exact(style: DicebearStyle) -> MaskIndex:
    """Masks as the style knows them from its drawings, not from pictures."""
    (hair, hairs), (worn, hats) = (style.template_masks(group) for group in ("hair", "headwear"))
    return MaskIndex.build(np.concatenate([hairs, hats]), [*hair, *worn], levels=8)


def _plain(style: DicebearStyle) -> MaskIndex:
    """Masks read from one picture of each variant, without beard and glasses."""
    masks, ids = [], []
    for group in ("hair", "headwear"):
        for template in style.template_masks(group, 8)[0]:
            avatar = style.default().with_(parts=style.template_parts(group, template))
            content = raster.png(style.head_svg(avatar, frame(style.eyes)), layout.SIDE)
            masks.append(record.make(template, content).coverage())
            ids.append(template)
    return MaskIndex.build(np.stack(masks), ids, levels=8)


def _bare(one: record.Record) -> np.ndarray | None:
    """Where neither beard nor glasses hide the hair, in the canonical frame."""
    shown = np.ones((layout.SIDE, layout.SIDE), np.bool_)
    if max(one.beard) > 0:
        shown[layout.BEARD] = shown[layout.MERGED_BEARD] = False
    if one.glasses != "none":
        shown[layout.EYE_BAND] = False
    return hair_coverage(shown, float("nan") if one.chin is None else one.chin) > 0.5


def round_trip(out: Path) -> None:
    """Every picture's own mask against the templates of the style."""
    style = CartoonsetStyle(out)
    index, families = open_index(style, "hair"), style.families("hair")
    found, _ = table.read(out)
    used = set(style.parts["picture"])
    kept = {one.name: one for one in journal.records(out)}
    hits = []
    for row, name in enumerate(found.names.tolist()):
        if name in used:
            match = index.search(kept[name].coverage(), k=1, margin=BALD_MARGIN)[0]
            hits.append(families[match.index] == found.hairstyle[row])
    print(f"round trip: {np.mean(hits):.2%} of {len(hits)} used masks find their hairstyle first")


def costs(photo: Path, few: int = 20, many: int = 10_000) -> None:
    """A fit with few and with many unique masks, in turns."""
    analysis = analyse(photo)
    with tempfile.TemporaryDirectory() as folder:
        sets = {count: _drawn_set(Path(folder) / str(count), count) for count in (few, many)}
        times: dict[int, list[float]] = defaultdict(list)
        whole: dict[int, list[float]] = defaultdict(list)
        for _ in range(15):
            for count, style in sets.items():
                begin = time.perf_counter()
                fit_analysis(analysis, style)
                times[count].append(time.perf_counter() - begin)
                begin = time.perf_counter()
                fit_analysis(analyse(photo), style).avatar.to_image(500)
                whole[count].append(time.perf_counter() - begin)
        a, b = (1e3 * statistics.median(times[count]) for count in (few, many))
        c, d = (1e3 * statistics.median(whole[count]) for count in (few, many))
        print(f"matching alone: {few} masks {a:.1f} ms, {many} masks {b:.1f} ms")
        print(
            f"photo to picture, warm: {few} masks {c:.0f} ms, {many} masks {d:.0f} ms: {d / c:.2f}x"
        )


def _drawn_set(out: Path, count: int) -> styles.Style:
    """A style of drawn masks, all on the same picture."""
    rng = np.random.default_rng(0)
    svg = styles.load("avataaars")
    assert isinstance(svg, DicebearStyle)
    content = raster.png(svg.head_svg(svg.default(), frame(svg.eyes)), layout.SIDE)
    plain = record.make("cs0", content)
    masks = drawn.hair(rng, count, canonical.SIZE)
    with journal.Journal(out) as file:
        places = []
        for i, mask in enumerate(masks):
            packed = zlib.compress((mask * np.uint8(255)).tobytes(), 1)
            digest = hashlib.sha256(content + b"\0" * i).hexdigest()
            one = dataclasses.replace(plain, name=f"cs{i:06d}", hair=packed, digest=digest)
            places.append(file.add(one, content + b"\0" * i))
        attributes = np.full((count, len(consensus.NAMES)), consensus.UNKNOWN, np.int16)
        attributes[:, 0] = np.arange(count)  # every one a hairdo of its own
        table.write(out, table.make(map(file.record, places), places, attributes))
    style = styles.load(out)
    open_index(style, "hair")
    return style


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", type=Path, help="exported before, or a real set")
    parser.add_argument("-n", "--number", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 4))
    parser.add_argument("--cache", type=Path, help="keep what was precomputed here")
    parser.add_argument("--photo", type=Path)
    arguments = parser.parse_args()
    import skimage.data

    photo = arguments.photo or Path(skimage.data.__file__).with_name("astronaut.png")
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.set or Path(folder) / "set"
        if arguments.set is None:
            begin = time.perf_counter()
            export(
                "avataaars", path, count=arguments.number, seed=arguments.seed, jobs=arguments.jobs
            )
            took = time.perf_counter() - begin
            print(f"export: {arguments.number} pictures in {took:.0f} s")
        out = arguments.cache or Path(folder) / "cartoonset"
        rate(path, out, arguments.jobs)
        if (path / LABELS).is_file():
            alone(path, out)
        round_trip(out)
    costs(photo)


if __name__ == "__main__":
    main()
