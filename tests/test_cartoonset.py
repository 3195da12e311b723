"""What a person edits of a precomputed set, and what damages it."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emojimap import styles
from emojimap.avatar import Avatar
from emojimap.errors import CacheError, StyleError
from emojimap.styles.cartoonset import hairstyles, journal, table
from emojimap.styles.cartoonset.precompute import precompute
from emojimap.styles.cartoonset.style import CartoonsetStyle
from emojimap.styles.index import open_index
from tests.command import run_alone
from tests.drawn_cartoons import png
from tests.drawn_set import BROWN, csv, wish


def test_one_hairdo_is_found_by_its_mask(cache: Path) -> None:
    found, _ = table.read(cache)
    names = [[found.names[row] for row in style.rows] for style in found.hairstyles]
    assert names == [
        ["cs10", "cs11", "cs12", "cs13"], ["cs20", "cs21"], ["cs30", "cs31"], ["cs40"]
    ]  # fmt: skip


def test_a_person_can_drop_a_hairstyle(own: Path, set_folder: Path) -> None:
    before = CartoonsetStyle(own)
    open_index(before, "hair")
    wish(own, "drop", "cs20 ")
    after = CartoonsetStyle(own)
    assert "cs20" in before.parts["hair"]
    assert "cs20" not in after.parts["hair"]
    assert not {"cs20", "cs21"} & set(after.template_masks("hair")[0])
    assert after.fingerprint != before.fingerprint
    assert len(open_index(after, "hair")) == len(open_index(before, "hair")) - 2
    precompute(set_folder, own)
    assert "cs20" not in CartoonsetStyle(own).parts["hair"]


def test_flawed_ones_are_set_aside_until_a_person_keeps_them(
    pictures: dict[str, bytes], set_folder: Path, tmp_path: Path
) -> None:
    with Image.open(io.BytesIO(pictures["cs30"])) as image:
        picture = np.array(image)
    picture[:95, 200:300] = (*(BROWN.hair or ()), 255)
    Image.fromarray(picture).save(set_folder / "cs50.png")
    out = tmp_path / "out"
    report = precompute(set_folder, out)
    assert report.aside == {"cs50": "cut off by the border of the picture"}
    assert "cs50" not in CartoonsetStyle(out).parts["picture"]
    wish(out, "keep", "cs50 ")
    assert "cs50" in CartoonsetStyle(out).parts["picture"]
    assert precompute(set_folder, out).read == 0
    assert "cs50" in CartoonsetStyle(out).parts["picture"]
    assert "keep cs50" in (out / hairstyles.NAME).read_text()


def test_wishes_follow_a_hairstyle_that_changes_its_name(
    own: Path, set_folder: Path, pictures: dict[str, bytes]
) -> None:
    wish(own, "drop", "cs20 ")
    (set_folder / "cs05.png").write_bytes(png(BROWN.but(cut="long", skin=(96, 61, 48))))
    precompute(set_folder, own)
    assert "drop cs05" in (own / hairstyles.NAME).read_text()
    assert not {"cs05", "cs20", "cs21"} & set(CartoonsetStyle(own).parts["picture"])
    for name in pictures:
        (set_folder / f"{name}.csv").write_bytes(csv(name))
    (set_folder / "cs05.csv").write_bytes(csv("cs20"))
    precompute(set_folder, own)
    assert "drop hair1" in (own / hairstyles.NAME).read_text()
    assert "hair1" not in CartoonsetStyle(own).parts["hair"]


def test_a_picture_named_like_an_attribute(set_folder: Path, tmp_path: Path) -> None:
    for name in ("cs10", "cs11"):
        (set_folder / f"{name}.csv").write_bytes(b'"hair", 12, 111\n')
    (set_folder / "hair12.png").write_bytes(png(BROWN.but(cut="curtains")))
    precompute(set_folder, tmp_path / "out")
    found, _ = table.read(tmp_path / "out")
    named = {style.id: style.rows for style in found.hairstyles}
    assert len(named["hair12"]) == 2
    assert [found.names[row] for row in named["hair12Alone"]] == ["hair12"]
    assert sum(len(rows) for rows in named.values()) == len(found)


def test_a_misspelt_wish_is_named(own: Path) -> None:
    wish(own, "dr0p", "cs20 ")
    with pytest.raises(CacheError, match=r"line \d+: 'dr0p' is neither keep nor drop"):
        CartoonsetStyle(own)


def test_flawed_pictures_are_no_templates_while_there_are_sound_ones(
    pictures: dict[str, bytes], set_folder: Path, tmp_path: Path
) -> None:
    with Image.open(io.BytesIO(pictures["cs20"])) as image:
        picture = np.array(image)
    picture[:95, 200:300] = (*(BROWN.hair or ()), 255)
    Image.fromarray(picture).save(set_folder / "cs22.png")
    for name in ("cs20", "cs21", "cs22"):
        (set_folder / f"{name}.csv").write_bytes(csv("cs20"))
    precompute(set_folder, tmp_path / "out")
    style = CartoonsetStyle(tmp_path / "out")
    assert "hair1" in style.parts["hair"]
    assert "cs22" not in style.parts["picture"]


def test_wishes_for_hairstyles_that_are_gone_are_kept(own: Path, set_folder: Path) -> None:
    wish(own, "drop", "cs40 ")
    (set_folder / "cs40.png").unlink()
    precompute(set_folder, own)
    assert "drop cs40" in (own / hairstyles.NAME).read_text()


def test_a_list_that_keeps_nothing(own: Path) -> None:
    (own / hairstyles.NAME).write_text("drop cs10\ndrop cs20\ndrop cs30\ndrop cs40\n")
    with pytest.raises(CacheError, match="keeps no hairstyle"):
        CartoonsetStyle(own)


def test_a_list_that_is_no_text(own: Path) -> None:
    (own / hairstyles.NAME).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CacheError, match="can't be read as text"):
        CartoonsetStyle(own)


# The cache


def test_a_damaged_table_is_named(own: Path) -> None:
    path = own / table.NAME
    whole = path.read_bytes()
    for damaged in (b"", whole[:50], whole[:-1], whole[:-40] + b"\0" * 40, b"x" + whole):
        path.write_bytes(damaged)
        with pytest.raises(CacheError, match="run emojimap precompute again"):
            CartoonsetStyle(own)


def test_masks_behind_a_damaged_record_are_read_from_the_pictures(own: Path) -> None:
    whole = CartoonsetStyle(own).template_masks("hair")[1]
    path = own / journal.NAME
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(b'"name":"cs12"')] ^= 255
    path.write_bytes(bytes(damaged))
    found = CartoonsetStyle(own).template_masks("hair")[1]
    assert np.abs(found - whole).max() < 0.01


def test_a_damaged_picture_is_named(own: Path) -> None:
    style = CartoonsetStyle(own)
    path = own / journal.NAME
    damaged = bytearray(path.read_bytes())
    damaged[-500] ^= 255
    path.write_bytes(bytes(damaged))
    with pytest.raises(CacheError, match=r"picture cs40 .* is damaged: remove that file"):
        style.pixels(Avatar("cartoonset", {"picture": "cs40"}, {}), 500)
    path.unlink()
    with pytest.raises(CacheError, match="run emojimap precompute again"):
        style.pixels(Avatar("cartoonset", {"picture": "cs30"}, {}), 500)


def test_a_damaged_set_does_not_hide_the_other_styles(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own / table.NAME).write_bytes(b"damaged")
    monkeypatch.setattr(styles, "_sets", [own])
    assert "avataaars" in [style.name for style in styles.available()]
    listed = run_alone("styles", "list", EMOJIMAP_CACHE=str(own))
    assert listed.returncode == 0
    assert "avataaars" in listed.stdout


def test_of_two_sets_the_last_is_meant(
    cache: Path, set_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(styles, "_sets", [])
    (set_folder / "cs40.png").unlink()
    precompute(set_folder, tmp_path / "out")
    styles.load(tmp_path / "out")
    assert "cs40" not in styles.load("cartoonset").parts["picture"]
    styles.load(cache)
    assert "cs40" in styles.load("cartoonset").parts["picture"]


def test_a_set_that_was_precomputed_again_is_opened_again(own: Path, set_folder: Path) -> None:
    first = styles.load(own)
    assert styles.load(own) is first
    (set_folder / "cs40.png").unlink()
    time.sleep(0.02)
    precompute(set_folder, own)
    assert "cs40" not in styles.load(own).parts["picture"]


def test_without_a_set_the_style_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOJIMAP_CACHE", str(tmp_path))
    monkeypatch.setattr(styles, "_sets", [])
    with pytest.raises(StyleError, match="run emojimap precompute PATH once"):
        styles.load("cartoonset")
    assert "cartoonset" not in [style.name for style in styles.available()]
