"""The file of a mask index: opened at once, checked before it is used, never believed."""

from __future__ import annotations

import hashlib
import os
import struct
import time
from pathlib import Path

import numpy as np
import pytest

from emojimap.errors import CacheError, OutputError
from emojimap.overlap import KERNEL_VARIABLE, MaskIndex, file, kernels
from tests.drawn_masks import blobs, everyone, named, rectangle


@pytest.fixture
def index():
    return named(blobs(np.random.default_rng(7), 9, 24, soft=True))


def test_a_saved_index_comes_back_as_a_read_only_map(index, tmp_path):
    path = tmp_path / "hair.masks"
    index.save(path)
    index.save(path)
    back = MaskIndex.load(path)
    assert os.listdir(tmp_path) == ["hair.masks"]
    assert not back._packed.planes.flags.owndata
    assert not back._packed.planes.flags.writeable
    assert (back.ids, back.side, back.levels) == (index.ids, 24, 8)
    assert np.array_equal(back.masks, index.masks)
    query = index.masks[3]
    answers = everyone(back, query, window=1)
    assert all(answer == index.search(query, window=1) for answer in answers)


def test_ids_of_any_language_come_back(tmp_path):
    ids = ["Löckchen", "\u9577\u3044\n", ""]
    MaskIndex.build(np.zeros((3, 8, 8), bool), ids).save(tmp_path / "i")
    assert MaskIndex.load(tmp_path / "i").ids == tuple(ids)


def sign(data):
    """Give a header that was changed a checksum that fits."""
    return data[:64] + hashlib.sha256(data[:64]).digest() + data[96:]


def put(data, at, form, value):
    packed = struct.pack(form, value)
    return data[:at] + packed + data[at + len(packed) :]


HARMS = [
    (lambda data: b"PNG" + data, "is no mask index"),
    (lambda data: b"", "is no mask index"),
    (lambda data: data[:20], "is truncated"),
    (lambda data: data[:90], "is truncated"),
    (lambda data: data[:-1], "truncated or damaged"),
    (lambda data: data + b"x", "truncated or damaged"),
    (lambda data: put(data, 8, "<I", 1), "has version 1, not 2"),
    (lambda data: put(data, 12, "<I", 96), "damaged in its header"),
    (lambda data: put(data, 24, "<Q", 2**63), "damaged in its header"),
    (lambda data: put(data, 200, "<B", data[200] ^ 1), "damaged in its tables"),
    (lambda data: put(data, len(data) - 9, "<B", data[-9] ^ 1), "damaged in its masks"),
    (lambda data: sign(put(data, 12, "<I", 12)), "holds no usable index"),
    (lambda data: sign(put(data, 16, "<I", 0)), "holds no usable index"),
    (lambda data: sign(put(data, 20, "<I", 3)), "holds no usable index"),
    (lambda data: sign(put(data, 24, "<Q", 0)), "holds no usable index"),
    (lambda data: sign(put(data, 32, "<Q", 2**62)), "holds no usable index"),
    (lambda data: sign(put(data, 48, "<Q", 9)), "holds no usable index"),
]


@pytest.mark.parametrize(("harm", "message"), HARMS)
def test_a_bad_file_is_named_with_the_remedy(index, tmp_path, harm, message):
    path = tmp_path / "hair.masks"
    index.save(path)
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(CacheError, match=message) as caught:
        MaskIndex.load(path, rebuild="emojimap precompute")
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert "delete it and rebuild it with emojimap precompute" in str(caught.value)


def tables(index, change):
    """File with tables that contradict each other, all checksums right."""
    packed, ids = index._packed, index._ids
    for name, value in change.items():
        if name in ("ends", "text"):
            ids = type(ids)(**{"ends": ids.ends, "text": ids.text, name: value})
        else:
            packed = packed._replace(**{name: value})
    return packed, ids


@pytest.mark.parametrize(
    "change",
    [
        {"starts": np.array([0, 2, 2, 3], np.int64)},
        {"starts": np.array([1, 1, 2, 3], np.int64)},
        {"starts": np.array([0, 1, 2, 4], np.int64)},
        {"starts": np.array([0, 2**62, -(2**62), 3], np.int64)},
        {"members": np.array([0, 1, 1], np.uint32)},
        {"text": np.frombuffer(b"t0t\xfft2", np.uint8)},
        {
            "text": np.frombuffer("t0\u00e9t2".encode(), np.uint8),
            "ends": np.array([3, 5, 6], np.uint32),
        },
        {"members": np.array([0, 1, 3], np.uint32)},
        {"levels_start": np.array([0, 9], np.int64)},
        {"ends": np.array([9, 4, 6], np.uint32)},
        {"ends": np.array([2, 4, 5], np.uint32)},
    ],
)
def test_tables_that_would_lead_out_of_the_file_are_refused(change, tmp_path):
    index = named(np.stack([rectangle(0, 0, size, size) for size in (1, 2, 3)]))
    file.write(tmp_path / "i", *tables(index, change))
    with pytest.raises(CacheError, match="holds no usable index: delete it and rebuild it"):
        MaskIndex.load(tmp_path / "i")


