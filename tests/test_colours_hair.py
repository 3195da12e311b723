"""Hair of drawn faces in any light: natural, grey, red, dyed."""

from itertools import pairwise

import numpy as np
import pytest

from emojimap.colours import (
    HairSettings,
)
from emojimap.colours._hair import corrected
from emojimap.colours._light import Light, LightSettings, light_on
from emojimap.colours._locus import from_linear, polar, to_lab, to_linear
from emojimap.metrics import delta_e
from emojimap.relight import relight
from tests.drawn_face import (
    BROWN_HAIR,
    LOCUS,
    Drawn,
    ellipse,
    raw,
)


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
