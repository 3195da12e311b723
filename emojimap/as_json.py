"""What was seen and what was fitted, as JSON types."""

from __future__ import annotations

from typing import Any

from emojimap.analysis import Analysis
from emojimap.arrays import U8
from emojimap.colours import ROLES, Colours, name_of
from emojimap.fit import Fit
from emojimap.styles import PartPenalties, Style


def fit(found: Fit, style: Style, penalties: PartPenalties | None = None) -> dict[str, Any]:
    """Return all that a page needs to show a fit and to go on with it, without the photo.

    Parameters
    ----------
    found : Fit
        One face.
    style : Style
        The one it was fitted in.
    penalties : PartPenalties, optional
        As in the fit.

    Returns
    -------
    dict
        ``avatar`` (DiceBear options), ``candidates`` (each with its score and with the parts that
        it would set), ``parts``, ``colours``, ``box``, ``confidence`` and the ``photo``'s size.
    """
    seen = found.analysis
    height, width = seen.photo.shape[:2]
    return {
        "avatar": found.avatar.to_dict(),
        "candidates": [
            {
                "variant": variant,
                "score": round(score, 4),
                "parts": style.template_parts(found.overlay.group, variant, seen.traits, penalties),
            }
            for variant, score in found.candidates
        ],
        "parts": dict(found.avatar.parts),
        "colours": dict(found.avatar.colours),
        "box": [round(value, 1) for value in seen.box],
        "confidence": round(seen.confidence, 3),
        "photo": {"width": width, "height": height},
    }


def analysis(face: Analysis) -> dict[str, Any]:
    """Return what was seen of one face.

    Parameters
    ----------
    face : Analysis
        From `emojimap.analysis`.

    Returns
    -------
    dict
        Box, landmarks and irises in photo pixels, the sizes of the masks, traits and colours.
    """
    traits = face.traits
    return {
        "box": [round(value, 1) for value in face.box],
        "confidence": round(face.confidence, 3),
        "landmarks": face.landmarks.round(2).tolist(),
        "irises": face.irises.round(2).tolist(),
        "mask_pixels": {name: int(mask.sum()) for name, mask in face.masks.items()},
        "traits": {
            "glasses": traits.glasses,
            "headwear": traits.headwear,
            "moustache": round(traits.moustache, 3),
            "chin": round(traits.chin, 3),
            "cheeks": round(traits.cheeks, 3),
            "mouth": traits.mouth,
            "why": dict(traits.why),
        },
        "colours": colours(face.colours),
    }


def colours(found: Colours) -> dict[str, Any]:
    """Return colours and their evidence.

    Parameters
    ----------
    found : Colours
        Of a face.

    Returns
    -------
    dict
        For each role colour and name (None where it isn't seen), the colour as measured, pixels,
        spread, confidence, kind and why.
    """
    answer = {}
    for role in ROLES:
        colour, seen = getattr(found, role), found.evidence[role]
        answer[role] = {
            "colour": _hex(colour),
            "name": None if colour is None else name_of(role, colour),
            "measured": _hex(seen.raw),
            "pixels": seen.pixels,
            "spread": round(seen.spread, 2),
            "confidence": round(seen.confidence, 3),
            "kind": seen.kind or None,
            "why": seen.why,
        }
    return answer


def _hex(colour: U8 | None) -> str | None:
    return None if colour is None else "#{:02x}{:02x}{:02x}".format(*colour)
