"""Things drawn in front of faces, with their labels."""

import numpy as np
import pytest

from emojimap.facenet.crops import PADDING
from emojimap.facenet.shape import mean_face
from emojimap.train import occlude
from emojimap.train.labels import ANY, BIT

SIDE = 128


def scene():
    face = mean_face() * 60 + SIDE / 2
    eyes = [face[36:42].mean(axis=0), face[42:48].mean(axis=0)]
    points = np.vstack([face[:68], eyes]).astype(np.float32)
    picture = np.full((SIDE, SIDE, 3), (200, 160, 130), np.uint8)
    allowed = np.full((SIDE, SIDE), BIT["face"], np.uint8)
    allowed[:40] = BIT["hair"]
    allowed[:, :8] = BIT["background"]
    return picture, allowed, points


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("draw", "label"), [(occlude.glasses, "glasses"), (occlude.hat, "headwear")]
)
def test_what_is_drawn_is_labelled(draw, label, seed):
    picture, allowed, points = scene()
    out, labels = draw(picture, allowed, points, np.random.default_rng(seed))
    drawn = labels == BIT[label]
    assert drawn.sum() > 100
    assert (labels[~drawn] == allowed[~drawn]).all()
    assert (out != picture).any()
    assert out.dtype == np.uint8


def test_glasses_cover_the_eyes_and_hats_lie_above_them():
    picture, allowed, points = scene()
    rng = np.random.default_rng(0)
    eyes = points[68:].round().astype(int)
    _, worn = occlude.glasses(picture, allowed, points, rng)
    assert all(worn[y, x] == BIT["glasses"] for x, y in eyes)
    _, hat = occlude.hat(picture, allowed, points, rng)
    rows = np.nonzero(hat == BIT["headwear"])[0]
    assert rows.mean() < eyes[:, 1].min()


@pytest.mark.parametrize("seed", range(8))
def test_hand_hides_labels(seed):
    picture, allowed, points = scene()
    out, labels = occlude.hand(picture, allowed, points, np.random.default_rng(seed))
    hidden = labels != allowed
    assert hidden.any()
    assert (labels[hidden] & BIT["body"] > 0).all()
    assert (labels[hidden] & (BIT["face"] | BIT["hair"]) == 0).all()
    assert (out[~hidden] == picture[~hidden]).mean() > 0.9


def test_backlight_darkens_the_person_alone():
    picture, allowed, _ = scene()
    out = occlude.backlight(picture, allowed, np.random.default_rng(0))
    assert out[80, 64].mean() < picture[80, 64].mean()
    assert out[80, 0].mean() > picture[80, 0].mean()
    open_ = np.full_like(allowed, ANY)
    assert (occlude.backlight(picture, open_, np.random.default_rng(0)) == picture).all()


@pytest.mark.parametrize("seed", range(8))
def test_border_leaves_grey_and_open_labels(seed):
    picture, allowed, points = scene()
    out, labels = occlude.border(picture, allowed, points, np.random.default_rng(seed))
    gone = (out == PADDING).all(axis=2)
    assert gone.any()
    assert not gone.all()
    assert (labels[gone] == ANY).all()
    assert (labels[~gone] == allowed[~gone]).all()


def test_small_faces_are_left_alone():
    points = scene()[2]
    assert occlude.can_draw(points)
    assert not occlude.can_draw(points * 0.2)
