"""What is kept of a picture: enough to choose it without opening it."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from emojimap import canonical
from emojimap.arrays import F32, U8, Bool
from emojimap.errors import CacheError
from emojimap.styles.cartoonset import layout
from emojimap.styles.cartoonset.extract import decode, extract

SHAPE_SIDE = 50
SHAPE_BYTES = -(-(SHAPE_SIDE**2) // 8)
"""Side of the masks by which hairdos without attributes are told apart."""

_MOUTH_ROW = 334


@dataclass(frozen=True)
class Record:
    """Measures of one picture; masks are packed.

    Parameters
    ----------
    name : str
        Of the picture.
    digest : str
        SHA-256 of its PNG, hexadecimal.
    flaw : str or None
        Why its hairdo can't serve as a template.
    glasses : str
        "none", "clear" or "dark".
    beard : tuple of float
        Covered share of upper lip, chin, cheeks.
    brows : tuple of float or None
        Height over the eyes' centres, thickness, slant, pixels; None where they are not seen.
    chin : float or None
        Row of the chin, pixels; None where facial hair hides it.
    jaw : float or None
        Half the width of the face at the height of the mouth, pixels.
    solidity : float
        Area of the figure, parts of its convex hull.
    colours : dict of str to str
        Base colours as ``#rrggbb``.
    hair : bytes
        Coverage in the canonical frame, packed.
    shape : bytes
        Hair on the picture itself, coarse, eight pixels in a byte; see `unpack`.
    """

    name: str
    digest: str
    flaw: str | None
    glasses: str
    beard: tuple[float, float, float]
    brows: tuple[float, float, float] | None
    chin: float | None
    jaw: float | None
    solidity: float
    colours: dict[str, str]
    hair: bytes
    shape: bytes

    def coverage(self) -> F32:
        """Coverage of hair in the canonical frame, (64, 64) float32, 0..1."""
        size = canonical.SIZE
        steps = np.frombuffer(zlib.decompress(self.hair), np.uint8).reshape(size, size)
        return steps.astype(np.float32) / np.float32(255)

    def to_bytes(self) -> bytes:
        """Return the record as bytes; see `from_bytes`."""
        values = {k: v for k, v in asdict(self).items() if not isinstance(v, bytes)}
        text = json.dumps(values, separators=(",", ":")).encode()
        parts = (text, self.hair, self.shape)
        sizes = np.array([len(part) for part in parts], "<u4").tobytes()
        return sizes + b"".join(parts)

    @classmethod
    def from_bytes(cls, packed: bytes) -> Record:
        """Return the record in bytes, or raise CacheError."""
        try:
            ends = 12 + np.cumsum(np.frombuffer(packed[:12], "<u4"))
            text, hair, shape = (packed[a:b] for a, b in zip([12, *ends[:-1]], ends, strict=True))
            values: dict[str, Any] = json.loads(text)
            for name in ("beard", "brows"):
                values[name] = None if values[name] is None else tuple(values[name])
            if len(shape) != SHAPE_BYTES:
                raise ValueError(f"shape of {len(shape)} bytes")
            return cls(hair=hair, shape=shape, **values)
        except (ValueError, TypeError, KeyError) as error:
            raise CacheError(f"a record is damaged ({error})") from error


def make(name: str, content: bytes) -> Record:
    """Read a picture into a record.

    Parameters
    ----------
    name : str
        Of the picture.
    content : bytes
        PNG.

    Returns
    -------
    Record
        Its measures.

    Raises
    ------
    PhotoError
        If it shows no Cartoon Set face.
    """
    seen = extract(decode(content))
    brows = None if np.isnan(seen.brows).any() else _rounded(seen.brows)
    jaw = float(np.interp(_MOUTH_ROW, layout.JAW_ROWS, seen.jaw))
    return Record(
        name=name,
        digest=hashlib.sha256(content).hexdigest(),
        flaw=seen.flaw,
        glasses=seen.glasses,
        beard=_rounded(seen.beard),
        brows=brows,
        chin=None if np.isnan(seen.chin) else seen.chin,
        jaw=None if np.isnan(jaw) else jaw,
        solidity=round(seen.solidity, 3),
        colours={k: "#{:02x}{:02x}{:02x}".format(*c) for k, c in seen.base_colours().items()},
        hair=zlib.compress(np.rint(seen.hair() * 255).astype(np.uint8).tobytes(), 6),
        shape=_shape(seen.silhouette()),
    )


def unpack(shape: U8) -> Bool:
    """Return the mask in a `Record.shape`, (50, 50) bool."""
    bits = np.unpackbits(shape)[: SHAPE_SIDE**2]
    return bits.reshape(SHAPE_SIDE, SHAPE_SIDE).astype(np.bool_)


def _shape(mask: Bool) -> bytes:
    coarse: U8 = cv2.resize(
        mask.astype(np.uint8) * 255, (SHAPE_SIDE, SHAPE_SIDE), interpolation=cv2.INTER_AREA
    )
    return np.packbits(coarse >= 128).tobytes()


def _rounded(values: tuple[float, float, float]) -> tuple[float, float, float]:
    a, b, c = (round(value, 3) for value in values)
    return a, b, c
