"""Which program reads what."""

import json

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.tflite.reader import read_model
from envdoctor.tflite.readers import find_reader
from shared_data import shared


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
        ("tf-2.5", "BROADCAST_TO", 1, False),
        ("edgetpu", "CONV_2D", 6, False),
        ("edgetpu", "EXP", 2, False),
        ("edgetpu", "TRANSPOSE_CONV", 4, False),
        ("edgetpu", "QUANTIZE", 3, False),
        ("edgetpu", "ADD", 4, True),
        ("edgetpu-15", "REVERSE_V2", 3, False),
        ("edgetpu-15", "CONV_2D", 5, None),
        ("edgetpu-14.1", "CONV_2D", 5, False),
        ("edgetpu-2.1", "RESIZE_NEAREST_NEIGHBOR", 3, False),
        ("edgetpu-2.0", "RELU", 2, False),
        ("edgetpu-1.0", "CONV_2D", 3, None),
    ],
)
def test_a_version_is_read_refused_or_not_known(reader, operator, version, reads):
    assert find_reader(reader).reads(operator, version) is reads


@pytest.mark.parametrize(
    ("operator", "v2_5", "v2_7"),
    [("ADD", 3, 4), ("DEQUANTIZE", 4, 5), ("MUL", 4, 5), ("QUANTIZE", 2, 3), ("STRIDED_SLICE", 5, 6), ("SUB", 5, 5)],
)
def test_the_releases_agree_with_what_two_interpreters_were_measured_to_read(operator, v2_5, v2_7):
    for reader, highest in (("tf-2.5", v2_5), ("tf-2.7", v2_7)):
        assert find_reader(reader).reads(operator, highest) is True
        assert find_reader(reader).reads(operator, highest + 1) is False


def test_later_programs_read_what_earlier_ones_do():
    ordered = ["edgetpu-2.0", "edgetpu-2.1", "edgetpu-14.1", "edgetpu-15.0", "tf-2.5", "edgetpu-16.0", "tf-2.7"]
    readers = [find_reader(name) for name in (*ordered, "tflite-runtime-2.14", "litert")]
    for operator, highest in find_reader("litert").versions.items():
        for version in range(1, highest + 1):
            told = [reader.reads(operator, version) for reader in readers]
            assert told == sorted(told, key=[False, None, True].index), (operator, version)


@pytest.mark.slow
def test_no_compiler_is_said_to_refuse_what_it_is_on_record_to_have_read():
    folder = shared("data/edgetpu")
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    for pair in (pair for pair in pairs if pair["file"] and pair["compiler_version"]):
        reader = find_reader("edgetpu-" + ".".join(pair["compiler_version"].split(".")[:2]))
        for code in read_model(folder / pair["file"]).operator_codes:
            assert code.custom_code or reader.reads(code.name, code.version), (pair["path"], code.name, code.version)


def test_names_may_be_short():
    assert find_reader("edgetpu").name == find_reader("EdgeTPU-16").name == "edgetpu-16.0"
    assert find_reader("ethos-u65-512").name == "vela"


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageProblem, match=r"did you mean.*litert"):
        find_reader("litrt")
    with pytest.raises(UsageProblem, match=r"known are .*tf-2\.5"):
        find_reader("xyzzy")
