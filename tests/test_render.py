"""Pictures and files of avatars."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from emojimap import render, styles
from emojimap.avatar import Avatar
from emojimap.errors import ArgumentError, OutputError, StyleError


@pytest.fixture
def avatar() -> Avatar:
    return styles.load("avataaars").default().with_(colours={"clothes": "#123456"})


@pytest.mark.parametrize("size", [1, 17, 512])
def test_pixels_have_the_size_asked_for(avatar: Avatar, size: int) -> None:
    image = render.to_image(avatar, size)
    assert image.shape == (size, size, 4)
    assert image.dtype == np.uint8
    assert np.array_equal(image, avatar.to_image(size))


def test_the_ground_is_transparent_and_colours_are_exact(avatar: Avatar) -> None:
    image = render.to_image(avatar, 280)
    assert image[0, 0, 3] == 0
    assert tuple(image[270, 140]) == (0x12, 0x34, 0x56, 255)
    painted = render.to_image(avatar.with_(colours={"background": "#abcdef"}), 280)
    assert tuple(painted[0, 0]) == (0xAB, 0xCD, 0xEF, 255)


def test_the_same_avatar_gives_the_same_bytes(avatar: Avatar) -> None:
    again = Avatar.from_json(avatar.to_json())
    assert render.to_png(avatar, 200) == render.to_png(again, 200)
    assert render.to_svg(avatar) == render.to_svg(again) == avatar.to_svg()


@pytest.mark.parametrize("size", [0, -1, render.SIZE_MAX + 1, 2.5, "64", True, None])
def test_sizes_are_checked(avatar: Avatar, size: Any) -> None:
    with pytest.raises(ArgumentError, match="size"):
        render.to_image(avatar, size)


def test_files_by_suffix(avatar: Avatar, tmp_path: Path) -> None:
    for name in ("a.png", "a.svg", "a.json", "b.PNG"):
        render.write(avatar, tmp_path / name, size=64)
    with Image.open(tmp_path / "a.png") as image:
        assert (image.size, image.mode) == ((64, 64), "RGBA")
    assert (tmp_path / "a.svg").read_text("utf-8") == avatar.to_svg()
    assert Avatar.from_json((tmp_path / "a.json").read_bytes()) == avatar
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.png", "a.svg", "b.PNG"]


def test_a_json_leaves_nothing_to_chance(tmp_path: Path) -> None:
    render.write(Avatar("avataaars", {"top": "bun"}, {}), tmp_path / "a.json")
    full = Avatar.from_json((tmp_path / "a.json").read_bytes())
    assert full == styles.load("avataaars").default().with_(parts={"top": "bun"})


def test_a_file_is_replaced_and_keeps_the_rights_of_new_files(
    avatar: Avatar, tmp_path: Path
) -> None:
    (tmp_path / "plain").write_bytes(b"")
    (tmp_path / "a.png").write_bytes(b"old")
    render.write(avatar, str(tmp_path / "a.png"), size=8)
    assert Image.open(io.BytesIO((tmp_path / "a.png").read_bytes())).size == (8, 8)
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_is_followed(avatar: Avatar, tmp_path: Path) -> None:
    (tmp_path / "link.svg").symlink_to(tmp_path / "real.svg")
    render.write(avatar, tmp_path / "link.svg")
    assert (tmp_path / "link.svg").is_symlink()
    assert (tmp_path / "real.svg").read_text("utf-8").startswith("<svg")


@pytest.mark.parametrize("name", ["a.jpg", "a", ".png", "a.png.bak", ""])
def test_an_unknown_suffix_is_named(avatar: Avatar, tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=r"use \.png, \.svg, \.json") as caught:
        render.write(avatar, tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["gone/a.png", "file/a.svg", "folder.json"])
def test_what_cannot_be_written_is_said_in_one_line(
    avatar: Avatar, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(OutputError, match="can't be written") as caught:
        render.write(avatar, tmp_path / name)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.json"]


def test_a_full_disk_leaves_the_old_file(
    avatar: Avatar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.json").write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        render.write(avatar, tmp_path / "a.json")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("suffix", render.SUFFIXES)
def test_what_cannot_be_drawn_is_not_written(tmp_path: Path, suffix: str) -> None:
    wrong = styles.load("avataaars").default().with_(parts={"top": "bobb"})
    with pytest.raises(StyleError, match="bob"):
        render.write(wrong, tmp_path / f"a{suffix}")
    assert not list(tmp_path.iterdir())


def test_an_unknown_style_is_named(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match="avataaars"):
        render.to_svg(Avatar("avataar", {}, {}))
