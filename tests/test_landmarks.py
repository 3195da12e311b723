"""Landmark geometry."""

import numpy as np
import pytest

from emojimap.facenet.landmarks import (
    eye_distance,
    face_size,
    iris_circles,
    mirror_order,
    roll,
)
from emojimap.facenet.shape import mean_face, misshape


def full_face(scale=100.0):
    face = mean_face() * scale
    eyes = np.stack([face[36:42].mean(axis=0), face[42:48].mean(axis=0)])
    return np.vstack([face, eyes]).astype(np.float32)


def test_mirrored_mean_face_is_the_mean_face():
    face = full_face()
    mirrored = face[mirror_order()] * np.array([-1, 1])
    assert np.abs(mirrored - face).max() < 2.0


def test_mirroring_twice_changes_nothing():
    order = np.array(mirror_order())
    assert (order[order] == np.arange(70)).all()


def test_sizes_scale_with_the_face():
    assert face_size(full_face(200)) == pytest.approx(2 * face_size(full_face(100)))
    assert eye_distance(full_face(200)) == pytest.approx(2 * eye_distance(full_face(100)))


@pytest.mark.parametrize("degrees", [-40, 0, 30])
def test_roll_is_the_turn_of_the_eye_line(degrees):
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert roll(full_face() @ turn.T) == pytest.approx(angle, abs=0.01)


def test_iris_radius_follows_the_eye_width():
    face = full_face()
    circles = iris_circles(face)
    assert circles.shape == (2, 3)
    assert circles.dtype == np.float32
    width = np.hypot(*(face[39] - face[36]))
    assert circles[0, 2] == pytest.approx(0.217 * width, rel=0.02)


def test_misshape_tells_a_face_from_noise():
    rng = np.random.default_rng(1)
    assert misshape(full_face()) < 0.01
    assert misshape(full_face() @ np.array([[0, 1], [-1, 0]], np.float32)) < 0.01
    assert misshape(rng.normal(size=(68, 2)).astype(np.float32)) > 0.22
