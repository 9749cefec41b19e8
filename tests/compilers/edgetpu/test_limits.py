"""Each limitation, met and not met."""

import pytest

from envdoctor.compilers.edgetpu.limits import Question, limitation, too_many_dimensions
from envdoctor.compilers.edgetpu.rulebook import find_compiler, rulebook
from graphs import Graph

IMAGE = [1, 8, 8, 4]


def question(build, *, compiler="16.0", without=None):
    graph = Graph()
    build(graph)
    subgraph = graph.subgraph()
    return Question(
        subgraph=subgraph,
        operator=subgraph.operators[-1],
        compiler=find_compiler(compiler),
        rules=rulebook(without),
    )


def op(name, shapes, output=IMAGE, constants=(), outputs=1, **options):
    """An operator of inputs with these shapes, those at the places in `constants` constant; lists of axes as tuples."""

    def build(graph):
        inputs = [
            graph.axes(*shape)
            if isinstance(shape, tuple)
            else (graph.const(shape) if place in constants else graph.input(shape))
            for place, shape in enumerate(shapes)
        ]
        graph.op(name, inputs, outputs=[graph.tensor(output) for _ in range(outputs)], **options)

    return build


def concatenation(values, others=1):
    def build(graph):
        taken = [graph.input([1, 2]) for _ in range(others)]
        graph.op("CONCATENATION", [*taken, graph.const([1, 2], values=values)], [1, 4])

    return build


def conv(kernel, high, wide):
    return op(
        "CONV_2D", [IMAGE, kernel], constants=[1], dilation_h_factor=high, dilation_w_factor=wide, output=[1, 8, 8, 2]
    )


