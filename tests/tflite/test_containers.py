"""What a file is by its content, and the models inside bundles."""

import dataclasses
import struct
import warnings
import zipfile

import pytest

from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.doctor.model import inspect_model
from envdoctor.tflite.compiled import compiled_file
from envdoctor.tflite.containers import FileKind, read_models, sniff
from envdoctor.tflite.flexbuffer import map_integers
from envdoctor.tflite.model import Content
from envdoctor.tflite.reader import open_model, read_model
from envdoctor.tflite.structure import compiled_contents, unfed_tensors
from graphs import Graph
from shared_data import shared
from tflite_bytes import model, pack, small, tensor


def compiled(code):
    return pack(model(tensors=[tensor([1])], operators=[(0, [0], [0], 0, None)], codes=[(32, 1, code)]))


def archive(path, members, *, padding=0, compression=zipfile.ZIP_STORED):
    with path.open("wb") as file:
        file.write(bytes(padding))
        with zipfile.ZipFile(file, "w", compression) as made:
            for name, data in members.items():
                made.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", FileKind.EMPTY),
        (b"\x89HDF\r\n\x1a\n" + bytes(20), FileKind.HDF5),
        (b"hello, world, this is text", FileKind.OTHER),
        (b"\0\0\0\0\0\0\0PK\x03\x04", FileKind.OTHER),
    ],
)
def test_files_are_told_by_their_first_bytes(tmp_path, content, kind):
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    assert sniff(path) is kind


def test_compilers_outputs_are_told_from_models(tmp_path):
    for data, kind in (
        (pack(small()), FileKind.TFLITE),
        (compiled(b"edgetpu-custom-op"), FileKind.COMPILED),
        (compiled(b"ethos-u"), FileKind.COMPILED),
        (compiled(b"TFLite_Detection_PostProcess"), FileKind.TFLITE),
    ):
        path = tmp_path / "x.bin"
        path.write_bytes(data)
        assert sniff(path) is kind
        mark = compiled_file(open_model(data))
        assert (mark is not None) == (kind is FileKind.COMPILED)


def test_archives_are_told_by_their_members(tmp_path):
    keras = {"config.json": b"{}", "metadata.json": b"{}", "model.weights.h5": b""}
    assert sniff(archive(tmp_path / "a", keras)) is FileKind.KERAS
    assert sniff(archive(tmp_path / "b", {"archive/data.pkl": b""})) is FileKind.TORCH_ARCHIVE
    assert sniff(archive(tmp_path / "c", {"readme.txt": b"nothing"})) is FileKind.ZIP
    assert sniff(archive(tmp_path / "d", {"no-suffix": pack(small())})) is FileKind.BUNDLE


def test_folders_are_told_apart(tmp_path):
    assert sniff(tmp_path) is FileKind.OTHER
    (tmp_path / "saved_model.pb").touch()
    assert sniff(tmp_path) is FileKind.SAVED_MODEL


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("padding", [0, 2, 4])
def test_every_model_of_a_bundle_is_read_padded_or_not(tmp_path, compression, padding):
    members = {"detector.tflite": pack(small()), "notes.txt": b"x" * 40, "landmarks": pack(small())}
    path = archive(tmp_path / "hand.task", members, padding=padding, compression=compression)
    found = read_models(path)
    assert [one.name.rpartition("!")[2] for one in found] == ["detector.tflite", "landmarks"]
    assert all(bytes(one.main.tensors[1].data()) == b"\x01\x02" for one in found)


