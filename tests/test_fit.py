"""The whole way, on the portrait that scikit-image carries and on drawn pictures."""

import dataclasses
import io
import logging
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

import emojimap
from emojimap import styles
from emojimap.analysis import analyse, analyse_all
from emojimap.avatar import Avatar
from emojimap.colours import Colours
from emojimap.comparison import OverlapSettings, compare
from emojimap.errors import ArgumentError, NoFaceError, PhotoError, StyleError
from emojimap.fit import FitSettings, fit, fit_analysis, fit_photo
from emojimap.masks import NAMES
from emojimap.styles.index import open_index


@pytest.fixture(scope="module")
def seen(astronaut):
    return analyse(astronaut)


@pytest.fixture(scope="module")
def fitted(seen):
    return fit_analysis(seen, styles.load("avataaars"))


def rotated(photo, degrees):
    height, width = photo.shape[:2]
    matrix = cv2.getRotationMatrix2D((220, 130), degrees, 1.0)
    return cv2.warpAffine(photo, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


class TestAnalysis:
    def test_contract(self, astronaut, seen):
        assert seen.landmarks.shape == (68, 2)
        assert seen.landmarks.dtype == np.float32
        assert seen.irises.shape == (2, 3)
        assert seen.irises[0, 0] < seen.irises[1, 0]
        assert tuple(seen.masks) == NAMES
        for mask in seen.masks.values():
            assert mask.shape == astronaut.shape[:2]
            assert mask.dtype == bool
        assert 0 < seen.confidence <= 1

    def test_what_the_portrait_shows(self, seen):
        x, _, width, _ = seen.box
        assert 150 < x < 200
        assert 70 < width < 130
        assert seen.masks["hair"][60, 220]
        assert seen.masks["skin"][150, 215]
        assert not seen.masks["facial_hair"].any()
        assert not seen.masks["glasses"].any()
        assert seen.traits.mouth == "open"

    def test_masks_do_not_overlap(self, seen):
        parts = [
            seen.masks[name] for name in ("hair", "facial_hair", "skin", "glasses", "headwear")
        ]
        assert np.sum(parts, axis=0).max() <= 1

    @pytest.mark.parametrize("degrees", [-40, 40])
    def test_turned_head_is_found(self, astronaut, degrees):
        found = analyse(rotated(astronaut, degrees))
        eyes = found.landmarks[36:42].mean(axis=0), found.landmarks[42:48].mean(axis=0)
        turn = np.rad2deg(np.arctan2(*(eyes[1] - eyes[0])[::-1]))
        assert turn == pytest.approx(-degrees + 3, abs=6)

    def test_two_faces_largest_first(self, astronaut):
        small = astronaut[20:220:2, 120:320:2]
        photo = np.full((512, 800, 3), 128, np.uint8)
        photo[:, :512] = astronaut
        photo[100:200, 600:700] = small
        faces = analyse_all(photo)
        assert len(faces) == 2
        assert faces[0].box[2] > faces[1].box[2]
        with pytest.raises(NoFaceError, match="face 2 was asked"):
            analyse(photo, face=2)

    @pytest.mark.parametrize("name", ["brick", "coffee", "chelsea", "rocket", "page", "coins"])
    def test_pictures_without_people_have_no_face(self, name):
        from skimage import data as pictures

        picture = getattr(pictures, name)()
        if picture.ndim == 2:
            picture = np.stack([picture] * 3, axis=-1)
        with pytest.raises(NoFaceError, match="no face found"):
            analyse(picture)

    def test_negative_face_is_refused(self, astronaut):
        with pytest.raises(ArgumentError, match="face -1"):
            analyse(astronaut, face=-1)

    def test_unreadable_photo_is_a_photo_error(self, tmp_path):
        with pytest.raises(PhotoError, match="nowhere"):
            analyse(tmp_path / "nowhere.jpg")


ODD = {
    "grey": lambda image: (image.convert("L"), "PNG"),
    "palette": lambda image: (image.quantize(64), "PNG"),
    "cmyk": lambda image: (image.convert("CMYK"), "JPEG"),
    "alpha": lambda image: (image.convert("RGBA"), "PNG"),
    "animated": lambda image: (image, "GIF"),
}


class TestOddPhotos:
    """Kinds of files that are odd but valid: the face is found where it is in the plain one."""

    @pytest.mark.parametrize("kind", ODD)
    def test_same_face(self, astronaut, seen, kind):
        image, suffix = ODD[kind](Image.fromarray(astronaut))
        stream = io.BytesIO()
        more = {"save_all": True, "append_images": [Image.new("RGB", image.size)]}
        image.save(stream, suffix, **(more if suffix == "GIF" else {}))
        found = analyse(stream.getvalue())
        assert np.hypot(*(found.landmarks - seen.landmarks).T).mean() < 4
        assert found.masks["hair"].sum() == pytest.approx(seen.masks["hair"].sum(), rel=0.2)

    def test_sixteen_bit(self, astronaut, seen):
        deep = cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY).astype(np.uint16) * 257
        found = analyse(cv2.imencode(".png", deep)[1].tobytes())
        assert np.hypot(*(found.landmarks - seen.landmarks).T).mean() < 4

    def test_turned_by_exif(self, astronaut, seen):
        image = Image.fromarray(astronaut).transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[0x0112] = 6
        stream = io.BytesIO()
        image.save(stream, "PNG", exif=exif)
        found = analyse(stream.getvalue())
        assert np.abs(found.landmarks - seen.landmarks).max() < 0.01


