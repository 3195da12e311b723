"""Avatars built part by part."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from emojimap import construct as module
from emojimap import embed, styles
from emojimap.analysis import analyse
from emojimap.avatar import Avatar
from emojimap.cli import app
from emojimap.construct import (
    ConstructSettings,
    construct,
    cut_avatar,
    cut_face,
    vector,
)
from emojimap.errors import ArgumentError, ModelError, StyleError
from emojimap.segments import KINDS, WHOLE
from emojimap.styles import codes as codes_
from emojimap.styles.codes import codes_of, identity


class Pixels:
    """Codes are the pixels themselves."""

    def __init__(self, name="pixels"):
        self.name = name
        self.calls = 0

    def embed(self, pictures, kind):
        self.calls += 1
        return (pictures.astype(np.float32) - 128).reshape(len(pictures), -1)


@pytest.fixture(scope="module")
def seen(astronaut):
    return analyse(astronaut)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(codes_, "_books", {})


@pytest.mark.parametrize("name", styles.names())
def test_a_face_gets_parts_that_are_for_faces(name, seen):
    style = vector(styles.load(name))
    built = construct(seen, style, Pixels())
    assert built.avatar == style.check(built.avatar)
    for kind, ranked in built.candidates.items():
        drawn = style.part_pictures(kind)
        assert {one for one, _ in ranked} == set(drawn.ids)
        scores = [score for _, score in ranked]
        assert scores == sorted(scores, reverse=True)
        worn = [all(built.avatar.parts[p] == v for p, v in one.items()) for one in drawn.parts]
        assert any(good for good, own in zip(drawn.usable, worn, strict=True) if own)
    fitted = module.fit_analysis(seen, style).avatar
    assert built.avatar.colours == fitted.colours


def test_nobody_gets_a_beard_that_was_not_seen(seen):
    style = vector(styles.load("avataaars"))

    class Bearded(Pixels):
        def embed(self, pictures, kind):
            found = super().embed(pictures, kind)
            return np.where(kind == "beard", pictures[:, :, :, 3].mean(), 1) + found * 0

    assert construct(seen, style, Bearded()).avatar.parts["facialHair"] is None


def test_an_avatar_gives_its_own_parts_back():
    style = vector(styles.load("avataaars"))
    avatar = style.default().with_(parts={"eyebrows": "flatNatural", "top": "bob"})
    for kind, wanted in (("brows", "flatNatural"), ("hair", "bob")):
        code = Pixels().embed(cut_avatar(avatar)[kind][None], kind)
        best = embed.cosine(code, codes_of(style, Pixels(), kind))[0].argmax()
        assert style.part_pictures(kind).ids[best] == wanted


def test_odd_hair_costs_what_the_pack_says(seen):
    style = vector(styles.load("avataaars"))
    free = construct(seen, style, Pixels(), settings=ConstructSettings(prior=0))
    assert free.avatar.parts["top"] == next(
        one for one, _ in free.candidates["hair"] if one != "bald"
    )


def test_parts_are_embedded_once_and_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("EMOJIMAP_CACHE", str(tmp_path))
    style = vector(styles.load("personas"))
    first = Pixels()
    before = codes_of(style, first, "nose")
    calls = first.calls
    assert codes_of(style, first, "nose") is before
    assert first.calls == calls
    monkeypatch.setattr(codes_, "_books", {})
    second = Pixels()
    assert (codes_of(style, second, "nose") == before).all()
    assert second.calls == 1  # that it is the same embedder
    (kept,) = tmp_path.glob("*.npy")
    for content in (b"broken", kept.read_bytes()[:-40]):
        kept.write_bytes(content)
        monkeypatch.setattr(codes_, "_books", {})
        assert (codes_of(style, Pixels(), "nose") == before).all()
    assert kept.stat().st_size > 1000


def test_other_networks_have_other_books():
    assert identity(Pixels(), "eyes") == identity(Pixels(), "eyes")
    assert identity(Pixels(), "eyes") != identity(Pixels("other"), "eyes")


def test_centred_codes_have_no_mean():
    style = vector(styles.load("avataaars"))
    book = codes_of(style, Pixels(), "hair", centre=True)
    assert np.abs(book.mean(axis=0)).max() < 1e-3


def test_a_style_of_whole_pictures_is_refused(set_style, seen):
    with pytest.raises(StyleError, match="no parts to be drawn alone"):
        construct(seen, set_style, Pixels())


def test_face_and_avatar_have_the_same_kinds(seen):
    avatar = styles.load("toon-head").default()
    assert tuple(cut_face(seen)) == tuple(cut_avatar(avatar)) == KINDS


class TestShipped:
    """The part embedders that ship."""

    @pytest.mark.parametrize("kind", [*KINDS, WHOLE])
    def test_codes_of_every_kind(self, kind, seen):
        network = embed.load("autoencoder")
        picture = cut_face(seen).get(kind, np.zeros((64, 64, 4), np.uint8))
        codes = network.embed(np.stack([picture, picture[:, ::-1]]), kind)
        assert codes.dtype == np.float32
        assert codes.shape[0] == 2
        assert np.isfinite(codes).all()
        assert network.embed(np.zeros((0, 64, 64, 4), np.uint8), kind).shape == (0, codes.shape[1])

    def test_other_sizes_are_resized(self, seen):
        network = embed.load("autoencoder")
        picture = cut_face(seen)["eyes"]
        large = np.repeat(np.repeat(picture, 2, axis=0), 2, axis=1)
        small, big = (network.embed(one[None], "eyes") for one in (picture, large))
        assert embed.cosine(small, big)[0, 0] > 0.999

    def test_together_they_are_small(self):
        from importlib import resources

        folder = resources.files("emojimap.models")
        sizes = [
            len(one.read_bytes())
            for one in folder.iterdir()
            if one.name.startswith("parts-") and one.name.endswith(".onnx")
        ]
        assert len(sizes) == len(KINDS) + 1
        assert sum(sizes) <= 6e6

    def test_wrong_arguments(self, tmp_path):
        network = embed.load("autoencoder")
        with pytest.raises(ArgumentError, match="ears"):
            network.embed(np.zeros((1, 64, 64, 4), np.uint8), "ears")
        with pytest.raises(ArgumentError, match=r"\(1, 64, 64, 3\)"):
            network.embed(np.zeros((1, 64, 64, 3), np.uint8), "eyes")
        from emojimap.embed.autoencoder import PartEmbedder

        with pytest.raises(ModelError, match=r"manifest\.json"):
            PartEmbedder(tmp_path).embed(np.zeros((1, 64, 64, 4), np.uint8), "eyes")


class TestCommand:
    @pytest.fixture
    def photo(self, astronaut, tmp_path):
        from PIL import Image

        path = tmp_path / "photo.png"
        Image.fromarray(astronaut).save(path)
        return path

    def test_files_sheet_and_json(self, photo, tmp_path):
        sheet = tmp_path / "sheet.png"
        result = CliRunner().invoke(
            app,
            [
                "construct",
                str(photo),
                "-o",
                str(tmp_path / "a.svg"),
                "--sheet",
                str(sheet),
                "--json",
            ],
        )
        assert result.exit_code == 0, result.output
        told = json.loads(result.stdout)
        assert Avatar.from_dict(told["avatar"]).parts["mouth"] == "smile"
        assert set(told["candidates"]) == {"hair", "eyes", "brows", "mouth", "beard"}
        assert (tmp_path / "a.svg").read_text().startswith("<svg")
        assert sheet.stat().st_size > 10_000

    @pytest.mark.parametrize(
        ("arguments", "kind", "message"),
        [
            (["--embedder", "resnet"], ArgumentError, "resnet"),
            (["--layer", "x"], ArgumentError, "layer"),
            (["--style", "avatars"], StyleError, "avataaars"),
            (["--embedder", "missing.onnx"], ModelError, "missing.onnx"),
        ],
    )
    def test_what_is_wrong_is_named(self, photo, tmp_path, arguments, kind, message):
        out = tmp_path / "a.png"
        result = CliRunner().invoke(app, ["construct", str(photo), "-o", str(out), *arguments])
        assert isinstance(result.exception, kind)
        assert message in str(result.exception)
        assert not out.exists()
