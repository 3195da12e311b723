"""Colours of drawn faces: known ones come back, covered ones are left out, nothing crashes."""

from dataclasses import fields, replace
from itertools import pairwise

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
    SkinSettings,
    ViewSettings,
    name_of,
    sample,
    skin_patches,
)
from emojimap.colours._hair import corrected
from emojimap.colours._light import Light, LightSettings, light_on
from emojimap.colours._locus import from_linear, polar, to_lab, to_linear, to_rgb
from emojimap.errors import ArgumentError
from emojimap.metrics import delta_e
from emojimap.relight import relight

GROUND = (120, 125, 130)
LIGHT, MEDIUM, DARK = (72.0, 14.0, 25.0), (58.0, 18.0, 27.0), (40.0, 15.0, 20.0)
SKINS = {"light": LIGHT, "medium": MEDIUM, "dark": DARK}
BROWN_HAIR = (70, 48, 34)
NAMES = ROLES
LOCUS = LocusSettings()


def rgb(lab):
    return tuple(int(value) for value in to_rgb(lab))


def landmarks(scale=1.0, shift=(0.0, 0.0)):
    """68 points of a frontal face; eyes 80 px apart around (150, 150)."""
    turn = np.linspace(np.pi, 0, 17)
    jaw = np.stack([150 + 95 * np.cos(turn), 150 + 130 * np.sin(turn)], 1)
    brows = [(x, 125) for x in (88, 99, 110, 121, 132, 168, 179, 190, 201, 212)]
    nose = [(150, y) for y in (150, 165, 180, 195)] + [(x, 203) for x in (134, 142, 150, 158, 166)]
    eye = np.array([(-18, 0), (-6, -8), (6, -8), (18, 0), (6, 8), (-6, 8)])
    eyes = np.concatenate([eye + np.array((x, 150)) for x in (110, 190)])
    round_ = np.linspace(np.pi, -np.pi, 13)[:12]
    outer = np.stack([150 + 32 * np.cos(round_), 235 - 12 * np.sin(round_)], 1)
    round_ = np.linspace(np.pi, -np.pi, 9)[:8]
    inner = np.stack([150 + 20 * np.cos(round_), 235 - 4 * np.sin(round_)], 1)
    points = np.concatenate([jaw, brows, nose, eyes, outer, inner])
    return (points * scale + shift).astype(np.float32)


def ellipse(shape, centre, axes):
    canvas = np.zeros(shape, np.uint8)
    cv2.ellipse(canvas, centre, axes, 0, 0, 360, 1, -1)
    return canvas.astype(bool)


class Drawn:
    """A face of flat colours with soft shading, and its exact masks."""

    def __init__(self, skin=LIGHT, hair=BROWN_HAIR, iris=(70, 110, 160), whites=(225, 222, 218)):
        shape = (450, 300)
        self.photo = np.full((*shape, 3), GROUND, np.uint8)
        self.landmarks = landmarks()
        self.irises = np.array([(110, 150, 8), (190, 150, 8)], np.float32)
        self.masks = {}
        head = ellipse(shape, (150, 145), (115, 135))
        face = ellipse(shape, (150, 165), (92, 118))
        self.paint("hair", head & ~face, hair)
        self.paint("skin", face, rgb(skin))
        rows = np.arange(shape[0])[:, None]
        body = np.broadcast_to(rows > 315, shape)
        self.paint("body", body & ~face, (30, 60, 150))
        for x in (110, 190):
            opening = np.zeros(shape, np.uint8)
            cv2.fillPoly(opening, [np.int32(self.landmarks[36:42] + np.array((x - 110, 0)))], 1)
            self.photo[opening.astype(bool)] = whites
            self.photo[ellipse(shape, (x, 150), (8, 8))] = iris
            self.photo[ellipse(shape, (x, 150), (3, 3))] = 10
            self.masks["skin"] &= ~opening.astype(bool)
        lips = np.zeros(shape, np.uint8)
        cv2.fillPoly(lips, [np.int32(self.landmarks[48:60])], 1)
        self.photo[lips.astype(bool)] = (0.8 * np.array(rgb(skin)) * (1, 0.8, 0.8)).astype(np.uint8)
        self.masks["skin"] &= ~lips.astype(bool)

    def paint(self, name, mask, colour):
        for other in self.masks.values():
            other &= ~mask
        self.masks[name] = mask.copy()
        self.photo[mask] = colour

    def sample(self, settings=None):
        return sample(self.photo, self.landmarks, self.irises, self.masks, settings)