class TestFit:
    def test_contract(self, fitted):
        assert fitted.avatar.style == "avataaars"
        assert len(fitted.candidates) == 5
        scores = [score for _, score in fitted.candidates]
        assert scores == sorted(scores, reverse=True)
        assert fitted.avatar.parts["facialHair"] is None
        assert fitted.avatar.parts["accessories"] is None
        assert fitted.avatar.parts["mouth"] == "smile"

    def test_every_choice_is_explained(self, fitted):
        for part in fitted.avatar.parts:
            assert fitted.avatar.choices[part].why, part
        assert "IoU" in fitted.avatar.choices["top"].why
        assert len(fitted.avatar.choices["top"].runners_up) == 4

    def test_same_photo_same_bytes(self, astronaut):
        from emojimap.render import to_png, to_svg

        one, other = (fit(astronaut).avatar for _ in range(2))
        assert one.to_json() == other.to_json()
        assert to_svg(one) == to_svg(other)
        assert to_png(one, 256) == to_png(other, 256)

    def test_another_process_gives_the_same_json(self, fitted, astronaut):
        code = (
            "import emojimap; from skimage import data;"
            "print(emojimap.fit(data.astronaut()).avatar.to_json())"
        )
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert out.stdout.strip() == fitted.avatar.to_json().strip()

    def test_json_gives_the_same_picture(self, fitted):
        back = Avatar.from_json(fitted.avatar.to_json())
        assert back == fitted.avatar
        assert (back.to_image(128) == fitted.avatar.to_image(128)).all()

    def test_seen_colours_are_painted(self, fitted):
        skin = fitted.analysis.colours.skin
        assert fitted.avatar.colours["skin"] == "#{:02x}{:02x}{:02x}".format(*skin)

    def test_hat_is_compared_with_hats(self, seen):
        traits = dataclasses.replace(seen.traits, headwear=True)
        masks = dict(seen.head.masks)
        masks["headwear"], masks["hair"] = masks["hair"], np.zeros_like(masks["hair"])
        hatted = dataclasses.replace(
            seen, traits=traits, head=dataclasses.replace(seen.head, masks=masks)
        )
        found = fit_analysis(hatted, styles.load("avataaars"))
        assert found.overlay.group == "headwear"
        assert found.avatar.parts["top"] in ("hat", "hijab", "turban") or (
            found.avatar.parts["top"].startswith("winterHat")
        )

    def test_no_hair_is_bald(self, seen):
        masks = {**seen.head.masks, "hair": np.zeros_like(seen.head.masks["hair"])}
        bald = dataclasses.replace(seen, head=dataclasses.replace(seen.head, masks=masks))
        assert fit_analysis(bald, styles.load("avataaars")).avatar.parts["top"] is None

    @pytest.mark.parametrize("name", styles.names())
    def test_brows_that_are_hidden_follow_the_hair(self, seen, name):
        style = styles.load(name)
        if "brows" not in style.colour_names:
            return
        brows = style.colour_names["brows"]
        hair = np.array([200, 100, 50], np.uint8)
        bare = dataclasses.replace(seen, colours=Colours())
        dyed = dataclasses.replace(
            seen, colours=dataclasses.replace(seen.colours, hair=hair, brows=None)
        )
        assert fit_analysis(bare, style).avatar.colours[brows] == style.default().colours[brows]
        assert fit_analysis(dyed, style).avatar.colours[brows] == "#8c4623"

    def test_every_template_finds_itself(self):
        style = styles.load("avataaars")
        index = open_index(style, "hair")
        for name, mask in zip(index.ids, index.masks, strict=True):
            best = index.search(mask, k=1)[0]
            assert best.score == 1.0
            assert best.id == name

    def test_window_only_ever_raises_the_best_plain_score(self, seen):
        style = styles.load("avataaars")
        still = compare(seen, style, settings=OverlapSettings())
        moving = compare(seen, style, settings=OverlapSettings(window_px=2, scales=(1.0, 1.1)))
        assert moving.matches[0].score >= still.matches[0].score

    def test_all_faces_or_one(self, astronaut):
        assert len(fit_photo(astronaut)) == 1
        assert len(fit_photo(astronaut, face=0, settings=FitSettings())) == 1

    def test_wrong_arguments(self, astronaut, seen):
        with pytest.raises(StyleError, match="avataaars"):
            fit(astronaut, "avatars")
        with pytest.raises(ArgumentError, match="top 0"):
            fit_analysis(seen, styles.load("avataaars"), top=0)
        with pytest.raises(ArgumentError, match="face_weight is -1: give 0 to 10"):
            OverlapSettings(face_weight=-1)


