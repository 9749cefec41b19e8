"""The objects and functions of a SavedModel, message by message: each piece taken away is told."""

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.pipeline.sources.saved_functions import require_bodies, require_graph
from envdoctor.pipeline.sources.saved_messages import require_messages
from envdoctor.pipeline.sources.saved_model import read_saved_model
from envdoctor.pipeline.sources.saved_objects import require_objects, require_references, require_variables
from envdoctor.support.protobuf import read_message
from keras_files import entry, field, saved_model, tensor_info, write_saved_model

FLOAT, INT, RESOURCE = 1, 3, 20
NONE = field(1, b"")


def spec(dtype=FLOAT):
    return field(33, field(3, dtype))


def listed(*values):
    return field(51, b"".join(field(1, value) for value in values))


def tupled(*values):
    return field(52, b"".join(field(1, value) for value in values))


def mapped(**values):
    return field(53, b"".join(field(1, entry(key, value)) for key, value in values.items()))


def named(**values):
    return field(54, field(1, "FullArgSpec") + b"".join(field(2, entry(key, value)) for key, value in values.items()))


def function(*dtypes, nodes=b"", gives=(), more=b""):
    arguments = b"".join(field(2, field(1, f"a{number}") + field(3, dtype)) for number, dtype in enumerate(dtypes))
    outputs = b"".join(field(4, entry(f"o{number}", name)) for number, name in enumerate(gives))
    arguments += b"".join(field(3, field(1, f"o{number}")) for number in range(len(gives)))
    return field(1, field(1, "f") + arguments + more) + nodes + outputs


ARGUMENTS = {"args": listed(field(13, "x")), "kwonlyargs": listed()}
ARGUMENTS |= dict.fromkeys(("varargs", "varkw", "defaults", "kwonlydefaults", "annotations"), NONE)
WHOLE = named(**ARGUMENTS)
SPECIFIED = field(1, WHOLE) + field(5, tupled(spec()))
SIGNATURE = field(2, 0) + field(3, tupled(tupled(spec(INT)), mapped(b=spec(), a=NONE))) + field(4, spec())
CAPTURED = field(9, field(1, "c"))
USER = field(4, field(1, "x") + field(2, field(1, 1)))


def graph(*nodes, concrete=SIGNATURE, name="f"):
    objects = b"".join(field(1, node) for node in (CAPTURED, *nodes))
    return read_message(memoryview(objects + field(2, entry(name, concrete))))


def called(specification=SPECIFIED, name="f"):
    return field(6, field(1, name) + field(2, specification))


def look(objects, *dtypes):
    require_objects(objects, [read_message(memoryview(function(*(dtypes or (INT, FLOAT, RESOURCE)))))])


def test_what_is_whole():
    look(graph(USER, called(), field(8, field(1, "f"))))
    look(graph(USER, called(field(1, WHOLE) + field(5, NONE))))
    look(graph(USER, concrete=field(3, tupled(tupled(field(34, field(1, 1))), mapped())) + field(4, NONE)), INT, INT)


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        (graph(USER, field(1, field(1, 0))), "object 2 is of no kind"),
        (graph(field(4, field(1, "x"))), "object 1 has no version"),
        (graph(called(name="g")), "the function 'g', which is not there"),
        (graph(field(8, field(1, "g"))), "the function 'g', which is not there"),
        (graph(called(b"")), "a value of no known kind"),
        (graph(called(field(1, WHOLE) + field(5, b""))), "a value of no known kind"),
        (graph(called(field(1, WHOLE) + field(5, tupled(b"")))), "a value of no known kind"),
        (graph(field(8, field(1, "f") + field(4, b""))), "a value of no known kind"),
        (graph(called(field(1, named(varargs=NONE)) + field(5, NONE))), "which arguments it has"),
        *(
            (
                graph(called(field(1, named(**{k: v for k, v in ARGUMENTS.items() if k != lost})) + field(5, NONE))),
                "which",
            )
            for lost in ARGUMENTS
        ),
        (graph(called(field(1, WHOLE) + field(5, tupled(spec(), spec())))), "more of its arguments than it has"),
        (graph(concrete=SIGNATURE + field(2, 0)), "other arguments than its signature"),
        (graph(concrete=field(3, tupled(tupled(), mapped())) + field(4, NONE)), "other arguments than its signature"),
        (graph(concrete=field(3, tupled(mapped())) + field(4, NONE)), "no arguments and keywords"),
        (graph(concrete=SIGNATURE[:-3]), "runs over|none|out"),
        (graph(concrete=field(3, tupled(tupled(), mapped()))), "a value of no known kind"),
    ],
)
def test_what_tensorflow_does_not_put_together(objects, words):
    with pytest.raises(Unreadable, match=words):
        look(objects)


@pytest.mark.parametrize("device", ["", "/cpu:0", "/device:GPU:*", "/job:worker/replica:0/task:1/device:XLA_GPU:0"])
def test_where_an_operator_runs(device):
    require_bodies([read_message(memoryview(function(FLOAT, nodes=node("n", device=device))))], {})