def raw(colours, name):
    return colours.evidence[name].raw


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


class TestHair:
    @pytest.mark.parametrize(
        "hair", [(30, 24, 22), BROWN_HAIR, (150, 115, 75), (205, 170, 120), (190, 188, 184)]
    )
    def test_natural_colours_come_back(self, hair):
        colours = Drawn(hair=hair).sample()
        assert delta_e(raw(colours, "hair"), np.array(hair, np.uint8)) < 2
        assert delta_e(colours.hair, np.array(hair, np.uint8)) < 10

    def test_grey_stays_grey(self):
        colours = Drawn(hair=(150, 148, 146)).sample()
        assert "grey" in colours.evidence["hair"].why
        assert np.ptp(colours.hair.astype(int)) < 16

    def test_red_reads_as_red(self):
        colours = Drawn(hair=(150, 72, 35)).sample()
        assert "red" in colours.evidence["hair"].why
        assert polar(to_lab(colours.hair)[1:])[0] > 40

    @pytest.mark.parametrize("hair", [(60, 90, 200), (225, 70, 170), (50, 160, 80), (120, 60, 170)])
    def test_dye_is_not_eaten(self, hair):
        colours = Drawn(hair=hair).sample()
        assert "dyed" in colours.evidence["hair"].why
        assert delta_e(colours.hair, np.array(hair, np.uint8)) < 12

    def test_locus_pulls_a_cast_in(self):
        settings = HairSettings()
        for lightness in (20.0, 35.0, 50.0, 70.0):
            odd = np.array([lightness, 0.0, LOCUS.hair_at(lightness)[0]])  # greenish
            colour, kind = corrected(odd, None, settings, LOCUS)
            hue = polar(colour[1:])[1]
            _, low, high = LOCUS.hair_at(colour[0])
            assert kind in {"natural", "grey"}
            assert low - 0.01 <= hue <= max(high + 0.01, 80.01)

    def test_none_is_said(self):
        drawn = Drawn()
        del drawn.masks["hair"]
        colours = drawn.sample()
        assert colours.hair is None
        assert "too little hair" in colours.evidence["hair"].why

    def test_beard_has_its_own_colour(self):
        drawn = Drawn()
        beard = ellipse(drawn.photo.shape[:2], (150, 262), (45, 20))
        drawn.paint("facial_hair", beard, (170, 168, 166))
        colours = drawn.sample()
        assert "grey" in colours.evidence["facial_hair"].why
        assert "natural" in colours.evidence["hair"].why

    def test_scanty_beard_is_taken_as_the_hair_or_the_brows(self):
        drawn = Drawn()
        drawn.paint("facial_hair", ellipse(drawn.photo.shape[:2], (150, 270), (3, 2)), (9, 9, 9))
        colours = drawn.sample()
        np.testing.assert_array_equal(colours.facial_hair, colours.hair)
        assert "as the hair" in colours.evidence["facial_hair"].why
        drawn.masks["hair"] = np.zeros_like(drawn.masks["hair"])
        colours = drawn.sample()
        assert "as the brows" in colours.evidence["facial_hair"].why
        assert colours.evidence["facial_hair"].confidence <= 0.3

    def test_no_beard(self):
        colours = Drawn().sample()
        assert colours.facial_hair is None
        assert "no facial hair" in colours.evidence["facial_hair"].why