MET = [
    ("no_fused_activation", op("MAX_POOL_2D", [IMAGE])),
    ("only_zero_padding", op("CONCATENATION", [[1, 2], [1, 2]], [1, 4])),
    ("only_zero_padding", concatenation([0, 0])),
    ("even_dilation", conv([2, 3, 3, 4], 2, 2)),
    ("even_dilation", conv([2, 3, 1, 4], 4, 1)),
    ("one_constant_operand", op("FULLY_CONNECTED", [[1, 4], [2, 4]], [1, 2], constants=[1])),
    ("one_constant_operand", op("FULLY_CONNECTED", [[1, 4], [2, 4]], [1, 2], constants=[0])),
    ("one_constant_operand", op("FULLY_CONNECTED", [[1, 4], [2, 4]], [1, 2])),
    ("default_weights", op("FULLY_CONNECTED", [[1, 4], [2, 4]], [1, 2], weights_format="DEFAULT")),
    ("one_row", op("FULLY_CONNECTED", [[224, 4], [1, 4]], [224, 1], constants=[1])),
    ("not_over_batch", op("MEAN", [IMAGE, (1, 2)], [1, 4])),
    ("not_over_batch", op("SUM", [[2, 3, 4], (0,)], [3, 4])),
    ("depth_in_fours", op("MEAN", [IMAGE, (3,)], [1, 8, 8])),
    ("depth_in_fours", op("MEAN", [[1, 8, 8, 3], (1, 2)], [1, 3])),
    ("pooled_area", op("MEAN", [[1, 64, 128, 3], (1, 2)], [1, 3])),
    ("not_packed_into_batch", op("PACK", [[2, 1], [2, 1]], [2, 2, 1], axis=0)),
    ("not_packed_into_batch", op("PACK", [[8, 8, 4]], [8, 8, 1, 4], axis=2)),
    ("not_split_over_batch", op("SPLIT", [(2,), [1, 8, 8]], [1, 8, 4])),
    ("not_split_over_batch", op("SPLIT", [(0,), [8, 2, 1]], [8, 2, 1])),
    ("padded_operand", op("ADD", [IMAGE, IMAGE])),
    ("softmax_rows", op("SOFTMAX", [[1, 4, 16]], [1, 4, 16])),
    ("nearest", op("RESIZE_NEAREST_NEIGHBOR", [[1, 256, 256, 8], (512, 512)], [1, 512, 512, 8])),
    ("batch_not_padded", op("PAD", [IMAGE, (0, 0, 1, 1, 1, 1, 0, 0)], [1, 10, 10, 4])),
    ("slope_per_channel", op("PRELU", [IMAGE, [1, 1, 4]], constants=[1])),
    ("unit_strides", op("STRIDED_SLICE", [IMAGE, (0, 0), (1, 1), (1, 1)], begin_mask=3)),
    ("tile_of_one_pixel", op("TILE", [[1, 1, 1, 4], (1, 8, 8, 1)])),
    ("row", op("LOGISTIC", [[1, 400, 400, 4]], [1, 400, 400, 4])),
    ("reshape_size", op("RESHAPE", [[1, 28, 28, 255], (1, 784, 3, 85)], [1, 784, 3, 85])),
    ("transpose_size", op("TRANSPOSE", [[1, 22, 22, 144], (0, 3, 1, 2)], [1, 144, 22, 22])),
    ("softmax_size", op("SOFTMAX", [[1, 16384]], [1, 16384])),
    ("nearest", op("RESIZE_NEAREST_NEIGHBOR", [IMAGE, (16, 16)], [1, 16, 16, 4])),
    ("bilinear", op("RESIZE_BILINEAR", [IMAGE, (8, 8)])),
    ("bilinear", op("RESIZE_BILINEAR", [IMAGE, (16, 16)], [1, 16, 16, 4])),
    ("bilinear", op("RESIZE_BILINEAR", [[1, 33, 33, 4], (65, 65)], [1, 65, 65, 4], align_corners=True)),
]
NOT_MET = [
    ("no_fused_activation", op("AVERAGE_POOL_2D", [IMAGE], fused_activation_function="RELU6"), "limit"),
    ("only_zero_padding", concatenation([0, 1]), "limit"),
    ("only_zero_padding", concatenation([0, 0], others=2), "limit"),
    ("even_dilation", conv([2, 3, 3, 4], 2, 1), "limit"),
    ("default_weights", op("FULLY_CONNECTED", [[1, 4], [2, 4]], [1, 2], weights_format="SHUFFLED4x16INT8"), "limit"),
    ("not_over_batch", op("MEAN", [IMAGE, (-4,)], [8, 8, 4]), "limit"),
    ("depth_in_fours", op("MEAN", [[1, 8, 8, 3], (-1,)], [1, 8, 8]), "limit"),
    ("pooled_area", op("MEAN", [[1, 256, 128, 3], (1, 2)], [1, 3]), "limit"),
    ("not_packed_into_batch", op("PACK", [[8, 8, 4]] * 2, [2, 8, 8, 4], axis=0), "limit"),
    ("not_split_over_batch", op("SPLIT", [(0,), [8, 2, 1]], [4, 2, 1], outputs=2), "batch"),
    ("not_split_over_batch", op("SPLIT", [(-3,), [8, 2, 1]], [4, 2, 1], outputs=2), "batch"),
    ("not_split_over_batch", op("SPLIT", [(0,), [8, 2, 1, 1]], [4, 2, 1, 1], outputs=2), "batch"),
    ("batch_not_padded", op("PAD", [IMAGE, (1, 0, 0, 0, 0, 0, 0, 0)], [2, 8, 8, 4]), "limit"),
    ("slope_per_channel", op("PRELU", [IMAGE, [8, 8, 4]], constants=[1]), "limit"),
    ("unit_strides", op("STRIDED_SLICE", [IMAGE, (0, 0), (8, 8), (2, 1)]), "limit"),
    ("unit_strides", op("STRIDED_SLICE", [IMAGE, (0, 0), (8, 8), (1, 1)], ellipsis_mask=1), "limit"),
    ("row", op("LOGISTIC", [[1, 80, 8400]], [1, 80, 8400]), "limit"),
    ("reshape_size", op("RESHAPE", [[1, 40, 40, 255], (1, 1600, 3, 85)], [1, 1600, 3, 85]), "limit"),
    ("transpose_size", op("TRANSPOSE", [[1, 40, 40, 65], (0, 3, 1, 2)], [1, 65, 40, 40]), "limit"),
    ("transpose_size", op("TRANSPOSE", [[1, 40, 40, 64], (0, 3, 1, 2)], [1, 64, 40, 40]), "limit"),
    ("bilinear", op("RESIZE_BILINEAR", [[1, 512, 512, 6], (1024, 1024)], [1, 1024, 1024, 6]), "limit"),
    ("nearest", op("RESIZE_NEAREST_NEIGHBOR", [[1, 512, 512, 4], (1024, 1024)], [1, 1024, 1024, 4]), "limit"),
    ("nearest", op("RESIZE_NEAREST_NEIGHBOR", [[1, 512, 512, 3]], [1, 1024, 1024, 3]), "limit"),
]
NOT_KNOWN = [
    ("transpose_size", op("TRANSPOSE", [[1, 30, 30, 100], (0, 3, 1, 2)], [1, 100, 30, 30])),
    ("softmax_size", op("SOFTMAX", [[1, 20000]], [1, 20000])),
    ("tile_of_one_pixel", op("TILE", [[1, 2, 2, 4], (1, 2, 2, 1)], [1, 4, 4, 4])),
    ("bilinear", op("RESIZE_BILINEAR", [[1, 10, 10, 4], (25, 25)], [1, 25, 25, 4])),
    ("bilinear", op("RESIZE_BILINEAR", [[1, 1, 1, 4], (33, 33)], [1, 33, 33, 4])),
    ("bilinear", op("RESIZE_BILINEAR", [[1, 0, 8, 4], (16, 16)], [1, 16, 16, 4])),
    ("nearest", op("RESIZE_NEAREST_NEIGHBOR", [[1, 512, 512, 2], (1100, 1100)], [1, 1100, 1100, 2])),
    ("not_over_batch", op("MEAN", [[2, 3, 4], (0,)], [3, 4])),
]


