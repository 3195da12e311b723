"""Sheets: the right size, deterministic, whole or not at all."""

import numpy as np
import pytest
from PIL import Image

from emojimap import sheet
from emojimap.errors import OutputError
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
