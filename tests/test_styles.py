"""One contract for all built-in styles, then what is special about packs."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import resvg_py
from PIL import Image

from emojimap import canonical, styles
from emojimap.arrays import F32, U8
from emojimap.avatar import Avatar
from emojimap.errors import ArgumentError, StyleError
from emojimap.styles import BALD, GROUPS, Style, definition, markers, pack
from emojimap.styles.cartoonset.precompute import precompute
from emojimap.styles.dicebear import DicebearStyle
from emojimap.traits import Traits
from tests.drawn_cartoons import Cartoon
from tests.drawn_cartoons import png as cartoon_png

PACKS = Path(styles.__file__).parent
BAD_MOODS = ("sad", "angry", "closed", "cry", "dizzy", "frown", "scream", "vomit", "concerned")


@pytest.fixture(scope="module")
def drawn_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Cartoon Set that was drawn here, precomputed."""
    pictures, out = tmp_path_factory.mktemp("pictures"), tmp_path_factory.mktemp("set")
    plain = Cartoon()
    for i, cartoon in enumerate(
        (plain.but(hair=None), plain, plain.but(glasses="clear"), plain.but(cut="long"))
    ):
        (pictures / f"cs{i}.png").write_bytes(cartoon_png(cartoon))
    precompute(pictures, out)
    return out


@pytest.fixture(params=[*styles.names(), styles.CARTOONSET])
def style(request: pytest.FixtureRequest, drawn_set: Path, monkeypatch: Any) -> Style:
    """Every style; the contract is one for all."""
    monkeypatch.setattr(styles, "_sets", [])
    name = str(request.param)
    return styles.load(drawn_set if name == styles.CARTOONSET else name)


@pytest.fixture(params=styles.names())
def vector_style(request: pytest.FixtureRequest) -> Style:
    return styles.load(str(request.param))


def pixels(svg: str, size: int = 256, background: str | None = None) -> U8:
    png = resvg_py.svg_to_bytes(
        svg_string=svg, width=size, height=size, background=background, skip_system_fonts=True
    )
    return np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))


# The contract


def test_it_says_whose_art_it_is(style: Style) -> None:
    assert style.name in (*styles.names(), styles.CARTOONSET)
    for text in (style.title, style.credit, style.licence, style.url):
        assert text
        assert "\n" not in text
    assert style.url.startswith("https://")


def test_roles_lead_to_names_of_the_style(style: Style) -> None:
    assert all(part in style.parts for parts in style.part_names.values() for part in parts)
    assert set(style.colour_names.values()) <= set(style.colours)
    assert {"skin", "hair"} <= set(style.colour_names)


def test_the_default_is_complete(style: Style) -> None:
    plain = style.default()
    assert set(plain.parts) == set(style.parts)
    assert set(plain.colours) == set(style.colours)
    assert style.check(plain) == plain


def whole(style: Style) -> bool:
    """Whether the templates of a style are whole pictures."""
    return style.families("hair") is not None


def test_every_variant_can_be_drawn(style: Style) -> None:
    plain = style.default()
    for part, variants in style.parts.items():
        if whole(style) and part != "picture":  # not every combination is there
            continue
        drawn = {style.svg(plain.with_(parts={part: variant})) for variant in variants}
        nested = part == "clothesGraphic"
        assert len(drawn) == (1 if nested else len(variants)), part


def test_every_colour_is_taken_and_leaves_the_defaults(style: Style) -> None:
    plain = style.default()
    for role in ("skin", "hair", "iris"):
        name = style.colour_names.get(role)  # type: ignore[call-overload]
        if name is not None:
            drawn = style.pixels(plain.with_(colours={name: "#12fe34"}), style.size)
            assert (drawn == (0x12, 0xFE, 0x34, 255)).all(axis=2).sum() > 60, name


def test_equal_avatars_give_the_same_text(style: Style) -> None:
    plain = style.default()
    again = plain.explained(style.choose(Traits()))
    assert style.svg(plain) == style.svg(again) == style.svg(Avatar(style.name, {}, {}))


