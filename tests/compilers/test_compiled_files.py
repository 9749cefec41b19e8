"""What `model` says of compiled files of other formats: made by the real tool where it can be had, else by headers."""

import json
import random
import struct

import pytest

from compiled_files import (
    BUILT,
    archive,
    blob,
    bmodel,
    cvimodel,
    dxnn,
    engine,
    espdl,
    hef,
    kmodel,
    kmodel3,
    kmodel4,
    kmodel5,
    nb,
    om,
    real,
    rpk,
)
from envdoctor import registry
from envdoctor.cli import main
from envdoctor.core.errors import EnvDoctorError, ExitCode, Unreadable, UsageProblem
from envdoctor.core.file_identity import file_formats
from envdoctor.core.finding import Outcome
from envdoctor.doctor.model import inspect_model
from envdoctor.pipeline.sources import identify
from keras_files import DATA
from shared_data import shared

REAL = {
    "tiny.gguf": "gguf",
    "tiny.mlmodel": "mlmodel",
    "tiny.mnn": "mnn",
    "tiny.ort": "ort",
    "tiny.safetensors": "safetensors",
    "tiny.xml": "openvino-ir",
    "tiny_cpu.blob": "openvino-cpu",
    "qnn_0_ctx.onnx": "ep-context",
    "qnn_0_ctx_qnn.bin": "qnn-context",
    "tiny_riscv32.vmfb": "vmfb",
    "tiny_riscv64.vmfb": "vmfb",
    "tiny_aarch64.vmfb": "vmfb",
    "tiny_flat.vmfb": "vmfb",
    "tiny.litertlm": "litertlm",
}
PTE = ("xnnpack.pte", "ethos-u55-128.pte")
ALL = {
    **{name: (DATA / "executorch" / name).read_bytes() for name in PTE},
    **{name: real(name) for name in REAL},
    **BUILT,
}
#: Flatbuffers that say nothing of their size; an .om file of several models tells that of the first one, maybe.
UNSIZED = {"tiny.ort", "net.om"}
#: Bytes at the end of a file that may be missing without harm: padding, the last end of line.
PADDING = 8
#: What stores nothing to tell a whole file by.
UNTOLD = {
    "tiny.mnn", "k230.kmodel", "net.nb", "net.dla", "other.dla", "net.axmodel", "net.nef", "net.har", "net.cambricon",
}  # fmt: skip


def looked_at(path):
    """What it is known to be, and whether it is known to be whole; None if it is refused or not known."""
    try:
        found = registry.identify_file(path)
    except EnvDoctorError as error:
        return error if str(error).count("\n") else None
    return found if found is not None and found.checked and not found.missing else None


def named(path, **options):
    return inspect_model(path, **options).file


@pytest.mark.parametrize("name", ALL)
def test_each_is_named_and_is_fine_only_if_it_is_known_to_be_whole(name, put):
    report = inspect_model(put(name, ALL[name]))
    assert report.file.format == REAL.get(name, report.file.format)
    assert not report.problems
    assert report.complete == (name not in UNTOLD)
    assert bool(report.file.checked) == report.complete
    untold = [one.code for one in report.probes if one.outcome is Outcome.UNKNOWN]
    assert untold == (["MDL033"] if name in UNTOLD else [])
    suffix = f".{name.rpartition('.')[2]}"
    assert suffix in report.file.suffixes


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_no_file_that_is_cut_short_is_fine(name, put):
    content = ALL[name]
    for size in [len(content) * part // 50 for part in range(50)] + [len(content) - PADDING - 1]:
        assert looked_at(put(name, content[:size])) is None, size


@pytest.mark.parametrize("name", [name for name in ALL if name not in UNSIZED])
def test_what_follows_the_end_of_a_file_is_told(name, put):
    whole, longer = looked_at(put(name, ALL[name])), looked_at(put(name, ALL[name] + b"\xa5" * 333))
    assert whole is None or "what follows" not in whole.checked
    assert longer is None or "what follows, 333 bytes, is no part of it" in longer.checked


@pytest.mark.parametrize("name", [name for name, content in ALL.items() if len(content) > 2 << 12])
def test_no_file_that_was_only_half_filled_is_fine(name, put):
    content = ALL[name]
    for size in (len(content) // 2, len(content) // 3):
        assert looked_at(put(name, content[:size] + bytes(len(content) - size))) is None, size


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, content in ALL.items() if len(content) > 1 << 12])
@pytest.mark.parametrize(("first", "end", "least"), [(0.3, 0.7, 1 << 12), (0.5, 0.6, 10240), (0.8, 0.9, 10240)])
def test_no_file_with_a_hole_is_fine(name, first, end, least, put):
    content = ALL[name]
    first, end = int(first * len(content)), int(end * len(content))
    if REAL.get(name) == "qnn-context":  # whole ones have several thousand zeros in a row
        least = len(content) + (end - first < 2 * file_formats()["qnn-context"]["padding"])
    holed = content[:first] + bytes(end - first) + content[end:]
    assert len(content) < least or holed == content or looked_at(put(name, holed)) is None


