"""The pruned search gives the answers of the slow twin, bit by bit, on every instruction set."""

from __future__ import annotations

import inspect
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emojimap import _overlap, _overlap_py
from emojimap.overlap import KERNEL_VARIABLE, MaskIndex, Region, kernels
from tests.drawn_masks import blobs, everyone, named

SCALES = [(1.0,), (1.1, 1.0, 0.9), (0.8,), (1.0, 2.0, 1.0), (0.25, 4.0)]


@st.composite
def problems(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    side = draw(st.sampled_from([8, 16, 24, 64, 96, 136]))
    # More than 64 and more than 512 make trees of three and of four levels.
    most = {8: 700, 16: 150, 24: 80}.get(side, 20)
    count = draw(st.integers(1, 12) | st.integers(1, most))
    masks = blobs(rng, count, side, draw(st.booleans()))
    query = blobs(rng, 2, side, draw(st.booleans()))[1]
    if draw(st.booleans()):
        query = np.roll(masks[rng.integers(count)], rng.integers(-3, 4, 2), (0, 1))
    options = {"k": draw(st.sampled_from([1, 2, 10, count, count + 2]))}
    options["window"] = draw(st.integers(0, 3) | st.just(min(side - 1, 9 if count < 13 else 3)))
    options["scales"] = draw(st.sampled_from(SCALES))
    options["margin"] = draw(st.sampled_from([0.0, 1.0, 12.34, 1e5, 1e9]))
    if draw(st.booleans()):
        options["visible"] = blobs(rng, 4, side, soft=False)[3]
    if draw(st.booleans()):
        weights = draw(st.lists(st.floats(0, 3), min_size=1, max_size=3))
        areas = blobs(rng, len(weights), side, soft=False)
        options["regions"] = [
            Region(f"r{i}", area, weight)
            for i, (area, weight) in enumerate(zip(areas, weights, strict=True))
        ]
    if draw(st.booleans()):
        options["prior"] = rng.choice([0.0, 0.125, -0.1, 3.0], count)
    return named(masks, levels=draw(st.sampled_from([1, 3, 8, 40]))), query, options


def counted(monkeypatch):
    """Tiles, bounds and pairs of each search from now on."""
    work, run = [], MaskIndex._run

    def counting(self, *arguments):
        report = run(self, *arguments)
        work.append(report[0, 1:].tolist())
        return report

    monkeypatch.setattr(MaskIndex, "_run", counting)
    return work


@settings(max_examples=80, deadline=None)
@given(problems())
def test_all_kernels_are_equal_bit_by_bit(problem):
    index, query, options = problem
    first, *others = everyone(index, query, **options)
    assert all(answer == first for answer in others)
    assert len(first) == min(options["k"], len(index))
    order = [(-match.score, match.index) for match in first]
    assert order == sorted(order)


@pytest.mark.parametrize(("window", "soft"), [(31, False), (33, True), (39, False)])
def test_wide_windows_take_several_words_of_shifts(window, soft):
    rng = np.random.default_rng(window)
    masks, visible = blobs(rng, 12, 40, soft), blobs(rng, 4, 40, soft=False)[3]
    query = np.roll(masks[5], (window - 9, 8 - window), (0, 1))
    options = {"k": 3, "window": window, "visible": visible}
    first, *others = everyone(named(masks), query, **options)
    assert all(answer == first for answer in others)


def test_the_largest_masks_and_the_most_levels():
    rng = np.random.default_rng(10)
    masks = blobs(rng, 9, 512, soft=True)
    index = named(masks, levels=64)
    first, *others = everyone(index, masks[3], k=4, window=1, scales=(1.0, 1.5))
    assert all(answer == first for answer in others)


@pytest.mark.parametrize("kernel", kernels()[:-1])
@pytest.mark.parametrize("make", [np.zeros, np.ones])
def test_ties_of_all_templates_go_to_the_lowest(kernel, make, monkeypatch):
    """Where nothing can be told apart, rows decide, and the search doesn't look at everything."""
    monkeypatch.setenv(KERNEL_VARIABLE, kernel)
    rng = np.random.default_rng(1)
    masks = np.zeros((900, 16, 16), dtype=bool)
    masks[:, :8] = rng.random((900, 8, 16)) < 0.5
    query = np.zeros((16, 16), dtype=bool)
    query[12:14, :2] = make((2, 2), dtype=bool)
    work = counted(monkeypatch)
    found = named(masks).search(query, k=5, window=2)
    assert work[0][2] < 900 * 25 / 10  # pairs compared
    assert [(match.index, match.score) for match in found] == [(row, 0.0) for row in range(5)]
    assert {(match.dy, match.dx) for match in found} == {(0, 0)}


def test_equal_masks_are_stored_once_and_all_found():
    rng = np.random.default_rng(2)
    kinds = blobs(rng, 30, 24, soft=True)
    rows = rng.integers(0, 30, 500)
    index = named(kinds[rows])
    assert index.distinct <= 30
    for found in everyone(index, kinds[rows[7]], k=40, prior=rng.choice([0.0, 0.25], 500)):
        assert len({match.index for match in found}) == 40
        assert all(
            (-one.score, one.index) < (-other.score, other.index) for one, other in pairwise(found)
        )
    assert np.array_equal(index.masks, named(kinds).masks[rows])
    assert np.array_equal(index.mask(7), index.masks[7])


@pytest.mark.parametrize("kernel", kernels())
def test_many_queries_give_the_answers_of_one_for_any_number_of_threads(kernel, monkeypatch):
    monkeypatch.setenv(KERNEL_VARIABLE, kernel)
    rng = np.random.default_rng(3)
    index = named(blobs(rng, 90, 24, soft=True))
    queries, visible = blobs(rng, 7, 24, soft=True), blobs(rng, 7, 24, soft=False)
    options = {"k": 4, "window": 2, "scales": (0.9, 1.0), "margin": 3.0}
    alone = [
        index.search(query, visible=seen, **options)
        for query, seen in zip(queries, visible, strict=True)
    ]
    for threads in (None, 1, 2, 5):
        assert index.search_many(queries, visible=visible, threads=threads, **options) == alone
    assert index.search_many(queries[:0], **options) == []


def test_queries_of_any_layout_are_read_alike():
    rng = np.random.default_rng(4)
    index, query = named(blobs(rng, 9, 24, soft=True)), rng.random((24, 24))
    plain = index.search(query, k=9)
    assert index.search(np.asfortranarray(query), k=9) == plain
    assert index.search(query.astype(np.float32), k=9) == plain
    wide = np.zeros((24, 48))
    wide[:, ::2] = query
    assert index.search(wide[:, ::2], k=9) == plain


def test_a_large_tree_finds_each_of_its_masks_and_looks_at_few(monkeypatch):
    rng = np.random.default_rng(5)
    masks = rng.random((5000, 16, 16)) < rng.random((5000, 1, 1))
    index = MaskIndex.build(masks, [str(row) for row in range(5000)])
    work = counted(monkeypatch)
    for row in range(0, 5000, 250):
        (match,) = index.search(masks[row], k=1)
        tiles, bounds, pairs = work.pop()
        assert tiles < 700
        assert bounds < 2000
        assert pairs < 500
        assert match.score == 1.0
        assert np.array_equal(masks[match.index], masks[row])


def test_twins_have_one_signature():
    for name in ("search", "block_sums"):
        twins = [getattr(twin, name) for twin in (_overlap, _overlap_py)]
        assert len({str(list(inspect.signature(twin).parameters)) for twin in twins}) == 1


@pytest.mark.parametrize("block", [64, 448, 4096])
def test_checksums_of_the_twins_are_equal(block):
    data = np.random.default_rng(6).integers(0, 256, block * 9, dtype=np.uint8)
    data.flags.writeable = False
    sums = _overlap.block_sums(data, block)
    assert np.array_equal(sums, _overlap_py.block_sums(data, block))
    assert len(set(sums.tolist())) == 9


def test_a_checksum_tells_every_bit():
    data = np.random.default_rng(7).integers(0, 256, 128, dtype=np.uint8)
    whole = _overlap.block_sums(data, 128)
    for place in range(128):
        for bit in range(8):
            data[place] ^= 1 << bit
            assert _overlap.block_sums(data, 128) != whole
            data[place] ^= 1 << bit


def test_bits_are_counted_at_full_speed_and_right():
    words = np.arange(576, dtype=np.uint64)
    query = words[512:]
    expected = sum(int(a & b).bit_count() for a, b in zip(words, np.tile(query, 8), strict=False))
    for path in _overlap.paths():
        assert _overlap.count_much(path, 3) == 3 * expected
    with pytest.raises(ValueError, match="'mmx'"):
        _overlap.count_much("mmx", 1)
