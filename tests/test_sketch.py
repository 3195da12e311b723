"""First packs by looking at definitions, and what checking a pack finds."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from emojimap import styles
from emojimap.cli import app
from emojimap.errors import StyleError
from emojimap.styles import pack, sketch
from emojimap.styles.checking import findings
from emojimap.styles.dicebear import DicebearStyle

PACKS = Path(styles.__file__).parent


def copied(name: str, target: Path) -> Path:
    """Write a copy of a built-in definition."""
    target.write_bytes(files("dicebear_styles").joinpath(f"{name}.json").read_bytes())
    return target


def built_in(name: str) -> DicebearStyle:
    style = styles.load(name)
    assert isinstance(style, DicebearStyle)
    return style


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """A definition of one's own."""
    return copied("personas", tmp_path / "My Art.json")


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["styles", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("name", styles.names())
def test_eyes_and_outline_are_seen_where_the_packs_have_them(name: str) -> None:
    style = built_in(name)
    seen = sketch.look(style.original)
    assert seen.guessed == []
    for key in ("eyes", "outline", "chin"):
        written, drawn = (np.ravel(a[key]) for a in (style.pack.anchors, seen.anchors))
        assert drawn == pytest.approx(written, abs=0.03), key


@pytest.mark.parametrize("name", styles.names())
def test_a_first_pack_of_a_built_in_style_can_be_used(name: str, tmp_path: Path) -> None:
    definition = built_in(name).original
    copied(name, tmp_path / "art.json")
    text = sketch.toml(sketch.look(definition), "drafted", "art.json", definition)
    (tmp_path / "draft.toml").write_text(text, "utf-8")
    style = DicebearStyle(tmp_path / "draft.toml")
    ids, masks = style.template_masks("hair", 24)
    assert len(ids) > 3
    assert (masks.reshape(len(ids), -1).sum(axis=1) > 0).sum() >= len(ids) - 1
    roles = set(built_in(name).part_names) - set(built_in(name).pack.extras)
    own = {role for role in roles if set(built_in(name).part_names[role]) <= set(style.parts)}  # type: ignore[index]
    assert {"hair", "eyes", "mouth"} <= own <= {*style.part_names, "glasses", "brows", "headwear"}


def test_new_writes_a_pack_that_check_takes(art: Path, tmp_path: Path) -> None:
    assert run("new", art)[0] == 0
    target = art.with_suffix(".toml")
    assert pack.read(target).name == "my-art"
    code, out, _ = run("check", target, "--sheet", tmp_path / "masks.png")
    assert code == 0
    assert "my-art: valid; 18 templates of hair, 2 of headwear" in out
    assert "glasses can't be shown" in out
    with Image.open(tmp_path / "masks.png") as picture:
        assert np.asarray(picture).std() > 10
    code, out, _ = run("check", target, "--json")
    assert json.loads(out)["templates"] == {"hair": 18, "headwear": 2}


def test_new_never_writes_over_a_file(art: Path, tmp_path: Path) -> None:
    (tmp_path / "there.toml").write_text("mine", "utf-8")
    with pytest.raises(Exception, match="there already"):
        run("new", art, "-o", tmp_path / "there.toml")
    assert (tmp_path / "there.toml").read_text("utf-8") == "mine"
    assert run("new", art, "-o", art)[0] == 2


def test_what_is_no_definition_is_said_so(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    for content, why in (("{", "can't be read"), ("[]", "no JSON object"), ("{}", "no valid")):
        wrong.write_text(content, "utf-8")
        with pytest.raises(StyleError, match=why):
            run("new", wrong)
    with pytest.raises(StyleError, match="can't be read"):
        run("new", tmp_path / "missing.json")
    assert not list(tmp_path.glob("*.toml"))


def test_a_style_without_hair_is_refused(art: Path) -> None:
    definition = json.loads(art.read_text("utf-8"))
    definition["components"]["shape"] = definition["components"].pop("hair")
    with pytest.raises(StyleError, match="without hair"):
        sketch.look(definition)


@pytest.mark.parametrize("name", styles.names())
def test_nothing_is_to_be_said_about_the_built_in_packs(name: str) -> None:
    assert findings(built_in(name)) == []


def drafted(tmp_path: Path, *changes: tuple[str, str]) -> DicebearStyle:
    """Change the text of a built-in pack."""
    text = (PACKS / "avataaars.toml").read_text("utf-8").replace('"avataaars"', '"drafted"', 1)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "draft.toml").write_text(text, "utf-8")
    return DicebearStyle(tmp_path / "draft.toml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("eyes = [[0.40714, 0.4], ", "eyes = [[0.3, 0.4], ", "anchors.eyes"),
        ('neutral = "serious"', 'neutral = "sad"', "sad can be chosen"),
        ("theCaesarAndSidePart = 0.005", "", "one outline"),
        ('optional = ["lips", "top", ', 'optional = ["lips", ', "no template is bald"),
        ("\n[traits.facial_hair]", "\n[traits.nose]\n\n[traits.hidden]", ""),
    ],
)  # fmt: skip
def test_what_is_probably_wrong_is_found(tmp_path: Path, old: str, new: str, said: str) -> None:
    if not said:
        with pytest.raises(StyleError, match=r"unknown key traits\.hidden"):
            drafted(tmp_path, (old, new))
        return
    assert any(said in line for line in findings(drafted(tmp_path, (old, new))))


def test_unknown_terms_of_a_distance_are_named(tmp_path: Path) -> None:
    drafted(tmp_path, ("[distance]", "[distance]\nsmell = 1.0"))
    with pytest.raises(Exception, match="smell"):
        run("check", tmp_path / "draft.toml")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("My Art.json", "my-art"), ("toon-head.json", "toon-head"), ("9.json", "style")],
)
def test_names_follow_files(name: str, expected: str) -> None:
    assert sketch.name_of(Path(name)) == expected
