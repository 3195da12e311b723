"""Hair recoloured by mask: is dye kept, and is natural hair never taken for it? Photos for that."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from emojimap.arrays import U8, Bool, check_mask, check_rgb
from emojimap.colours import to_lab

_FEATHER = 0.006
"""Softness of the border, share of the photo's longer side."""
_HUE_WITHIN, _CHROMA_SHARE = 30.0, 0.6
_PALE_CHROMA, _PALE_L = 22.0, 70.0


@dataclass(frozen=True)
class Paint:
    """A colour of hair.

    Parameters
    ----------
    name : str
        In English.
    lab : (float, float, float)
        Lab.
    dye : bool
        Whether nobody is born with it.
    """

    name: str
    lab: tuple[float, float, float]
    dye: bool

    @property
    def pale(self) -> bool:
        """Whether it is told by being light and hardly coloured."""
        return self.lab[0] > _PALE_L and float(np.hypot(*self.lab[1:])) < _PALE_CHROMA

    def kept(self, found: U8) -> bool:
        """Tell whether an avatar's hair still shows this colour.

        Parameters
        ----------
        found : (3,) ndarray of uint8
            sRGB.

        Returns
        -------
        bool
            Hue within 30 degrees and chroma at least 60%; pale and light for pale ones.
        """
        lightness, a, b = (float(value) for value in to_lab(found))
        chroma, own = float(np.hypot(a, b)), float(np.hypot(*self.lab[1:]))
        if self.pale:
            return chroma < _PALE_CHROMA and lightness > _PALE_L
        turn = np.degrees(np.arctan2(b, a) - np.arctan2(self.lab[2], self.lab[1]))
        return abs((turn + 180) % 360 - 180) <= _HUE_WITHIN and chroma >= _CHROMA_SHARE * own


PAINTS = (
    Paint("blue", (42.0, 8.0, -48.0), dye=True),
    Paint("pink", (65.0, 50.0, -5.0), dye=True),
    Paint("green", (55.0, -42.0, 32.0), dye=True),
    Paint("bright red", (40.0, 58.0, 36.0), dye=True),
    Paint("platinum", (86.0, 0.0, 11.0), dye=True),
    Paint("black", (14.0, 1.5, 1.5), dye=False),
    Paint("dark brown", (25.0, 7.0, 9.0), dye=False),
    Paint("light brown", (45.0, 9.0, 19.0), dye=False),
    Paint("auburn", (33.0, 20.0, 20.0), dye=False),
    Paint("ginger", (50.0, 24.0, 36.0), dye=False),
    Paint("blond", (68.0, 5.0, 28.0), dye=False),
    Paint("grey", (60.0, 0.0, 2.0), dye=False),
)


def painted(photo: U8, mask: Bool, paint: Paint) -> U8:
    """Give the hair of a photo another colour, with its strands and shadows.

    Parameters
    ----------
    photo : (H, W, 3) ndarray of uint8
        sRGB.
    mask : (H, W) ndarray of bool
        The hair.
    paint : Paint
        Its new colour: that of the pixel of median lightness.

    Returns
    -------
    (H, W, 3) ndarray of uint8
        sRGB.

    Raises
    ------
    ArgumentError
        If the photo is no RGB picture, or the mask has another size.
    """
    check_rgb(photo)
    check_mask(mask, "mask", photo.shape[:2])
    if not mask.any():
        return photo
    lab = to_lab(photo)
    away = lab[..., 0] - np.median(lab[mask][:, 0])
    target, *ab = paint.lab
    # Dark strands of light hair are as much darker as light ones of dark hair are lighter.
    room = min(1.0, (target + 8) / 40)
    lightness = (target + room * away).clip(2, 98)
    new = np.dstack([lightness, *((lightness / target).clip(0.3, 1.3) * value for value in ab)])
    rgb = cv2.cvtColor(new.astype(np.float32), cv2.COLOR_LAB2RGB).clip(0, 1) * 255
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), _FEATHER * max(photo.shape))[..., None]
    return np.asarray(photo + soft * (rgb - photo) + 0.5, np.uint8)