def test_a_model_is_its_own_only_member(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(pack(small()))
    assert [one.name for one in read_models(path)] == [str(path)]


def test_an_archive_without_a_model_and_a_damaged_one_are_unreadable(tmp_path):
    with pytest.raises(Unreadable, match=r"without a \.tflite model"):
        read_models(archive(tmp_path / "a.zip", {"x": b"1"}))
    whole = archive(tmp_path / "b.zip", {"x.tflite": pack(small())}).read_bytes()
    for cut in (30, len(whole) // 2, len(whole) - 5):
        path = tmp_path / "cut.zip"
        path.write_bytes(whole[:cut])
        with pytest.raises(Unreadable, match="damaged zip archive"):
            read_models(path)


def test_a_damaged_model_in_a_bundle_names_the_member(tmp_path):
    path = archive(tmp_path / "x.task", {"bad.tflite": pack(small())[:40]})
    with pytest.raises(Unreadable, match=r"x\.task!bad\.tflite is damaged"):
        read_models(path)


def test_a_bundle_that_lost_a_part_is_not_read_as_fewer_models(tmp_path):
    def refused(name, words, members, spoil=lambda data: data, **how):
        path = archive(tmp_path / name, members, **how)
        path.write_bytes(spoil(path.read_bytes()))
        with pytest.raises(Unreadable, match=words):
            read_models(path)

    both = {"a.tflite": pack(small()), "b.tflite": pack(small())}
    refused("a", "checksum of a.tflite", both, lambda data: data.replace(b"TFL3", b"TFN3", 1))
    refused("b", "a.tflite in it is no .tflite", both | {"a.tflite": b"nothing of the kind"})
    deflated = both | {"a.tflite": b"nothing"}
    refused("c", "a.tflite in it is no .tflite", deflated, compression=zipfile.ZIP_DEFLATED)
    refused(
        "d", "hand_detector.tflite, which goes with it, is missing", {"hand_landmarks_detector.tflite": pack(small())}
    )
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "twice", "w") as made:
        warnings.simplefilter("ignore")
        for _ in range(2):
            made.writestr("a.tflite", pack(small()))
    with pytest.raises(Unreadable, match=r"holds a\.tflite twice"):
        read_models(tmp_path / "twice")
    whole = {"hand_landmarks_detector.tflite": pack(small()), "hand_detector.tflite": pack(small())}
    assert len(read_models(archive(tmp_path / "e", whole))) == 2


def test_a_part_of_several_bundles_needs_the_others_of_one_of_them_only(tmp_path):
    holistic = {
        "face_detector.tflite",
        "face_landmarks_detector.tflite",
        "face_blendshapes.tflite",
        "hand_landmarks_detector.tflite",
        "hand_roi_refinement.tflite",
        "pose_detector.tflite",
        "pose_landmarks_detector.tflite",
    }
    assert len(read_models(archive(tmp_path / "whole", dict.fromkeys(holistic, pack(small()))))) == len(holistic)
    for lost in holistic - {"face_blendshapes.tflite"}:
        left = archive(tmp_path / lost, dict.fromkeys(holistic - {lost}, pack(small())))
        with pytest.raises(Unreadable, match="goes with it, is missing"):
            read_models(left)


def ahead_of_time(told, *, code=b"\1" * 9000, behind=0, **metadata):
    """A model whose DISPATCH_OP has these options in front of its code; `behind` is where the code is said to begin."""
    flexbuffers = pytest.importorskip("flatbuffers.flexbuffers")
    numbers = {"at": 256 + behind, "size": len(code)}
    options = bytes(flexbuffers.Dumps({name: numbers.get(str(value), value) for name, value in told}))
    source = options.ljust(256, b"\0") + code
    graph = Graph()
    given = graph.op("CUSTOM", [graph.input([1, 4])], [1, 4], custom="DISPATCH_OP")
    made = graph.model(given, metadata=metadata)
    (operator,) = made.main.operators
    operator = dataclasses.replace(operator, custom_options=Content(source=source, size=len(options)))
    return dataclasses.replace(made, subgraphs=(dataclasses.replace(made.main, operators=(operator,)),))


PLACE = (("bytecode_size", "size"), ("bytecode_offset", "at"), ("name", "partition_0"))


def test_a_file_that_litert_compiled_ahead_of_time_names_its_chip():
    stamp = b"Qualcomm".ljust(125, b"\0") + b"SM8750".ljust(125, b"\0")
    stamped = ahead_of_time(PLACE, LiteRtStamp=Content(source=stamp, size=len(stamp)))
    assert compiled_file(stamped).words == "ahead of time by LiteRT, for Qualcomm SM8750"
    assert compiled_contents(stamped).words.endswith("Qualcomm SM8750")
    assert compiled_file(ahead_of_time(PLACE)).words == "ahead of time by LiteRT"
    assert compiled_file(ahead_of_time((*PLACE, ("more", 1.5), ("list", [1, 2]), ("wide", 1 << 40))))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: ahead_of_time(PLACE[:1]), "does not tell where its code is (bytecode_offset, bytecode_size)"),
        (lambda: ahead_of_time(PLACE, behind=1), "has code up to byte 9,257, and the file ends at 9,256"),
        (lambda: ahead_of_time(PLACE, behind=1 << 40), "and the file ends at 9,256"),
        (lambda: ahead_of_time(PLACE, code=bytes(9000)), "zeros in place of its code"),
        (lambda: ahead_of_time(PLACE, code=b"\1" * 4000 + bytes(5000)), "zeros in place of its code"),
        (lambda: ahead_of_time((("bytecode_offset", -1), ("bytecode_size", 5))), "does not tell where"),
    ],
)
def test_code_that_is_not_all_there_is_told(made, words):
    with pytest.raises(Unreadable) as caught:
        compiled_file(made())
    assert words in str(caught.value)