class TestLight:
    def lit(self, drawn, kelvin, stops):
        drawn.photo = relight(drawn.photo, kelvin=kelvin, stops=stops)
        return drawn

    @pytest.mark.parametrize(("kelvin", "stops"), [(3000, 0.0), (9000, 0.0), (6504, -1.0)])
    @pytest.mark.parametrize("hair", [BROWN_HAIR, (190, 160, 110), (50, 90, 190)])
    def test_hair_is_judged_in_the_light_of_the_skin(self, kelvin, stops, hair):
        plain, lit = Drawn(hair=hair).sample(), self.lit(Drawn(hair=hair), kelvin, stops).sample()
        before = delta_e(raw(plain, "hair"), raw(lit, "hair"))
        assert delta_e(plain.hair, lit.hair) < 0.75 * before

    def test_a_cast_is_no_dye_and_dye_is_no_cast(self):
        for kelvin in (2700, 10000):
            colours = self.lit(Drawn(hair=(150, 120, 80)), kelvin, 0.0).sample()
            assert colours.evidence["hair"].kind != "dyed"
            colours = self.lit(Drawn(hair=(70, 90, 190)), kelvin, 0.0).sample()
            assert colours.evidence["hair"].kind == "dyed"

    def test_taking_out_is_exact_for_both_shares_at_one(self):
        settings = LightSettings(usual_log_gain=(0.0, 0.0, 0.0), tint_share=1.0)
        raw_, tone = np.array([55.0, 22, 30]), np.array([70.0, 14, 25])
        found = light_on(raw_, tone, settings).taken_out(raw_, 1.0, 1.0)
        np.testing.assert_allclose(found, tone, atol=1.0)
        np.testing.assert_allclose(
            light_on(raw_, tone, settings).taken_out(raw_, 0.0, 0.0), raw_, atol=0.05
        )

    def test_hue_holds_however_bright_it_gets(self):
        for lab in ((70.0, 6, 40), (85.0, 2, 20), (60.0, 30, 5)):
            before = polar(lab[1:])[1]
            for strength in (0.5, 1.0, 2.0):
                found = Light(strength, np.zeros(3)).taken_out(np.array(lab), 1.0, 0.0)
                if polar(found[1:])[0] > 3:
                    assert polar(found[1:])[1] == pytest.approx(before, abs=12)
                assert found[0] <= 100.1

    def test_tint_share_spares_what_no_planckian_light_does(self):
        green = from_linear(to_linear((70, 14, 25)) * (0.9, 1.1, 0.9))
        kept = light_on(green, np.array([70.0, 14, 25]), LightSettings(tint_share=0.0))
        taken = light_on(green, np.array([70.0, 14, 25]), LightSettings(tint_share=1.0))
        assert np.abs(kept.colour).max() < np.abs(taken.colour).max()


class TestGreyAndPale:
    def test_between_grey_and_brown_there_is_no_step(self):
        chromas = []
        for b in np.linspace(4, 30, 40):
            colour, _ = corrected(np.array([60.0, 2.0, b]), None, HairSettings(), LOCUS)
            chromas.append(polar(colour[1:])[0])
        assert chromas[0] < 5 < 15 < chromas[-1]
        assert np.abs(np.diff(chromas)).max() < 5

    def test_red_does_not_fade_as_it_gets_redder(self):
        for lightness in (35.0, 45.0, 55.0, 65.0):
            found = []
            for hue in range(30, 75, 3):
                ab = 34 * np.array([np.cos(np.radians(hue)), np.sin(np.radians(hue))])
                colour, kind = corrected(np.array([lightness, *ab]), None, HairSettings(), LOCUS)
                found.append((polar(colour[1:])[0], kind))
            chromas = [chroma for chroma, _ in found]
            assert all(b <= a + 1.5 for a, b in pairwise(chromas))
            assert np.abs(np.diff(chromas)).max() < 8

    def test_dark_hair_is_never_grey(self):
        _, kind = corrected(np.array([30.0, 0.0, 1.0]), None, HairSettings(), LOCUS)
        assert kind == "natural"

    def test_platinum_is_not_drawn_to_blond(self):
        settings = HairSettings(grey_yellowness=-50.0)
        colour, kind = corrected(np.array([84.0, 0.0, 9.0]), None, settings, LOCUS)
        assert kind == "natural"
        assert polar(colour[1:])[0] <= 9.5

    def test_bright_red_is_dye_and_ginger_is_not(self):
        red, ginger = np.array([40.0, 58, 36]), np.array([50.0, 24, 40])
        assert corrected(red, None, HairSettings(), LOCUS)[1] == "dyed"
        assert corrected(ginger, None, HairSettings(), LOCUS)[1] != "dyed"


