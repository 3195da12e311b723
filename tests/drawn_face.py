"""A drawn face of flat colours, with exact masks, for everything that looks at colours."""

import cv2
import numpy as np

from emojimap.colours import (
    ROLES,
    LocusSettings,
    sample,
)
from emojimap.colours._locus import to_rgb

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
