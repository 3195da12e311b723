"""Faces and avatars cut into segments that can be compared."""

from __future__ import annotations

import numpy as np
import pytest

from emojimap import segments, styles
from emojimap.errors import ArgumentError
from emojimap.segments import FEATURES, KINDS, PAINT, SIZE, cut, unit, whole
from emojimap.styles import alone
from tests.drawn_face import DARK, LIGHT, Drawn

SKIN = np.array(PAINT["skin"])


def head(skin=LIGHT):
    """A drawn face in its head frame: photo, 70 points and soft masks."""
    face = Drawn(skin=skin)
    points = np.concatenate([face.landmarks, face.irises[:, :2]])
    masks = {name: mask.astype(np.float32) for name, mask in face.masks.items()}
    masks["facial_hair"] = np.zeros(face.photo.shape[:2], np.float32)
    return face.photo, points, masks


def test_every_kind_has_a_picture():
    found = cut(*head())
    assert tuple(found) == KINDS
    for picture in found.values():
        assert picture.shape == (SIZE, SIZE, 4)
        assert picture.dtype == np.uint8


def test_silhouettes_hold_what_their_mask_covers():
    photo, points, masks = head()
    found = cut(photo, points, masks)
    assert found["hair"][:, :, 3].max() == 255
    assert not found["beard"][:, :, 3].any()
    masks["facial_hair"][230:300, 100:200] = 1
    assert cut(photo, points, masks)["beard"][:, :, 3].mean() > 20
    top = found["hair"][:, :, 3].astype(float).sum(axis=1)
    assert top[: SIZE // 2].sum() > 5 * top[SIZE // 2 :].sum()


@pytest.mark.parametrize("kind", FEATURES)
def test_features_do_not_change_with_the_light(kind):
    photo, points, masks = head()
    dim = (0.8 * photo).astype(np.uint8)
    before, after = (cut(one, points, masks)[kind][:, :, :3].astype(int) for one in (photo, dim))
    assert np.abs(before - after).mean() < 3
    assert np.abs(before - SKIN).max() > 40 or kind in ("brows", "nose")  # plain on the drawing


def test_skin_is_neutral_on_every_face():
    for tone in (LIGHT, DARK):
        found = cut(*head(tone))
        corner = found["eyes"][0, 0, :3].astype(int)
        assert np.abs(corner - SKIN).max() <= 1
        assert np.abs(np.median(found["nose"][:, :, :3].reshape(-1, 3), axis=0) - SKIN).max() <= 3


def test_a_moustache_is_no_part_of_the_mouth():
    photo, points, masks = head()
    plain = cut(photo, points, masks)["mouth"]
    hairy = photo.copy()
    hairy[216:228, 110:190] = (40, 30, 25)
    masks["facial_hair"][214:230, 108:192] = 1
    assert np.abs(cut(hairy, points, masks)["mouth"].astype(int) - plain).mean() < 2


def test_the_length_is_ffhqs():
    points = np.zeros((68, 2), np.float32)
    points[42:48, 0] = 100
    points[48:60] = (50, 80)
    assert unit(points) == 100
    points[48:60] = (50, 200)
    assert unit(points) == pytest.approx(180)


def test_a_turned_face_is_aligned():
    face = Drawn()
    straight = whole(face.photo, face.landmarks)
    turned = np.ascontiguousarray(np.rot90(face.photo))
    height = face.photo.shape[1]
    points = np.stack([face.landmarks[:, 1], height - 1 - face.landmarks[:, 0]], axis=1)
    assert straight.shape == (112, 112, 4)
    assert np.abs(whole(turned, points).astype(int) - straight).mean() < 4
    assert straight[56, 56, 3] == 255


def test_what_the_photo_does_not_show_is_transparent():
    face = Drawn()
    assert whole(face.photo[100:], face.landmarks - np.array([0, 100]))[0, 56, 3] == 0


def test_wrong_shapes_are_named():
    photo, points, masks = head()
    with pytest.raises(ArgumentError, match=r"\(70, 2\)"):
        cut(photo, points[:68], masks)
    with pytest.raises(ArgumentError, match="uint8"):
        cut(photo.astype(float), points, masks)


def test_below_the_eyes():
    kept = segments.below_eyes(np.ones((48, 48), np.float32))
    assert not kept[:9].any()
    assert kept[12:].all()


class TestParts:
    """Parts of styles, drawn alone."""

    @pytest.mark.parametrize("name", styles.names())
    def test_all_parts_are_there_and_differ(self, name):
        style = styles.load(name)
        for kind in alone.kinds(style):
            if kind == "hair" and name == "big-ears":
                continue  # hundreds, among which some cover the same
            found = style.part_pictures(kind)
            assert len(found.ids) == len(found.parts) == len(found.usable) == len(found.pictures)
            assert any(found.usable)
            flat = found.pictures.reshape(len(found.ids), -1)
            assert len(np.unique(flat, axis=0)) >= 0.9 * len(flat)
            for parts in found.parts:
                style.check(style.default().with_(parts=parts))

    def test_what_a_face_never_gets_is_marked(self):
        found = styles.load("avataaars").part_pictures("mouth")
        usable = {name for name, good in zip(found.ids, found.usable, strict=True) if good}
        assert "smile" in usable
        assert not usable & {"sad", "vomit", "tongue", "grimace"}
        eyes = styles.load("avataaars").part_pictures("eyes")
        assert "default" in eyes.ids
        assert not dict(zip(eyes.ids, eyes.usable, strict=True))["closed"]

    def test_glasses_that_are_drawn_with_the_eyes_are_no_eyes(self):
        assert not {"glasses", "sunglasses"} & set(
            styles.load("personas").part_pictures("eyes").ids
        )

    @pytest.mark.parametrize("name", styles.names())
    def test_an_avatar_is_cut_like_its_parts(self, name):
        style = styles.load(name)
        avatar = style.default()
        found = style.segments(avatar)
        assert tuple(found) == KINDS
        for kind in alone.kinds(style):
            drawn = style.part_pictures(kind)
            own = [all(avatar.parts[p] == v for p, v in one.items()) for one in drawn.parts]
            apart = np.abs(drawn.pictures.astype(int) - found[kind]).mean(axis=(1, 2, 3))
            if any(own):
                assert apart[own.index(True)] <= apart.min() + 0.5

    def test_an_avatar_is_aligned_by_its_eyes(self):
        style = styles.load("avataaars")
        picture = style.pixels(style.default(), 280)
        found = style.aligned(picture)
        # Eyes stand a unit apart in the middle of four, a little above the middle.
        row = 56 - 0.11 * 28
        for column in (56 - 14, 56 + 14):
            dark = found[round(row) - 2 : round(row) + 3, round(column) - 2 : round(column) + 3, :3]
            assert dark.min() < 60
