import pytest
from hypothesis import given
from hypothesis import strategies as some

from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.pipeline.sources import identify
from envdoctor.pipeline.sources.effects import operator_effects
from envdoctor.pipeline.sources.saved_model import read_saved_model
from envdoctor.support.protobuf import read_message
from keras_files import DATA, entry, field, saved_model, tensor_info, varint, write_keras, write_saved_model

RECORDED = (DATA / "saved_model/tf1.pb").read_bytes()
PLAIN = {"serving_default": {"x": tensor_info((None, 4))}}


def test_a_real_one(tmp_path):
    found = read_saved_model(write_saved_model(tmp_path / "m", RECORDED))
    assert found.tensorflow == "2.15.1"
    assert {name: [(s.name, s.shape, s.dtype) for s in specs] for name, specs in found.signatures.items()} == {
        "serving_default": [("x", (None, 6), "float32")]
    }
    assert {"MatMul", "Softmax", "VariableV2"} & found.operators
    assert found.traits() == frozenset()


def test_the_only_signature_is_taken(tmp_path):
    content = saved_model(
        {"predict": {"b": tensor_info((1, 2), 3), "a": tensor_info(None)}, "__saved_model_init_op": {}}
    )
    found = read_saved_model(write_saved_model(tmp_path / "m", content))
    assert [(spec.name, spec.shape, spec.dtype) for spec in found.inputs_of()] == [
        ("a", None, "float32"),
        ("b", (1, 2), "int32"),
    ]
    assert [spec.name for spec in found.inputs_of("predict")] == ["a", "b"]
    artifact = identify(tmp_path / "m")
    assert artifact.traits == {"dynamic-batch", "open-sizes"}
    assert artifact.inputs == ("'a' (float32)", "'b' (int32, (N, 2))")


def test_two_signatures_and_none_that_is_the_default(tmp_path):
    two = {"one": {"a": tensor_info((1, 2))}, "two": {"b": tensor_info((1, 3))}}
    path = write_saved_model(tmp_path / "m", saved_model(two))
    with pytest.raises(UsageProblem, match=r"has the signatures one, two, .* choose one with --signature"):
        identify(path)
    assert identify(path, signature="two").inputs == ("'b' (float32, (N, 3))",)
    with pytest.raises(UsageProblem, match="no signature 'three'; it has one, two"):
        identify(path, signature="three")


def test_the_default_is_taken_unless_another_is_named(tmp_path):
    both = {"serving_default": {"a": tensor_info((1, 2))}, "two": {"b": tensor_info((1, 3))}}
    path = write_saved_model(tmp_path / "m", saved_model(both))
    assert identify(path).inputs == ("'a' (float32, (N, 2))",)
    assert identify(path, signature="two").inputs == ("'b' (float32, (N, 3))",)


def test_text_is_no_input(tmp_path):
    path = write_saved_model(tmp_path / "m", saved_model({"serving_default": {"words": tensor_info((None,), 7)}}))
    with pytest.raises(UsageProblem, match=r"'words' .* takes text, .* export the part behind it"):
        identify(path)


def test_only_a_saved_model_has_signatures(tmp_path):
    with pytest.raises(UsageProblem, match="is no SavedModel"):
        identify(write_keras(tmp_path / "m.keras"), signature="one")


def test_a_loop_is_a_recurrent_layer(tmp_path):
    content = saved_model(PLAIN, in_functions=("TensorListReserve", "While"))
    assert "recurrent" in read_saved_model(write_saved_model(tmp_path / "m", content)).traits()


@pytest.mark.parametrize("name", ["FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel"])
def test_a_model_trained_for_quantization_brings_its_ranges(tmp_path, name):
    content = saved_model(PLAIN, in_functions=(name,))
    assert "learnt-ranges" in read_saved_model(write_saved_model(tmp_path / "m", content)).traits()


@pytest.mark.parametrize("operator", ["StatelessIf", "While", "Case"])
def test_a_part_under_a_condition_or_in_a_loop(tmp_path, operator):
    content = saved_model(PLAIN, in_functions=(operator,))
    traits = read_saved_model(write_saved_model(tmp_path / "m", content)).traits()
    assert "control-flow" in traits
    assert "recurrent" not in traits