@pytest.mark.parametrize(("first", "size", "whole"), [(5000, 3000, False), (5192, 3000, True), (4096, 20480, False)])
def test_zeros_that_fill_up_a_page_are_no_hole(first, size, whole, put):
    head = json.dumps({"w": {"dtype": "F32", "shape": [8192], "data_offsets": [0, 32768]}}).encode()
    content = bytearray(struct.pack("<Q", len(head)) + head + b"\1" * 32768)
    content[first : first + size] = bytes(size)
    assert inspect_model(put("m.safetensors", bytes(content))).complete == whole


@pytest.mark.parametrize("first", [9000, 9100, 9216, 9300, 9500])
def test_a_hole_is_seen_wherever_it_begins(first, put):
    head = json.dumps({"w": {"dtype": "F32", "shape": [4096], "data_offsets": [0, 16384]}}).encode()
    content = bytearray(struct.pack("<Q", len(head)) + head + b"\1" * 16384)
    assert inspect_model(put("m.safetensors", bytes(content))).complete
    content[first : first + 700] = bytes(700)
    assert not inspect_model(put("m.safetensors", bytes(content))).complete


def test_a_file_that_ends_in_zeros_is_unknown_and_says_so(put):
    head = json.dumps({"w": {"dtype": "F32", "shape": [2048], "data_offsets": [0, 8192]}}).encode()
    content = struct.pack("<Q", len(head)) + head
    assert inspect_model(put("m.safetensors", content + b"\1" * 8192)).complete
    report = inspect_model(put("m.safetensors", content + b"\1" * 512 + bytes(8192 - 512)))
    assert not report.complete
    assert report.summary.exit_code == ExitCode.PROBLEMS
    (result,) = [one for one in report.probes if one.code == "MDL033"]
    assert "ends in zeros" in result.reason


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_changed_bytes_end_in_words_of_envdoctor(name, put):
    rnd, content = random.Random(name), ALL[name]
    for _ in range(30):
        changed = bytearray(content)
        for _ in range(rnd.randint(1, 4)):
            changed[rnd.choice([rnd.randrange(len(content)), rnd.randrange(min(600, len(content)))])] = rnd.randrange(
                256
            )
        assert not isinstance(looked_at(put(name, bytes(changed))), EnvDoctorError), "more than one line"


@pytest.mark.parametrize("name", ALL)
def test_a_build_says_what_it_is_and_where_to_go_from_there(name, put):
    with pytest.raises(UsageProblem) as caught:
        identify(put(name, ALL[name]))
    assert str(caught.value).endswith(f"is {named(put(name, ALL[name])).sentence.removeprefix('is ')}")


@pytest.mark.parametrize(
    ("name", "chip", "version"),
    [
        ("qnn_0_ctx_qnn.bin", "Qualcomm SM8750 (Hexagon v79)", "2.51.0.260929181845"),
        ("qnn_0_ctx.onnx", "Qualcomm SM8750 (Hexagon v79)", "2.51.0.260929181845"),
        ("tiny_riscv32.vmfb", "riscv32-unknown-unknown-eabi-elf", ""),
        ("tiny_cpu.blob", "Intel AVX2", "2026.4.1"),
        ("tiny.mlmodel", "Apple's CPUs, GPUs and Neural Engines", "9.0"),
        ("hailo8l.hef", "Hailo-8L", "3.28.0"),
        ("trt.engine", "", "10.3.0.26"),
        ("m1.dxnn", "M1_8K", "2.0.1"),
        ("k210.kmodel", "K210", ""),
        ("k210v4.kmodel", "K210", ""),
        ("k230.kmodel", "K230", ""),
        ("net.cvimodel", "cv181x", ""),
        ("net.bmodel", "BM1684X", ""),
        ("net.espdl", "ESP32-P4", ""),
        ("old.espdl", "any chip of Espressif's", ""),
        ("net.dla", "MediaTek", "9.2.1"),
    ],
)
def test_chip_and_version_are_read_from_the_file(name, chip, version, put):
    file = named(put(name, ALL[name]))
    assert (file.chip, file.compiler_version) == (chip, version)


