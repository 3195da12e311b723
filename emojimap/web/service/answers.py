"""The shapes of what comes in and goes out, for the description in OpenAPI."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

_COLOUR = r"^#[0-9a-f]{6}$"

Options = dict[str, Any]
"""An avatar as DiceBear options."""


class FitQuery(BaseModel):
    """What can be asked for beside the photo."""

    model_config = ConfigDict(extra="forbid")

    style: str | SkipJsonSchema[None] = Field(
        None, description="One of /v1/styles.", examples=["avataaars"], max_length=64
    )
    top: int = Field(5, ge=1, le=20, description="How many candidates to name.")
    face: str = Field(
        "0",
        pattern=r"^([0-9]{1,3}|all)$",
        description="Which face: 0 is the largest; or all, for JSON alone.",
    )
    size: int | SkipJsonSchema[None] = Field(
        None, ge=16, le=1024, description="Side of a PNG, pixels; the style's own by default."
    )
    format: Literal["json", "png", "svg", "sheet"] | SkipJsonSchema[None] = Field(
        None,
        description="Kind of answer, else as the header Accept wants; sheet shows how the face "
        "was fitted.",
    )


class AnalyseQuery(BaseModel):
    """Nothing can be asked for beside the photo."""

    model_config = ConfigDict(extra="forbid")


class RenderQuery(BaseModel):
    """How to draw."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["png", "svg"] | SkipJsonSchema[None] = Field(
        None, description="Kind of picture, else as the header Accept wants."
    )
    size: int | SkipJsonSchema[None] = Field(
        None, ge=16, le=1024, description="Side of a PNG, pixels; the style's own by default."
    )


class Candidate(BaseModel):
    """One template of hair or headwear."""

    variant: str = Field(description="Its name.")
    score: float = Field(description="How well it fits, 1 for a perfect fit.")
    parts: dict[str, str | None] = Field(description="Parts that it sets; null takes one away.")


class Size(BaseModel):
    """Size of a picture in pixels."""

    width: int
    height: int


class FittedFace(BaseModel):
    """One face and its avatar."""

    avatar: Options = Field(description="The avatar as DiceBear options, for /v1/render.")
    candidates: list[Candidate] = Field(description="Best first.")
    parts: dict[str, str | None] = Field(description="Variant of each part; null for none.")
    colours: dict[str, str] = Field(description="#rrggbb of each colour.")
    box: list[float] = Field(
        description="x, y, width, height of the face in the photo, pixels.",
        min_length=4,
        max_length=4,
    )
    confidence: float = Field(ge=0, le=1, description="How sure the face is.")
    photo: Size = Field(description="Of the photo as read, to which box refers.")


class FitAnswer(BaseModel):
    """What was fitted."""

    style: str
    faces: list[FittedFace] = Field(description="Largest first.", min_length=1)
    seconds: float = Field(description="How long it was worked on.")


class SeenColour(BaseModel):
    """One colour of a face and its evidence."""

    colour: str | None = Field(pattern=_COLOUR)
    name: str | None
    measured: str | None = Field(pattern=_COLOUR)
    pixels: int
    spread: float
    confidence: float
    kind: str | None
    why: str


class SeenTraits(BaseModel):
    """What a face wears and does."""

    glasses: str
    headwear: bool
    moustache: float
    chin: float
    cheeks: float
    mouth: str
    why: dict[str, str]


class SeenFace(BaseModel):
    """What is seen of one face."""

    box: list[float] = Field(min_length=4, max_length=4)
    confidence: float
    landmarks: list[tuple[float, float]] = Field(description="68 points, x then y, iBUG order.")
    irises: list[tuple[float, float, float]] = Field(description="x, y, radius.")
    mask_pixels: dict[str, int]
    traits: SeenTraits
    colours: dict[str, SeenColour]


class StyleBrief(BaseModel):
    """A style and whose art it is."""

    name: str
    title: str
    credit: str
    licence: str
    url: str


class StyleFull(StyleBrief):
    """All that can be set in a style."""

    size: int = Field(description="Side of its pictures, pixels, where none is asked for.")
    parts: dict[str, list[str | None]] = Field(description="Variants; null where it may be absent.")
    colours: list[str]
    part_roles: dict[str, list[str]] = Field(description="What parts are for, in our words.")
    colour_roles: dict[str, str]
    default: Options = Field(description="A plain avatar, for /v1/render.")


class Health(BaseModel):
    """How the server is."""

    status: Literal["ok"]
    workers: int = Field(description="Processes that run.")
    in_work: int
    waiting: int


class WrongValue(BaseModel):
    """Where a value is wrong."""

    where: list[str]
    detail: str


class ProblemAnswer(BaseModel):
    """A refusal (RFC 9457)."""

    type: str = Field(pattern="^urn:emojimap:[a-z-]+$")
    title: str
    status: int
    detail: str = Field(description="What is wrong and what to do.")
    request_id: str | SkipJsonSchema[None] = Field(None, description="As in the server's log.")
    errors: list[WrongValue] | SkipJsonSchema[None] = Field(
        None, description="Wrong values, one by one."
    )
    retry_after_s: int | SkipJsonSchema[None] = Field(
        None, description="When to ask again, seconds."
    )
    max_bytes: int | SkipJsonSchema[None] = Field(None, description="Largest upload.")
    styles: list[str] | SkipJsonSchema[None] = Field(None, description="Names of styles.")
