"""Lips, brows, frames, irises and clothes of drawn faces."""

import cv2
import numpy as np
import pytest

from emojimap.colours import (
    ColourSettings,
    GlassesSettings,
)
from emojimap.colours._locus import polar, to_lab
from emojimap.metrics import delta_e
from tests.drawn_face import (
    LIGHT,
    Drawn,
    ellipse,
    rgb,
)


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
