"""What of the judges' words can be shown without envdoctor: held against what they really say."""

from __future__ import annotations

import pytest

from envdoctor.core.availability import Cell, CellReason, CellVerdict, Matrix, ReasonKind
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import Evidence, Severity
from envdoctor.core.upstream import ClaimKind
from envdoctor.doctor.upstream import claim_of, upstream_of_matrix


def reason(message, *evidence, kind=ReasonKind.BROKEN, subject="", severity=Severity.ERROR):
    shown = tuple(Evidence(source=source, excerpt=excerpt) for source, excerpt in evidence)
    return CellReason(kind=kind, severity=severity, subject=subject, message=message, evidence=shown)


SAID = [
    (
        (
            "ai-edge-litert 2.1.0rc1: `import ai_edge_litert.compiled_model` fails: ai_edge_litert/_a.so and 9 more"
            " need @rpath/libcommon.dylib, which nothing brings"
        ),
        ("files of ai-edge-litert 2.1.0rc1", "ai_edge_litert/_a.so, ai_edge_litert/_b.so and 8 more"),
        (ClaimKind.LIBRARY, ("ai_edge_litert/_a.so", "ai_edge_litert/_b.so"), ("@rpath/libcommon.dylib",), ""),
    ),
    (
        "app 1: app/_x.so needs libGL.so.1, which nothing brings; libgl1 (Mesa) would supply it",
        ("files of app 1", "app/_x.so"),
        (ClaimKind.LIBRARY, ("app/_x.so",), ("libGL.so.1",), ""),
    ),
    (
        (
            "tensorflow-text 2.21.0: tensorflow_text/a.so and 4 more files can't be loaded for want of icudt77_dat,"
            " which nothing defines"
        ),
        ("files of tensorflow-text 2.21.0", "tensorflow_text/a.so, tensorflow_text/b.so"),
        (ClaimKind.SYMBOL, ("tensorflow_text/a.so", "tensorflow_text/b.so"), ("icudt77_dat",), ""),
    ),
    (
        (
            "tensorflow-hub 0.16.1: `import tensorflow_hub` fails: tensorflow_hub imports pkg_resources, which no wheel"
            " of the set brings (setuptools<82 would)."
        ),
        ("imports of tensorflow-hub 0.16.1", "tensorflow_hub > pkg_resources"),
        (ClaimKind.MODULE, ("tensorflow_hub",), ("pkg_resources",), ""),
    ),
    (
        "old 1: `import old` fails: old.part imports imp, which Python 3.12 does not have on Linux.",
        ("imports of old 1", "old > old.part > imp"),
        (ClaimKind.MODULE, ("old.part",), ("imp",), ""),
    ),
    (
        (
            "onnx 1.19.0: `import onnx` fails: onnx._mapping asks for ml_dtypes.float4_e2m1fn, which ml-dtypes 0.4.1"
            " does not have."
        ),
        ("imports of onnx 1.19.0", "onnx > onnx._mapping > ml_dtypes.float4_e2m1fn"),
        (ClaimKind.NAME, ("onnx._mapping",), ("ml_dtypes.float4_e2m1fn",), "ml-dtypes 0.4.1"),
    ),
    (
        (
            "sounddevice 0.5.3: `import sounddevice` fails: sounddevice looks for the library portaudio, which nothing"
            " brings, and raises OSError; libportaudio2 (PortAudio) would supply it."
        ),
        ("imports of sounddevice 0.5.3", "sounddevice"),
        (ClaimKind.LOOKUP, ("sounddevice",), ("portaudio",), ""),
    ),
]


@pytest.mark.parametrize(("message", "evidence", "claim"), SAID)
def test_what_is_said_becomes_what_can_be_shown(message, evidence, claim):
    found = claim_of(reason(message, evidence))
    assert (found.kind, found.files, found.names, found.other) == claim
    assert found.wheel == message.partition(":")[0]
    assert found.fix


def test_shared_files_name_both_wheels():
    found = claim_of(
        reason("both install", ("CRC-32", "a.py, b.py"), kind=ReasonKind.SHARED_FILES, subject="one 1, other 2")
    )
    assert (found.wheel, found.other, found.files) == ("one 1", "other 2", ("a.py", "b.py"))


def test_what_nothing_shows_is_no_claim():
    assert claim_of(reason("app 1: fails to load under numpy 2.2.6; numpy<2 would do.")) is None


def test_the_same_fault_of_another_release_has_the_same_key():
    one = claim_of(reason("app 1: app/_x.so needs libgone.so, which nothing brings", ("files of app 1", "app/_x.so")))
    other = claim_of(reason("app 2: app/y.so needs libgone.so, which nothing brings", ("files of app 2", "app/y.so")))
    third = claim_of(reason("app 2: app/y.so needs libother.so, which nothing brings"))
    assert one.key == other.key != third.key


def test_a_matrix_without_a_fault_has_no_report():
    cell = Cell(requirement="app==1", version="1", target="linux-x86_64-cp311-glibc2.36", verdict=CellVerdict.SOUND)
    matrix = Matrix(package="app", requirements=("app",), versions=("1",), targets=(cell.target,), cells=(cell,))
    with pytest.raises(UsageProblem, match="nothing is wrong with app there"):
        upstream_of_matrix(matrix)
