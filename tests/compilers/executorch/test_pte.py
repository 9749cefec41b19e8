"""Files that ExecuTorch 1.5.1 wrote, whole and damaged."""

import contextlib
from pathlib import Path

import pytest

from envdoctor.compilers.executorch.pte import parse_program, read_program
from envdoctor.core.errors import Unreadable
from shared_data import shared

DATA = Path(__file__).parents[2] / "data/executorch"
XNNPACK, ETHOS_U = DATA / "xnnpack.pte", DATA / "ethos-u55-128.pte"


def test_a_file_for_xnnpack_tells_what_its_delegates_took():
    program = read_program(XNNPACK)
    assert program.method == "forward"
    assert (program.inputs, program.outputs) == (("float32 [1, 3, 32, 32]",), ("float32 [1, 10]",))
    assert program.backends == ("XnnpackBackend",)
    assert [dict(one.operators) for one in program.delegates] == [
        {"StaticTranspose": 2, "Conv2d": 1},
        {"FullyConnected": 1},
    ]
    assert program.kernels == {"aten::mean.out": 1}
    assert program.chip == ""


def test_a_file_for_ethos_u_tells_its_chip():
    program = read_program(ETHOS_U)
    assert program.backends == ("EthosUBackend",)
    assert program.chip == "ethos-u55-128"
    assert set(program.kernels) == {
        "quantized_decomposed::quantize_per_tensor.out",
        "quantized_decomposed::dequantize_per_tensor.out",
    }


def test_a_file_of_somebody_elses():
    program = read_program(shared("data/compiled/n.pte"))
    assert program.inputs == ("float32 [1, 3, 32, 32]",)
    assert sum(sum(one.operators.values()) for one in program.delegates) == 5


@pytest.mark.parametrize("file", [XNNPACK, ETHOS_U], ids=lambda file: file.stem)
def test_no_part_of_a_file_is_taken_for_all_of_it(file):
    data = file.read_bytes()
    for length in range(len(data)):
        with pytest.raises(Unreadable):
            parse_program(memoryview(data[:length]))


@pytest.mark.slow
@pytest.mark.parametrize("file", [XNNPACK, ETHOS_U], ids=lambda file: file.stem)
def test_no_byte_that_changes_makes_it_crash(file):
    data = bytearray(file.read_bytes())
    for place in range(0, len(data), 2):
        before = data[place]
        data[place] ^= 0x81
        with contextlib.suppress(Unreadable):
            parse_program(memoryview(data))
        data[place] = before


@pytest.mark.parametrize(
    ("find", "put", "words"),
    [
        (b"ET12", b"ET11", "ET12"),
        (b"vela_bin_stream", b"vela_bin_strexm", "Ethos-U"),
        (b"vela_end_stream", b"\0" * 15, "Ethos-U"),
    ],
)
def test_a_placeholder_is_refused(tmp_path, find, put, words):
    file = tmp_path / "m.pte"
    file.write_bytes(ETHOS_U.read_bytes().replace(find, put))
    with pytest.raises(Unreadable, match=words):
        read_program(file)


@pytest.mark.parametrize("data", [b"", b"\0", b"ET12", b"\0\0\0\0ET12", b"\0" * 4096, b"\xff\xff\xff\xffET12" * 9])
def test_what_is_none_is_refused(tmp_path, data):
    file = tmp_path / "m.pte"
    file.write_bytes(data)
    with pytest.raises(Unreadable):
        read_program(file)
