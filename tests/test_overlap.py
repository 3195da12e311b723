"""The mask index: its conventions, in both twins of its kernel, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emojimap.errors import ArgumentError, EmojimapError
from emojimap.overlap import KERNEL_VARIABLE, MaskIndex, Region, kernels
from emojimap.overlap.query import prepare
from tests.drawn_masks import SIDE, blobs, everyone, named, rectangle


def oracle(query, template, dy, dx, visible, region=None, margin=0.0):
    """IoU on a plane that holds everything, pixel by pixel."""
    low = high = 0
    for y, x in product(range(-1, SIDE + 1), repeat=2):
        inside = 0 <= y < SIDE and 0 <= x < SIDE
        there = 0 <= y - dy < SIDE and 0 <= x - dx < SIDE
        edge = [min(max(at, 0), SIDE - 1) for at in (y - dy, x - dx)]
        if not visible[tuple(edge)] or (region is not None and not (inside and region[y, x])):
            continue
        a = int(template[y, x]) if inside else 0
        b = int(query[y - dy, x - dx]) if there and visible[y - dy, x - dx] else 0
        low, high = low + min(a, b), high + max(a, b)
    return (low + margin) / (high + margin) if high + margin else 1.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.booleans(), st.booleans(), st.sampled_from([0.0, 5.0]))
def test_best_alignment_is_that_of_a_pixel_by_pixel_oracle(seed, soft, hide, margin):
    rng = np.random.default_rng(seed)
    template, query = blobs(rng, 2, SIDE, soft)
    visible = blobs(rng, 4, SIDE, soft=False)[3] if hide else np.ones((SIDE, SIDE), dtype=bool)
    low = Region("low", rectangle(6, 0, 16, 12), 0.5)
    steps = [np.floor(mask * np.float32(8) + np.float32(0.5)) for mask in (query, template)]
    best = (-1.0,)
    for dy, dx in product((-1, 0, 1), repeat=2):
        iou = oracle(*steps, dy, dx, visible, margin=8 * margin)
        part = oracle(*steps, dy, dx, visible, low.mask)
        best = max(best, ((iou + 0.5 * part) / 1.5, -(dy**2 + dx**2), -dy, -dx, iou, part))
    options = {"window": 1, "visible": visible, "regions": [low], "margin": margin}
    for (match,) in everyone(named(template[None]), query, **options):
        shift = -(match.dy**2 + match.dx**2), -match.dy, -match.dx
        assert (match.score, *shift, match.iou, match.parts["low"]) == best


def test_soft_iou_is_minima_over_maxima():
    template = np.full((1, 8, 8), 0.25, dtype=np.float32)
    query = np.full((8, 8), 0.75, dtype=np.float32)
    for (match,) in everyone(named(template, levels=4), query):
        assert match.iou == 1 / 3


@pytest.mark.parametrize("soft", [False, True])
def test_binary_masks_take_one_plane_and_follow_the_definition(soft):
    masks = np.stack([rectangle(2, 2, 9, 12), rectangle(0, 0, 16, 16)])
    packed = named(masks.astype(np.float32) if soft else masks, levels=8)
    assert packed.binary
    query = np.full((SIDE, SIDE), 0.5, dtype=np.float32)
    whole = named(np.concatenate([masks.astype(np.float32), query[None]]))
    assert not whole.binary
    for found in everyone(packed, query, k=2):
        assert found == [match for match in whole.search(query) if match.index < 2]


def test_masks_come_back_quantised():
    masks = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 8, 8)
    index = named(masks, levels=3)
    assert index.masks.dtype == np.float32
    assert np.array_equal(index.masks, np.floor(masks * 3 + np.float32(0.5)) / np.float32(3))
    assert np.array_equal(named(masks > 0.5).masks, masks > 0.5)
    assert (len(index), index.ids) == (1, ("t0",))


@pytest.mark.parametrize("area", [rectangle(0, 0, 0, 0), rectangle(0, 0, 16, 16)])
def test_equal_masks_have_iou_one_even_when_empty(area):
    for (match,) in everyone(named(area[None]), area):
        assert (match.iou, match.score, match.parts) == (1.0, 1.0, {})


def test_margin_makes_bald_an_ordinary_template():
    masks = np.stack([rectangle(0, 0, 0, 0), rectangle(0, 0, 8, 8)])
    for bald, _ in everyone(named(masks), rectangle(0, 0, 1, 1), margin=10.0):
        assert (bald.id, bald.iou) == ("t0", 10 / 11)


def test_ties_go_to_the_lowest_index_then_shift_then_scale():
    mask = rectangle(4, 4, 8, 8)
    index = named(np.stack([mask, ~mask, mask, mask]))
    for found in everyone(index, mask, k=3, window=2, scales=(1.0, 1.0)):
        assert [match.index for match in found] == [0, 2, 3]
        assert all((match.dy, match.dx) == (0, 0) for match in found)
    # Every shift of an empty query is as good: the shortest wins, at the first scale.
    for match, *_ in everyone(index, np.zeros_like(mask), window=2, scales=(0.9, 1.0)):
        assert (match.dy, match.dx, match.scale) == (0, 0, 0.9)
    # Two bars left and right, one in between: both shifts fit, the smaller dx wins.
    bars = rectangle(0, 4, 16, 5) | rectangle(0, 6, 16, 7)
    for (match,) in everyone(named(bars[None]), rectangle(0, 5, 16, 6), window=1):
        assert (match.dy, match.dx, match.iou) == (0, -1, 0.5)


def test_alignments_are_ordered_by_shift_then_scale():
    near = [[0, 0, 0], [0, 0, 1]]
    near += [[dy, dx, s] for s in (0, 1) for dy, dx in ((-1, 0), (0, -1), (0, 1), (1, 0))]
    assert prepare(8, 1, (1.0, 0.9)).alignments.tolist()[:10] == near


def test_shift_moves_the_query_down_and_right():
    index = named(rectangle(5, 7, 9, 12)[None])
    for (match,) in everyone(index, rectangle(3, 6, 7, 11), window=3):
        assert (match.dy, match.dx, match.iou) == (2, 1, 1.0)


def test_area_that_leaves_the_frame_stays_in_the_union():
    index = named(rectangle(0, 0, 2, 16)[None])
    for (match,) in everyone(index, rectangle(1, 0, 5, 16), window=1):
        assert (match.dy, match.iou) == (-1, 2 / 4)
    for (match,) in everyone(index, rectangle(0, 0, 4, 16), window=2):
        assert (match.dy, match.iou) == (0, 2 / 4)


def test_area_that_scaling_pushes_out_stays_in_the_union():
    ring = ~rectangle(2, 2, 14, 14)
    for (match,) in everyone(named(np.zeros((1, SIDE, SIDE), bool)), ring, scales=(2.0,)):
        assert match.iou == 0.0


def test_scale_resamples_about_the_middle():
    index = named(rectangle(2, 2, 14, 14)[None])
    for (match,) in everyone(index, rectangle(4, 4, 12, 12), scales=(0.5, 1.0, 1.5)):
        assert match.scale == 1.5
        assert match.iou > 0.9


def test_hidden_pixels_leave_both_sums_and_move_with_the_query():
    template, visible = rectangle(0, 0, 8, 16), ~rectangle(0, 0, 4, 16)
    for (match,) in everyone(named(template[None]), rectangle(0, 0, 6, 16), visible=visible):
        assert match.iou == 2 / 4
    # Moved down by two, rows 0 to 5 are hidden: what enters is as hidden as the edge.
    for (match,) in everyone(
        named(template[None]), rectangle(4, 0, 6, 16), visible=visible, window=2
    ):
        assert (match.dy, match.dx, match.iou) == (2, 0, 1.0)


def test_hidden_pixels_are_scaled_with_the_query():
    # At half size rows 4 and 5 are hidden, and what enters is like the nearest edge: rows 0 to
    # 3 are hidden, row 15 is not.
    template = rectangle(0, 0, 6, 16) | rectangle(15, 0, 16, 16)
    empty, visible = rectangle(0, 0, 0, 0), ~rectangle(0, 0, 4, 16)
    for (match,) in everyone(
        named(template[None]), empty, visible=visible, scales=(0.5,), margin=1.0
    ):
        assert match.iou == 1 / 17


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.3, 2.0])
def test_what_is_hidden_never_matters(scale):
    rng = np.random.default_rng(3)
    visible, masks = rectangle(3, 0, 16, 11), blobs(rng, 9, SIDE, soft=True)
    query = rng.random((SIDE, SIDE))
    options = {"k": 9, "visible": visible, "scales": (scale,), "window": 1}
    for hidden in (0.0, 1.0):
        other = np.where(visible, query, hidden)
        assert everyone(named(masks), other, **options) == everyone(named(masks), query, **options)
    # A full query stays full beside hidden pixels.
    (match,) = named(np.ones((1, SIDE, SIDE), bool)).search(visible, visible=visible, scales=(0.9,))
    assert match.iou > 0.8


def test_nothing_visible_is_a_tie():
    masks = np.stack([rectangle(0, 0, 3, 3), rectangle(0, 0, 9, 9)])
    for first, second in everyone(named(masks), masks[1], visible=np.zeros((SIDE, SIDE), bool)):
        assert (first.index, first.iou, second.iou) == (0, 1.0, 1.0)


def test_regions_and_prior_enter_the_score():
    masks = np.stack([rectangle(0, 0, 8, 16), rectangle(0, 0, 16, 16)])
    low = Region("low", rectangle(8, 0, 16, 16), 0.5)
    for found in everyone(named(masks), masks[0], regions=[low], prior={"t0": 0.25}):
        assert [match.id for match in found] == ["t0", "t1"]
        assert [match.parts["low"] for match in found] == [1.0, 0.0]
        assert [match.score for match in found] == [1.5 / 1.5 - 0.25, 0.5 / 1.5]
    for found in everyone(named(masks), masks[0], prior=np.array([0.75, 0.0])):
        assert [match.id for match in found] == ["t1", "t0"]


@pytest.mark.parametrize(
    ("masks", "ids", "message"),
    [
        (np.zeros((2, 16, 16), np.uint8), "ab", "masks is uint8"),
        (np.zeros((16, 16), bool), "ab", "shape"),
        (np.zeros((0, 16, 16), bool), "", "shape"),
        (np.zeros((1, 12, 12), bool), ["a"], "side 12"),
        (np.full((1, 8, 8), 1.5), ["a"], "coverage 0..1"),
        (np.full((1, 8, 8), np.nan), ["a"], "coverage 0..1"),
        (np.zeros((2, 8, 8), bool), ["a"], "1 ids for 2 masks"),
        (np.zeros((2, 8, 8), bool), ["a", "a"], "'a' stands twice"),
        (np.zeros((1, 8, 8), bool), ["a\0"], "NUL"),
        (np.zeros((1, 8, 8), bool), ["\udcff"], "can't be stored"),
    ],
)
def test_build_refuses(masks, ids, message):
    with pytest.raises(ArgumentError, match=message):
        MaskIndex.build(masks, ids)


@pytest.mark.parametrize("levels", [0, 65, 8.5])
def test_levels_are_bounded(levels):
    with pytest.raises(ArgumentError, match=f"levels is {levels}"):
        named(rectangle(0, 0, 1, 1)[None], levels=levels)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"query": np.zeros((48, 48), bool)}, "index is 16x16, query 48x48"),
        ({"query": np.zeros((SIDE, SIDE), int)}, "query is int64"),
        ({"query": [[False] * SIDE] * SIDE}, "query is list"),
        ({"k": 0}, "k is 0"),
        ({"k": 1.5}, "k is 1.5: give a whole number"),
        ({"window": 16}, "window is 16"),
        ({"window": 1.5}, "window is 1.5: give a whole number"),
        ({"window": -1}, "window is -1"),
        ({"scales": ()}, r"scales is \(\): give at least one"),
        ({"scales": 1.0}, r"scales is 1.0: give at least one"),
        ({"window": 2.0}, "window is 2.0: give a whole number"),
        ({"scales": (0.1,)}, "scale is 0.1"),
        ({"scales": (float("nan"),)}, "scale is nan"),
        ({"margin": -1.0}, "margin is -1.0"),
        ({"margin": 1e308}, "margin is 1e"),
        ({"visible": np.zeros((8, 8), bool)}, "visible"),
        ({"visible": np.zeros((SIDE, SIDE))}, "visible"),
        ({"regions": [Region("r", np.zeros((8, 8), bool), 1.0)]}, "region 'r'"),
        ({"regions": [Region("r", rectangle(0, 0, 1, 1), 1.0)] * 2}, "name of its own"),
        ({"prior": {"curly": 0.1}}, "'curly'"),
        ({"prior": {3: 0.1, "curly": 0.1}}, "prior names 3"),
        ({"prior": 0.5}, "prior"),
        ({"prior": np.zeros(3)}, "prior"),
        ({"prior": np.array([np.inf])}, "finite"),
    ],
)
def test_search_refuses(options, message):
    index = named(rectangle(0, 0, 4, 4)[None])
    query = options.pop("query", rectangle(0, 0, 4, 4))
    with pytest.raises(ArgumentError, match=message):
        index.search(query, **options)


def test_window_may_be_any_integer():
    index, query = named(rectangle(0, 0, 4, 4)[None]), rectangle(2, 1, 6, 5)
    assert index.search(query, window=np.uint8(2)) == index.search(query, window=2)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), 1e308])
def test_region_refuses_weight(weight):
    with pytest.raises(ArgumentError, match="weight of region 'r'"):
        Region("r", rectangle(0, 0, 1, 1), weight)


def test_regions_compare_and_hash_by_identity():
    one, other = (Region("r", rectangle(0, 0, 1, 1), 1.0) for _ in range(2))
    assert one != other
    assert len({one, other, one}) == 2


@pytest.fixture
def index():
    return named(blobs(np.random.default_rng(7), 9, 24, soft=True))


def test_an_unknown_kernel_is_refused(index, monkeypatch):
    monkeypatch.setenv(KERNEL_VARIABLE, "fortran")
    with pytest.raises(ArgumentError, match="'fortran': set it to cython, python"):
        index.search(index.masks[0])


def test_a_set_that_this_machine_lacks_is_refused(index, monkeypatch):
    lacking = next(name for name in ("neon", "avx512", "avx2") if name not in kernels())
    monkeypatch.setenv(KERNEL_VARIABLE, lacking)
    with pytest.raises(ArgumentError, match=f"'{lacking}', which this machine or build lacks: set"):
        index.search(index.masks[0])


def test_a_missing_kernel_raises_and_never_falls_back(index, monkeypatch):
    monkeypatch.delenv(KERNEL_VARIABLE, raising=False)
    monkeypatch.delattr("emojimap._overlap")
    monkeypatch.setitem(sys.modules, "emojimap._overlap", None)
    with pytest.raises(EmojimapError, match="build_ext") as caught:
        index.search(index.masks[0])
    assert isinstance(caught.value.__cause__, ImportError)


@pytest.mark.parametrize("kernel", ["cython", "python"])
def test_the_environment_pins_the_kernel(kernel):
    code = (
        "import sys, numpy as np; from emojimap.overlap import MaskIndex; "
        "m = np.zeros((1, 8, 8), bool); MaskIndex.build(m, ['a']).search(m[0]); "
        "print('emojimap._overlap' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, KERNEL_VARIABLE: kernel, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(kernel == "cython")