def test_what_is_unknown_is_named_with_its_nearest(style: Style) -> None:
    plain = style.default()
    part, variants = next(iter(style.parts.items()))
    variant = str(variants[-1])
    colour = style.colours[0]
    for wrong, near in (
        (plain.with_(parts={part + "s": variant}), part),
        (plain.with_(parts={part: variant + "x"}), variant),
        (plain.with_(colours={colour + "s": "#000"}), colour),
    ):
        with pytest.raises(StyleError, match=f"use .*{near}"):
            style.svg(wrong)
    with pytest.raises(StyleError, match="other"):
        style.check(Avatar("other", {}, {}))


def test_a_part_that_must_be_there_must_be_there(style: Style) -> None:
    fixed = next(part for part, variants in style.parts.items() if None not in variants)
    with pytest.raises(StyleError, match=fixed):
        style.check(style.default().with_(parts={fixed: None}))


def test_masks_are_coverage_in_the_order_of_ids(style: Style) -> None:
    for group in GROUPS:
        ids, masks = style.template_masks(group, 32)
        assert masks.shape == (len(ids), 32, 32)
        assert masks.dtype == np.float32
        assert masks.size == 0 or 0 <= masks.min() <= masks.max() <= 1
        assert len(set(ids)) == len(ids)
        priors = style.priors(group)
        if isinstance(priors, np.ndarray):
            priors = dict(zip(ids, priors, strict=True))
        assert set(priors) == set(ids)
        assert all(prior >= 0 for prior in priors.values())
        for template, mask in zip(ids, masks, strict=True):
            style.check(style.default().with_(parts=style.template_parts(group, template)))
            assert (mask.sum() == 0) == (template == (ids[0] if whole(style) else BALD))


def test_bald_is_the_first_template_of_hair(vector_style: Style) -> None:
    ids, masks = vector_style.template_masks("hair", 16)
    assert ids[0] == BALD
    assert not masks[0].any()
    bald = vector_style.default().with_(parts=vector_style.template_parts("hair", BALD))
    assert not vector_style.hair_cover(vector_style.check(bald)).any()
    assert BALD not in vector_style.template_masks("headwear", 16)[0]


