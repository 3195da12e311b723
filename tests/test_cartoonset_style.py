"""Pictures of a precomputed set: chosen, edited, painted, from Python and from a shell."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emojimap.avatar import Avatar
from emojimap.errors import StyleError
from emojimap.overlap import MaskIndex
from emojimap.styles import PartPenalties
from emojimap.styles.cartoonset import journal
from emojimap.styles.cartoonset.precompute import precompute
from emojimap.styles.cartoonset.style import CartoonsetStyle
from emojimap.traits import USUAL, Traits
from tests.command import run, run_alone
from tests.drawn_cartoons import png
from tests.drawn_set import BROWN, SET, heed_interrupts, wish

# Choosing


def test_every_mask_finds_itself(set_style: CartoonsetStyle) -> None:
    ids, masks = set_style.template_masks("hair")
    index = MaskIndex.build(masks, ids, levels=8)
    for number, mask in enumerate(masks):
        found = index.search(mask, k=1)[0].index
        assert np.array_equal(index.mask(found), index.mask(number))  # itself, or its twin
    families = set_style.families("hair")
    assert len(set(families.tolist())) == 4


def best(set_style: CartoonsetStyle, traits: Traits, family_of: str) -> dict[str, str | None]:
    """Parts of the best picture among those with one hairdo."""
    ids, _ = set_style.template_masks("hair")
    prior = set_style.priors("hair", traits, PartPenalties())
    families = set_style.families("hair")
    of = families[ids.index(family_of)]
    number = min(np.flatnonzero(families == of), key=lambda i: prior[i])
    return set_style.template_parts("hair", ids[number], traits, PartPenalties())


@pytest.mark.parametrize(
    ("traits", "picture"),
    [
        (Traits(), "cs10"),
        (Traits(glasses="clear"), "cs11"),
        (Traits(glasses="dark"), "cs12"),
        (Traits(moustache=0.6, chin=0.8, cheeks=0.6), "cs13"),
    ],
)
def test_beard_and_glasses_decide_among_pictures(
    set_style: CartoonsetStyle, traits: Traits, picture: str
) -> None:
    assert best(set_style, traits, "cs10")["picture"] == picture


def test_penalties_are_settings(set_style: CartoonsetStyle) -> None:
    free = PartPenalties(
        **{n: 0.0 for n, v in vars(PartPenalties()).items() if v and not isinstance(v, tuple)}
    )
    assert not set_style.priors("hair", Traits(glasses="dark"), free).any()
    assert set_style.priors("hair", Traits(glasses="dark")).any()


def test_a_long_chin_finds_one(tmp_path: Path) -> None:
    place = tmp_path / "set"
    place.mkdir()
    for i, chin in enumerate((376, 386, 394)):
        (place / f"cs{i}.png").write_bytes(png(BROWN.but(chin=chin)))
    precompute(place, tmp_path / "out")
    style = CartoonsetStyle(tmp_path / "out")
    settings = PartPenalties()
    mean, deviation = USUAL["chin_length"]
    for sign, picture in ((-1, "cs0"), (1, "cs2")):
        prior = style.priors(
            "hair", Traits(measures={"chin_length": mean + sign * 1.5 * deviation}), settings
        )
        assert style.template_masks("hair")[0][int(prior.argmin())] == picture


# Avatars


def test_parts_are_those_of_the_picture(set_style: CartoonsetStyle) -> None:
    full = set_style.check(Avatar("cartoonset", {"picture": "cs13"}, {"skin": "#aabbcc"}))
    assert dict(full.parts) == {
        "picture": "cs13", "hair": "cs10", "facialHair": "beard", "glasses": None
    }  # fmt: skip
    assert full.colours["skin"] == "#aabbcc"
    assert full.colours["facialHair"] == full.colours["hair"]
    assert Avatar.from_json(full.to_json()) == full


def test_parts_set_by_hand_find_another_picture(set_style: CartoonsetStyle) -> None:
    plain = set_style.check(Avatar("cartoonset", {"picture": "cs10"}, {}))
    worn = set_style.check(plain.with_(parts={"glasses": "clear"}))
    assert worn.parts["picture"] == "cs11"
    assert set_style.check(worn.with_(parts={"glasses": None})).parts["picture"] == "cs10"
    long = set_style.check(plain.with_(parts={"hair": "cs20"}))
    assert long.parts["picture"] == "cs20"
    other = set_style.check(plain.with_(parts={"picture": "cs31"}))
    assert other.parts["facialHair"] == "moustache"
    again = Avatar.from_json(worn.to_json())
    assert set_style.check(again).parts["picture"] == "cs11"


def test_what_is_set_last_decides(set_style: CartoonsetStyle) -> None:
    worn = set_style.check(set_style.default().with_(parts={"hair": "cs10", "glasses": "clear"}))
    assert worn.parts["picture"] == "cs11"
    plain = set_style.check(worn.with_(parts={"picture": "cs10"}))
    assert plain.parts["picture"] == "cs10"
    assert set_style.check(plain.with_(parts={"glasses": "dark"})).parts["picture"] == "cs12"
    with pytest.raises(StyleError, match="give the picture or its parts, not both"):
        set_style.check(plain.with_(parts={"picture": "cs10", "glasses": "clear"}))


def test_brows_and_beard_follow_the_hair_until_they_are_set(set_style: CartoonsetStyle) -> None:
    red = set_style.check(set_style.default().with_(colours={"hair": "#ff0000"}))
    assert red.colours["brows"] == "#af0000"
    assert red.colours["facialHair"] == "#ff0000"
    own = set_style.check(red.with_(colours={"brows": "#112233"}))
    again = set_style.check(own.with_(colours={"hair": "#00ff00"}))
    assert again.colours["brows"] == "#112233"
    assert again.colours["facialHair"] == "#00ff00"


def test_pictures_of_a_hairstyle_that_was_dropped_can_still_be_drawn(own: Path) -> None:
    wish(own, "drop", "cs20 ")
    style = CartoonsetStyle(own)
    saved = style.check(Avatar("cartoonset", {"picture": "cs20"}, {}))
    assert style.pixels(saved, 64).any()
    with pytest.raises(StyleError, match="none of the 7 pictures has hair=cs20"):
        style.check(Avatar("cartoonset", {"hair": "cs20"}, {}))


def test_parts_without_a_picture_find_one(set_style: CartoonsetStyle) -> None:
    found = set_style.check(Avatar("cartoonset", {"hair": "cs20", "glasses": "clear"}, {}))
    assert found.parts["picture"] == "cs21"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"picture": "cs77"}, "picture 'cs77' is unknown: use cs"),
        ({"hat": "top"}, "part 'hat' is unknown"),
        ({"glasses": "round"}, "glasses 'round' is unknown"),
        ({"picture": "cs10", "glasses": "clear"}, "cs10 has glasses none, not clear: give the pic"),
        ({"hair": "cs20", "glasses": "dark"}, "none of the 9 pictures has hair=cs20, glasses=dark"),
    ],
)
def test_what_there_is_not(set_style: CartoonsetStyle, parts: dict[str, str], words: str) -> None:
    with pytest.raises(StyleError, match=words):
        set_style.check(Avatar("cartoonset", parts, {}))


def test_pictures_in_any_size_and_on_paper(set_style: CartoonsetStyle) -> None:
    avatar = Avatar("cartoonset", {"picture": "cs10"}, {"skin": "#30201a", "hair": "#e8d8a0"})
    whole = set_style.pixels(avatar, 500)
    assert tuple(whole[290, 250, :3]) == (0x30, 0x20, 0x1A)
    assert set_style.pixels(avatar, 64).shape == (64, 64, 4)
    assert set_style.png(avatar, 300) == set_style.png(avatar, 300)
    on_paper = set_style.pixels(avatar.with_(colours={"background": "#102030"}), 500)
    assert tuple(on_paper[2, 2]) == (0x10, 0x20, 0x30, 255)
    assert set_style.svg(avatar).startswith("<svg")


@pytest.mark.usefixtures("as_named")
def test_a_fit_names_its_picture(astronaut: np.ndarray) -> None:
    import emojimap

    found = emojimap.fit(astronaut, "cartoonset", top=3)
    assert found.avatar.parts["picture"] in SET
    assert len({name[:3] for name, _ in found.candidates}) == len(found.candidates) == 3
    scores = [score for _, score in found.candidates]
    assert scores == sorted(scores, reverse=True)
    assert found.avatar.parts["glasses"] is None
    assert found.avatar.parts["facialHair"] is None
    assert found.avatar.colours["glasses"]
    image = found.avatar.to_image(500)
    skin = bytes.fromhex(found.avatar.colours["skin"][1:])
    assert tuple(image[290, 250, :3]) == tuple(skin)
    assert emojimap.fit(astronaut, "cartoonset").avatar == found.avatar


class TestCommands:
    def test_precompute_then_fit(
        self, set_folder: Path, tmp_path: Path, astronaut: np.ndarray
    ) -> None:
        photo = tmp_path / "me.png"
        Image.fromarray(astronaut).save(photo)
        (set_folder / "cs99.png").write_bytes(b"no picture")
        cache = str(tmp_path / "cache")
        done = run(
            "precompute", set_folder, "--cache", cache, "--jobs", 1, "--sheet", tmp_path / "s.png"
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("9 pictures (9 read now), 4 hairstyles, 0 of them set aside")
        assert "cs99.png: no PNG" in " ".join(done.stderr.split())
        with Image.open(tmp_path / "s.png") as sheet:
            assert min(sheet.size) > 300
        flags = ("--style", "cartoonset", "-o", tmp_path / "a.png", "--colour", "hair=#aa3311")
        done = run_alone("fit", photo, *flags, EMOJIMAP_CACHE=cache)
        assert done.returncode == 0, done.stderr
        with Image.open(tmp_path / "a.png") as picture:
            assert picture.size == (500, 500)
        listed = run_alone("styles", "list", EMOJIMAP_CACHE=cache)
        assert "Cartoon Set by Google; CC BY 4.0" in listed.stdout
        shown = run("styles", "show", tmp_path / "cache" / "cartoonset")
        assert "cs10" in shown.stdout
        gone = run_alone("fit", photo, *flags[:4], EMOJIMAP_CACHE=str(tmp_path / "none"))
        assert gone.returncode == 1
        assert "run emojimap precompute PATH once" in gone.stderr

    @pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
    @pytest.mark.parametrize("seconds", [0.45, 1.5])
    def test_interrupted_it_says_how_to_go_on(
        self, seconds: float, pictures: dict[str, bytes], tmp_path: Path
    ) -> None:
        place = tmp_path / "many"
        place.mkdir()
        for i in range(400):
            (place / f"cs{i:03d}.png").write_bytes(pictures["cs11"] + b"\0" * i)
        words = ("precompute", place, "--cache", tmp_path / "cache", "--jobs", "2")
        running = subprocess.Popen(
            [sys.executable, "-c", "from emojimap.cli import main; main()", *map(str, words)],
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=heed_interrupts,
            text=True,
        )
        begun = tmp_path / "cache" / "cartoonset" / journal.NAME
        until = time.monotonic() + 60
        while not begun.exists() and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(seconds - 0.4)
        os.killpg(running.pid, signal.SIGINT)
        told = running.communicate(timeout=60)[1]
        assert running.returncode == 130
        assert "interrupted: the same command goes on" in " ".join(told.split())
        assert "Traceback" not in told

    @pytest.mark.parametrize("path", ["gone", "empty"])
    def test_nothing_to_read(self, path: str, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        done = run("precompute", tmp_path / path, "--cache", tmp_path / "cache", "--jobs", 1)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "emojimap: " in done.stderr