def test_an_encrypted_model_tells_nothing_more(put):
    file = named(put("m.espdl", espdl(encrypted=1)))
    assert file.unknown == ("all else: it is encrypted",)
    assert named(put("m.espdl", b"PDL2" + bytes(100))).details == ("several models in one",)
    assert named(put("m.espdl", espdl(b""))).unknown == ("which of the two chips",)


def test_inputs_and_outputs_are_read_from_the_file(put):
    file = named(put("oak.blob", blob()))
    assert (file.inputs, file.outputs) == (("image uint8 [1, 3, 300, 300]",), ("scores float16 [1, 1000]",))
    file = named(put("net.hef", hef()))
    assert (file.inputs, file.outputs) == (("net/input_layer1 [224, 224, 3]",), ("net/fc1 [1, 1, 1000]",))
    file = named(put("net.rpk", rpk()))
    assert (file.inputs, file.outputs) == (("RGB [240, 320]",), ("400 x 1 byte", "1 x 2 bytes"))
    assert named(put("v4.kmodel", kmodel4())).inputs == ("[1, 1, 28, 80]",)
    assert named(put("a.onnx", real("qnn_0_ctx.onnx"))).outputs == ("y float32 [1, 3]",)


def test_rockchips_file_of_the_real_tool(put):
    content = shared("data/compiled/net.rknn").read_bytes()
    file = named(put("net.rknn", content))
    assert (file.chip, file.targets, file.compiler_version) == ("RK3588", ("rk3588",), "2.5.0")
    assert (file.inputs, file.outputs) == (("x int8 [1, 3, 32, 32]",), ("y int8 [1, 10]",))
    assert "74ea630ce" in file.details[0]
    with pytest.raises(UsageProblem, match="its program is for rk3588, and its description says rk3566"):
        named(put("net.rknn", content.replace(b'["rk3588"]', b'["rk3566"]')))


def test_irees_file_of_the_real_tool():
    file = named(shared("data/compiled/m.vmfb"))
    assert (file.inputs, file.outputs) == (("input0 tensor<1x12x12x1xi8>",), ("output0 tensor<1x5xi8>",))
    assert file.targets == ("x86_64",)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.rknn", b"RKNN" + bytes(400), "no JSON"),
        ("m.rknn", b"RKNN mock model, replace by a real one", "bytes 4 to 8 of an .rknn file are zeros"),
        ("m.hef", hef(body=b""), "neither a header nor a network"),
        ("m.hef", hef()[:-3] + b"abc", "MD5"),
        ("m.hef", hef(2)[:-3], "cut short"),
        ("m.hef", b"placeholder", "a text file, no model"),
        ("m.engine", b"ftrt" + bytes(4096), "a placeholder"),
        ("m.engine", engine(body=b"\1" * 20), "cut short"),
        ("m.engine", engine()[:-1], "its header says 2,028 bytes, and it has 2,027"),
        ("m.rpk", rpk()[: 1 << 20], "its part 2 of 2 is not there"),
        ("m.rpk", rpk(end=b"more"), "does not come to its end"),
        ("m.rpk", b"9464" + bytes(400), "it says that it has no part"),
        ("m.kmodel", kmodel4()[:-1], "cut short"),
        ("m.kmodel", kmodel4(nodes=0), "no nodes"),
        ("m.blob", blob(stages=0), "no stage"),
        ("m.blob", blob(magic=1), "a program or a library (ELF)"),
        ("m.dxnn", dxnn(end=1), "its header speaks of"),
        ("m.kmodel", kmodel(modules=0), "no module"),
        ("m.kmodel", kmodel3()[:-1], "cut short"),
        ("m.cvimodel", cvimodel(chip=b""), "no network or no chip"),
        ("m.bmodel", bmodel()[:-1], "cut short"),
        ("m.om", om(size=0), "nothing"),
        ("m.nb", nb(layers=0), "no layer"),
        ("m.espdl", espdl(operators=0), "no operator"),
        ("m.espdl", espdl()[:-1], "cut short"),
        ("m.kmodel", kmodel5()[:-1], "its modules end at byte 352 of 351"),
        ("m.axmodel", bytes(400), "holds zeros"),
        ("m.axmodel", b"placeholder, to be replaced " * 10, "a text file, no model"),
        ("m.nef", b"II*\0" + b"\1\0" * 200, "no .nef file"),
        ("m.vmfb", archive(module__fb=b"\x40\0\0\0\x0c\0\0\0IREX" + bytes(60)), "IREX"),
        ("m.hef", b"\x93\x01\x02\x03\xff\xfe", "no .hef file, whatever its name says"),
        ("m.gguf", b"\x00\xff\x02\x03\xff\xfe", "no .gguf file, whatever its name says"),
        ("m.rknn", b"", "is empty"),
    ],
)
def test_placeholders_and_damaged_files_are_refused_in_one_sentence(name, content, words, put):
    path = put(name, content)
    with pytest.raises(UsageProblem) as caught:
        inspect_model(path)
    assert words in str(caught.value)
    assert main(["model", str(path)]) == ExitCode.USAGE
    with pytest.raises(UsageProblem):
        identify(path)