@pytest.mark.parametrize(
    ("operators", "traits"),
    [
        (("RandomStandardNormal",), {"random"}),
        (("StatefulUniform",), {"random"}),
        (("AssignAddVariableOp",), {"stateful"}),
        (("MatrixInverse",), {"lacks MatrixInverse"}),
        (("Relu", "RandomUniform", "AssignVariableOp"), set()),  # of training, which no signature runs
    ],
)
def test_a_signature_that_draws_random_numbers_or_keeps_a_state(tmp_path, operators, traits):
    found = read_saved_model(write_saved_model(tmp_path / "m", saved_model(PLAIN, operators)))
    assert found.traits() - {"dynamic-batch"} == traits
    assert found.traits("serving_default") == found.traits()


@pytest.mark.parametrize(
    ("operator", "kind", "odd"),
    [
        ("Conv2D", 19, "float16"),
        ("MatMul", 14, "float16"),
        ("MatMul", 2, "float64"),
        ("ComplexAbs", 8, "complex"),
        ("Conv2D", 1, ""),
        ("Cast", 19, ""),
        ("Identity", 19, ""),
    ],
)
def test_what_computes_in_odd_numbers(tmp_path, operator, kind, odd):
    """Weights that are kept in float16 and cast are computed in float32."""
    node = field(1, "n1") + field(2, operator) + field(5, field(1, "T") + field(2, field(6, kind)))
    content = saved_model(PLAIN, ("Placeholder", node))
    found = read_saved_model(write_saved_model(tmp_path / "m", content)).traits()
    assert found & {"float16", "float64", "complex"} == ({odd} if odd else set())


def test_a_batch_of_two_is_told(tmp_path):
    two = write_saved_model(tmp_path / "m", saved_model({"serving_default": {"x": tensor_info((2, 4))}}))
    assert "fixed-batch" in identify(two).traits
    one = write_saved_model(tmp_path / "n", saved_model({"serving_default": {"x": tensor_info((1, 4))}}))
    assert "fixed-batch" not in identify(one).traits


def test_no_signature(tmp_path):
    with pytest.raises(UsageProblem, match="no serving signature"):
        read_saved_model(write_saved_model(tmp_path / "m", saved_model({})))


def test_a_graph_for_training_alone(tmp_path):
    with pytest.raises(UsageProblem, match="without a graph for serving"):
        read_saved_model(write_saved_model(tmp_path / "m", saved_model(PLAIN, tags=("train",))))


def test_missing_variables(tmp_path):
    content = saved_model(PLAIN, ("VarHandleOp",))
    with pytest.raises(Unreadable, match="incomplete"):
        read_saved_model(write_saved_model(tmp_path / "m", content, variables=False))
    assert read_saved_model(write_saved_model(tmp_path / "n", saved_model(PLAIN), variables=False)).inputs_of()


def test_parts_that_are_missing(tmp_path):
    def refused(name, content, words, spoil=lambda _: None):
        folder = write_saved_model(tmp_path / name, content)
        spoil(folder)
        with pytest.raises(Unreadable, match=words):
            read_saved_model(folder)

    call = field(1, "n1") + field(2, "PartitionedCall") + field(5, entry("f", field(10, field(1, "gone"))))
    with_variables = saved_model(PLAIN, ("Placeholder", "VarHandleOp"))
    refused("node", saved_model(PLAIN, gives="gone:0"), "lost parts: gone is used and not there")
    refused("function", saved_model(PLAIN, ("Placeholder", call), gives="n1:0"), "lost parts: gone")
    refused("all", saved_model(PLAIN, (), gives=""), "every operator")
    refused(
        "outputs", saved_model(PLAIN).replace(b"\x12\x0b\n\x01y", b"\x1a\x0b\n\x01y"), "serving_default gives nothing"
    )
    asset = field(6, field(1, field(1, "n0:0")) + field(2, "words.txt"))
    refused("asset", saved_model(PLAIN, more=asset), "words.txt is not in its assets/")
    refused("shard", with_variables, "incomplete", lambda folder: (folder / DATA_FILE).unlink())
    refused("shards", with_variables, "not in its variables", lambda f: (f / DATA_FILE).rename(f / DATA_FILE[:-1]))


