"""Which program reads what."""

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.tflite.readers import find_reader, reader_names, reads_operator


@pytest.mark.parametrize(
    ("reader", "operator", "version", "reads"),
    [
        ("litert", "CONV_2D", 8, True),
        ("litert", "CONV_2D", 9, False),
        ("litert", "STABLEHLO_CUSTOM_CALL", 1, False),
        ("tflite-runtime-2.14", "STABLEHLO_COMPOSITE", 1, False),
        ("tf-2.5", "FULLY_CONNECTED", 9, True),
        ("tf-2.5", "FULLY_CONNECTED", 12, False),
        ("tf-2.5", "GELU", 1, False),
        ("edgetpu", "CONV_2D", 6, False),  # measured of itself
        ("edgetpu", "ADD", 4, True),  # measured of itself, where TensorFlow 2.5 would refuse
        ("edgetpu", "TILE", 3, False),  # since TensorFlow 2.7, which is newer, refuses it
        ("edgetpu", "FULLY_CONNECTED", 9, True),  # since TensorFlow 2.5, which is older, reads it
        ("edgetpu", "MUL", 5, None),  # between the two
        ("vela", "CONV_2D", 99, None),
    ],
)
def test_a_version_is_read_refused_or_not_known(reader, operator, version, reads):
    assert reads_operator(find_reader(reader), operator, version) is reads


def test_what_one_reads_no_later_one_refuses_and_the_other_way_round():
    names = [name for name in reader_names() if name not in {"vela", "edgetpu"}]
    readers = [find_reader(name) for name in names]
    for operator in {name for reader in readers for name in (*reader.reads, *reader.refuses)}:
        for version in range(1, 16):
            told = [reader.knows(operator, version) for reader in readers]
            assert not any(early is True and late is False for at, early in enumerate(told) for late in told[at:]), (
                operator,
                version,
            )


def test_names_may_be_short():
    assert find_reader("edgetpu").name == find_reader("EdgeTPU-16").name == "edgetpu-16.0"
    assert find_reader("ethos-u65-512").name == "vela"


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageProblem, match=r"did you mean.*litert"):
        find_reader("litrt")
    with pytest.raises(UsageProblem, match=r"known are .*tf-2\.5"):
        find_reader("xyzzy")
