"""Weights are checked before they run."""

import json
import shutil

import pytest

from emojimap.errors import ModelError
from emojimap.facenet import LABELS
from emojimap.facenet._onnx import OnnxNetwork
from emojimap.facenet.weights import Weights, load


@pytest.fixture
def folder(tmp_path):
    from importlib import resources

    for name in ("manifest.json", "face.onnx"):
        shutil.copy(str(resources.files("emojimap.models") / name), tmp_path / name)
    return tmp_path


def test_shipped_network_is_the_one_in_the_manifest(folder):
    weights = load("face")
    assert weights.labels == LABELS
    assert len(weights.content) <= 20 * 2**20
    assert weights.content == load("face", folder).content


def test_changed_byte_is_noticed(folder):
    content = bytearray((folder / "face.onnx").read_bytes())
    content[1000] ^= 1
    (folder / "face.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="SHA-256"):
        load("face", folder)


def test_missing_file_is_named(folder):
    (folder / "face.onnx").unlink()
    with pytest.raises(ModelError, match=r"face\.onnx can't be read"):
        load("face", folder)


@pytest.mark.parametrize("text", ["", "{}", '{"networks": {"face": {"file": "face.onnx"}}}'])
def test_manifest_without_the_network_is_refused(folder, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ModelError, match=r"manifest\.json"):
        load("face", folder)


def test_unknown_network_is_named():
    with pytest.raises(ModelError, match="'nose'"):
        load("nose")


def test_foreign_bytes_do_not_run():
    with pytest.raises(ModelError, match="can't load"):
        OnnxNetwork(Weights("face", b"not a network", LABELS, 256))


def test_other_labels_are_refused():
    with pytest.raises(ModelError, match="labels"):
        OnnxNetwork(Weights("face", b"", ("hair",), 256))


def test_card_names_data_licences_scores_and_limits():
    from importlib import resources

    manifest = json.loads((resources.files("emojimap.models") / "manifest.json").read_text())
    card = (resources.files("emojimap.models") / manifest["networks"]["face"]["card"]).read_text()
    for word in ("Figaro1k", "non-commercial", "hair_iou", "## Limits"):
        assert word in card
