"""What a sparse tensor says of its values must fit its shape: LiteRT reads it without a look, and dies of it."""

import pytest

from compiled_files import real
from envdoctor.core.errors import Unreadable
from envdoctor.tflite.flatbuffer import FlatBuffer
from envdoctor.tflite.reader import open_model
from envdoctor.tflite.sparsity import stored_values
from envdoctor.tflite.structure import unfed_tensors


def vector(builder, values, size):
    builder.StartVector(size, len(values), size)
    for value in reversed(values):
        {1: builder.PrependUint8, 4: builder.PrependInt32}[size](value)
    return builder.EndVector()


def told(order, blocks, *dimensions):
    """SparsityParameters; a dimension is its size, or (segments, places)."""
    import flatbuffers

    builder = flatbuffers.Builder(0)

    def held(values):
        content = vector(builder, values, 1)
        builder.StartObject(1)
        builder.PrependUOffsetTRelativeSlot(0, content, 0)
        return builder.EndObject()

    def dimension(one):
        parts = [held(values) for values in one] if isinstance(one, tuple) else []
        builder.StartObject(6)
        if not parts:
            builder.PrependInt32Slot(1, one, 0)
        for number, part in enumerate(parts):
            builder.PrependUint8Slot(2 + 2 * number, 3, 0)
            builder.PrependUOffsetTRelativeSlot(3 + 2 * number, part, 0)
        builder.PrependInt8Slot(0, bool(parts), 0)
        return builder.EndObject()

    tables = [dimension(each) for each in dimensions]
    builder.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    rows = builder.EndVector()
    lists = vector(builder, order, 4), vector(builder, blocks, 4)
    builder.StartObject(3)
    for number, part in enumerate((*lists, rows)):
        builder.PrependUOffsetTRelativeSlot(number, part, 0)
    builder.Finish(builder.EndObject())
    return FlatBuffer(bytes(builder.Output())).root()


ROWS = ([0, 2, 3], [0, 3, 1])


def test_values_are_counted():
    assert stored_values(told([0, 1], [], 2, ROWS), (2, 4)) == 3
    assert stored_values(told([0, 1, 2], [1], 2, ([0, 1, 2], [1, 0]), 2), (2, 4)) == 4  # two blocks of two values
    assert stored_values(told([1, 0], [], 4, ([0, 0, 0, 0, 1], [1])), (2, 4)) == 1


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (told([0, 0], [], 2, ROWS), "2 dimensions, in"),
        (told([0, 1], [], 2), "1 dimensions, in"),
        (told([0, 1, 2], [5], 2, ROWS, 2), "are of its dimensions"),
        (told([0, 1, 2], [1], 2, ROWS, 3), "blocks of 3 in 4"),
        (told([0, 1], [], 3, ROWS), "a dimension of 3, where its shape has 2"),
        (told([0, 1], [], 2, ([0, 2], [0, 3])), "2 segments of 2 places"),
        (told([0, 1], [], 2, ([0, 3, 2], [0, 3])), "3 segments of 2 places"),
        (told([0, 1], [], 2, ([0, 2, 9], [0, 3, 1])), "3 segments of 3 places"),
        (told([0, 1], [], 2, ([0, 2, 3], [0, 4, 1])), "outside its dimension of 4"),
    ],
)
def test_what_does_not_fit_is_damage(table, words):
    with pytest.raises(Unreadable, match=words):
        stored_values(table, (2, 4))


def test_a_sparse_tensor_of_zeros_alone_has_a_value():
    """A pruned network whose weights are all zeros, by TensorFlow 2.21's converter, which LiteRT runs."""
    model = open_model(real("sparse_zeros.tflite"))
    assert any(tensor.sparse and tensor.content and not tensor.content.size for tensor in model.subgraphs[0].tensors)
    assert not unfed_tensors(model)