def test_masks_are_the_same_every_time(style: Style) -> None:
    first, second = (style.template_masks("hair", 24)[1] for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.timing
def test_all_masks_take_less_than_three_seconds(style: Style) -> None:
    start = time.process_time()
    for group in GROUPS[:2]:
        style.template_masks(group)
    assert time.process_time() - start < 3


@pytest.mark.parametrize("size", [0, 7, 1000, 32.0, True])
def test_mask_sizes_are_checked(style: Style, size: Any) -> None:
    with pytest.raises(ArgumentError, match="size"):
        style.template_masks("hair", size)


def test_unknown_groups_and_templates_are_named(style: Style) -> None:
    with pytest.raises(StyleError, match="group 'headwaer' is unknown: use headwear"):
        style.template_masks("headwaer")  # type: ignore[arg-type]
    near = style.template_masks("hair", 8)[0][0]
    with pytest.raises(StyleError, match=f"use .*{near}"):
        style.template_parts("hair", near + "t")


@pytest.mark.parametrize("mouth", ["neutral", "smile", "twinkle", "open"])
@pytest.mark.parametrize("glasses", ["none", "clear", "dark"])
def test_choices_can_be_drawn_and_are_in_a_good_mood(
    style: Style, mouth: Any, glasses: Any
) -> None:
    choices = style.choose(Traits(glasses=glasses, mouth=mouth, moustache=0.9, chin=0.9))
    parts = {part: choice.variant for part, choice in choices.items()}
    style.check(style.default().with_(parts=parts))
    roles = ("hair", "back_hair", "headwear")
    by_mask = {part for role in roles for part in style.part_names.get(role, ())}  # type: ignore[call-overload]
    if whole(style):  # all are those of one picture
        by_mask = set(style.parts)
    assert set(parts) == set(style.parts) - by_mask
    assert not [v for v in parts.values() if v and any(mood in v.lower() for mood in BAD_MOODS)]
    assert all(choice.why for choice in choices.values())


def test_no_beard_and_no_glasses_from_nowhere(vector_style: Style) -> None:
    choices = vector_style.choose(Traits(moustache=0.29, cheeks=0.29))
    parts = {part: choice.variant for part, choice in choices.items()}
    shown = vector_style.shown(vector_style.check(vector_style.default().with_(parts=parts)))
    assert shown.glasses == "none"
    assert shown.cover == (0, 0, 0)


def test_fingerprints_tell_styles_apart(style: Style) -> None:
    assert len(style.fingerprint) == 64
    prints = {styles.load(name).fingerprint for name in styles.names()}
    assert len(prints) == len(styles.names())


def test_what_is_drawn_without_validation_is_valid_and_the_same(vector_style: Style) -> None:
    import dicebear

    assert isinstance(vector_style, DicebearStyle)
    checked = dicebear.Style(
        vector_style._definition
    )  # raises if the changed definition is not valid
    for parts in (
        {},
        vector_style.template_parts("hair", vector_style.template_masks("hair", 8)[0][-1]),
    ):
        avatar = vector_style.default().with_(parts=parts)
        plain = Avatar(avatar.style, avatar.parts, avatar.colours)
        assert vector_style.svg(avatar) == str(dicebear.Avatar(checked, plain.to_dict()))


def test_the_installed_definition_is_one_that_was_checked(vector_style: Style) -> None:
    found = pack.read(PACKS / f"{vector_style.name}.toml")
    assert found.name == vector_style.name
    assert definition.load(found)[1] in found.checked


def test_any_dicebear_tool_draws_the_same_picture(vector_style: Style) -> None:
    """But for the iris, and what the pack adds and changes."""
    import dicebear

    found = pack.read(PACKS / f"{vector_style.name}.toml")
    theirs = dicebear.Style(definition.load(found)[0])
    changed = {row["variant"] for row in (*found.overlays, *found.repaints)}
    own = dict.fromkeys(found.extras)
    every = vector_style.template_masks("hair", 8)[0]
    for template in every[:: 1 + len(every) // 40]:
        parts = vector_style.template_parts("hair", template)
        if changed & set(parts.values()):
            continue
        avatar = vector_style.default().with_(parts={**parts, **own})
        ours = pixels(vector_style.svg(avatar)).astype(int)
        other = pixels(str(dicebear.Avatar(theirs, avatar.to_dict()))).astype(int)
        different = np.abs(ours - other).max(axis=2) > 8
        rows, columns = np.nonzero(different)
        assert different.mean() < 0.01, template
        assert np.ptp(rows) < 0.2 * 256 if found.iris else not len(rows)
        assert np.ptp(columns) < 0.5 * 256 if found.iris else not len(columns)


# Masks of avataaars, measured another way


def by_colour(variant: str | None, role: str) -> F32:
    """Mask by recolouring: the pixels that two colours of the part draw differently."""
    style = styles.load("avataaars")
    avatar = style.default().with_(parts={"top": variant})
    light, dark = (
        pixels(style.svg(avatar.with_(colours={role: c})), 384, "black")[:, :, :3].astype(float)
        for c in ("#ffffff", "#000000")
    )
    differs = np.abs(light - dark).max(axis=2) / 255
    matrix = markers.frame({k: np.array(v) for k, v in ANCHORS.items()})
    onto = matrix @ np.array([[1 / 384, 0, 0.5 / 384], [0, 1 / 384, 0.5 / 384], [0, 0, 1.0]])
    return canonical.coverage((differs > 0.5).astype(np.float32), onto, 64)


@cache
def hair_masks() -> tuple[tuple[str, ...], F32]:
    return styles.load("avataaars").template_masks("hair")


ANCHORS = pack.read(PACKS / "avataaars.toml").anchors


@pytest.mark.parametrize("variant", ["bob", "straight01", "bigHair", "curly", "sides", "theCaesar"])
def test_hair_masks_are_exact(variant: str) -> None:
    ids, masks = hair_masks()
    mask, other = masks[ids.index(variant)], by_colour(variant, "hair")
    assert np.minimum(mask, other).sum() / np.maximum(mask, other).sum() > 0.97


def test_stacked_pieces_give_the_masks_of_whole_drawings() -> None:
    style = styles.load("big-ears")
    assert isinstance(style, DicebearStyle)
    for group, channel in (("hair", 0), ("headwear_alone", 1)):
        ids, masks = style.template_masks(group)  # type: ignore[arg-type]
        assert len(ids) > 64
        for row in range(1, len(ids), 1 + len(ids) // 8):
            whole = style.cover(style.template_parts(group, ids[row]))[channel]  # type: ignore[arg-type]
            both = np.minimum(whole, masks[row]).sum() / np.maximum(whole, masks[row]).sum()
            assert both > 0.98, ids[row]


def test_headwear_counts_its_trimmings_and_nothing_else() -> None:
    ids, alone = styles.load("avataaars").template_masks("headwear_alone")
    worn = styles.load("avataaars").template_masks("headwear")[1]
    assert (worn >= alone).all()
    trimmed = alone[ids.index("winterHat1")]
    assert trimmed.sum() > by_colour("winterHat1", "hat").sum() * 1.1
    hijab = alone[ids.index("hijab")]
    middle = 64 * 48 // 96
    assert hijab[64 * 38 // 96, middle] == 0  # the face shows
    assert hijab[64 * 75 // 96, middle] == 1  # the throat does not


def test_anchors_are_where_the_drawing_has_them() -> None:
    """Chin and width of the bald head, without the ears, from the skin alone."""
    style = styles.load("avataaars")
    found = definition.load(pack.read(PACKS / "avataaars.toml"))[0]
    head = found["canvas"]["elements"][0]
    found["canvas"]["elements"] = [head]
    import dicebear

    svg = str(dicebear.Avatar(dicebear.Style(found), {"skinColor": "ffffff"}))
    skin = pixels(svg, 1120, "black")[:, :, 0] > 127
    scalp = skin[: int(0.34 * 1120)].any(axis=0).nonzero()[0]
    assert (scalp.min() / 1120, (scalp.max() + 1) / 1120) == pytest.approx((0.3, 0.7), abs=2e-3)
    # The neck hides the chin: the head is a stadium, its lower arc is the upper one upside down.
    left, right = (x * 1120 for x, _ in ANCHORS["outline"])
    assert ANCHORS["chin"][1] * 1120 == pytest.approx(744, abs=2)
    assert right - left == pytest.approx(448, abs=2)
    eyes = by_eyes(style)
    assert np.array(ANCHORS["eyes"]) == pytest.approx(eyes, abs=3e-3)


def by_eyes(style: Style) -> F32:
    plain = style.default()
    a, b = (
        pixels(style.svg(plain.with_(colours={"iris": c})), 560).astype(int)
        for c in ("#ff0000", "#0000ff")
    )
    rows, columns = np.nonzero(np.abs(a - b).max(axis=2) > 60)
    left = columns < 280
    centres = [
        ((columns[side].min() + columns[side].max() + 1) / 2, (rows.min() + rows.max() + 1) / 2)
        for side in (left, ~left)
    ]
    return np.array(centres, np.float32) / 560


def test_big_hair_keeps_its_colour() -> None:
    style = styles.load("avataaars")
    avatar = style.default().with_(parts={"top": "bigHair"}, colours={"hair": "#202020"})
    image = pixels(style.svg(avatar), 280)
    assert image[26, 140, :3].max() <= 0x20 + 18


@pytest.mark.parametrize(
    ("covered", "variant"),
    [
        ((0.0, 0.0, 0.0), None),
        ((0.0, 0.0, 0.5), None),
        ((1.0, 0.1, 0.0), "moustacheMagnum"),
        ((0.35, 0.0, 0.0), None),
        ((0.0, 0.3, 0.7), None),  # curls beside the jaw
        ((0.1, 0.4, 0.4), None),
        ((0.5, 0.0, 0.0), "moustacheMagnum"),
        ((0.8, 0.2, 0.2), "beardLight"),  # goatee
        ((0.5, 0.7, 0.2), "beardLight"),
        ((0.0, 0.8, 0.1), "beardLight"),
        ((0.9, 0.9, 0.7), "beardMedium"),
        ((1.0, 1.0, 1.0), "beardMajestic"),
    ],
)
def test_beards_by_coverage(covered: tuple[float, float, float], variant: str | None) -> None:
    choice = styles.load("avataaars").choose(Traits("none", False, *covered))["facialHair"]
    assert choice.variant == variant
    assert choice.score is not None
    assert len(choice.runners_up) == 3


# Packs


def foreign(tmp_path: Path, **changes: str) -> Path:
    """Write a pack of one's own beside a copy of a definition; changes are old=new, by label."""
    source = files("dicebear_styles").joinpath("avataaars.json").read_text("utf-8")
    (tmp_path / "art.json").write_text(changes.pop("definition", source), "utf-8")
    text = (PACKS / "avataaars.toml").read_text("utf-8")
    text = text.replace('"avataaars"', '"my-own"', 1)
    text = text.replace("dicebear_styles:avataaars.json", "art.json")
    for change in changes.values():
        old, new = change.split(" -> ")
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_pack_of_ones_own_is_loaded_and_then_known_by_name(tmp_path: Path) -> None:
    own = styles.load(foreign(tmp_path))
    assert own.name == "my-own"
    assert styles.load("my-own") is own
    assert own.default().to_image(16).shape == (16, 16, 4)
    assert own.fingerprint != styles.load("avataaars").fingerprint


def test_a_foreign_definition_is_always_validated(tmp_path: Path) -> None:
    found = json.loads(files("dicebear_styles").joinpath("avataaars.json").read_text("utf-8"))
    found["canvas"]["elements"][0]["name"] = "script"
    with pytest.raises(StyleError, match="no valid DiceBear definition"):
        styles.load(foreign(tmp_path, definition=json.dumps(found)))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("[priors] -> [prior]", "unknown key prior"),
        ("optional = -> optionals =", "unknown key optionals"),
        ("frida = 0.10 -> fridda = 0.10", "'fridda' is unknown: use frida"),
        ('mouth = ["mouth"] -> mouth = ["mouht"]', "'mouht' is unknown: use mouth"),
        ('clear = "prescription02" -> lear = "prescription02"', "lear"),
        ("chin = -> chins =", "chins"),
        ('variant = "bigHair" -> variant = "bob"', "no translucent"),
        ('fill = "#F4F4F4" -> fill = "#F4F4F5"', "no #F4F4F5 layer"),
        ('colour = "hat" -> colour = "hats"', "no hats"),
        ("eyeRoll = -> eyeRolls =", "eyes.eyeRolls"),
        ('fill = "#ffffff" -> fill = "url(#x)"', "iris.layers.fill"),
        ('skin = "#edb98a" -> skin = "pink"', "default.colours.skin"),
        ("dx = -1.9 -> dz = -1.9", "dz"),
        ("name = \" -> name = '", "TOML"),
        ("art.json -> none.json", "can't be read"),
        ("art.json -> nowhere:x.json", "can't be read"),
        ('"my-own" -> "avataaars"', "another name"),
    ],
)
def test_faults_of_a_pack_are_named(tmp_path: Path, change: str, named: str) -> None:
    with pytest.raises(StyleError, match=named):
        styles.load(foreign(tmp_path, change=change))


def test_a_pack_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match=r"gone\.toml"):
        styles.load(tmp_path / "gone.toml")


def test_an_unknown_style_names_the_nearest() -> None:
    with pytest.raises(StyleError, match="did you mean avataaars"):
        styles.load("avataars")


def test_loading_a_style_imports_no_validator() -> None:
    code = (
        "import sys; from emojimap import styles; styles.load('avataaars').default().to_json();"
        "print(sorted({'dicebear', 'jsonschema', 'resvg_py', 'skimage'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_beanie_has_its_band_in_its_own_colour() -> None:
    style = styles.load("avataaars")
    hatted = style.default().with_(parts={"top": "winterHat03"}, colours={"hat": "#c02020"})
    pixels = hatted.to_image(140)[:, :, :3].reshape(-1, 3).astype(int)
    reds = (pixels[:, 0] > 2 * pixels[:, 1]) & (pixels[:, 0] > 2 * pixels[:, 2])
    white = (pixels > 235).all(axis=1) & (hatted.to_image(140)[:, :, 3].reshape(-1) > 250)
    assert reds.sum() > 2000
    assert white.sum() < 20
