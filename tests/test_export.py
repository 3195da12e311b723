"""Random avatars as labelled pictures, and what the reader of the Cartoon Set sees in them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from emojimap import styles
from emojimap.errors import ArgumentError, OutputError, StyleError
from emojimap.export import CREDITS, LABELS, export, frame, options, pick, picture_name
from emojimap.overlap import MaskIndex
from emojimap.styles import raster
from emojimap.styles.cartoonset import layout, source
from emojimap.styles.cartoonset.extract import decode, extract, hair_coverage
from emojimap.styles.dicebear import DicebearStyle


@pytest.fixture(scope="module")
def style() -> DicebearStyle:
    found = styles.load("avataaars")
    assert isinstance(found, DicebearStyle)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("export")
    export("avataaars", place, count=12, seed=1)
    return place


def test_pictures_have_the_layout_of_the_set(folder: Path) -> None:
    pictures = sorted(folder.glob("*.png"))
    assert [path.stem for path in pictures] == [picture_name(i) for i in range(12)]
    for path in pictures:
        picture = decode(path.read_bytes())
        assert picture[0, 0, 3] == 0
        seen = extract(picture)
        bare = not source.attributes(path.with_suffix(".csv").read_bytes())["facial_hair"]
        if bare and seen.flaw is None:
            assert abs(seen.chin - layout.CHIN) < 6


def test_labels_name_what_is_drawn(folder: Path, style: DicebearStyle) -> None:
    names = json.loads((folder / LABELS).read_text())
    assert names["hair"][0] == "none"
    assert {"hair", "facial_hair", "glasses", "face_color", "hair_color", "eye_color"} <= set(names)
    assert "clothes" not in names
    for number in range(12):
        labels = source.attributes((folder / f"{picture_name(number)}.csv").read_bytes())
        avatar, _ = pick(style, 1, number)
        assert names["hair"][labels["hair"]] == (avatar.parts["top"] or "none")
        assert names["hair_color"][labels["hair_color"]] == avatar.colours["hair"]
        seen = extract(decode((folder / f"{picture_name(number)}.png").read_bytes()))
        assert seen.base_colours()["skin"] == tuple(bytes.fromhex(avatar.colours["skin"][1:]))
    assert "Pablo Stanley" in (folder / CREDITS).read_text()


def test_a_seed_gives_the_same_pictures_however_many(folder: Path, tmp_path: Path) -> None:
    export("avataaars", tmp_path, count=3, seed=1, jobs=2)
    for path in tmp_path.glob("cs*"):
        assert path.read_bytes() == (folder / path.name).read_bytes()
    export("avataaars", tmp_path / "other", count=1, seed=2)
    name = f"{picture_name(0)}.png"
    assert (tmp_path / "other" / name).read_bytes() != (folder / name).read_bytes()


def test_choices_are_spread_evenly(style: DicebearStyle) -> None:
    labels = [pick(style, 7, number)[1] for number in range(1500)]
    hair = np.bincount(
        [label["hair"][0] for label in labels], minlength=len(options(style)["hair"])
    )
    assert hair.min() > 15
    assert 0.46 < np.mean([label["glasses"][0] == 0 for label in labels]) < 0.54


def test_the_frame_puts_eyes_where_they_belong() -> None:
    eyes = np.array([[0.4, 0.4], [0.6, 0.4]], np.float32)
    left, top, width, height = frame(eyes)
    places = (eyes - (left, top)) / (width, height) * layout.SIDE
    assert np.abs(places - layout.EYES).max() < 1e-3


def test_hair_is_found_again_from_the_picture_alone(style: DicebearStyle, tmp_path: Path) -> None:
    """Every hairdo, plain: the mask from the picture against the exact one from the drawing."""
    ids, masks = style.template_masks("hair")
    index = MaskIndex.build(masks, ids, levels=8)
    box = frame(style.eyes)
    wrong = []
    for template in ids:
        avatar = style.default().with_(parts=style.template_parts("hair", template))
        picture = decode(raster.png(style.head_svg(avatar, box), layout.SIDE))
        seen = extract(picture)
        hair = hair_coverage(seen.mask("hair"), seen.chin)
        found = index.search(hair, k=1, margin=60.0)[0]
        if found.id != template:
            wrong.append((template, found.id, round(found.iou, 3)))
    assert not wrong


def test_what_can_not_be_exported(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="count 0"):
        export("avataaars", tmp_path, count=0)
    (tmp_path / "me.png").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"holds 1 other pictures, as me.png"):
        export("avataaars", tmp_path, count=1)
    with pytest.raises(StyleError, match="unknown"):
        export("avatars", tmp_path)
