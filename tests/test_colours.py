"""Colours of drawn faces: known ones come back, covered ones are left out, nothing crashes."""

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from emojimap.colours import (
    ROLES,
    ClothesSettings,
    Colours,
    ColourSettings,
    GlassesSettings,
    HairSettings,
    IrisSettings,
    LipSettings,
    LocusSettings,
    Sampled,
    SkinSettings,
    ViewSettings,
    name_of,
    sample,
    skin_patches,
)
from emojimap.colours._light import LightSettings
from emojimap.colours._locus import polar, to_lab, to_rgb
from emojimap.errors import ArgumentError
from emojimap.metrics import delta_e
from tests.drawn_face import (
    DARK,
    LIGHT,
    LOCUS,
    MEDIUM,
    NAMES,
    SKINS,
    Drawn,
    ellipse,
    landmarks,
    raw,
    rgb,
)


class TestSkin:
    @pytest.mark.parametrize("skin", SKINS.values(), ids=SKINS)
    def test_measured_exactly_and_kept_near_the_locus(self, skin):
        colours = Drawn(skin).sample()
        assert delta_e(raw(colours, "skin"), np.array(rgb(skin), np.uint8)) < 1
        lightness, *ab = to_lab(colours.skin)
        assert abs(lightness - skin[0]) < 15
        assert np.hypot(*(ab - LOCUS.skin_at(lightness))) < 4

    def test_order_of_lightness_is_kept(self):
        tones = [to_lab(Drawn(skin).sample().skin)[0] for skin in (DARK, MEDIUM, LIGHT)]
        assert tones == sorted(tones)
        assert tones[2] - tones[0] > 15

    @pytest.mark.parametrize("cast", [(0.75, 1.0, 1.2), (1.2, 1.0, 0.65)])
    def test_strong_casts_are_partly_taken_out(self, cast):
        plain, tinted = Drawn(), Drawn()
        tinted.photo = (tinted.photo * np.array(cast)).clip(0, 255).astype(np.uint8)
        before = delta_e(raw(plain.sample(), "skin"), raw(tinted.sample(), "skin"))
        assert delta_e(plain.sample().skin, tinted.sample().skin) < 0.75 * before

    def test_dim_light_is_partly_taken_out_if_the_eyes_show_it(self):
        plain = Drawn(whites=(165, 160, 155)).sample()
        for gain in (0.7, 1.2):
            lit = Drawn(whites=(165, 160, 155))
            lit.photo = (lit.photo * gain).clip(0, 255).astype(np.uint8)
            colours = lit.sample()
            before = delta_e(raw(plain, "skin"), raw(colours, "skin"))
            assert delta_e(plain.skin, colours.skin) < 0.9 * before

    def test_covered_skin_is_left_out(self):
        plain, covered = Drawn().sample(), Drawn()
        shape = covered.photo.shape[:2]
        rows = np.arange(shape[0])[:, None]
        covered.paint("headwear", np.broadcast_to(rows < 118, shape), (200, 10, 10))
        for x in (110, 190):
            covered.paint("glasses", ellipse(shape, (x, 165), (36, 30)), (20, 20, 20))
        colours = covered.sample()
        assert delta_e(raw(colours, "skin"), raw(plain, "skin")) < 1
        assert "of 11 patches" in colours.evidence["skin"].why
        assert colours.evidence["skin"].pixels < plain.evidence["skin"].pixels

    def test_without_skin_mask_it_falls_back_and_says_so(self):
        drawn = Drawn()
        drawn.masks["skin"] = np.zeros_like(drawn.masks["skin"])
        colours = drawn.sample()
        assert colours.skin is not None
        assert "no skin mask" in colours.evidence["skin"].why
        assert colours.evidence["skin"].confidence < 0.35

    def test_wholly_covered(self):
        drawn = Drawn()
        drawn.paint("headwear", np.ones(drawn.photo.shape[:2], bool), (10, 10, 10))
        colours = drawn.sample()
        assert colours.skin is None
        assert colours.evidence["skin"].confidence == 0
        assert colours.hair is None

    def test_patches_lie_on_the_face(self):
        patches = skin_patches(landmarks())
        assert patches.shape == (11, 3)
        assert patches.dtype == np.float32
        assert patches[:, 2] == pytest.approx(0.14 * 80)
        face = ellipse((450, 300), (150, 165), (95, 135))
        assert face[patches[:, 1].astype(int), patches[:, 0].astype(int)].all()


