"""ONNX files, told from their bytes before anything is installed."""

import contextlib

import pytest

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import UsageProblem
from envdoctor.pipeline.sources import identify, model_inputs
from envdoctor.pipeline.sources.onnx import read_onnx
from onnx_bytes import model, nested, node, number, subgraph, value, varint, weight

IMAGE = value("image", 1, 3, 8, 8)
#: The types of an attribute.
TENSOR, GRAPH = number(20, 4), number(20, 5)


def write(folder, *parts, name="net.onnx", **rest):
    path = folder / name
    path.write_bytes(model(*parts, **rest))
    return path


def refused(path, **options):
    with pytest.raises(UsageProblem) as caught:
        identify(path, **options)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["net.onnx", "net.bin"])
def test_a_model_by_its_content(tmp_path, name):
    artifact = identify(write(tmp_path, node("Relu"), IMAGE, weight("w"), value("w", 4), name=name))
    assert artifact.kind == ArtifactKind.ONNX
    assert artifact.inputs == ("'image' (float32, (N, 3, 8, 8))",)
    assert artifact.traits == {"dynamic-batch", "opset 17", "operator Relu"}
    assert read_onnx(artifact.path).opset == 17


def test_a_model_that_takes_nothing_is_constant(tmp_path):
    assert "has no input" in refused(write(tmp_path, node("Relu"), weight("x"), value("x", 4)))


def test_open_sizes_are_said_by_the_user(tmp_path):
    path = write(tmp_path, node("Relu"), value("image", "batch", 3, "h", -1), value("n", 1, 4, kind=7))
    assert "open-sizes" in identify(path).traits
    sized = identify(path, given="1x3x16x12,1x4")
    assert "open-sizes" not in sized.traits
    assert [(spec.name, spec.shape, spec.dtype) for spec in model_inputs(sized)] == [
        ("image", (None, 3, 16, 12), "float32"),
        ("n", (None, 4), "int64"),
    ]


@pytest.mark.parametrize(
    ("given", "words"), [("1x4x16x16,1x4", "does not fit"), ("1x3x8,1x4", "does not fit"), ("1x3x8x8", "takes 2")]
)
def test_what_was_said_must_fit(tmp_path, given, words):
    path = write(tmp_path, node("Relu"), value("image", "batch", 3, "h", "w"), value("n", 1, 4))
    assert words in refused(path, given=given)


def test_operators_of_subgraphs_and_functions_count(tmp_path):
    inner = node("Loop", "", subgraph(node("If", "", subgraph(node("Fancy", "mylib"))), name="body"))
    function = nested(25, nested(1, "Gelu"), nested(10, "own"), nested(7, nested(2, "e"), nested(4, "Erf")))
    path = tmp_path / "net.onnx"
    path.write_bytes(model(node("Relu"), inner, node("Gelu", "own"), node("Add", "ai.onnx"), IMAGE) + function)
    assert read_onnx(path).operators == {"Relu", "Loop", "If", "mylib.Fancy", "Add", "Erf"}


def test_weights_beside_the_model_belong_to_it(tmp_path):
    (tmp_path / "w.bin").write_bytes(b"x" * 24)
    path = write(tmp_path, node("Relu"), IMAGE, weight("w", "w.bin", 16))
    first = identify(path).sha256
    (tmp_path / "w.bin").write_bytes(b"y" * 24)
    assert identify(path).sha256 != first


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (weight("w", "gone.bin"), "gone.bin, which is not beside the model"),
        (weight("w", "w.bin", 17), "is cut short"),
        (weight("w", "w.bin", 0, 7), "a tensor of 8 bytes"),
        (weight("w", "../w.bin"), "outside its folder"),
        (weight("w", "/etc/passwd"), "outside its folder"),
        (weight("w", "a\\..\\..\\w.bin"), "outside its folder"),
        (weight("w", "c:w.bin"), "outside its folder"),
        (weight("w", "w.bin", "-1"), "no number"),
    ],
)
def test_weights_that_are_not_there(tmp_path, stored, words):
    (tmp_path / "w.bin").write_bytes(b"x" * 24)
    assert words in refused(write(tmp_path, node("Relu"), IMAGE, stored))


def test_weights_of_a_subgraph_are_looked_for_too(tmp_path):
    inner = node("If", "", nested(5, nested(1, "then_branch"), GRAPH, nested(6, node("Relu"), weight("w", "gone.bin"))))
    assert "gone.bin" in refused(write(tmp_path, inner, IMAGE))


BESIDE = weight("c", "../gone.bin")[2:]  # the tensor without the key and the size before it
TENSORS, SPARSE = number(20, 9), number(20, 11)


@pytest.mark.parametrize(
    "attribute",
    [
        nested(5, nested(1, "value"), TENSORS, nested(10, BESIDE)),
        nested(5, nested(1, "value"), SPARSE, nested(22, nested(1, BESIDE))),
        nested(5, nested(1, "value"), number(20, 12), nested(23, nested(2, BESIDE))),
    ],
)
@pytest.mark.parametrize("where", ["a node", "a node of a function", "a default of a function"])
def test_no_tensor_may_lie_outside_the_folder(tmp_path, attribute, where):
    kept = [node("Relu"), IMAGE, *([node("Own", "", attribute)] if where == "a node" else [])]
    path = write(tmp_path, *kept)
    if where != "a node":
        default = [nested(11, attribute[2:])] if where == "a default of a function" else []
        inner = node("Constant", "", attribute) if where == "a node of a function" else node("Constant")
        function = nested(25, nested(1, "Own"), inner.replace(inner[:1], varint(7 << 3 | 2), 1), *default)
        path.write_bytes(path.read_bytes() + function)
    assert "outside its folder" in refused(path)


def test_no_sparse_weight_may_lie_outside_the_folder(tmp_path):
    assert "outside its folder" in refused(write(tmp_path, node("Relu"), IMAGE, nested(15, nested(1, BESIDE))))


def test_a_constants_value_may_lie_elsewhere_too(tmp_path):
    tensor = weight("c", "gone.bin")  # the same field number in an attribute
    assert "gone.bin" in refused(
        write(tmp_path, node("Constant", "", nested(5, nested(1, "value"), TENSOR, tensor)), IMAGE)
    )


@pytest.mark.slow
def test_every_cut_is_one_sentence(tmp_path):
    whole = write(tmp_path, node("Relu"), IMAGE, weight("w")).read_bytes()
    for length in range(1, len(whole)):
        (tmp_path / "cut.onnx").write_bytes(whole[:length])
        with contextlib.suppress(UsageProblem):  # and nothing else
            identify(tmp_path / "cut.onnx")


def test_graphs_without_end_are_refused(tmp_path):
    inner = node("Relu")
    for _ in range(40):
        inner = node("If", "", subgraph(inner))
    assert "deep" in refused(write(tmp_path, inner, IMAGE))


def test_an_input_that_takes_text_is_refused(tmp_path):
    assert "takes text" in refused(write(tmp_path, node("Relu"), value("words", 1, 4, kind=8)))


def test_a_model_that_no_protocol_buffer_holds_is_refused(tmp_path):
    path = tmp_path / "big.onnx"
    with path.open("wb") as stream:
        stream.write(b"\x08")
        stream.truncate(1 << 31)
    with pytest.raises(UsageProblem, match="more than 2 GiB"):
        read_onnx(path)
