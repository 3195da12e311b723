"""The command line: what it writes, what it says, how it ends."""

import json
import re
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

from emojimap.avatar import Avatar
from emojimap.colours import ROLES
from tests.command import run, run_alone
from tests.test_photo import png


@pytest.fixture(scope="module")
def portrait(tmp_path_factory, astronaut):
    path = tmp_path_factory.mktemp("photos") / "portrait.png"
    Image.fromarray(astronaut).save(path)
    return path


def failed(done, *words, code=1):
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    if code == 1:
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


class TestFit:
    def test_png_svg_json_and_sheet(self, portrait, tmp_path):
        outs = [tmp_path / f"a.{kind}" for kind in ("png", "svg", "json")]
        flags = [flag for out in outs for flag in ("-o", out)]
        done = run("fit", portrait, *flags, "--size", 200, "--sheet", tmp_path / "s.png")
        assert done.returncode == 0, done.stderr
        with Image.open(outs[0]) as picture:
            assert picture.size == (200, 200)
            assert picture.mode == "RGBA"
        assert outs[1].read_text().startswith("<svg")
        avatar = Avatar.from_json(outs[2].read_text())
        assert avatar.to_svg() == outs[1].read_text()
        with Image.open(tmp_path / "s.png") as sheet:
            assert min(sheet.size) > 800
        assert not list(tmp_path.glob(".*"))

    def test_default_name_stands_here(self, portrait, tmp_path):
        assert run_alone("fit", portrait, cwd=tmp_path).returncode == 0
        assert [path.name for path in tmp_path.iterdir()] == ["portrait.avatar.png"]

    def test_parts_and_colours_by_hand(self, portrait, tmp_path):
        by_hand = ("--set", "hair=bob", "--set", "mouth=default", "--set", "glasses=none")
        done = run("fit", portrait, "-o", tmp_path, "--json", *by_hand, "--colour", "hair=#aa3311")
        assert done.returncode == 0, done.stderr
        avatar = Avatar.from_dict(json.loads(done.stdout))
        assert avatar.parts["top"] == "bob"
        assert avatar.parts["mouth"] == "default"
        assert avatar.colours["hair"] == "#aa3311"

    def test_several_photos_go_into_a_folder_and_failures_are_counted(self, portrait, tmp_path):
        bad = tmp_path / "bad.jpg"
        bad.write_bytes(b"no picture")
        done = run("fit", portrait, bad, portrait, "-o", tmp_path / "out", "--sheet",
                   tmp_path / "sheet.png")  # fmt: skip
        assert done.returncode == 1
        assert "bad.jpg" in done.stderr
        assert "1 of 3 photos failed" in done.stderr
        assert (tmp_path / "out" / "portrait.avatar.png").is_file()
        assert (tmp_path / "sheet.png").is_file()

    def test_photos_of_one_name_do_not_overwrite_each_other(self, portrait, tmp_path):
        for folder in ("a", "b"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "me.png").write_bytes(portrait.read_bytes())
        photos = [tmp_path / folder / "me.png" for folder in ("a", "b")]
        assert run("fit", *photos, "-o", tmp_path / "out").returncode == 0
        names = sorted(path.name for path in (tmp_path / "out").iterdir())
        assert names == ["me-2.avatar.png", "me.avatar.png"]

    def test_all_faces(self, portrait, tmp_path):
        done = run("fit", portrait, "--face", "all", "-o", tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "portrait.avatar.png").is_file()


