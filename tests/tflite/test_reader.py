"""The reader: against files made by the schema's own code, against the interpreter, and against damage."""

import gc
import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envdoctor.core.errors import Unreadable
from envdoctor.tflite.model import Location
from envdoctor.tflite.reader import map_file, open_model, read_model
from shared_data import shared
from tflite_bytes import model, pack, schema, small, tensor
from thoroughness import amount


def test_everything_of_a_small_model_is_read():
    found = open_model(pack(small()), name="small")
    (operator,) = found.main.operators
    assert (found.version, found.description, found.name) == (3, "made by hand", "small")
    assert (operator.name, operator.version, operator.inputs, operator.outputs) == ("CONV_2D", 3, (0, 1, -1), (2,))
    assert (operator.word("padding"), operator.activation, operator.integer("stride_h")) == ("VALID", "RELU", 2)
    assert operator.integer("dilation_w_factor") == 1
    assert len(operator.options) == 7
    given, weights, out = found.main.tensors
    assert (given.name, given.shape, given.shape_signature, given.dtype) == ("in", (1, 4, 4, 1), (-1, 4, 4, 1), "INT8")
    assert list(weights.quantization.scales) == [0.5, 0.25]
    assert (weights.per_channel, bytes(weights.data())) == (True, b"\x01\x02")
    assert (out.quantization.scales, out.quantization.zero_points) == ((0.125,), (-3,))
    assert (found.external_buffers, found.deprecated_codes_only) == (False, False)


def test_a_custom_operator_and_its_options_are_read():
    made = model(tensors=[tensor([1])], operators=[(0, [0], [0], 0, None)], codes=[(32, 1, b"Mine")])
    made.subgraphs[0].operators[0].customOptions = list(b"opts")
    (operator,) = open_model(pack(made)).main.operators
    assert (operator.label, bytes(operator.custom_options.view())) == ("CUSTOM Mine", b"opts")


def test_a_composite_tells_its_name_and_body():
    one = schema()
    made = model(tensors=[tensor([1])], operators=[(0, [0], [0], 0, None)], codes=[(206, 1, None)])
    options = one.StableHLOCompositeOptionsT()
    options.name, options.decompositionSubgraphIndex, options.compositeAttributes = b"my.norm", 1, [1, 2]
    operator = made.subgraphs[0].operators[0]
    operator.builtinOptions2Type, operator.builtinOptions2 = one.BuiltinOptions2.StableHLOCompositeOptions, options
    (found,) = open_model(pack(made)).main.operators
    assert found.word("name") == "my.norm"
    assert found.integer("decomposition_subgraph_index") == 1
    assert found.options["composite_attributes"] == b"\x01\x02"


def test_signatures_and_metadata_are_read():
    one, made = schema(), small()
    signature, entry, metadata = one.SignatureDefT(), one.TensorMapT(), one.MetadataT()
    entry.name, entry.tensorIndex = b"image", 0
    signature.signatureKey, signature.inputs, signature.outputs = b"serving_default", [entry], []
    metadata.name, metadata.buffer = b"note", 1
    made.signatureDefs, made.metadata = [signature], [metadata]
    found = open_model(pack(made))
    assert (found.signatures[0].key, dict(found.signatures[0].inputs)) == ("serving_default", {"image": 0})
    assert bytes(found.metadata["note"].view()) == b"\x01\x02"


def test_codes_numbered_the_old_way_alone_are_told():
    made = small()
    made.operatorCodes[0].builtinCode = 0
    found = open_model(pack(made))
    assert found.deprecated_codes_only
    assert found.main.operators[0].name == "CONV_2D"


def test_constants_behind_the_flatbuffer_are_found():
    made = small()
    made.buffers[1].data = None
    made.buffers[1].offset, made.buffers[1].size = 0x11111111, 2
    data = pack(made)
    data = data.replace((0x11111111).to_bytes(8, "little"), len(data).to_bytes(8, "little")) + b"\x05\x06"
    found = open_model(data)
    assert found.external_buffers
    assert found.main.tensors[1].content.location is Location.AFTER
    assert bytes(found.main.tensors[1].data()) == b"\x05\x06"


def test_a_constant_behind_a_file_that_was_cut_is_unreadable_and_not_empty():
    made = small()
    made.buffers[1].data = None
    made.buffers[1].offset, made.buffers[1].size = 1 << 40, 2
    with pytest.raises(Unreadable, match="runs over the end"):
        open_model(pack(made)).main.tensors[1].data()