class TestEvidence:
    def test_pixels_lie_where_they_were_measured(self):
        drawn = Drawn()
        colours = drawn.sample()
        for role, mask in (("skin", "skin"), ("hair", "hair"), ("clothes", "body")):
            sampled = colours.evidence[role].sampled
            x, y = np.round(sampled.places[sampled.kept]).astype(int).T
            assert drawn.masks[mask][y, x].mean() > 0.98
            assert len(sampled.lab) == len(sampled.kept) == len(sampled.places)

    def test_places_hold_in_large_photos(self):
        drawn = Drawn()
        size = (1200, 1800)
        drawn.photo = cv2.resize(drawn.photo, size, interpolation=cv2.INTER_NEAREST)
        drawn.masks = {
            name: cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
            for name, mask in drawn.masks.items()
        }
        drawn.landmarks, drawn.irises = drawn.landmarks * 4 + 1.5, drawn.irises * 4
        sampled = drawn.sample().evidence["hair"].sampled
        assert sampled.side_px > 1
        x, y = np.round(sampled.places).astype(int).T
        assert drawn.masks["hair"][y, x].mean() > 0.98

    def test_trimming_leaves_at_least_one_pixel(self):
        lab = np.stack([np.arange(10.0), np.zeros(10), np.zeros(10)], 1).astype(np.float32)
        every = Sampled(np.zeros((10, 2), np.float32), lab, np.ones(10, bool), 1.0)
        assert every.trimmed(0.2, 0.3).colours[:, 0].tolist() == [2, 3, 4, 5, 6]
        assert every.trimmed(0.5, 0.5).colours[:, 0].tolist() == [5]

    def test_guess_of_the_network_counts(self):
        drawn = Drawn()
        args = drawn.photo, drawn.landmarks, drawn.irises, drawn.masks
        dark, light = (to_lab(sample(*args, guess=guess).skin)[0] for guess in (45.0, 80.0))
        assert light - dark > 8
        assert "12 of 12" in sample(*args, guess=60.0).evidence["skin"].why


class TestNames:
    @pytest.mark.parametrize(
        ("role", "colour", "name"),
        [
            ("skin", (236, 203, 172), "fair"),
            ("skin", (75, 48, 36), "very dark"),
            ("hair", (28, 24, 23), "black"),
            ("hair", (205, 170, 110), "blond"),
            ("hair", (45, 95, 195), "blue"),
            ("iris", (80, 130, 175), "blue"),
            ("clothes", (245, 245, 245), "white"),
        ],
    )
    def test_nearest(self, role, colour, name):
        assert name_of(role, np.array(colour, np.uint8)) == name

    def test_every_role_has_names(self):
        for role in ROLES:
            assert name_of(role, np.array([120, 90, 70], np.uint8))
        with pytest.raises(ArgumentError, match="'nose'"):
            name_of("nose", np.zeros(3, np.uint8))


