"""Simulated light: what it must and must not change."""

import numpy as np
import pytest

from emojimap.errors import ArgumentError
from emojimap.relight import DAYLIGHT_K, compressed, light, relight

RAMP = np.stack(np.meshgrid(np.arange(256), np.arange(0, 256, 51), [90]), -1).reshape(-1, 6, 3)
RAMP = RAMP.astype(np.uint8)


def test_daylight_changes_nothing():
    assert (relight(RAMP) == RAMP).all()


def test_warm_light_is_red_and_cold_light_is_blue():
    grey = np.full((2, 2, 3), 120, np.uint8)
    warm, cold = relight(grey, kelvin=2700)[0, 0], relight(grey, kelvin=10000)[0, 0]
    assert warm[0] > 130 > 60 > warm[2]
    assert cold[2] > 130 > cold[0]


def test_luminance_stays_with_the_temperature_and_doubles_with_a_stop():
    weights = np.array([0.2126, 0.7152, 0.0722])
    for kelvin in (2700, 5000, 9000):
        gains = light(kelvin) / light(DAYLIGHT_K)
        assert gains.min() > 0
    grey = np.full((1, 1, 3), 60, np.uint8)

    def luminance(rgb):
        code = rgb[0, 0] / 255
        return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4) @ weights

    plain = luminance(grey)
    assert luminance(relight(grey, kelvin=3500)) == pytest.approx(plain, rel=0.03)
    assert luminance(relight(grey, stops=1.0)) == pytest.approx(2 * plain, rel=0.03)
    assert luminance(relight(grey, stops=-1.0)) == pytest.approx(plain / 2, rel=0.03)


def test_planckian_lights_agree_with_published_chromaticities():
    # CIE 1931 x of black bodies at these temperatures.
    to_xyz = np.linalg.inv(
        [
            [3.2404542, -1.5371385, -0.4985314],
            [-0.9692660, 1.8760108, 0.0415560],
            [0.0556434, -0.2040259, 1.0572252],
        ]
    )
    for kelvin, x in ((2856, 0.4476), (5000, 0.3451), (6504, 0.3135)):
        xyz = to_xyz @ light(kelvin)
        assert xyz[0] / xyz.sum() == pytest.approx(x, abs=0.002)


def test_jpeg():
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    assert (compressed(noise, 30) != noise).any()
    flat = np.full((16, 16, 3), (200, 40, 10), np.uint8)
    assert np.abs(compressed(flat, 95).astype(int) - flat).max() < 6


@pytest.mark.parametrize("kelvin", [1000, 30_000, float("nan")])
def test_wrong_temperature(kelvin):
    with pytest.raises(ArgumentError, match="1,667 to 25,000"):
        relight(RAMP, kelvin=kelvin)


def test_wrong_photo():
    with pytest.raises(ArgumentError):
        relight(RAMP[..., 0])