@pytest.mark.parametrize(("name", "build"), MET)
def test_a_limitation_that_is_met_says_nothing(name, build):
    assert limitation(name)(question(build)) is None


@pytest.mark.parametrize(("name", "build", "status"), NOT_MET)
def test_a_limitation_that_is_not_met_says_so_for_certain(name, build, status):
    found = limitation(name)(question(build))
    assert found is not None
    assert (found.status, found.certain) == (status, True)


@pytest.mark.parametrize(("name", "build"), NOT_KNOWN)
def test_between_what_was_seen_nothing_is_claimed(name, build):
    assert limitation(name)(question(build)).certain is False


COMPUTED = op("FULLY_CONNECTED", [[1, 4], [2, 4]], [1, 2])
MANY_ROWS = op("FULLY_CONNECTED", [[224, 4], [1, 4]], [224, 1], constants=[1])
STRETCHED = op("RESIZE_BILINEAR", [[1, 1, 1, 4], (33, 33)], [1, 33, 33, 4])


@pytest.mark.parametrize(
    ("name", "build", "compiler", "expected"),
    [
        ("one_constant_operand", COMPUTED, "2.0", True),  # refused on record
        ("one_constant_operand", COMPUTED, "1.0", True),  # what a release refuses, older ones refuse
        ("one_constant_operand", COMPUTED, "15.0", False),  # between the two nothing is known
        ("one_constant_operand", COMPUTED, "16.0", None),  # taken
        ("one_row", MANY_ROWS, "2.1", True),
        ("softmax_rows", op("SOFTMAX", [[1, 4, 16]], [1, 4, 16]), "2.1", True),
        ("bilinear", STRETCHED, "2.1", True),
        ("bilinear", STRETCHED, "16.0", False),
        ("not_split_over_batch", op("SPLIT", [(0,), [8, 2, 1]], [8, 2, 1]), "15.0", False),
        ("softmax_size", op("SOFTMAX", [[1, 16384]], [1, 16384]), "15.0", True),
        ("nearest", op("RESIZE_NEAREST_NEIGHBOR", [[1, 256, 256, 8]], [1, 512, 512, 8]), "15.0", False),
    ],
)
def test_a_rule_speaks_of_the_releases_that_its_sources_speak_of(name, build, compiler, expected):
    found = limitation(name)(question(build, compiler=compiler))
    assert (found and found.certain) is expected


@pytest.mark.parametrize(
    ("without", "name", "build"),
    [
        ("fredriktegnell/edgetpu-tcn", "even_dilation", conv([2, 3, 1, 4], 4, 1)),
        ("R-e-d-a-X/EdgeTPU-and-NCS", "one_row", MANY_ROWS),
        ("R-e-d-a-X/EdgeTPU-and-NCS", "not_packed_into_batch", op("PACK", [[2, 1]] * 2, [2, 2, 1], axis=0)),
        ("R-e-d-a-X/EdgeTPU-and-NCS", "not_split_over_batch", op("SPLIT", [(0,), [8, 2]], [4, 2], outputs=2)),
    ],
)
def test_without_its_evidence_a_form_is_unknown_and_not_refused(without, name, build):
    assert limitation(name)(question(build, without=without)).certain is False


@pytest.mark.parametrize(("compiler", "expected"), [("1.0", None), ("16.0", False)])
def test_a_sum_of_what_was_padded_is_not_promised_for_newer_compilers(compiler, expected):
    def build(graph):
        padded = graph.op("PAD", [graph.input([1, 7, 8, 4]), graph.axes(0, 0, 1, 0, 0, 0, 0, 0)], IMAGE)
        graph.op("ADD", [padded, graph.input(IMAGE)], IMAGE)

    found = limitation("padded_operand")(question(build, compiler=compiler))
    assert (found and found.certain) is expected


def test_a_batch_is_one_dimension_too_many():
    assert too_many_dimensions(question(op("RELU", [[2, 8, 8, 4]], [2, 8, 8, 4]))).status == "rank"
    assert too_many_dimensions(question(op("RELU", [[1, 1, 8, 8, 4]], [1, 1, 8, 8, 4]))) is None
