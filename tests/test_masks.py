"""Cleaning of masks, and traits read from them."""

import cv2
import numpy as np
import pytest

from emojimap.errors import ArgumentError
from emojimap.facenet import LABELS
from emojimap.facenet.shape import mean_face
from emojimap.masks import MaskSettings, clean, evidence
from emojimap.traits import TraitSettings, beard_regions, measure

SIDE = 256
UNIT = 110.0


@pytest.fixture
def points():
    face = mean_face() * UNIT * 2 / 0.87
    face = face / 2 + (SIDE / 2, SIDE / 2)
    eyes = np.stack([face[36:42].mean(axis=0), face[42:48].mean(axis=0)])
    return np.vstack([face, eyes]).astype(np.float32)


def empty():
    probabilities = {name: np.zeros((SIDE, SIDE), np.float32) for name in LABELS}
    probabilities["background"][:] = 1.0
    return probabilities


def paint(probabilities, label, polygon=None, *, circle=None, value=0.95):
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    if circle is not None:
        cv2.circle(canvas, *circle, 1, -1)
    else:
        cv2.fillPoly(canvas, [np.round(polygon).astype(np.int32)], 1)
    inside = canvas > 0
    for name in probabilities:
        probabilities[name][inside] = value if name == label else (1 - value) / 6
    return inside


def test_hair_of_the_next_person_is_dropped(points):
    probabilities = empty()
    own = paint(probabilities, "hair", circle=((128, 50), 30))
    other = paint(probabilities, "hair", circle=((20, 230), 15))
    hair = clean(probabilities, points)["hair"] > 0.5
    assert hair[own].mean() > 0.9
    assert not hair[other].any()


def test_facial_hair_leaves_the_hair(points):
    probabilities = empty()
    upper, _, cheeks = beard_regions(points)
    paint(probabilities, "facial_hair", cheeks)
    paint(probabilities, "facial_hair", upper)
    masks = clean(probabilities, points)
    assert not (masks["hair"] > 0.5).any()
    assert (masks["facial_hair"] > 0.5).any()
    assert evidence(probabilities, points, "facial_hair") > 0.2


def test_little_facial_hair_is_skin(points):
    probabilities = empty()
    spot = paint(probabilities, "facial_hair", circle=((128, 200), 3))
    masks = clean(probabilities, points)
    assert not (masks["facial_hair"] > 0.5).any()
    assert (masks["skin"] > 0.5)[spot].all()


def test_facial_hair_above_the_nose_is_hair(points):
    probabilities = empty()
    spot = paint(probabilities, "facial_hair", circle=((128, 60), 20))
    masks = clean(probabilities, points)
    assert (masks["hair"] > 0.5)[spot].mean() > 0.9


def test_small_glasses_and_hats_are_not_believed(points):
    probabilities = empty()
    left = points[36:42].mean(axis=0).round().astype(int)
    paint(probabilities, "glasses", circle=(tuple(left.tolist()), 4))
    paint(probabilities, "headwear", circle=((128, 60), 8))
    masks = clean(probabilities, points)
    assert not (masks["glasses"] > 0.5).any()
    assert not (masks["headwear"] > 0.5).any()


def traits_of(probabilities, points, photo=None):
    photo = np.full((SIDE, SIDE, 3), 180, np.uint8) if photo is None else photo
    masks = {name: mask > 0.5 for name, mask in clean(probabilities, points).items()}
    return measure(photo, points, masks)


@pytest.mark.parametrize(("value", "kind"), [(20, "dark"), (170, "clear")])
def test_lenses_are_dark_or_clear_against_the_skin(points, value, kind):
    probabilities = empty()
    photo = np.full((SIDE, SIDE, 3), 180, np.uint8)
    paint(probabilities, "face", circle=((128, 140), 60))
    for eye in (points[36:42], points[42:48]):
        centre = tuple(eye.mean(axis=0).round().astype(int).tolist())
        photo[paint(probabilities, "glasses", circle=(centre, 14))] = value
    assert traits_of(probabilities, points, photo).glasses == kind


def test_full_beard_and_moustache_are_told_apart(points):
    upper, chin, cheeks = beard_regions(points)
    beard, moustache = empty(), empty()
    for region in (cheeks, chin, upper):
        paint(beard, "facial_hair", region)
    middle = upper.mean(axis=0)
    paint(moustache, "facial_hair", middle + 1.1 * (upper - middle))
    full = traits_of(beard, points)
    assert min(full.moustache, full.chin, full.cheeks) > 0.5
    thin = traits_of(moustache, points)
    assert thin.moustache > 0.5
    assert max(thin.chin, thin.cheeks) < 0.2


def test_hat_is_headwear(points):
    probabilities = empty()
    paint(probabilities, "headwear", circle=((128, 60), 40))
    found = traits_of(probabilities, points)
    assert found.headwear
    assert "squared eye distances" in found.why["headwear"]


def test_mouth_follows_its_landmarks(points):
    flat, open_ = points.copy(), points.copy()
    flat[[48, 54, 60, 64], 1] = flat[62, 1]
    width = (points[54, 0] - points[48, 0]) * 0.6
    open_[65:68, 1] += 25
    open_[[48, 60], 0] -= width / 2
    open_[[54, 64], 0] += width / 2
    assert traits_of(empty(), flat).mouth == "neutral"
    assert traits_of(empty(), open_).mouth == "open"


def test_settings_out_of_range_are_named():
    with pytest.raises(ArgumentError, match="reach is -1: give 0 to 10 eye distances"):
        MaskSettings(reach=-1)
    with pytest.raises(ArgumentError, match="dark_lens is 3"):
        TraitSettings(dark_lens=3)