class TestIndexCache:
    def test_damaged_cache_is_built_again(self, tmp_path, monkeypatch, caplog):
        monkeypatch.setenv("EMOJIMAP_CACHE", str(tmp_path))
        style = styles.load("avataaars")
        whole = open_index(style, "headwear")
        (path,) = tmp_path.iterdir()
        path.write_bytes(path.read_bytes()[:-100])
        with caplog.at_level(logging.WARNING):
            again = open_index(style, "headwear")
        assert "building it again" in caplog.text
        assert (again.masks == whole.masks).all()

    def test_folder_that_cant_be_written_is_said(self, tmp_path, monkeypatch, caplog):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("EMOJIMAP_CACHE", str(tmp_path / "file" / "below"))
        with caplog.at_level(logging.WARNING):
            index = open_index(styles.load("avataaars"), "headwear")
        assert "EMOJIMAP_CACHE" in caplog.text
        assert len(index) == 7


class TestPackage:
    def test_modules_answer_calls(self, astronaut):
        assert emojimap.styles() == styles.names()
        assert emojimap.fit(astronaut, top=1).avatar.style == "avataaars"
        assert emojimap.load_style("avataaars").name == "avataaars"

    def test_unknown_name_is_an_attribute_error(self):
        with pytest.raises(AttributeError, match="nothing"):
            emojimap.nothing  # noqa: B018

    def test_everything_promised_is_there(self):
        for name in emojimap.__all__:
            assert getattr(emojimap, name) is not None
        assert set(emojimap.__all__) <= set(dir(emojimap))