@pytest.mark.parametrize("options", [b"", b"\1", b"\x27\x01", b"\xff\x24\x01", bytes(40), b"\xff" * 40])
def test_options_that_are_no_flexbuffer_are_told(options):
    with pytest.raises(Unreadable):
        map_integers(options)


@pytest.mark.slow
def test_a_real_one_and_what_is_left_of_it(tmp_path):
    path = shared("data/compiled") / "conv_int8_Qualcomm_SM8750_apply_plugin.tflite"
    assert sniff(path) is FileKind.COMPILED
    assert compiled_file(read_model(path)).words.endswith("for Qualcomm SM8750")
    content, other = path.read_bytes(), tmp_path / "cut.tflite"
    for size in range(0, len(content) - 1, 997):
        for left in (content[:size], content[:size] + bytes(len(content) - size)):
            other.write_bytes(left)
            if left.rstrip(b"\0") == content.rstrip(b"\0") or (size > 30_000 and len(left) == len(content)):
                continue  # only that its second half is zeros can be told
            with pytest.raises(UsageProblem):
                inspect_model(other)


def test_a_compiled_operator_has_memory_of_its_own_and_has_lost_nothing():
    """Vela's operator takes `scratch` and `scratch_fast`, which nothing in the file makes."""
    graph = Graph()
    scratch = graph.tensor([64], "UINT8", name="scratch")
    made = graph.model(graph.op("CUSTOM", [graph.input([1, 4]), scratch], [1, 4], custom="ethos-u"))
    assert unfed_tensors(made) == ()
    other = graph.model(graph.op("CUSTOM", [graph.input([1, 4]), scratch], [1, 4], custom="mine"))
    assert unfed_tensors(other) != ()


def package(runtime, build):
    """A flatbuffer of six fields, of which the first and the fifth are set, behind bytes of another format."""
    text = struct.pack("<I", len(build)) + build + b"\0"
    vtable = struct.pack("<8H", 16, 12, 4, 0, 0, 0, 8, 0)
    table = struct.pack("<iii", len(vtable), runtime, 4)
    return b"other" + struct.pack("<I", 8 + len(vtable)) + b"DWN1" + vtable + table + text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (package(13, b"cl/343520747"), "for the Edge TPU, runtime 13 or newer, compiler build 343520747"),
        (package(12, b"cl/"), "for the Edge TPU, runtime 12 or newer"),
        (package(12, b"cl/")[:20], "for the Edge TPU"),
        (b"", "for the Edge TPU"),
    ],
)
def test_a_file_for_the_edge_tpu_names_its_runtime_and_its_compiler(options, words):
    graph = Graph()
    given = graph.op("CUSTOM", [graph.input([1, 4])], [1, 4], custom="edgetpu-custom-op")
    content = Content(source=options, size=len(options))
    graph.operators[-1] = dataclasses.replace(graph.operators[-1], custom_options=content)
    assert compiled_file(graph.model(given)).words == words


@pytest.mark.parametrize(
    ("begins", "filled"), [(b"COP1", b"\1" * 40), (bytes(4), b"\1" * 40), (b"COP1", bytes(40)), (b"", b"")]
)
def test_velas_code_must_be_there(begins, filled):
    graph = Graph()
    stream = Content(source=begins + filled, size=len(begins + filled))
    code = graph.tensor([len(stream.source)], "UINT8", content=stream) if begins else graph.input([1])
    made = graph.model(graph.op("CUSTOM", [code, graph.input([1, 4])], [1, 4], custom="ethos-u"))
    if begins in {b"COP1", b""}:
        assert compiled_file(made).words == "for Ethos-U by Vela"
    else:
        with pytest.raises(Unreadable, match="takes no constant that begins with COP1"):
            compiled_file(made)


def test_a_bundle_whose_only_model_is_none_is_damaged(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.task", "w") as bundle:
        bundle.writestr("model.tflite", b"placeholder")
    with pytest.raises(Unreadable, match=r"damaged: model\.tflite in it is no \.tflite model"):
        read_models(tmp_path / "m.task")