def test_the_name_does_not_decide_and_a_wrong_one_is_told(put):
    report = inspect_model(put("m.rknn", hef()))
    assert report.file.format == "hef"
    assert [problem.code for problem in report.problems] == ["MDL031"]
    assert not inspect_model(put("m.bin", hef())).problems
    assert inspect_model(put("m.tflite", hef())).problems


def test_a_plan_of_another_serialization_is_unknown_and_no_false_alarm(put):
    report = inspect_model(put("m.engine", engine(kind=9)[:-1]))
    assert not report.problems
    assert not report.complete


def test_a_file_for_another_goal_is_told(put):
    path = put("m.hef", hef())
    assert not inspect_model(path).problems
    report = inspect_model(path, goal="edgetpu")
    assert [problem.code for problem in report.problems] == ["MDL032"]
    assert "Hailo-8L" in report.problems[0].message
    assert inspect_model(path, goal="litert").problems
    with pytest.raises(UsageProblem, match="hailo"):
        inspect_model(path, goal="hailo")


@pytest.mark.parametrize(
    ("name", "goal", "other"),
    [
        ("ethos-u55-128.pte", "executorch-ethos-u55-128", "executorch-ethos-u55-256"),
        ("xnnpack.pte", "executorch-xnnpack", "executorch-ethos-u55-256"),
        ("qnn_0_ctx.onnx", "qualcomm-sm8750", "qualcomm-sm8650"),
        ("qnn_0_ctx_qnn.bin", "qualcomm-sm8750", "tflite-int8"),
    ],
)
def test_a_file_is_held_against_the_goal(name, goal, other, put):
    path = put(name, ALL[name])
    report = inspect_model(path, goal=goal)
    assert report.complete
    assert not report.problems
    assert [problem.code for problem in inspect_model(path, goal=other).problems] == ["MDL032"]


def test_formats_have_words_a_source_and_a_suffix():
    for name, row in file_formats().items():
        assert all(row[key] for key in ("what", "source", "suffixes")), name
        assert not row["what"].endswith("."), name


def test_no_other_file_is_taken_for_one(tmp_path):
    files = [*(DATA / "tflite").glob("*.tflite"), DATA / "keras/nested_keras2.h5", DATA / "harmless.txt"]
    assert all(registry.identify_file(file) is None for file in files)
    assert registry.identify_file(tmp_path) is None
    assert registry.identify_file(tmp_path / "missing.rknn") is None


def test_a_reader_raises_for_what_is_damaged(put):
    with pytest.raises(Unreadable, match=r"m\.hef is damaged: "):
        registry.identify_file(put("m.hef", hef()[:-1]))
