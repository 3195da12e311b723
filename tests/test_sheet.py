"""Sheets: the right size, deterministic, whole or not at all."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from emojimap import sheet
from emojimap.analysis import recoloured
from emojimap.colours import ColourSettings, SkinSettings
from emojimap.errors import ArgumentError, OutputError
from emojimap.fit import fit


@pytest.fixture(scope="module")
def fitted(astronaut):
    return fit(astronaut)


def test_fitting_shows_everything(fitted):
    picture = sheet.fitting(fitted)
    assert picture.dtype == np.uint8
    assert picture.shape[1] == 4 * 400 + 5 * 12
    assert (picture == sheet.fitting(fitted)).all()
    avatar = fitted.avatar.to_image(400)
    row, column = 250, 200
    shown = picture[12 + row, 4 * 12 + 3 * 400 + column]
    assert (shown == avatar[row, column, :3]).all()


def test_contacts_lay_pairs_in_rows(fitted):
    one = sheet.contacts([fitted])
    many = sheet.contacts([fitted] * 7)
    assert many.shape[0] == 2 * one.shape[0]
    assert (many[: one.shape[0], : one.shape[1]] == one).all()


def test_grey_and_rgb_are_written(tmp_path):
    sheet.write(np.zeros((5, 7), np.uint8), tmp_path / "new" / "grey.png")
    with Image.open(tmp_path / "new" / "grey.png") as picture:
        assert picture.size == (7, 5)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["grey.png"]


def test_unwritable_place_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't be made"):
        sheet.write(np.zeros((5, 7), np.uint8), tmp_path / "file" / "s.png")


def test_explanation_shows_the_pixels_that_count(fitted):
    picture = sheet.explanation(fitted.analysis)
    assert picture.dtype == np.uint8
    assert (picture == sheet.explanation(fitted.analysis)).all()
    hair = np.array((255, 70, 40))
    assert ((picture[:400, 400:820] == hair).all(axis=2)).sum() > 2000
    chosen = fitted.analysis.colours.skin
    assert ((picture == chosen).all(axis=2)).sum() >= 60 * 50


def test_explanation_draws_the_patches_of_the_settings(fitted):
    settings = ColourSettings(skin=SkinSettings(patch_radius_eyes=0.25))
    plain, other = sheet.explanation(fitted.analysis), sheet.explanation(fitted.analysis, settings)
    assert (plain[:400, :400] != other[:400, :400]).any()
    assert (plain[:, 420:] == other[:, 420:]).all()


def test_explanation_of_a_face_that_shows_little(fitted):
    bare = recoloured(replace(fitted.analysis, masks={}), ColourSettings())
    assert sheet.explanation(bare).shape == sheet.explanation(fitted.analysis).shape


def test_grid_has_a_row_for_each_face(fitted):
    picture = sheet.grid([[fitted] * 3] * 2, ["now", "a=1|b=2", "c"], ["x", "y"])
    assert picture.shape[1] == 4 * 168
    half = (picture.shape[0] - 2 * 18 - 3) // 2
    assert (picture[-half:, 168:336] == picture[-half:, 336:504]).all()
    with pytest.raises(ArgumentError, match="2 titles"):
        sheet.grid([[fitted]], ["a", "b"], ["x"])
    with pytest.raises(ArgumentError, match="0 rows"):
        sheet.grid([], ["a"], [])
