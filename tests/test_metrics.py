"""Overlap and colour difference against known values."""

import numpy as np
import pytest

from emojimap.errors import ArgumentError
from emojimap.metrics import delta_e, iou


def mask(*rows):
    return np.array([[mark == "#" for mark in row] for row in rows])


@pytest.mark.parametrize(
    ("a", "b", "want"),
    [
        (mask("##", ".."), mask("##", ".."), 1.0),
        (mask("##", ".."), mask("..", "##"), 0.0),
        (mask("##", "##"), mask("#.", ".."), 0.25),
        (mask("##", ".."), mask(".#", ".#"), 1 / 3),
        (mask("..", ".."), mask("..", ".."), 1.0),
        (mask("..", ".."), mask("#.", ".."), 0.0),
    ],
)
def test_iou(a, b, want):
    assert iou(a, b) == pytest.approx(want)
    assert iou(b, a) == iou(a, b)


def test_iou_wants_masks_of_one_shape():
    with pytest.raises(ArgumentError, match="same frame"):
        iou(mask("##"), mask("#", "#"))
    with pytest.raises(ArgumentError, match="bool"):
        iou(mask("##").astype(np.uint8), mask("##"))


def colour(*values):
    return np.array(values, np.uint8)


def test_delta_e_of_known_colours():
    assert delta_e(colour(0, 0, 0), colour(255, 255, 255)) == pytest.approx(100, abs=0.01)
    assert delta_e(colour(9, 99, 199), colour(9, 99, 199)) == 0
    # Pure red against pure green, by the authors' formula on (53.24, 80.09, 67.20) and
    # (87.73, -86.18, 83.18).
    assert delta_e(colour(255, 0, 0), colour(0, 255, 0)) == pytest.approx(86.6, abs=0.1)


def test_delta_e_broadcasts():
    many = np.zeros((4, 5, 3), np.uint8)
    assert delta_e(many, colour(255, 255, 255)).shape == (4, 5)
    assert delta_e(colour(1, 2, 3), colour(4, 5, 6)).shape == ()


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((3, 4), np.uint8), np.uint8(3)])
def test_delta_e_wants_srgb(wrong):
    with pytest.raises(ArgumentError, match="uint8"):
        delta_e(wrong, colour(0, 0, 0))


def test_delta_e_wants_shapes_that_fit():
    with pytest.raises(ArgumentError, match="as many"):
        delta_e(np.zeros((4, 3), np.uint8), np.zeros((5, 3), np.uint8))