def test_what_is_captured_has_a_value():
    look(graph(concrete=SIGNATURE))
    for place in (1, 9):
        with pytest.raises(Unreadable, match="captures what is no variable"):
            look(graph(USER, concrete=SIGNATURE.replace(field(2, 0), field(2, place), 1)))


def test_element_types_are_those_of_the_function():
    with pytest.raises(Unreadable, match="other arguments"):
        look(graph(USER), FLOAT, FLOAT, RESOURCE)


def test_deep_values_end():
    value = NONE
    for _ in range(200):
        value = listed(value)
    with pytest.raises(Unreadable, match="a value of no known kind"):
        look(graph(called(field(1, value))))


def test_every_variable_has_a_tensor():
    def variables(*shapes, more=b""):
        sizes = [b"".join(field(2, field(1, size)) for size in shape) for shape in shapes]
        return graph(*(field(7, field(1, FLOAT) + field(2, each) + more) for each in sizes))

    stored = [(FLOAT, (16,)), (FLOAT, (2, 3)), (INT, ())]
    require_variables(variables((16,), (2, 3)), stored)
    require_variables(variables((-1, 3)), stored)
    require_variables(variables((7,), more=field(8, b"")), stored)
    for lost in (variables((2,)), variables((16,), (16,))):
        with pytest.raises(Unreadable, match="which is not in the checkpoint"):
            require_variables(lost, stored)


def node(name, *inputs, attribute=b"\x30\x01", kind="Add", device=""):
    taken = b"".join(field(3, each) for each in inputs)
    return field(3, field(1, name) + field(2, kind) + taken + field(4, device) + field(5, entry("T", attribute)))


def test_a_function_uses_what_it_has():
    whole = function(FLOAT, nodes=node("n", "a0", "m:z:0", "^m") + node("m"), gives=("n:z:0",))
    require_bodies([read_message(memoryview(whole))], {})
    for lost, words in (
        (function(FLOAT, nodes=node("n", "a1")), "uses 'a1', which nothing gives"),
        (function(FLOAT, nodes=node("n"), gives=("m:z:0",)), "uses 'm:z:0'"),
        (function(FLOAT, nodes=node("n", attribute=b"")), "n has an attribute without a value"),
        (function(FLOAT, nodes=node("n", "m:z:") + node("m")), "uses 'm:z:'"),
        (function(FLOAT, nodes=node("n") + node("n")), "tell once what it computes: n"),
        (function(FLOAT, nodes=node("n"), more=field(3, field(1, "o9"))), "tell once what it gives: o9"),
        (function(FLOAT, nodes=node("n"), more=field(20, "n")), "tell once what it runs last: n"),
        (function(0, nodes=node("n")), "takes a0 of no type"),
        (function(FLOAT, nodes=node("n", kind="")), "n has no kind"),
        (function(FLOAT, nodes=node("n", device="/device:CPU:0x")), "is to run on '/device:CPU:0x'"),
        (function(FLOAT, nodes=node("n", "^a0", "a0")), "waits for others before"),
        (function(FLOAT, nodes=node("n", attribute=b"\x30\x63")), "an element type that does not exist"),
    ):
        with pytest.raises(Unreadable, match=words):
            require_bodies([read_message(memoryview(lost))], {})


def test_a_model_is_held_against_all_of_it(tmp_path):
    signatures = {"serving_default": {"x": tensor_info((None, 4))}}
    for number, lost in enumerate((field(7, field(1, field(3, 1))), b"")):
        path = write_saved_model(tmp_path / f"m{number}", saved_model(signatures, more=lost))
        if lost:
            with pytest.raises(Unreadable, match="of no kind"):
                read_saved_model(path)
        else:
            assert read_saved_model(path).operators


def defined(name="Add", *, inputs=1, outputs=("z",), attributes=(("T", "type", b""),)):
    """The definition of an operator that a model brings."""
    taken = b"".join(field(2, field(1, f"x{number}")) for number in range(inputs))
    given = b"".join(field(3, field(1, each)) for each in outputs)
    named = b"".join(field(4, field(1, key) + field(2, kind) + more) for key, kind, more in attributes)
    return field(1, field(1, name) + taken + given + named)


def meta(*operators, functions=(), nodes=b"", objects=(), assets=()):
    library = field(2, b"".join(field(1, each) for each in functions))
    parts = field(1, field(2, b"".join(operators))) + field(2, nodes + library) + b"".join(assets)
    return read_message(memoryview(parts + field(7, b"".join(field(1, each) for each in objects))))


def in_graph(*nodes):
    """Operators of the main graph, whose field has another number than in a function."""
    return b"".join(field(1, read_message(memoryview(each)).raw(3)) for each in nodes)