class TestBadInput:
    @pytest.mark.parametrize(
        ("name", "content", "word"),
        [
            ("missing.jpg", None, "missing.jpg"),
            ("empty.jpg", b"", "empty"),
            ("text.jpg", b"hello, I am a text", "text.jpg"),
        ],
    )
    def test_what_is_no_photo(self, tmp_path, name, content, word):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        failed(run("fit", path, "-o", tmp_path / "out.png"), word)
        assert not (tmp_path / "out.png").exists()

    def test_truncated_photo(self, tmp_path, portrait):
        path = tmp_path / "cut.png"
        path.write_bytes(portrait.read_bytes()[:20_000])
        failed(run("fit", path, "-o", tmp_path / "out.png"), "cut.png")
        assert not (tmp_path / "out.png").exists()

    def test_bomb_and_heic(self, tmp_path):
        (tmp_path / "bomb.png").write_bytes(png(20_000, 20_000, data=bytes(1000)))
        failed(run_alone("fit", tmp_path / "bomb.png"), "bomb.png", "178 megapixels")
        (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(200))
        word = "damaged" if find_spec("pillow_heif") else "pip install emojimap[heic]"
        failed(run("fit", tmp_path / "phone.heic"), "phone.heic", word)

    def test_photo_without_a_face(self, tmp_path):
        path = tmp_path / "grey.png"
        Image.fromarray(np.full((300, 300, 3), 128, np.uint8)).save(path)
        failed(run("fit", path, "-o", tmp_path / "out.png"), "grey.png", "no face found")
        assert not (tmp_path / "out.png").exists()

    def test_tiny_photo(self, tmp_path):
        path = tmp_path / "dot.png"
        Image.new("RGB", (1, 1)).save(path)
        failed(run_alone("fit", path), "dot.png")

    def test_unknown_style_part_variant_colour(self, tmp_path, portrait):
        failed(run("fit", portrait, "--style", "avatars"), "avatars", "avataaars")
        failed(run("fit", portrait, "-o", tmp_path, "--set", "top=bobb"), "bob")
        failed(run("fit", portrait, "-o", tmp_path, "--set", "hat=bob"), "hat")
        failed(run("fit", portrait, "-o", tmp_path, "--colour", "hair=redd"), "redd")
        assert not list(tmp_path.iterdir())

    def test_face_that_is_not_there(self, tmp_path, portrait):
        failed(run("fit", portrait, "--face", 3, "-o", tmp_path), "face 3")

    def test_output_that_cant_be_written(self, tmp_path, portrait):
        failed(run("fit", portrait, "-o", tmp_path / "no" / "a.png"), "no")
        failed(run("fit", portrait, "-o", tmp_path / "a.bmp"), "a.bmp", ".png")
        (tmp_path / "file").write_text("")
        failed(run("fit", portrait, "-o", tmp_path / "file" / "below"), "below")
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

    @pytest.mark.parametrize(
        "arguments",
        [
            ("fit",),
            ("fit", "a.jpg", "--size", "0"),
            ("fit", "a.jpg", "--face", "first"),
            ("fit", "a.jpg", "--set", "top"),
            ("fit", "a.jpg", "--hurry"),
            ("draw",),
        ],
    )
    def test_wrong_usage_ends_with_2(self, arguments):
        done = run(*arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr

    def test_one_file_for_several_photos_is_wrong_usage(self, portrait):
        failed(run("fit", portrait, portrait, "-o", "a.png"), "folder", code=2)


class TestOthers:
    def test_analyse_as_text_json_and_masks(self, portrait, tmp_path):
        text = run("analyse", portrait)
        assert text.stdout.startswith("face 0: ")
        found = json.loads(run("analyse", portrait, "--json", "--masks", tmp_path).stdout)
        assert len(found[0]["landmarks"]) == 68
        assert found[0]["mask_pixels"]["hair"] > 1000
        with Image.open(tmp_path / "portrait-0-hair.png") as mask:
            assert mask.size == (512, 512)
            assert np.count_nonzero(np.asarray(mask)) == found[0]["mask_pixels"]["hair"]

    def test_styles_name_their_authors(self):
        listed = run("styles", "list").stdout
        assert "Pablo Stanley" in listed
        shown = json.loads(run("styles", "show", "avataaars", "--json").stdout)
        assert "bob" in shown["parts"]["top"]

    def test_help_loads_nothing_heavy(self):
        code = (
            "import sys\nsys.argv = ['emojimap', '--help']\nfrom emojimap.cli import main\n"
            "try:\n    main()\nexcept SystemExit:\n    pass\n"
            "heavy = {'numpy', 'cv2', 'torch', 'onnxruntime', 'skimage', 'PIL', 'dicebear'}\n"
            "print(sorted(heavy & set(sys.modules)))"
        )
        begin = time.monotonic()
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert out.stdout.strip().splitlines()[-1] == "[]"
        assert time.monotonic() - begin < 5

    def test_version(self):
        from emojimap import __version__

        assert run_alone("--version").stdout.strip() == f"emojimap {__version__}"

    def test_evaluate_needs_its_data(self, tmp_path):
        failed(run("evaluate", "--data", tmp_path), "holds no data set")
        failed(run("evaluate", "--data", tmp_path, "--split", "test"), "train", code=2)

    def test_gpu_that_is_not_there_is_said_in_one_line(self, portrait):
        if find_spec("torch") is not None:
            import torch

            if torch.cuda.is_available():
                pytest.skip("there is a CUDA device")
        failed(run("analyse", portrait, "--device", "cuda"), "cuda", "--device cpu")
        failed(run("analyse", portrait, "--device", "tpu"), "device 'tpu'")


class TestColours:
    def test_text_names_every_colour(self, portrait):
        done = run("colours", portrait)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert [line[:12].strip() for line in lines] == [role.replace("_", " ") for role in ROLES]
        assert re.search(r"^skin +#[0-9a-f]{6} \w+ .*measured #[0-9a-f]{6}", lines[0])

    def test_json_and_explanation(self, portrait, tmp_path):
        done = run("colours", portrait, "--json", "--explain", tmp_path / "e.png")
        assert done.returncode == 0, done.stderr
        (face,) = json.loads(done.stdout)
        assert set(face) == set(ROLES)
        assert face["hair"]["kind"] == "natural"
        assert face["skin"]["pixels"] > 100
        with Image.open(tmp_path / "e.png") as picture:
            assert picture.size[0] > 1600

    def test_inputs_are_never_written_over(self, portrait, tmp_path):
        photo = tmp_path / "p.png"
        photo.write_bytes(portrait.read_bytes())
        failed(run("colours", photo, "--explain", photo), "what is read", code=2)
        flags = ["--vary", "skin.trim_share=0.1", "-o", tmp_path / "x" / ".." / "p.png"]
        (tmp_path / "x").mkdir()
        failed(run("tune", "grid", photo, *flags), "what is read", code=2)
        labels = tmp_path / "l.csv"
        labels.write_text("photo,skin,hair,iris\np.png,#aa8866,,\n")
        failed(run("tune", "search", labels, "-o", labels), "what is read", code=2)
        assert photo.read_bytes() == portrait.read_bytes()
        assert labels.read_text().startswith("photo,")

    def test_bad_settings_are_not_blamed_on_the_photo(self, portrait, tmp_path):
        path = tmp_path / "my.toml"
        path.write_text("[skin]\ntrim_share = 9\n", "utf-8")
        for command in ("colours", "analyse", "fit"):
            done = run(command, portrait, "--settings", path)
            failed(done, "my.toml line 2")
            assert portrait.name not in done.stderr

    def test_wrong_use(self, portrait, tmp_path):
        failed(run("colours", tmp_path / "none.jpg"), "none.jpg")
        failed(run("colours", portrait, "--explain", tmp_path / "e.jpg"), "ends in .png")
        failed(run("colours", portrait, "--face", "7"), "shows 1 face")
        failed(run("colours", portrait, "--face", "x"), code=2)
        blank_photo = tmp_path / "blank.png"
        Image.new("RGB", (200, 200)).save(blank_photo)
        failed(run("colours", blank_photo), "no face")


class TestSettings:
    def test_shown_settings_change_nothing(self, portrait, tmp_path):
        shown = run("tune", "show")
        assert shown.returncode == 0, shown.stderr
        path = tmp_path / "my.toml"
        path.write_text(shown.stdout, "utf-8")
        plain = run("colours", portrait, "--json")
        assert run("colours", portrait, "--json", "--settings", path).stdout == plain.stdout
        assert run("tune", "show", "--changed", "--settings", path).stdout == ""

    def test_settings_reach_colours_analyse_and_fit(self, portrait, tmp_path):
        path = tmp_path / "my.toml"
        path.write_text("[skin]\nfairest_l = 40.0\n[overlap]\nlevels = 2\n", "utf-8")
        with_, without = (
            json.loads(run("colours", portrait, "--json", *flags).stdout)[0]["skin"]["colour"]
            for flags in (("--settings", path), ())
        )
        assert with_ != without
        seen = json.loads(run("analyse", portrait, "--json", "--settings", path).stdout)
        assert seen[0]["colours"]["skin"]["colour"] == with_
        done = run("fit", portrait, "-o", tmp_path / "a.json", "--settings", path)
        assert done.returncode == 0, done.stderr
        assert with_[1:] in (tmp_path / "a.json").read_text()

    @pytest.mark.parametrize("command", ["fit", "colours", "analyse"])
    def test_errors_name_the_line(self, command, portrait, tmp_path):
        path = tmp_path / "my.toml"
        path.write_text("[skin]\n\npatch_radius_px = 5\n", "utf-8")
        done = run(command, portrait, "--settings", path, cwd=tmp_path)
        failed(done, "my.toml line 3", "patch_radius_eyes")


class TestTuneGrid:
    def test_rows_are_photos_and_columns_combinations(self, portrait, tmp_path):
        flags = ["--vary", "skin.patch_radius=0.06,0.12", "--vary", "hair.locus_share=0,1"]
        done = run("tune", "grid", portrait, portrait, *flags, "-o", tmp_path / "g.png")
        assert done.returncode == 0, done.stderr
        with Image.open(tmp_path / "g.png") as picture:
            assert picture.size[0] == (1 + 1 + 4) * 168
            assert picture.size[1] > 2 * 168

    def test_one_broken_photo_does_not_end_it(self, portrait, tmp_path):
        (tmp_path / "broken.jpg").write_bytes(b"no photo")
        flags = ["--vary", "skin.trim=0.1", "-o", tmp_path / "g.png"]
        done = run("tune", "grid", tmp_path / "broken.jpg", portrait, *flags)
        assert done.returncode == 1
        assert "broken.jpg" in done.stderr
        assert (tmp_path / "g.png").exists()

    @pytest.mark.parametrize(
        ("vary", "told", "code"),
        [
            ("skin.patch=1", "no setting", 1),
            ("skin.trim_share=0.9", "give 0 to 0.45", 1),
            ("skin.trim_share=a", "no number", 1),
            ("skin.curve=1", "table", 1),
            ("skin.least_pixels=2.5", "whole", 1),
            ("skin.trim_share", "SECTION.NAME", 2),
            ("iris.ring_inner=0.95", "ring_outer", 1),
        ],
    )
    def test_wrong_values(self, vary, told, code, portrait, tmp_path):
        done = run("tune", "grid", portrait, "--vary", vary, "-o", tmp_path / "g.png")
        failed(done, told, code=code)
        assert not (tmp_path / "g.png").exists()

    def test_near_values_have_columns_of_their_own(self, portrait, tmp_path):
        flags = ["--vary", "skin.trim_share=0.1234567,0.1234568", "-o", tmp_path / "g.png"]
        assert run("tune", "grid", portrait, *flags).returncode == 0
        with Image.open(tmp_path / "g.png") as picture:
            assert picture.size[0] == 4 * 168

    def test_too_many_columns(self, portrait, tmp_path):
        many = ",".join(f"0.{i:02}" for i in range(1, 40))
        flags = ["--vary", f"skin.trim_share={many}", "--vary", "hair.locus_share=0,0.5,1"]
        done = run("tune", "grid", portrait, *flags, "-o", tmp_path / "g.png")
        failed(done, "combinations", code=2)


class TestTuneLabel:
    def test_without_photos(self, tmp_path):
        failed(run("tune", "label", tmp_path / "none"), "none")
        failed(run("tune", "label", tmp_path), "photo")