class TestLipsBrowsGlasses:
    def test_lips(self):
        colours = Drawn().sample()
        assert to_lab(colours.lips)[1] > to_lab(colours.skin)[1]
        drawn = Drawn()
        drawn.landmarks[48:68] = 150
        colours = drawn.sample()
        assert colours.lips is None
        assert "lips" in colours.evidence["lips"].why

    def test_brows_are_measured_or_taken_as_the_hair(self):
        drawn = Drawn()
        for brow in (drawn.landmarks[17:22], drawn.landmarks[22:27]):
            cv2.polylines(drawn.photo, [np.int32(brow)], False, (40, 25, 18), 9)
        colours = drawn.sample()
        assert to_lab(colours.brows)[0] < 35
        assert "band along" in colours.evidence["brows"].why
        drawn.paint(
            "headwear", np.broadcast_to(np.arange(450)[:, None] < 135, (450, 300)), (9,) * 3
        )
        drawn.masks["hair"][150:200, :30] = True
        colours = drawn.sample()
        np.testing.assert_array_equal(colours.brows, colours.hair)

    def glasses(self, frame, lens=None):
        drawn = Drawn()
        for x in (110, 190):
            around = ellipse((450, 300), (x, 152), (34, 28))
            inside = ellipse((450, 300), (x, 152), (26, 20))
            under = drawn.photo[inside].copy()
            drawn.paint("glasses", around, frame)
            drawn.photo[inside] = under if lens is None else lens
        return drawn

    @pytest.mark.parametrize("frame", [(20, 20, 24), (150, 20, 30), (30, 60, 140)])
    def test_frames(self, frame):
        colours = self.glasses(frame).sample()
        assert delta_e(colours.glasses, np.array(frame, np.uint8)) < 10
        assert colours.evidence["glasses"].confidence > 0.3

    def test_frames_that_do_not_show(self):
        rimless = self.glasses(rgb(LIGHT)).sample()
        assert rimless.glasses is None
        assert "rim" in rimless.evidence["glasses"].why
        small = self.glasses((20, 20, 24))
        settings = ColourSettings(glasses=GlassesSettings(least_eye_distance_px=300.0))
        assert "apart" in small.sample(settings).evidence["glasses"].why
        assert "no glasses" in Drawn().sample().evidence["glasses"].why


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


class TestIris:
    def hue(self, colour):
        return polar(to_lab(colour)[1:])[1] % 360

    def test_blue_and_brown(self):
        blue = Drawn(iris=(80, 120, 170)).sample()
        brown = Drawn(iris=(95, 60, 35)).sample()
        assert 180 < self.hue(blue.iris) < 300
        assert 40 < self.hue(brown.iris) < 90
        assert blue.evidence["iris"].pixels >= 60

    def test_small_irises_are_brown_and_it_is_said(self):
        drawn = Drawn()
        drawn.irises[:, 2] = 4
        colours = drawn.sample()
        assert 40 < self.hue(colours.iris) < 90
        assert colours.evidence["iris"].confidence == 0
        assert "8 px wide" in colours.evidence["iris"].why

    def test_shut_eyes(self):
        drawn = Drawn()
        drawn.landmarks[36:48, 1] = 150
        assert "are seen" in drawn.sample().evidence["iris"].why


class TestClothesAndHeadwear:
    def test_main_colour(self):
        drawn = Drawn()
        shape = drawn.photo.shape[:2]
        drawn.photo[400:, :100] = (240, 240, 240)  # a smaller part in white
        drawn.paint("headwear", ellipse(shape, (150, 40), (100, 40)), (30, 120, 60))
        colours = drawn.sample()
        assert delta_e(colours.clothes, np.array([30, 60, 150], np.uint8)) < 3
        assert delta_e(colours.headwear, np.array([30, 120, 60], np.uint8)) < 3
        assert 0.5 < colours.evidence["clothes"].confidence < 1

    def test_neck_is_no_cloth(self):
        drawn = Drawn()
        drawn.photo[drawn.masks["body"]] = (0.8 * np.array(rgb(LIGHT))).astype(np.uint8)
        drawn.photo[415:] = (30, 110, 60)
        assert delta_e(drawn.sample().clothes, np.array([30, 110, 60], np.uint8)) < 3
        drawn.photo[415:] = drawn.photo[400, 150]
        assert drawn.sample().clothes is None

    def test_missing(self):
        drawn = Drawn()
        del drawn.masks["body"]
        colours = drawn.sample()
        assert colours.clothes is None
        assert colours.headwear is None
        assert "no clothes" in colours.evidence["clothes"].why


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