def test_an_operator_of_the_future_is_named_by_its_number():
    made = small()
    made.operatorCodes[0].builtinCode = 999
    assert open_model(pack(made)).main.operators[0].name == "BUILTIN_999"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda made: made.subgraphs[0].operators[0].inputs.append(77), "isn't among its 3"),
        (lambda made: setattr(made.subgraphs[0].operators[0], "opcodeIndex", 5), "operator code 5 is asked for"),
        (lambda made: setattr(made.subgraphs[0].tensors[1], "buffer", 9), "buffer 9 is asked for"),
        (lambda made: setattr(made, "subgraphs", []), "has no subgraph"),
    ],
)
def test_references_to_what_is_not_there_are_damage(change, words):
    made = small()
    change(made)
    with pytest.raises(Unreadable, match=words):
        open_model(pack(made), name="m.tflite")


def test_what_is_no_model_is_told_with_its_name(tmp_path):
    text, empty = tmp_path / "a.tflite", tmp_path / "b.tflite"
    text.write_text("not a model")
    empty.touch()
    for path, words in ((text, "is no .tflite file"), (empty, "is empty"), (tmp_path / "c", "can't be read")):
        with pytest.raises(Unreadable, match=words):
            read_model(path)
    with pytest.raises(Unreadable):
        read_model(tmp_path)


def walk(found):
    """Look at everything a rule may look at."""
    for subgraph in found.subgraphs:
        for item in subgraph.tensors:
            if item.quantization:
                list(zip(item.quantization.scales, item.quantization.zero_points, strict=False))
            if item.constant:
                item.data()
        for operator in subgraph.operators:
            dict(operator.options)
            if operator.custom_options:
                operator.custom_options.view()


def looked_at(data):
    try:
        walk(open_model(data))
    except Unreadable:
        return


@pytest.mark.slow
@settings(max_examples=amount(300), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8))
def test_flipped_bytes_give_a_model_or_a_clear_error(changes):
    data = bytearray(pack(small()))
    for position, value in changes:
        data[position % len(data)] = value
    looked_at(bytes(data))


@given(st.integers(0, 2000))
def test_a_cut_file_gives_a_model_or_a_clear_error(length):
    looked_at(pack(small())[:length])


@given(st.binary(max_size=600))
def test_bytes_behind_the_identifier_give_a_clear_error(data):
    looked_at(b"\x10\0\0\0TFL3" + data)


def test_a_real_model_with_flipped_bytes_ends_in_bounded_time():
    path = min(shared("data/edgetpu/models").glob("*.tflite"), key=lambda one: abs(one.stat().st_size - 100_000))
    original = path.read_bytes()
    start = time.monotonic()
    for step in range(60):
        data = bytearray(original)
        for position in range(step, len(data), 1 + len(data) // (step + 2)):
            data[position] ^= 0x5A
        looked_at(bytes(data))
    assert time.monotonic() - start < 60


@pytest.mark.integration  # the interpreter prepares each model: a fifth of the time of all unit tests
def test_every_readable_model_is_read_as_the_interpreter_reads_it():
    """Operators, shapes, types and quantization of all models on record, against ai-edge-litert."""
    np = pytest.importorskip("numpy")
    interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed here")
    compared = 0
    for path in sorted(shared("data/edgetpu/models").glob("*.tflite")):
        found, theirs = read_model(path).main, interpreter.Interpreter(str(path))
        theirs_ops = theirs._get_ops_details()
        for operator, other in zip(found.operators, theirs_ops, strict=False):
            assert (operator.custom_code or operator.name) == other["op_name"], path
            assert (list(operator.inputs), list(operator.outputs)) == (list(other["inputs"]), list(other["outputs"]))
        for other in theirs.get_tensor_details():
            if other["index"] >= len(found.tensors):
                continue  # a delegate's own
            item = found.tensors[other["index"]]
            parameters = other["quantization_parameters"]
            assert (item.name, list(item.shape)) == (other["name"], list(other["shape"]))
            assert list(item.shape_signature or item.shape) == list(other["shape_signature"])
            assert item.dtype == np.dtype(other["dtype"]).name.upper()
            scales = list(item.quantization.scales) if item.quantization else []
            assert scales == [float(scale) for scale in parameters["scales"]]
            if item.quantization:
                assert list(item.quantization.zero_points) == list(parameters["zero_points"])
        compared += 1
        del theirs
        gc.collect()
    assert compared >= 50


def test_a_file_that_shrinks_while_it_is_read_ends_nothing(tmp_path):
    (tmp_path / "m.tflite").write_bytes(bytes(9000))
    data = map_file(tmp_path / "m.tflite")
    os.truncate(tmp_path / "m.tflite", 0)
    assert not any(data[-10:])
