"""Measures of faces: drawn ones with known answers, and how measures become standard scores."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest

from emojimap.arrays import F32, Bool
from emojimap.canonical import CANVAS, EYE_Y, MIDDLE_X
from emojimap.facenet.shape import mean_face
from emojimap.traits import (
    MEASURES,
    USUAL,
    Traits,
    cover_apart,
    has_beard,
    measure,
    natural,
    places,
)

SIDE = 400


def points() -> F32:
    """A usual face in the middle of the picture."""
    shape = mean_face()
    shape = (shape - shape.mean(axis=0)) * 150 + SIDE / 2
    eyes = np.stack([shape[36:42].mean(axis=0), shape[42:48].mean(axis=0)])
    return np.vstack([shape, eyes]).astype(np.float32)


def masks(**worn: Bool) -> dict[str, Bool]:
    face = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(np.round(points()[:68]).astype(np.int32)), 1)
    empty = np.zeros((SIDE, SIDE), bool)
    names = ("hair", "facial_hair", "glasses", "headwear", "body")
    return {"skin": face > 0, **dict.fromkeys(names, empty), **worn}


def grey(value: int = 180) -> Any:
    return np.full((SIDE, SIDE, 3), value, np.uint8)


def with_brows(thickness: int, value: int = 60) -> Any:
    photo = grey()
    for first in (17, 22):
        line = np.round(points()[first : first + 5]).astype(np.int32)
        cv2.polylines(photo, [line], False, (value,) * 3, thickness)
    return photo


def strands(kind: str) -> tuple[Any, Bool]:
    """Hair above the face, of parallel strands or of curls."""
    photo, hair = grey(), np.zeros((SIDE, SIDE), bool)
    hair[20:120, 80:320] = True
    rows, columns = np.mgrid[:SIDE, :SIDE]
    if kind == "straight":
        wave = np.sin(columns / 2.0)
    else:
        rng = np.random.default_rng(0)
        wave = sum(
            np.sin((columns * np.cos(t) + rows * np.sin(t)) / 2.0 + p)
            for t, p in rng.uniform(0, 6.28, (9, 2))
        )
    photo[hair] = np.clip(90 + 50 * wave, 0, 255).astype(np.uint8)[hair][:, None]
    return photo, hair


def test_all_measures_have_a_usual_value_and_a_spread() -> None:
    assert len(MEASURES) == len(set(MEASURES)) > 15
    assert all(deviation > 0 for _, deviation in USUAL.values())


def test_standard_scores_lead_back_to_measures() -> None:
    for name in MEASURES:
        traits = Traits(measures={name: natural(name, 1.5)})
        assert traits.standard(name) == pytest.approx(1.5)
        assert math.isnan(Traits().standard(name))


def test_a_usual_face_is_measured_and_near_the_usual() -> None:
    found = measure(with_brows(4), points(), masks())
    shape = ("chin_length", "jaw_width", "brow_height", "eye_size", "nose_width", "nose_length")
    for name in shape:
        assert abs(found.standard(name)) < 2.5, name
    assert set(found.measures) <= set(MEASURES)


def test_thick_brows_weigh_more_than_thin_and_dark_ones_are_darker() -> None:
    thin, thick, pale = (
        measure(photo, points(), masks()).measures
        for photo in (with_brows(2), with_brows(7), with_brows(7, 150))
    )
    assert thick["brow_weight"] > 1.5 * thin["brow_weight"]
    assert pale["brow_darkness"] < 0.5 * thick["brow_darkness"]


def test_curls_are_told_from_parallel_strands() -> None:
    found = {}
    for kind in ("straight", "curly"):
        photo, hair = strands(kind)
        found[kind] = measure(photo, points(), masks(hair=hair)).measures["curl"]
    assert found["straight"] < 0.1
    assert found["curly"] > found["straight"] + 0.15


def test_too_little_hair_has_no_curl() -> None:
    assert "curl" not in measure(grey(), points(), masks()).measures


def test_headwear_hides_where_hair_is() -> None:
    hat = np.zeros((SIDE, SIDE), bool)
    hat[20:120, 80:320] = True
    assert "hairline" in measure(grey(), points(), masks()).measures
    assert "hairline" not in measure(grey(), points(), masks(headwear=hat)).measures


def test_a_light_shirt_under_a_dark_jacket_is_a_shirt_front() -> None:
    photo, body = grey(), np.zeros((SIDE, SIDE), bool)
    body[330:] = True
    photo[330:] = 30
    photo[330:, SIDE // 2 - 20 : SIDE // 2 + 20] = 240
    found = measure(photo, points(), masks(body=body)).measures
    assert found["shirt_front"] > 60
    photo[330:] = 30
    assert measure(photo, points(), masks(body=body)).measures["shirt_front"] == pytest.approx(0)


def test_frames_are_measured_where_there_are_some() -> None:
    photo, glasses = grey(), np.zeros((SIDE, SIDE), np.uint8)
    for eye in points()[68:]:
        cv2.circle(glasses, (round(float(eye[0])), round(float(eye[1]))), 20, 1, 4)
    photo[glasses > 0] = 20
    found = measure(photo, points(), masks(glasses=glasses > 0)).measures
    assert found["glasses_weight"] > 0.7
    assert found["glasses_height"] == pytest.approx(1.0, abs=0.1)
    assert "brow_weight" not in found  # frames pass for brows
    assert "glasses_weight" not in measure(photo, points(), masks()).measures


def test_places_of_hair_do_not_depend_on_the_size_of_the_mask() -> None:
    cover = np.zeros((CANVAS, CANVAS), np.float32)
    cover[6:24, 24:72] = 1
    cover[24:70, 24:32] = 1
    small = cv2.resize(cover, (64, 64), interpolation=cv2.INTER_AREA)
    large, less = places(cover), places(small)
    assert large.keys() == less.keys()
    for name, value in large.items():
        assert less[name] == pytest.approx(value, abs=0.06), name


def test_places_tell_left_from_right_and_long_from_short() -> None:
    cover = np.zeros((CANVAS, CANVAS), np.float32)
    cover[12:30, round(MIDDLE_X) - 14 : round(MIDDLE_X)] = 1
    assert places(cover)["parting"] == pytest.approx(1)
    assert places(cover[:, ::-1])["parting"] == pytest.approx(-1)
    assert places(cover)["length"] == 0
    cover[round(EYE_Y) + 30 :, 20:30] = 1
    assert places(cover)["length"] > 0.2


@pytest.mark.parametrize(
    ("a", "b", "apart"), [((0, 0, 0), (0, 0, 0), 0.0), ((0, 0, 0), (1, 1, 1), 1.0)]
)
def test_covers_are_compared(a: Any, b: Any, apart: float) -> None:
    assert cover_apart(a, b) == cover_apart(b, a) == apart


def test_a_moustache_makes_a_beard_and_sideburns_do_not() -> None:
    assert has_beard(Traits(moustache=0.4))
    assert not has_beard(Traits(cheeks=0.6))


def test_landmarks_in_one_place_give_no_measures() -> None:
    found = measure(grey(), np.zeros((70, 2), np.float32), masks())
    assert not found.measures
    assert "no face" in found.why["face"]
