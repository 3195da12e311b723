"""The light that fell on a face, judged by its skin, and colours without it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emojimap.arrays import F64
from emojimap.colours._locus import from_linear, to_linear
from emojimap.relight import DAYLIGHT_K, light
from emojimap.settings import Checked, setting

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
# Stray light in lens and skin: keeps factors finite where a channel is nearly black.
_STRAY = 0.004
_WARM_K = 3200.0


@dataclass(frozen=True)
class LightSettings(Checked):
    """How the light is judged by what it does to skin.

    Parameters
    ----------
    usual_log_gain : (float, float, float)
        Natural logarithm of the factor, luminance apart, between skin in an ordinary photo and the
        tone it is drawn in, for linear red, green and blue; counted as no light at all.
    tint_share : float
        Share of what is left beside the Planckian lights, from green to magenta, that is taken for
        light; the rest is the person's own red.
    most_stops : float
        Stronger corrections of exposure and colour are cut off here.
    """

    usual_log_gain: tuple[float, ...] = setting((-0.043, 0.028, -0.045), -1, 1, size=3)
    tint_share: float = setting(0.5, 0, 1)
    most_stops: float = setting(3.0, 0, 6, "stops")


class Light(NamedTuple):
    """What the light of a photo does to colours (von Kries's rule, in linear sRGB).

    Parameters
    ----------
    strength : float
        Natural logarithm of luminance in neutral light over that in the photo.
    colour : (3,) ndarray of float64
        The same for red, green and blue, luminance apart.

    References
    ----------
    .. [1] G. D. Finlayson, M. S. Drew, B. V. Funt, "Color constancy: generalized diagonal
       transforms suffice", Journal of the Optical Society of America A 11(11), 3011-3019, 1994.
    """

    strength: float
    colour: F64

    def taken_out(self, lab: F64, exposure_share: float, light_share: float) -> F64:
        """Bring colours of the photo into neutral light.

        Parameters
        ----------
        lab : (..., 3) ndarray of float
            As the photo shows them.
        exposure_share, light_share : float
            Share of the light's strength, and of its colour, that is taken out.

        Returns
        -------
        (..., 3) ndarray of float64
            Lab.
        """
        factor = np.exp(exposure_share * self.strength + light_share * self.colour)
        bright = to_linear(lab) * factor
        # Cut off channel by channel, the hue would turn.
        return from_linear(bright / np.maximum(bright.max(axis=-1, keepdims=True), 1.0))


NEUTRAL = Light(0.0, np.zeros(3))


def light_on(raw: F64, tone: F64, settings: LightSettings) -> Light:
    """Judge the light by skin.

    Parameters
    ----------
    raw : (3,) ndarray of float64
        Skin in the photo, Lab.
    tone : (3,) ndarray of float64
        The same skin as it is drawn, Lab.
    settings : LightSettings
        How.

    Returns
    -------
    Light
        In both respects.
    """
    seen, true = (to_linear(lab) + _STRAY for lab in (raw, tone))
    strength = math.log(float(true @ _LUMINANCE) / float(seen @ _LUMINANCE))
    colour = np.log(true / seen) - strength - settings.usual_log_gain
    planckian = _planckian()
    warm = float(colour @ planckian) * planckian
    most = settings.most_stops * math.log(2)
    colour = (warm + settings.tint_share * (colour - warm)).clip(-most, most)
    return Light(float(np.clip(strength, -most, most)), colour)


def _planckian() -> F64:
    """Direction in which the colour of lights changes, in logarithms of linear sRGB, length 1."""
    change = [
        np.log(light(kelvin)) - math.log(float(light(kelvin) @ _LUMINANCE))
        for kelvin in (_WARM_K, DAYLIGHT_K)
    ]
    step: F64 = change[0] - change[1]
    return step / np.linalg.norm(step)
