"""The tone head: fitted to features that are known, written beside everything else."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from emojimap.errors import DataError

if missing := [n for n in ("torch", "segmentation_models_pytorch", "onnx") if not find_spec(n)]:
    pytest.skip(f"{', '.join(missing)} not installed", allow_module_level=True)

from emojimap.facenet.backends import networks
from emojimap.facenet.crops import warp
from emojimap.facenet.find import find
from emojimap.facenet.weights import load
from emojimap.train.export import add_tone, with_tone
from emojimap.train.tone import ToneHead, ToneSettings, _head, fit, lightness
from tests.command import run

MODELS = Path(__file__).parents[1] / "models"


def features(count=160, seed=0):
    """Features of which some tell the tone and some the light."""
    rng = np.random.default_rng(seed)
    tones = rng.uniform(35, 80, count)
    own = rng.normal(size=(count, 20))
    own[:, :4] += 0.2 * (tones[:, None] - 60)
    lights = rng.normal(size=(count, 6))
    lit = own[:, None].repeat(6, 1)
    # The fourth tells the tone as well, and changes with the light.
    lit[:, :, 3] += 6 * lights
    return own, lit, tones


def test_tone_is_learnt_and_the_light_is_not():
    own, lit, tones = features()
    settings = ToneSettings(components=20, ridge=1.0)
    head = _head(own, lit, tones, settings)
    assert head.correlation > 0.9
    assert head.error < 5
    deaf = _head(own, lit, tones, ToneSettings(components=20, ridge=1.0, light_weight=0.0))
    assert head.light_change < 0.7 * deaf.light_change
    assert abs(head.weight[3]) < abs(head.weight[:3]).min()


def test_few_faces_are_refused(tmp_path):
    from PIL import Image

    path = tmp_path / "blank.png"
    Image.new("RGB", (128, 128)).save(path)
    network, _ = with_tone(MODELS)
    with pytest.raises(DataError, match="0 of 2 labelled photos show a face"):
        fit([(path, 60.0)] * 2, network, networks().face)


def test_lightness():
    assert lightness("#ffffff") == pytest.approx(100, abs=0.1)
    assert lightness("#777777") == pytest.approx(50, abs=0.5)


@pytest.mark.filterwarnings("ignore")  # torch warns of its own exporter
def test_head_is_written_and_read_back(tmp_path, astronaut):
    folder = tmp_path / "models"
    shutil.copytree(MODELS, folder)
    before = networks(folder).face
    network, _ = with_tone(folder)
    weight = np.random.default_rng(1).normal(scale=0.3, size=network.s.in_features)
    head = ToneHead(weight, 61.0, 99, 5.5, 0.75, 0.9)
    add_tone(folder, head)
    assert load("face", folder).content != load("face", MODELS).content
    after = networks(folder).face
    (face,) = find(astronaut, before)
    crop = warp(astronaut, face.matrix, after.size)[None]
    old, new = before(crop), after(crop)
    np.testing.assert_allclose(new.points, old.points, atol=1e-3)
    np.testing.assert_allclose(new.probabilities, old.probabilities, atol=1e-4)
    import torch

    with torch.no_grad():
        pooled = network.pooled(torch.from_numpy(crop.transpose(0, 3, 1, 2)) / 127.5 - 1).numpy()
    assert new.tone[0] == pytest.approx(float(pooled[0] @ weight + 61.0), abs=0.02)
    text = (folder / "face.md").read_text("utf-8")
    assert text.count("## Tone head") == 1
    assert "99 photos" in text
    assert "<!-- scores -->" in text
    assert np.isnan(networks(folder).hair(crop).tone).all()
    listed = [
        json.loads((one / "manifest.json").read_text())["networks"] for one in (folder, MODELS)
    ]
    assert set(listed[0]) == set(listed[1])


def test_command_says_what_is_wrong(tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("photo,skin,hair,iris\nnone.jpg,#aa8866,,\n")
    done = run("train", "tone", labels, "--model", MODELS)
    assert done.returncode == 1
    assert "none.jpg" in done.stderr
    assert "Traceback" not in done.stderr
