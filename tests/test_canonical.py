"""The canonical frame."""

import numpy as np
import pytest

from emojimap.canonical import (
    CANVAS,
    EYE_Y,
    FACE_PX,
    MIDDLE_X,
    coverage,
    face_frame,
    frame,
    visible,
)
from emojimap.errors import ArgumentError
from emojimap.facenet.shape import mean_face


def placed(scale=120.0, degrees=0.0, shift=(300, 200)):
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (mean_face() * scale @ turn.T + shift).astype(np.float32)


@pytest.mark.parametrize("degrees", [-40, 0, 35])
@pytest.mark.parametrize("scale", [30.0, 400.0])
def test_every_face_lands_in_the_same_place(scale, degrees):
    points = placed(scale, degrees)
    matrix = face_frame(points)
    there = points @ matrix[:, :2].T + matrix[:, 2]
    eyes = np.stack([there[36:42].mean(axis=0), there[42:48].mean(axis=0)])
    assert eyes[:, 1] == pytest.approx([EYE_Y, EYE_Y], abs=1e-3)
    outline = there[:17, 0]
    assert (outline.min() + outline.max()) / 2 == pytest.approx(MIDDLE_X, abs=1e-3)
    size = np.sqrt((outline.max() - outline.min()) * (there[8, 1] - EYE_Y))
    assert size == pytest.approx(FACE_PX, rel=1e-4)


def test_coverage_keeps_the_area_of_a_disc():
    rows, columns = np.mgrid[:600, :600]
    for scale in (60.0, 300.0):
        points = placed(scale, 0, (300, 300))
        matrix = face_frame(points)
        disc = np.hypot(rows - 300, columns - 300) < 0.4 * scale
        covered = coverage(disc, matrix)
        zoom = np.hypot(matrix[0, 0], matrix[1, 0]) * 64 / CANVAS
        assert covered.sum() == pytest.approx(np.pi * (0.4 * scale * zoom) ** 2, rel=0.03)


def test_coverage_does_not_depend_on_the_photos_resolution():
    rows, columns = np.mgrid[:1000, :1000]
    large = (np.hypot(rows - 500, columns - 500) < 300) & (columns < 600)
    small = large.reshape(250, 4, 250, 4).mean(axis=(1, 3)).astype(np.float32)
    points = placed(400, 0, (500, 520))
    one = coverage(large, face_frame(points))
    other = coverage(small, face_frame((points + 0.5) / 4 - 0.5))
    assert np.abs(one - other).mean() < 0.01


def test_outside_the_photo_is_not_visible():
    seen = visible((200, 600), face_frame(placed(120, 0, (300, 60))))
    assert not seen[0].any()
    assert seen[32, 32]


@pytest.mark.parametrize(
    ("eyes", "outline", "chin"),
    [
        ([[1, 1], [1, 1]], [[0, 0], [2, 0]], [1, 3]),
        ([[0, 1], [2, 1]], [[1, 0], [1, 2]], [1, 3]),
        ([[0, 1], [2, 1]], [[0, 0], [2, 0]], [1, 0]),
    ],
)
def test_points_without_a_face_are_refused(eyes, outline, chin):
    with pytest.raises(ArgumentError):
        frame(np.array(eyes), np.array(outline), np.array(chin))