DATA_FILE = "variables/variables.data-00000-of-00001"


@pytest.mark.parametrize("other", ["saved_model.pbtxt", "saved_model.cpb"])
def test_a_program_that_is_there_twice(tmp_path, other):
    folder = write_saved_model(tmp_path / "m", saved_model(PLAIN))
    (folder / other).write_bytes(b"")
    with pytest.raises(UsageProblem, match="twice"):
        read_saved_model(folder)


@pytest.mark.parametrize(
    ("name", "effects"),
    [
        ("asset", ()),  # fills a table from a file in its assets
        ("tf1", ()),
        ("unreached", ()),  # a function that writes, which nothing calls
        ("branch", ("the operator WriteFile, which writes files",)),  # in one branch of a condition
        ("filled", ("the operator WriteFile, which writes files",)),  # when a table is filled, so when it is loaded
        ("restored", ("the operator WriteFile, which writes files",)),  # when an object is restored
    ],
)
def test_what_a_real_one_does(tmp_path, name, effects):
    folder = write_saved_model(tmp_path / "m", (DATA / f"saved_model/{name}.pb").read_bytes())
    (folder / "assets").mkdir()
    (folder / "assets/secret").write_text("a")
    assert read_saved_model(folder).effects == effects


def operator(kind, *inputs, name="n1", **attributes):
    attrs = b"".join(field(5, entry(key, field(2, value))) for key, value in attributes.items())
    return field(1, name) + field(2, kind) + b"".join(field(3, one) for one in inputs) + attrs


@pytest.mark.parametrize("kind", sorted(operator_effects()))
def test_every_operator_that_acts(tmp_path, kind):
    row = operator_effects()[kind]
    acting = operator(kind, "n0", **({row["attribute"]: "file:///x"} if "attribute" in row else {}))
    found = read_saved_model(write_saved_model(tmp_path / "m", saved_model(PLAIN, ("Const", acting), gives="n1:0")))
    assert found.effects == (f"the operator {kind}, which {row['does']}",)
    aside = read_saved_model(write_saved_model(tmp_path / "n", saved_model(PLAIN, ("Const", acting), gives="n0:0")))
    assert aside.effects == (), "nothing reaches it"


@pytest.mark.parametrize("stream", ["stderr", "log(info)"])
def test_printing_is_no_effect_but_into_a_file(tmp_path, stream):
    acting = operator("PrintV2", "n0", output_stream=stream)
    folder = write_saved_model(tmp_path / "m", saved_model(PLAIN, ("Const", acting), gives="n1:0"))
    assert read_saved_model(folder).effects == ()


def test_only_the_saver_restores(tmp_path):
    restore = operator("RestoreV2", "n0")
    saver = field(3, field(1, "n0:0") + field(3, "n1"))
    content = saved_model(PLAIN, ("Const", restore), more=saver)
    assert read_saved_model(write_saved_model(tmp_path / "m", content)).effects == ()
    content = saved_model(PLAIN, ("Const", restore), gives="n1:0", more=saver)
    assert "RestoreV2" in read_saved_model(write_saved_model(tmp_path / "n", content)).effects[0]


@pytest.mark.parametrize("where", ["/etc/passwd", "../../secret"])
def test_an_asset_elsewhere(tmp_path, where):
    asset = field(6, field(1, field(1, "n0:0")) + field(2, where))
    folder = write_saved_model(tmp_path / "m", saved_model(PLAIN, more=asset))
    assert "outside of its folder" in read_saved_model(folder).effects[0]


