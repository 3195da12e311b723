"""Reading and cutting ONNX files without the package `onnx`."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from emojimap import onnxgraph
from emojimap.facenet import weights
from emojimap.facenet._onnx import OnnxNetwork


@pytest.fixture(scope="module")
def face():
    return weights.load("face")


def nodes(content):
    return len(onnxgraph.read(content).nodes)


def test_only_what_is_asked_for_stays(face):
    short = onnxgraph.keeping(face.content, ["points"])
    assert onnxgraph.read(short).outputs == ("points",)
    assert nodes(short) < nodes(face.content)


def test_all_outputs_keep_all_that_leads_to_them(face):
    every = onnxgraph.read(face.content).outputs
    same = onnxgraph.keeping(face.content, every)
    assert onnxgraph.read(same) == onnxgraph.read(face.content)


def test_the_cut_file_gives_the_same(face):
    photos = np.random.default_rng(0).uniform(-1, 1, (1, 3, 64, 64)).astype(np.float32)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    found = [
        onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"]).run(
            ["points", "spread"], {"photos": photos}
        )
        for content in (face.content, onnxgraph.keeping(face.content, ["points", "spread"]))
    ]
    for whole, cut in zip(*found, strict=True):
        assert np.array_equal(whole, cut)


def test_landmarks_alone_are_those_of_a_whole_pass(face):
    crops = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), np.uint8)
    network = OnnxNetwork(face, threads=1)
    whole, alone = network(crops), network.landmarks(crops)
    for name in ("points", "spread", "tone"):
        assert np.allclose(getattr(alone, name), getattr(whole, name), rtol=1e-5, atol=1e-4)


def test_a_file_that_is_cut_off_is_refused(face):
    with pytest.raises(ValueError, match="cut off"):
        onnxgraph.keeping(face.content[:-5], ["points"])