class TestSample:
    def test_every_colour_has_evidence(self):
        colours = Drawn().sample()
        assert [field.name for field in fields(Colours)] == [*NAMES, "evidence"]
        assert set(colours.evidence) == set(NAMES)
        for name in NAMES:
            evidence, colour = colours.evidence[name], getattr(colours, name)
            assert 0 <= evidence.confidence <= 1
            assert evidence.why
            assert colour is None or (colour.dtype == np.uint8 and colour.shape == (3,))

    def test_same_input_same_colours(self):
        first, second = Drawn().sample(), Drawn().sample()
        for name in NAMES:
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
            assert first.evidence[name].why == second.evidence[name].why

    def test_photo_is_not_changed(self):
        drawn = Drawn()
        before = drawn.photo.copy()
        drawn.photo.flags.writeable = False
        masks = {name: mask.copy() for name, mask in drawn.masks.items()}
        drawn.sample()
        np.testing.assert_array_equal(drawn.photo, before)
        for name, mask in masks.items():
            np.testing.assert_array_equal(drawn.masks[name], mask)

    def test_size_hardly_matters(self):
        small, large = Drawn(), Drawn()
        size = (large.photo.shape[1] * 3, large.photo.shape[0] * 3)
        large.photo = cv2.resize(large.photo, size, interpolation=cv2.INTER_NEAREST)
        large.masks = {
            name: cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
            for name, mask in large.masks.items()
        }
        large.landmarks, large.irises = large.landmarks * 3 + 1, large.irises * 3
        for name in ("skin", "hair", "clothes"):
            assert delta_e(getattr(small.sample(), name), getattr(large.sample(), name)) < 4

    @pytest.mark.parametrize("shift", [(-150, 0), (0, -200), (220, 300), (5000, 5000), (-1e6, 1e6)])
    def test_landmarks_outside_the_photo(self, shift):
        drawn = Drawn()
        drawn.landmarks = landmarks(shift=shift)
        drawn.irises[:, :2] += shift
        assert set(drawn.sample().evidence) == set(NAMES)

    @pytest.mark.parametrize("scale", [0.0, 0.01, 30.0, 1e7])
    def test_absurd_scales(self, scale):
        drawn = Drawn()
        drawn.landmarks = landmarks(scale)
        assert set(drawn.sample().evidence) == set(NAMES)

    def test_nothing_but_a_photo(self):
        for photo in (np.zeros((1, 1, 3), np.uint8), np.full((50, 40, 3), 255, np.uint8)):
            colours = sample(photo, landmarks(), Drawn().irises, {})
            assert colours.hair is None
            assert colours.iris is not None

    def test_grey_photo(self):
        drawn = Drawn()
        drawn.photo = np.repeat(drawn.photo.mean(axis=2, keepdims=True).astype(np.uint8), 3, 2)
        colours = drawn.sample()
        lightness, *ab = to_lab(colours.skin)
        assert np.hypot(*(ab - LOCUS.skin_at(lightness))) < 1.5
        assert "grey" in colours.evidence["hair"].why
        assert "grey" in colours.evidence["iris"].why

    def test_wrong_input(self):
        drawn = Drawn()
        with pytest.raises(ArgumentError, match="landmarks"):
            sample(drawn.photo, drawn.landmarks[:5], drawn.irises, drawn.masks)
        with pytest.raises(ArgumentError, match="irises"):
            sample(drawn.photo, drawn.landmarks, drawn.irises[:1], drawn.masks)
        with pytest.raises(ArgumentError, match="'beard'"):
            sample(drawn.photo, drawn.landmarks, drawn.irises, {"beard": drawn.masks["hair"]})
        with pytest.raises(ArgumentError, match="same frame"):
            sample(drawn.photo, drawn.landmarks, drawn.irises, {"hair": np.ones((3, 3), bool)})
        with pytest.raises(ArgumentError, match="uint8"):
            sample(drawn.photo / 255, drawn.landmarks, drawn.irises, {})


class TestSettings:
    @pytest.mark.parametrize(
        ("kind", "wrong"),
        [
            (SkinSettings, {"patch_radius_eyes": 9}),
            (SkinSettings, {"darkest_l": 90}),
            (SkinSettings, {"tone_offset_l": float("nan")}),
            (HairSettings, {"lightness_percentile": 100}),
            (HairSettings, {"locus_share": -0.1}),
            (IrisSettings, {"ring_inner": 0.95}),
            (ClothesSettings, {"cell_lab": 0}),
            (ViewSettings, {"eye_distance_px": 2}),
            (LipSettings, {"dark_share": 0.9}),
            (GlassesSettings, {"least_pixels": 1.5}),
            (LightSettings, {"usual_log_gain": (0.0, 0.0)}),
            (LocusSettings, {"skin": ((50.0, 1.0),)}),
            (SkinSettings, {"cue_weights": (1.0,)}),
        ],
    )
    def test_ranges(self, kind, wrong):
        name = next(iter(wrong))
        with pytest.raises(ArgumentError, match=f"{kind.__name__}.{name}"):
            kind(**wrong)

    @pytest.mark.parametrize(
        "kind",
        [
            SkinSettings,
            HairSettings,
            IrisSettings,
            ClothesSettings,
            ViewSettings,
            LipSettings,
            GlassesSettings,
            LightSettings,
        ],
    )
    def test_every_number_has_a_range(self, kind):
        for field in fields(kind):
            if isinstance(field.default, (int, float)):
                with pytest.raises(ArgumentError, match=field.name):
                    kind(**{field.name: float("nan")})

    def test_they_have_an_effect(self):
        drawn = Drawn(hair=(150, 115, 75))
        plain = ColourSettings()
        other = replace(plain, hair=replace(plain.hair, locus_share=1.0, exposure_share=0.0))
        assert delta_e(drawn.sample(plain).hair, drawn.sample(other).hair) > 0.5


class TestLocus:
    def test_there_and_back(self):
        some = np.array([[0, 0, 0], [255, 255, 255], [200, 40, 30], [20, 60, 180]], np.uint8)
        for colour, lab in zip(some, to_lab(some), strict=True):
            np.testing.assert_allclose(to_rgb(lab).astype(int), colour, atol=1)

    def test_outside_the_gamut_the_hue_stays(self):
        lab = to_lab(to_rgb((60, 60, 120)))
        assert polar(lab[1:])[1] == pytest.approx(polar((60, 120))[1], abs=3)
        assert lab[0] == pytest.approx(60, abs=2)