def test_a_second_graph_is_looked_at_too(tmp_path):
    """Decoders merge the parts of a message that stands twice, and the loader takes a graph by its tags."""
    acting = operator("WriteFile", "n0")
    harmless, hidden = saved_model(PLAIN), saved_model(PLAIN, ("Const", acting), gives="n1:0", tags=("train",))
    assert read_saved_model(write_saved_model(tmp_path / "m", harmless + hidden)).effects
    merged = saved_model(PLAIN, ("Const",), gives="n1:0", more=field(2, field(1, acting)))
    assert read_saved_model(write_saved_model(tmp_path / "n", merged)).effects


@pytest.mark.parametrize("length", range(1, len(RECORDED), 311))
def test_no_cut_is_taken_for_whole(tmp_path, length):
    with pytest.raises((Unreadable, UsageProblem)):
        read_saved_model(write_saved_model(tmp_path / "m", RECORDED[:length]))


def test_the_wire_format():
    message = read_message(
        memoryview(field(1, 300) + field(2, "text") + b"\x1d\x01\0\0\0" + b"\x21\x02" + bytes(7) + field(5, -1))
    )
    assert (message.number(1), message.text(2), message.number(3), message.number(4)) == (300, "text", 1, 2)
    assert message.signed(5) == -1
    twice = read_message(memoryview(field(1, field(2, "a")) + field(1, field(2, "b") + field(3, b"\x05\x06"))))
    assert (twice.first(1).texts(2), twice.first(1).text(2), list(twice.first(1).numbers(3))) == (
        ("a", "b"),
        "b",
        [5, 6],
    )
    assert (message.number(9), message.text(9), message.first(9).number(1)) == (0, "", 0)


@pytest.mark.parametrize("data", [b"\x08", b"\x12\x05ab", b"\x0b", b"\x08" + b"\xff" * 11, b"\x19\x01"])
def test_damaged_messages(data):
    with pytest.raises(Unreadable):
        read_message(memoryview(data))


@given(some.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    try:
        read_message(memoryview(data))
    except Unreadable:
        return


@given(some.integers(0, (1 << 64) - 1))
def test_numbers_come_back(value):
    assert read_message(memoryview(b"\x08" + varint(value))).number(1) == value


def node(name, kind, key="T"):
    """A node of an operator with an element type: 1 is float32, 3 int32."""
    return field(2, name) + field(5, entry(key, field(6, kind)))


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node("Cumsum", 1)], {"stays float CUMSUM"}),
        ([node("Cumsum", 3)], set()),
        ([node("RFFT", 1, "Treal")], {"stays float RFFT2D"}),
        ([field(2, "RFFT")], {"stays float RFFT2D"}),  # attributes that are the default may be left out
        ([node("Neg", 1)], {"stays float NEG"}),
        ([node("Neg", 1), node("Erfc", 1)], {"stays float GELU"}),  # which takes in the Neg
        ([node("Pow", 1), node("Tanh", 1)], {"stays float GELU"}),  # its form with a tangent
        ([node("Softplus", 1)], {"stays float EXP", "stays float LOG"}),
    ],
)
def test_operators_that_stay_in_floats(tmp_path, nodes, expected):
    called = [field(1, f"n{number}") + each for number, each in enumerate(nodes)]
    links = [each + field(3, f"n{number - 1}") if number else each for number, each in enumerate(called)]
    content = saved_model(
        {"serving_default": {"x": tensor_info((None, 4))}}, operators=links, gives=f"n{len(nodes) - 1}:0"
    )
    found = read_saved_model(write_saved_model(tmp_path / "m", content)).traits()
    assert {trait for trait in found if trait.startswith("stays float")} == expected


def test_what_is_made_of_constants_stays_nowhere(tmp_path):
    nodes = [field(1, "c") + field(2, "Const"), field(1, "n") + node("Neg", 1) + field(3, "c:0")]
    nodes += [
        field(1, "x") + field(2, "Placeholder"),
        field(1, "y") + field(2, "AddV2") + field(3, "x") + field(3, "n"),
    ]
    content = saved_model({"serving_default": {"x": tensor_info((None, 4))}}, operators=nodes, gives="y:0")
    found = read_saved_model(write_saved_model(tmp_path / "m", content))
    assert "Neg" in found.operators
    assert not any(trait.startswith("stays float") for trait in found.traits())