SHAPES = field(1, field(7, b"") + field(7, b""))


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (meta(defined(inputs=2), nodes=in_graph(node("a", "b", "b:1"), node("b", "b", "b"))), None),
        (meta(defined(inputs=0), functions=[function(nodes=node("n"), gives=("n:z:0",))]), None),
        (meta(defined("Of", attributes=(("T", "type", field(3, b"\x30\x01")),)), nodes=in_graph(node("a"))), "define"),
        (meta(defined(inputs=2), nodes=in_graph(node("a", "a"))), "takes 1 inputs, a Add 2"),
        (meta(nodes=in_graph(node("a", "c"))), "its graph uses 'c'"),
        (meta(nodes=in_graph(node("a"), node("a"))), "tell once what it computes: a"),
        (meta(functions=[function(), function()]), "tell once which functions it has: f"),
        (meta(defined(inputs=0, attributes=()), nodes=in_graph(node("a"))), "other attributes than a Add: T"),
        (
            meta(defined(inputs=0, attributes=(("T", "int", b""),)), nodes=in_graph(node("a"))),
            "attributes than a Add: T",
        ),
        (meta(defined(attributes=(("N", "int", b""),)), nodes=in_graph(node("a", "a"))), "attributes than a Add: N"),
        (
            meta(defined(inputs=0), functions=[function(nodes=node("n"), gives=("n:y:0",))]),
            "'n:y:0', which is no output",
        ),
        (meta(functions=[function(nodes=node("n"), gives=("n:z",))]), "uses 'n:z'"),
        (
            meta(
                defined(inputs=0), nodes=in_graph(field(3, node("a")[2:] + field(5, entry("_output_shapes", SHAPES))))
            ),
            "shapes of other outputs",
        ),
    ],
)
def test_operators_are_held_against_their_definitions(graph, words):
    if words is None:
        require_graph(graph)
        return
    with pytest.raises(Unreadable, match=words):
        require_graph(graph)


def test_operators_of_functions_need_no_definition():
    require_graph(meta(defined("Other"), functions=[function(nodes=node("n"))]))


def test_arguments_in_lists_are_counted_by_their_attributes():
    many = field(
        1, field(1, "Many") + field(2, field(1, "xs") + field(5, "N")) + field(4, field(1, "N") + field(2, "int"))
    )
    take = field(
        3, field(1, "a") + field(2, "Many") + field(3, "a") + field(3, "a") + field(5, entry("N", b"\x18\x02"))
    )
    require_graph(meta(many, nodes=in_graph(take)))
    with pytest.raises(Unreadable, match="takes 2 inputs, a Many 3"):
        require_graph(meta(many, nodes=in_graph(take.replace(b"\x18\x02", b"\x18\x03"))))


def test_objects_refer_to_what_is_there():
    asset, constant = field(5, field(1, 0)), field(9, field(1, "c"))
    parts = {"nodes": field(1, field(1, "c")), "assets": [field(6, field(2, "words.txt"))]}
    require_references(meta(objects=[USER + field(1, field(1, 2)), asset, constant], **parts))
    for lost in (USER + field(15, field(1, 1)), field(5, field(1, 1)), field(9, field(1, "d")), field(3, field(3, 7))):
        with pytest.raises(Unreadable, match="its object 0"):
            require_references(meta(objects=[lost], **parts))


def test_messages_are_read_to_their_innermost(tmp_path):
    deep = function(nodes=node("n", attribute=field(8, field(2, field(2, field(1, 3))))))
    whole = field(2, field(2, field(2, field(1, deep))))
    require_messages(memoryview(whole))
    for lost, words in (
        (whole.replace(b"\x08\x03", b"\x08\xff", 1), "runs over"),
        (field(2, field(1, field(4, b"se\xffrve"))), "no UTF-8"),
        (field(2, field(5, field(1, b"\xc3") + field(2, b""))), "no UTF-8"),
        (field(2, field(2, field(2, field(1, node_with_size(-5))))), "has the size -5"),
    ):
        with pytest.raises(Unreadable, match=words):
            require_messages(memoryview(lost))
    twice = saved_model({"serving_default": {"x": tensor_info((4,))}})
    path = write_saved_model(tmp_path / "m", twice + twice.removeprefix(field(1, 1)))
    with pytest.raises(Unreadable, match="two of its graphs have the same tags"):
        read_saved_model(path)


def node_with_size(size):
    return function(nodes=node("n", attribute=field(7, field(2, field(1, size)))))


def test_variables_of_a_graph_are_in_it():
    def kept(*names):
        variable = b"".join(field(number, name) for number, name in zip((1, 2, 3), names, strict=False))
        return [field(4, entry("trainable_variables", field(2, field(1, variable))))]

    nodes = in_graph(node("w"), node("w/Assign"))
    require_references(meta(nodes=nodes, assets=kept("w:0", "w/Assign")))
    for lost in (("v:0", "w/Assign"), ("w:0", "w/Assigm"), ("w:0", "w/Assign", "w/read:0")):
        with pytest.raises(Unreadable, match="a variable of its graph uses"):
            require_references(meta(nodes=nodes, assets=kept(*lost)))