def test_tiles_that_leave_nothing_are_told_from_answers(tmp_path):
    index = named(blobs(np.random.default_rng(11), 90, 16, soft=False))
    senseless = index._packed._replace(tiles=np.full_like(index._packed.tiles, 255))
    file.write(tmp_path / "i", senseless, index._ids)
    opened = MaskIndex.load(tmp_path / "i")
    with pytest.raises(CacheError, match="damaged in a tile of its tree"):
        opened.search(index.mask(5), k=90)


def large(path):
    """An index that is not checked whole when it is opened; its file is changed by the tests."""
    rng = np.random.default_rng(8)
    index = named(rng.random((3000, 64, 64)) < rng.random((3000, 1, 1)), levels=1)
    index.save(path)
    return index


@pytest.mark.parametrize("kernel", kernels())
@pytest.mark.parametrize("part", ["tile", "cells", "mask"])
def test_damage_in_a_large_file_is_found_before_it_is_used(kernel, part, tmp_path, monkeypatch):
    monkeypatch.setenv(KERNEL_VARIABLE, kernel)
    monkeypatch.setattr(file, "SMALL", 1000)
    path = tmp_path / "{hair}{}.masks"
    index = large(path)
    masks = path.stat().st_size - index._packed.planes.nbytes
    cells = masks - index._packed.cells.nbytes
    data = bytearray(path.read_bytes())
    if part == "tile":
        data[cells - 1] ^= 1  # in the root of the tree
    for at in range(cells, masks, 512) if part == "cells" else ():
        data[at + 9] ^= 16
    for at in range(masks, len(data), 8 * 512) if part == "mask" else ():
        data[at + 100] ^= 4
    path.write_bytes(data)
    opened = MaskIndex.load(path, rebuild="make {it}")
    name = "its masks" if part == "mask" else "a tile of its tree"
    message = f"{path} is damaged in {name}: delete it and rebuild it with make {{it}}"
    with pytest.raises(CacheError) as caught:
        opened.search(np.ones((64, 64), bool))
    assert str(caught.value) == message
    with pytest.raises(CacheError, match="damaged in"):
        opened.search_many(np.ones((3, 64, 64), bool), threads=2)
    for use in (opened.verify, lambda: opened.masks, lambda: opened.save(tmp_path / "copy")):
        with pytest.raises(CacheError, match="damaged in"):
            use()
    with pytest.raises(CacheError, match="damaged in"):
        MaskIndex.load(path, verify=True)
    assert not (tmp_path / "copy").exists()
    if part == "mask":
        with pytest.raises(CacheError, match="damaged in its masks"):
            opened.mask(2999)


def test_a_large_file_gives_the_answers_of_the_index_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(file, "SMALL", 1000)
    index = large(tmp_path / "i")
    query = index.mask(5)
    expected = index.search(query, k=3, window=1)
    opened = MaskIndex.load(tmp_path / "i")
    assert opened.search(query, k=3, window=1) == expected
    assert opened.search(query, k=3, window=1, exhaustive=True) == expected
    assert np.array_equal(opened.mask(2), index.mask(2))
    opened.verify()
    assert opened.search(query, k=3, window=1) == expected


def seconds(call, runs=5):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.slow
@pytest.mark.timing
def test_opening_a_large_file_does_not_read_it(tmp_path):
    rng = np.random.default_rng(9)
    masks = np.zeros((100_000, 64, 64), dtype=bool)
    masks[:, :2] = rng.random((100_000, 2, 64)) < 0.5
    path = tmp_path / "i"
    MaskIndex.build(masks, [f"template {row}" for row in range(100_000)]).save(path)
    assert path.stat().st_size > 60e6
    # benchmarks/overlap.py has the time itself.
    assert 3 * seconds(lambda: MaskIndex.load(path)) < seconds(
        lambda: MaskIndex.load(path, verify=True)
    )
    (match,) = MaskIndex.load(path).search(masks[77_777], k=1)
    assert (match.id, match.index) == ("template 77777", 77_777)


def test_a_missing_file_and_folder_are_named(index, tmp_path):
    with pytest.raises(CacheError, match="build it with MaskIndex"):
        MaskIndex.load(tmp_path / "none")
    with pytest.raises(OutputError, match="can't be written"):
        index.save(tmp_path / "none" / "hair.masks")


def test_a_file_that_cannot_be_made_is_named(index, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "i", tmp_path / ("x" * 300), Path(), tmp_path):
        with pytest.raises(OutputError, match=r"can't be written \([A-Z]"):
            index.save(path)
    assert os.listdir(tmp_path) == ["file"]


def test_a_full_disk_is_named_and_no_draft_stays(index, tmp_path):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OutputError, match="File too large"):
            index.save(tmp_path / "i")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == []
