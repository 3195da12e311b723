"""Reading photos: everything odd but valid works, everything bad is one clear line."""

import builtins
import io
import struct
import sys
import time
import types
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, features

from emojimap.errors import ArgumentError, PhotoError
from emojimap.photo import PhotoSettings, read

RED, BLUE = (200, 40, 30), (20, 60, 180)
# How a camera has stored an upright scene, by the orientation that it then notes.
UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def picture(width=64, height=48):
    """Red, with a blue top-left quarter, so that every turn is seen."""
    image = Image.new("RGB", (width, height), RED)
    ImageDraw.Draw(image).rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill=BLUE)
    return image


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(name, data):
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(width, height, depth=8, colour=2, data=b""):
    """Write a PNG by hand: Pillow writes neither 16-bit RGB nor impossible sizes."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def assert_picture(array, size=(64, 48), blue=BLUE, red=RED, tolerance=3):
    assert array.dtype == np.uint8
    assert array.shape == (size[1], size[0], 3)
    assert array.flags.c_contiguous
    np.testing.assert_allclose(array[5, 5].astype(float), blue, atol=tolerance)
    np.testing.assert_allclose(array[-5, -5].astype(float), red, atol=tolerance)


def refused(photo, *words, settings=None):
    with pytest.raises(PhotoError) as caught:
        read(photo, settings)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 300
    for word in words:
        assert word in message
    return message


class TestSources:
    def test_path_str_bytes_image_and_array_agree(self, tmp_path):
        path = tmp_path / "a.png"
        picture().save(path)
        want = np.array(picture())
        sources = (path, str(path), path.read_bytes(), bytearray(path.read_bytes()), picture())
        for source in (*sources, want):
            np.testing.assert_array_equal(read(source), want)

    def test_opened_but_undecoded_image(self, tmp_path):
        path = tmp_path / "a.jpg"
        picture().save(path, quality=95)
        with Image.open(path) as image:
            assert_picture(read(image), tolerance=8)

    def test_array_that_is_not_contiguous(self):
        assert_picture(read(np.array(picture())[:, ::-1][:, ::-1]))

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
    def test_formats(self, kind):
        assert_picture(read(encoded(picture(), kind)), tolerance=12)

    @pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
    def test_avif(self):
        assert_picture(read(encoded(picture(), "AVIF", quality=95)), tolerance=12)

    def test_other_types(self):
        for wrong in (None, 3, ["a.png"]):
            with pytest.raises(ArgumentError, match="give a path"):
                read(wrong)

    @pytest.mark.parametrize("shape", [(40, 40), (40, 40, 4), (40, 40, 1)])
    def test_arrays_of_another_shape(self, shape):
        with pytest.raises(ArgumentError, match="give"):
            read(np.zeros(shape, np.uint8))

    def test_arrays_of_another_type(self):
        with pytest.raises(ArgumentError, match="float64"):
            read(np.zeros((40, 40, 3)))


class TestOddButValid:
    def test_grey(self):
        assert_picture(read(encoded(picture().convert("L"))), blue=(62,) * 3, red=(87,) * 3)

    def test_one_bit(self):
        image = picture().convert("L").point(lambda level: 255 * (level > 70)).convert("1")
        assert_picture(read(encoded(image)), blue=(0,) * 3, red=(255,) * 3)

    def test_palette(self):
        assert_picture(read(encoded(picture().quantize(8))))

    @pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
    def test_cmyk(self, kind):
        assert_picture(read(encoded(picture().convert("CMYK"), kind)), tolerance=12)

    @pytest.mark.parametrize("kind", ["PNG", "TIFF"])
    def test_16_bit_grey_is_scaled(self, kind):
        values = np.array(picture().convert("L")).astype(np.uint16) * 257
        data = encoded(Image.fromarray(values), kind)
        assert_picture(read(data), blue=(62,) * 3, red=(87,) * 3, tolerance=1)

    def test_16_bit_colour_is_scaled(self):
        rows = np.array(picture()).astype(">u2") * 257
        raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
        assert_picture(read(png(64, 48, 16, 2, raw)), tolerance=1)

    @pytest.mark.parametrize("white", [1.0, 255.0, 65_535.0, 1e6])
    def test_float_grey(self, white):
        values = np.array(picture().convert("L")) / np.float32(255) * np.float32(white)
        values[0, 40] = white
        image = Image.fromarray(values.astype(np.float32))
        assert_picture(read(image), blue=(62,) * 3, red=(87,) * 3, tolerance=1)

    def test_32_bit_grey(self):
        values = np.array(picture().convert("L")).astype(np.int32) * 257
        assert_picture(read(Image.fromarray(values)), blue=(62,) * 3, red=(87,) * 3, tolerance=1)

    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_alpha_goes_on_white(self, mode):
        image = picture().convert(mode)
        alpha = Image.new("L", image.size, 255)
        ImageDraw.Draw(alpha).rectangle((0, 0, 31, 23), fill=0)
        image.putalpha(alpha)
        assert read(encoded(image))[5, 5].tolist() == [255, 255, 255]

    def test_transparent_palette_goes_on_white(self):
        image = picture().quantize(8)
        data = encoded(image, transparency=image.getpixel((5, 5)))
        assert_picture(read(data), blue=(255,) * 3)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exif_turn(self, kind, orientation):
        stored = picture() if orientation == 1 else picture().transpose(UNDO[orientation])
        exif = Image.Exif()
        exif[0x0112] = orientation
        options = {"quality": 95} if kind in {"JPEG", "WEBP"} else {}
        assert_picture(read(encoded(stored, kind, exif=exif, **options)), tolerance=14)

    def test_damaged_exif_is_passed_over(self):
        data = encoded(picture(), "JPEG", quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\x7fjunk")
        assert_picture(read(data), tolerance=8)

    @pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
    def test_first_frame_of_an_animation(self, kind):
        rest = [Image.new("RGB", (64, 48), (0, 255, 0))]
        options = {"lossless": True} if kind == "WEBP" else {}
        data = encoded(picture(), kind, save_all=True, append_images=rest, **options)
        assert_picture(read(data))

    def test_colour_profile_is_applied(self):
        plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        assert b"rXYZ" in plain
        swapped = (
            plain.replace(b"rXYZ", b"####").replace(b"bXYZ", b"rXYZ").replace(b"####", b"bXYZ")
        )
        swapped = swapped.replace("sRGB".encode("utf-16-be"), "BGRs".encode("utf-16-be"))
        data = encoded(picture(), icc_profile=swapped)
        assert_picture(read(data), blue=BLUE[::-1], red=RED[::-1])

    @pytest.mark.parametrize("profile", [None, b"no profile"])
    def test_standard_or_damaged_profile_changes_nothing(self, profile):
        plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        assert_picture(read(encoded(picture(), icc_profile=profile or plain)), tolerance=0)

    def test_smallest(self):
        assert read(encoded(picture(32, 32))).shape == (32, 32, 3)


class TestLarge:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG"])
    def test_read_at_reduced_size(self, kind):
        data = encoded(picture(3000, 2000), kind)
        assert_picture(read(data), size=(2048, 1365), tolerance=8)

    def test_turned_and_reduced(self):
        exif = Image.Exif()
        exif[0x0112] = 6
        data = encoded(picture(600, 400).transpose(2), "JPEG", exif=exif, quality=95)
        want = read(data, PhotoSettings(longest_side_px=300))
        assert max(want.shape) == 300

    def test_array_and_image(self):
        settings = PhotoSettings(longest_side_px=256)
        want = read(picture(512, 384), settings)
        assert_picture(want, size=(256, 192))
        np.testing.assert_array_equal(read(np.array(picture(512, 384)), settings), want)

    @pytest.mark.timing
    def test_24_megapixels_are_fast(self):
        data = encoded(Image.new("RGB", (6000, 4000), RED), "JPEG")
        start = time.process_time()
        assert read(data).shape == (1365, 2048, 3)
        assert time.process_time() - start < 2.0


class TestRefused:
    def test_missing(self, tmp_path):
        refused(tmp_path / "none.jpg", "none.jpg", "no such file")
        refused("https://example.org/a.jpg", "no such file")

    def test_folder(self, tmp_path):
        refused(tmp_path, str(tmp_path), "folder")

    def test_impossible_names(self):
        refused("a\0b.jpg", "can't be read")
        refused("a\nb.jpg", "a\\nb.jpg", "no such file")
        refused("x" * 280, "can't be read")

    def test_empty(self, tmp_path):
        path = tmp_path / "empty.jpg"
        path.touch()
        refused(path, "empty.jpg", "empty")
        refused(b"", "empty")

    def test_zeros(self):
        refused(bytes(5000), "zeros")

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
    @pytest.mark.parametrize("share", [0.03, 0.5, 0.9])
    def test_truncated(self, kind, share, tmp_path):
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        data = encoded(Image.fromarray(noise), kind)
        path = tmp_path / f"cut.{kind.lower()}"
        path.write_bytes(data[: int(len(data) * share)])
        refused(path, path.name)

    def test_not_a_photo(self, tmp_path):
        path = tmp_path / "notes.jpg"
        path.write_text("not a photo\n" * 100)
        refused(path, "notes.jpg", "not a photo", "JPEG")
        refused(b"%PDF-1.7 ...", "not a photo")
        refused(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\n", "not a photo")

    def test_random_bytes_after_a_good_start(self):
        data = bytearray(encoded(picture()))
        rng = np.random.default_rng(1)
        for _ in range(200):
            broken = bytearray(data)
            for place in rng.integers(8, len(data), 4):
                broken[place] = rng.integers(256)
            with suppress(PhotoError):
                read(bytes(broken))

    def test_no_pixels(self):
        refused(png(0, 0))
        refused(np.zeros((0, 0, 3), np.uint8), "no pixels")
        refused(Image.new("RGB", (0, 0)), "0 x 0")

    @pytest.mark.parametrize("size", [(1, 1), (31, 400), (400, 31), (40, 9000)])
    def test_too_small(self, size):
        refused(encoded(Image.new("RGB", size)), "too small", "32")
        refused(np.zeros((size[1], size[0], 3), np.uint8), "too small")

    @pytest.mark.parametrize("side", [11_000, 20_000, 2**31 - 1])
    def test_bomb_is_not_decoded(self, side, monkeypatch, tmp_path):
        def decode(*_):
            raise AssertionError("decoded")

        monkeypatch.setattr(Image.Image, "load", decode)
        monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
        path = tmp_path / "bomb.png"
        path.write_bytes(png(side, side, data=bytes(1000)))
        refused(path, "bomb.png", "shrink")

    def test_large_file_is_not_read(self, tmp_path):
        path = tmp_path / "huge.png"
        with path.open("wb") as file:
            file.truncate(201_000_000)  # sparse
        refused(path, "huge.png", "201.0 MB", "200 MB")
        refused(bytes(5000), "MB", settings=PhotoSettings(max_file_mb=0.001))

    @pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device")
    def test_endless_device(self):
        refused("/dev/zero", "MB", settings=PhotoSettings(max_file_mb=1))

    def test_heic_without_its_plugin(self, monkeypatch, tmp_path):
        monkeypatch.setitem(sys.modules, "pillow_heif", None)
        path = tmp_path / "phone.heic"
        path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(500))
        refused(path, "phone.heic", "pip install emojimap[heic]")

    def test_heic_with_its_plugin_but_damaged(self, monkeypatch):
        plugin = types.ModuleType("pillow_heif")
        plugin.register_heif_opener = lambda: None
        monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
        refused(b"\0\0\0\x18ftypheic" + bytes(500), "HEIC")

    def test_unreadable(self, monkeypatch):
        def denied(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(builtins, "open", denied)
        refused("secret.jpg", "secret.jpg", "may not be read")


class TestSettings:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"longest_side_px": 10},
            {"shortest_side_px": 0},
            {"max_megapixels": 500},
            {"max_megapixels": float("nan")},
            {"max_file_mb": 0},
        ],
    )
    def test_ranges(self, wrong):
        with pytest.raises(ArgumentError, match=next(iter(wrong))):
            PhotoSettings(**wrong)
