"""How each operator is put into a model of its own: tensors, shapes, and which element types are tried."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Element types that are tried, by the schema's names.
TYPES = ("FLOAT32", "INT8", "INT16", "UINT8", "INT32", "INT64", "BOOL")
QUANTIZED = ("INT8", "INT16", "UINT8")
#: Scales of outputs of a fixed range, by operator and element type.
FIXED = {
    "LOGISTIC": {"INT8": (1 / 256, -128), "INT16": (1 / 32768, 0)},
    "SOFTMAX": {"INT8": (1 / 256, -128), "INT16": (1 / 32768, 0)},
    "TANH": {"INT8": (1 / 128, 0), "INT16": (1 / 32768, 0)},
    "L2_NORMALIZATION": {"INT8": (1 / 128, 0)},
    "LOG_SOFTMAX": {"INT8": (16 / 256, 127)},
}


@dataclass(frozen=True)
class Value:
    """A tensor: its type (T for the one that is tried), its shape, its value where it is constant."""

    kind: str = "T"
    shape: tuple[int, ...] = (1, 4)
    data: tuple[float, ...] | None = None
    scales: int = 1
    is_variable: bool = False

    @property
    def word(self) -> str:
        """Its type, with a star where it is constant."""
        return self.kind + "*" * (self.data is not None)


@dataclass(frozen=True)
class Form:
    """How an operator is called.

    Attributes:
        more: types of further inputs that are tried beside T, by position.
        given: types of the output that are tried; T for the same.
    """

    takes: tuple[Value, ...]
    gives: tuple[Value, ...] = (Value(),)
    more: dict[int, tuple[str, ...]] = field(default_factory=dict)
    given: tuple[str, ...] = ("T",)
    options: dict[str, Any] = field(default_factory=dict)


def fixed(*numbers: float, kind: str = "INT32", shape: tuple[int, ...] | None = None) -> Value:
    """A constant."""
    return Value(kind, (len(numbers),) if shape is None else shape, numbers)


X, IMAGE = Value(), Value(shape=(1, 4, 4, 2))
UNARY = [
    "ABS",
    "CEIL",
    "COS",
    "ELU",
    "EXP",
    "FLOOR",
    "HARD_SWISH",
    "L2_NORMALIZATION",
    "LEAKY_RELU",
    "LOG",
    "LOGISTIC",
    "LOG_SOFTMAX",
    "NEG",
    "RELU",
    "RELU6",
    "ROUND",
    "RSQRT",
    "SIN",
    "SOFTMAX",
    "SQRT",
    "SQUARE",
    "TANH",
    "ZEROS_LIKE",
    "LOGICAL_NOT",
]
BINARY = [
    "ADD",
    "DIV",
    "FLOOR_DIV",
    "FLOOR_MOD",
    "MAXIMUM",
    "MINIMUM",
    "MUL",
    "SQUARED_DIFFERENCE",
    "SUB",
    "LOGICAL_AND",
    "LOGICAL_OR",
    "PRELU",
    "ADD_N",
]
COMPARING = ["EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL"]
REDUCING = ["MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL"]
WEIGHTS = ("FLOAT32", "INT8", "INT16", "UINT8", "INT4")
BIASES = ("FLOAT32", "INT32", "INT64")
POOL = {"strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2, "padding": 1}
HALF = (Value(shape=(1, 2, 2, 2)),)


def weights(shape: tuple[int, ...], scales: int = 1) -> Value:
    """Constant weights, whose type is tried."""
    return Value("INT8", shape, (0,), scales)


def bias(size: int, scales: int = 1) -> Value:
    """A constant bias, whose type is tried."""
    return Value("INT32", (size,), (0,), scales)


def dense(options: dict[str, Any], *values: Value, gives: tuple[Value, ...], first: int = 1) -> list[Form]:
    """An operator with weights, with and without a bias."""
    more = {first: WEIGHTS, len(values) - 1: BIASES}
    return [Form(values, gives, more, options=options), Form(values[:-1], gives, {first: WEIGHTS}, options=options)]


STEPS = {"strideW": 1, "strideH": 1, "padding": 1, "dilationWFactor": 1, "dilationHFactor": 1}
SHAPED: dict[str, list[Form]] = {
    "AVERAGE_POOL_2D": [Form((IMAGE,), HALF, options=POOL)],
    "MAX_POOL_2D": [Form((IMAGE,), HALF, options=POOL)],
    "L2_POOL_2D": [Form((IMAGE,), HALF, options=POOL)],
    "CONV_2D": dense(STEPS, IMAGE, weights((3, 2, 2, 2), 3), bias(3, 3), gives=(Value(shape=(1, 3, 3, 3)),)),
    "DEPTHWISE_CONV_2D": dense(
        STEPS | {"depthMultiplier": 1},
        *(IMAGE, weights((1, 2, 2, 2), 2), bias(2, 2)),
        gives=(Value(shape=(1, 3, 3, 2)),),
    ),
    "FULLY_CONNECTED": [
        *dense({}, X, weights((3, 4)), bias(3), gives=(Value(shape=(1, 3)),)),
        Form((X, Value("INT8", (3, 4))), (Value(shape=(1, 3)),), {1: WEIGHTS[:2]}),
        Form((Value(data=(1,)), Value("INT8", (3, 4))), (Value(shape=(1, 3)),), {1: WEIGHTS[:2]}),
        Form((X, Value("INT8", (3, 4)), bias(3)), (Value(shape=(1, 3)),), {1: WEIGHTS[:2], 2: BIASES}),
    ],
    "TRANSPOSE_CONV": dense(
        {"strideW": 2, "strideH": 2, "padding": 1},
        *(fixed(1, 8, 8, 3), weights((3, 2, 2, 2), 3), IMAGE, bias(3, 3)),
        gives=(Value(shape=(1, 8, 8, 3)),),
    ),
    "BATCH_MATMUL": [
        Form((Value(shape=(1, 2, 4)), Value(shape=(1, 4, 3))), (Value(shape=(1, 2, 3)),), {1: (*WEIGHTS, "T")}),
        Form((Value(shape=(1, 2, 4)), weights((1, 4, 3))), (Value(shape=(1, 2, 3)),), {1: WEIGHTS}),
        Form((Value(shape=(1, 2, 4), data=(1,)), Value(shape=(1, 4, 3))), (Value(shape=(1, 2, 3)),)),
    ],
    "RESHAPE": [
        Form((X, fixed(2, 2)), (Value(shape=(2, 2)),)),
        Form((X, Value("INT32", (2,))), (Value(shape=(2, 2)),)),
        Form((X,), (Value(shape=(2, 2)),)),
    ],
    "SQUEEZE": [Form((X,), (Value(shape=(4,)),), options={"squeezeDims": [0]})],
    "EXPAND_DIMS": [Form((X, fixed(0)), (Value(shape=(1, 1, 4)),))],
    "TRANSPOSE": [Form((X, fixed(1, 0)), (Value(shape=(4, 1)),))],
    "PAD": [Form((IMAGE, fixed(0, 0, 1, 1, 1, 1, 0, 0, shape=(4, 2))), (Value(shape=(1, 6, 6, 2)),))],
    "PADV2": [
        Form(
            (IMAGE, fixed(0, 0, 1, 1, 1, 1, 0, 0, shape=(4, 2)), Value(shape=(1,), data=(0,))),
            (Value(shape=(1, 6, 6, 2)),),
        )
    ],
    "MIRROR_PAD": [Form((IMAGE, fixed(0, 0, 1, 1, 1, 1, 0, 0, shape=(4, 2))), (Value(shape=(1, 6, 6, 2)),))],
    "SLICE": [Form((X, fixed(0, 1), fixed(1, 2)), (Value(shape=(1, 2)),))],
    "STRIDED_SLICE": [Form((X, fixed(0, 1), fixed(1, 3), fixed(1, 1)), (Value(shape=(1, 2)),))],
    "SPLIT": [Form((fixed(1), X), (Value(shape=(1, 2)), Value(shape=(1, 2))), options={"numSplits": 2})],
    "SPLIT_V": [Form((X, fixed(1, 3), fixed(1)), (Value(shape=(1, 1)), Value(shape=(1, 3))), options={"numSplits": 2})],
    "CONCATENATION": [Form((X, X), (Value(shape=(1, 8)),), options={"axis": 1})],
    "PACK": [Form((X, X), (Value(shape=(2, 1, 4)),), options={"axis": 0, "valuesCount": 2})],
    "UNPACK": [Form((X,), (Value(shape=(4,)),), options={"axis": 0, "num": 1})],
    "GATHER": [
        Form((X, fixed(0, 1)), (Value(shape=(1, 2)),), {1: ("INT32", "INT64")}, options={"axis": 1}),
        Form((X, Value("INT32", (2,))), (Value(shape=(1, 2)),), {1: ("INT32", "INT64")}, options={"axis": 1}),
        Form((weights((3, 4)), Value("INT32", (2,))), (Value(shape=(2, 4)),), {0: WEIGHTS, 1: ("INT32", "INT64")}),
    ],
    "GATHER_ND": [
        Form((X, fixed(0, 1, shape=(1, 2))), (Value(shape=(1,)),), {1: ("INT32", "INT64")}),
    ],
    "BATCH_TO_SPACE_ND": [
        Form((Value(shape=(4, 2, 2, 1)), fixed(2, 2), fixed(0, 0, 0, 0, shape=(2, 2))), (Value(shape=(1, 4, 4, 1)),))
    ],
    "SPACE_TO_BATCH_ND": [
        Form((Value(shape=(1, 4, 4, 1)), fixed(2, 2), fixed(0, 0, 0, 0, shape=(2, 2))), (Value(shape=(4, 2, 2, 1)),))
    ],
    "DEPTH_TO_SPACE": [Form((Value(shape=(1, 2, 2, 4)),), (Value(shape=(1, 4, 4, 1)),), options={"blockSize": 2})],
    "SPACE_TO_DEPTH": [Form((Value(shape=(1, 4, 4, 1)),), (Value(shape=(1, 2, 2, 4)),), options={"blockSize": 2})],
    "BROADCAST_TO": [Form((X, fixed(2, 4)), (Value(shape=(2, 4)),), {1: ("INT32", "INT64")})],
    "BROADCAST_ARGS": [
        Form((Value("INT32", (2,)), Value("INT32", (2,))), (Value("INT32", (2,)),)),
        Form((Value("INT64", (2,)), Value("INT64", (2,))), (Value("INT64", (2,)),)),
    ],
    "FILL": [Form((fixed(2, 2), Value(shape=())), (Value(shape=(2, 2)),), {0: ("INT32", "INT64")})],
    "SHAPE": [Form((X,), (Value("INT32", (2,)),), given=("INT32", "INT64"))],
    "CAST": [Form((X,), given=TYPES)],
    "QUANTIZE": [Form((X,), given=("INT8", "INT16", "UINT8", "INT32"))],
    "DEQUANTIZE": [
        Form((X,), given=("FLOAT32",)),
        Form((Value("FLOAT16", data=(0,)),), (Value("FLOAT32"),)),
    ],
    "SELECT_V2": [Form((Value("BOOL"), X, X))],
    "RESIZE_BILINEAR": [Form((IMAGE, fixed(8, 8)), (Value(shape=(1, 8, 8, 2)),))],
    "RESIZE_NEAREST_NEIGHBOR": [Form((IMAGE, fixed(8, 8)), (Value(shape=(1, 8, 8, 2)),))],
    "REVERSE_V2": [Form((X, fixed(1)))],
    "DYNAMIC_UPDATE_SLICE": [
        Form((X, Value(shape=(1, 2)), Value("INT32", (2,))), more={2: ("INT32", "INT64")}),
        Form((X, Value(shape=(1, 2)), fixed(0, 1)), more={2: ("INT32", "INT64")}),
    ],
    "EMBEDDING_LOOKUP": [
        Form((Value("INT32", (2,)), weights((3, 4))), (Value("FLOAT32", (2, 4)),), {1: WEIGHTS}, ("FLOAT32", "INT8"))
    ],
    "CUMSUM": [Form((X, fixed(1)))],
    "ARG_MAX": [Form((X, fixed(1)), (Value("INT32", (1,)),), {1: ("INT32", "INT64")}, ("INT32", "INT64"))],
    "ARG_MIN": [Form((X, fixed(1)), (Value("INT32", (1,)),), {1: ("INT32", "INT64")}, ("INT32", "INT64"))],
    "SVDF": [
        Form(
            (
                *(X, weights((4, 4)), Value("INT16", (4, 2), (0,)), bias(2)),
                Value("INT8", (1, 8), is_variable=True),
            ),
            (Value(shape=(1, 2)),),
            {1: WEIGHTS, 2: WEIGHTS, 3: BIASES, 4: ("FLOAT32", "INT8", "INT16")},
            options={"rank": 2},
        )
    ],
}
for name in UNARY:
    SHAPED[name] = [Form((X,))]
_PAIRS = ((X, X), (X, Value(data=(1,))), (Value(data=(1,)), X))
for name in BINARY:
    SHAPED[name] = [Form(pair) for pair in _PAIRS]
for name in COMPARING:
    SHAPED[name] = [Form(pair, (Value("BOOL"),)) for pair in _PAIRS]
for name in REDUCING:
    SHAPED[name] = [Form((X, fixed(1)), (Value(shape=(1,)),))]


def choices(form: Form) -> Iterator[tuple[list[Value], list[Value]]]:
    """The inputs and outputs of a form for every choice of types."""
    positions = list(form.more)
    kinds = TYPES if any(value.kind == "T" for value in (*form.takes, *form.gives)) else TYPES[:1]
    for kind, *chosen in itertools.product(kinds, *(form.more[position] for position in positions)):
        wanted = dict(zip(positions, chosen, strict=True))
        takes = [_typed(value, wanted.get(number, value.kind), kind) for number, value in enumerate(form.takes)]
        for result in form.given:
            yield takes, [_typed(value, value.kind if result == "T" else result, kind) for value in form.gives]


def _typed(value: Value, wanted: str, kind: str) -> Value:
    word = kind if wanted == "T" else wanted
    return Value(word, value.shape, value.data, 1 if word == "FLOAT32" else value.scales, value.is_variable)


def ranked(builtin: str, rank: int, kind: str) -> tuple[list[Value], list[Value]] | None:
    """The operator on tensors of a rank; None for one whose rank is its own."""
    shape = (2,) * rank
    plain, out = Value(kind, shape), Value("BOOL" if builtin in COMPARING else kind, shape)
    every = fixed(*range(rank))
    takes = {
        "TRANSPOSE": ([plain, every], out),
        "PAD": ([plain, fixed(*(0, 1) * rank, shape=(rank, 2))], Value(kind, (3,) * rank)),
        "PADV2": (
            [plain, fixed(*(0, 1) * rank, shape=(rank, 2)), Value(kind, (1,), (0,))],
            Value(kind, (3,) * rank),
        ),
        "SLICE": ([plain, fixed(*(0,) * rank), fixed(*(1,) * rank)], Value(kind, (1,) * rank)),
        "STRIDED_SLICE": (
            [plain, fixed(*(0,) * rank), fixed(*(1,) * rank), fixed(*(1,) * rank)],
            Value(kind, (1,) * rank),
        ),
        "BROADCAST_TO": ([Value(kind, (1,) * rank), fixed(*shape)], out),
        "CONCATENATION": ([plain, plain], Value(kind, (4, *(2,) * (rank - 1)))),
        "RESHAPE": ([plain, fixed(2**rank)], Value(kind, (2**rank,))),
        "QUANTIZE": ([Value("FLOAT32", shape)], Value("INT8", shape)),
        "DEQUANTIZE": ([Value("INT8", shape)], Value("FLOAT32", shape)),
        "CAST": ([plain], Value("INT32", shape)),
        "FULLY_CONNECTED": ([plain, Value(kind, (3, 2), (0,))], Value(kind, (*shape[:-1], 3))),
    }
    if builtin in takes:
        return takes[builtin][0], [takes[builtin][1]]
    if builtin in UNARY:
        return [plain], [out]
    if builtin in (*BINARY, *COMPARING):
        return [plain, Value(kind, (1, *shape[1:]))], [out]
    if builtin in REDUCING:
        return [plain, fixed(rank - 1)], [Value(kind, shape[:-1])]
    return None
