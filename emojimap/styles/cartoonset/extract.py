"""What one Cartoon Set picture shows: colours, regions, outline of the face, and what it wears."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import cv2
import numpy as np
from PIL import Image

from emojimap import canonical
from emojimap.arrays import F32, F64, U8, Bool
from emojimap.errors import PhotoError
from emojimap.recolour import Material, on_line
from emojimap.styles.cartoonset import layout, palette, regions
from emojimap.styles.cartoonset.palette import Palette
from emojimap.traits import Glasses, beard_regions

ALGORITHM = "9"
"""Changes when the same picture gives another result."""

Flaw = Literal["cut", "merged", "headwear"]
"""Why a hairdo can't serve as a template."""

_PNG = b"\x89PNG\r\n\x1a\n"
_CUT_PIXELS = 12
_SHINE = 0.45
_FOREIGN_SHARE = 0.15
_LEAST_FOREIGN = 900


@dataclass(frozen=True, eq=False)
class Extraction:
    """One picture, read.

    Parameters
    ----------
    picture : (500, 500, 4) ndarray of uint8
        RGBA.
    colours : Palette
        Base colours.
    labels : (500, 500) ndarray of uint8
        See `emojimap.styles.cartoonset.regions`.
    jaw : (n,) ndarray of float32
        Half the width of the face on each of `layout.JAW_ROWS`, pixels; NaN where facial hair hides
        it or the face has ended.
    chin : float
        Row of the chin's lowest point, pixels; NaN where facial hair hides it.
    flaw : {"cut", "merged", "headwear"} or None
        Why the hairdo can't serve as a template.
    """

    picture: U8
    colours: Palette
    labels: U8
    jaw: F32
    chin: float
    flaw: Flaw | None

    def mask(self, *names: str) -> Bool:
        """Return where any of some regions are, (500, 500) bool; see `regions.NAMES`."""
        wanted = np.zeros(len(regions.NAMES) + 1, np.bool_)
        wanted[[regions.NAMES.index(name) + 1 for name in names]] = True
        found: Bool = wanted[self.labels] & (self.picture[..., 3] >= 128)
        return found

    @property
    def glasses(self) -> Glasses:
        """Kind of the glasses."""
        if self.colours.lens is not None:
            return "dark"
        return "clear" if self.colours.frames else "none"

    @cached_property
    def landmarks(self) -> F32:
        """The 68 landmarks of a real face with this outline; what is hidden is guessed."""
        chin = layout.CHIN if np.isnan(self.chin) else self.chin
        return layout.landmarks(self.jaw, chin)

    @cached_property
    def beard(self) -> tuple[float, float, float]:
        """Share 0..1 of upper lip, chin and cheeks that facial hair covers; see `Traits`."""
        beard = self.mask("facial_hair")
        if not beard.any():
            return 0.0, 0.0, 0.0
        upper, chin, cheeks = (_share(beard, area) for area in beard_regions(self.landmarks))
        return upper, chin, cheeks

    @cached_property
    def brows(self) -> tuple[float, float, float]:
        """Height over the eyes' centres, thickness, and slant (inner ends lower), pixels."""
        return _brows(self.mask("brows"))

    @property
    def solidity(self) -> float:
        """Area of the figure, parts of its convex hull."""
        figure = (self.picture[..., 3] >= 128).astype(np.uint8)
        outlines = cv2.findContours(figure, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
        area = sum(cv2.contourArea(outline) for outline in outlines)
        return float(area / max(cv2.contourArea(cv2.convexHull(np.concatenate(outlines))), 1.0))

    def hair(self, size: int = canonical.SIZE) -> F32:
        """Return coverage 0..1 of the head's hair in the canonical frame, (size, size) float32."""
        return hair_coverage(self.silhouette(), self.chin, size)

    def silhouette(self) -> Bool:
        """Return the head's hair, (500, 500) bool; with what hides it where headgear does."""
        hair = self.mask("hair")
        if self.flaw != "headwear":
            return hair
        worn = self.mask("other")
        for window in (layout.EYE_BAND, layout.BEARD):
            worn[window] = False
        return hair | worn

    def base_colours(self) -> dict[str, tuple[int, int, int]]:
        """Return the base colours that were found, under the names of `Palette`, and glasses."""
        paints = {
            name: getattr(self.colours, name)
            for name in ("skin", "hair", "facial_hair", "brows", "iris")
        }
        found = {name: paint.base for name, paint in paints.items() if paint is not None}
        if self.colours.frames:
            found["glasses"] = self.colours.frames[0]
        return found

    def materials(self) -> list[Material]:
        """Return the base colours of the regions that can be painted."""
        colours = self.colours
        found = [Material(regions.SKIN, colours.skin.base)]
        for label, paint in (
            (regions.HAIR, colours.hair),
            (regions.FACIAL_HAIR, colours.facial_hair),
            (regions.BROWS, colours.brows),
            (regions.IRIS, colours.iris),
        ):
            if paint is not None:
                under = regions.SKIN if paint.opacity < 1 else None
                shine = _SHINE if label in (regions.HAIR, regions.FACIAL_HAIR) else 1.0
                found.append(Material(label, paint.base, under, shine, paint.opacity))
        frames = zip((regions.FRAME, regions.RIMS), colours.frames, strict=False)
        return [*found, *(Material(label, frame) for label, frame in frames)]


def hair_coverage(mask: Bool, chin: float, size: int = canonical.SIZE) -> F32:
    """Coverage of hair in the canonical frame.

    Parameters
    ----------
    mask : (500, 500) ndarray of bool
        Hair on a Cartoon Set picture.
    chin : float
        Row of the chin, pixels; NaN for the usual one.
    size : int
        Side of the result, pixels.

    Returns
    -------
    (size, size) ndarray of float32
        0..1.
    """
    half = layout.FACE_WIDTH / 2
    outline = np.array([[layout.MIDDLE - half, 0], [layout.MIDDLE + half, 0]], np.float32)
    lowest = np.array([layout.MIDDLE, layout.CHIN if np.isnan(chin) else chin], np.float32)
    return canonical.coverage(mask, canonical.frame(layout.EYES, outline, lowest), size)


def decode(content: bytes) -> U8:
    """Read a picture of the set.

    Parameters
    ----------
    content : bytes
        PNG.

    Returns
    -------
    (500, 500, 4) ndarray of uint8
        RGBA.

    Raises
    ------
    PhotoError
        If it is no picture, or has another size.
    """
    if not content.startswith(_PNG):
        raise PhotoError("empty" if not content else "no PNG: pictures of the set are PNG")
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    if (width, height) != (layout.SIDE, layout.SIDE):
        raise PhotoError(f"{width}x{height} pixels: Cartoon Set pictures have 500x500")
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.ndim != 3 or found.shape[2] != 4 or found.dtype != np.uint8:
        found = _decode_slowly(content)
    else:
        found = cv2.cvtColor(found, cv2.COLOR_BGRA2RGBA)
    return found


def extract(picture: U8) -> Extraction:
    """Read one picture.

    Parameters
    ----------
    picture : (500, 500, 4) ndarray of uint8
        RGBA, from `decode`.

    Returns
    -------
    Extraction
        Regions, colours and measures.

    Raises
    ------
    PhotoError
        If it does not show a Cartoon Set face.
    """
    if not (picture[..., 3] < 128).any():
        raise PhotoError("no transparent pixel: Cartoon Set pictures have no background")
    colours = palette.find(picture)
    found = regions.find(picture, colours)
    jaw, chin = _outline(found.labels)
    flaw = _flaw(picture, colours, found)
    return Extraction(picture, colours, found.labels, jaw, chin, flaw)


def _decode_slowly(content: bytes) -> U8:
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(image.convert("RGBA"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PhotoError(f"can't be read as a picture ({error}): is the file whole?") from error


def _outline(labels: U8) -> tuple[F32, float]:
    """Half widths of the face below the ears, and the chin; NaN where hair or nothing is seen."""
    rows = labels[layout.JAW_ROWS]
    skin = rows == regions.SKIN
    beard = rows == regions.FACIAL_HAIR
    left, right = _ends(skin)
    beard_left, beard_right = _ends(beard)
    hidden = (beard_left < left) | (beard_right > right) | ~skin.any(axis=1)
    jaw = np.where(hidden, np.nan, (right - left + 1) / 2).astype(np.float32)
    column = labels[layout.BEARD[0].start :, layout.MIDDLE]
    last_skin, last_beard = (_last(column == k) for k in (regions.SKIN, regions.FACIAL_HAIR))
    lowest = layout.BEARD[0].start + max(last_skin, last_beard)
    least, most = layout.CHINS
    hidden_chin = last_beard > last_skin or not least <= lowest <= most
    return jaw, np.nan if hidden_chin else float(lowest)


def _ends(mask: Bool) -> tuple[F64, F64]:
    """First and last column of each row; infinitely narrow where there is none."""
    some = mask.any(axis=1)
    first = np.where(some, mask.argmax(axis=1), np.inf)
    last = np.where(some, mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1), -np.inf)
    return first, last


def _last(line: Bool) -> int:
    return int(np.flatnonzero(line)[-1]) if line.any() else -1


def _flaw(picture: U8, colours: Palette, found: regions.Regions) -> Flaw | None:
    hair = (found.labels == regions.HAIR) & (picture[..., 3] >= 128)
    border = (hair[0], hair[-1], hair[:, 0], hair[:, -1])
    if sum(int(line.sum()) for line in border) >= _CUT_PIXELS:
        return "cut"
    if found.merged:
        return "merged"
    return "headwear" if _foreign(picture, colours) else None


def _foreign(picture: U8, colours: Palette) -> bool:
    """Whether much above the brows is painted in a colour that is neither hair nor skin."""
    top = picture[: layout.BROWS[0][0].start]
    free = top[..., 3] >= 128
    if not free.any():
        return False
    paints = [colours.skin, *([colours.hair] if colours.hair else [])]
    shades = [paint for one in paints for paint in {one.shown, one.base}]
    other = palette.mode(palette.but(top, shades), _LEAST_FOREIGN)
    if other is None or any(_is_tint(other, shade) for shade in shades):
        return False
    return float(palette.is_colour(top, other).sum()) > _FOREIGN_SHARE * float(free.sum())


def _is_tint(colour: palette.Colour, base: palette.Colour) -> bool:
    off = on_line(np.array([colour], np.float32), np.array(base, np.float32))[1]
    return float(off[0]) < 12


def _share(mask: Bool, polygon: F32) -> float:
    canvas = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(canvas, [np.round(polygon).astype(np.int32)], 1)
    inside = canvas.astype(np.bool_)
    return float(mask[inside].mean()) if inside.any() else 0.0


def _brows(mask: Bool) -> tuple[float, float, float]:
    heights, thick, slants = [], [], []
    for (rows, columns), outwards in zip(layout.BROWS, (-1.0, 1.0), strict=True):
        part = mask[rows, columns]
        count = part.sum(axis=0)
        if np.count_nonzero(count) < 12:
            continue
        y, x = np.nonzero(part)
        heights.append(float(layout.EYES[0, 1] - rows.start - y.mean()))
        thick.append(float(np.median(count[count > 0])))
        slants.append(-outwards * float(np.polyfit(x, y, 1)[0]) * 60.0)
    if not heights:
        return float("nan"), float("nan"), float("nan")
    return float(np.mean(heights)), float(np.mean(thick)), float(np.mean(slants))
