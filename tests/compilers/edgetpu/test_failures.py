import pytest

from envdoctor.compilers.edgetpu.failures import PROBLEMS, explain
from envdoctor.compilers.edgetpu.result import FailureKind
from envdoctor.compilers.edgetpu.running import CompilerRun
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.command import CommandResult
from envdoctor.stages.problems import problem_kinds
from stages import stage_context


def said(tmp_path, text, place="local", **result):
    source = Artifact(kind=ArtifactKind.TFLITE_INT8, path=tmp_path / "m.tflite", sha256="")
    context = stage_context(tmp_path / "stage", source, "edgetpu", place=place, ssh_host="bigbox")
    fine = {"argv": ("edgetpu_compiler",), "returncode": 1}
    return explain(context, CompilerRun(result=CommandResult(**{**fine, **result}), printed=text), "")


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_is_a_problem_that_the_table_explains(kind):
    assert PROBLEMS[kind] in problem_kinds()


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (
            "ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'. An older version",
            "edgetpu-operator-version",
            "CONV_2D in version 6",
        ),
        ("ERROR: Op builtin_code out of range: 150. Are you", "edgetpu-operator-unknown", "number 150"),
        ("ERROR: Encountered unresolved custom op: Atan.", "edgetpu-custom-operator", "custom operator Atan"),
        ("Model not quantized", "edgetpu-not-quantized", "not quantized"),
        (
            "ERROR: only supports static-sized tensors with a delegate that only supports static-sized tensors",
            "edgetpu-dynamic-tensors",
            "dynamic tensors",
        ),
        ("Model could not be parsed", "edgetpu-model-unreadable", "can't read the model"),
        ("ERROR: nobody has seen this", "compiler-refused", "nobody has seen this"),
        (
            "Compilation failed: Compilation timeout. This is usually caused by large activations.",
            "edgetpu-timeout",
            "after its time limit",
        ),
        (
            "ERROR: Node number 3 (ConcatenationV2) failed to prepare.",
            "edgetpu-interpreter-refused",
            "the compiler's interpreter refuses the model",
        ),
    ],
)
def test_the_finding_carries_the_compilers_words(tmp_path, text, name, words):
    failure = said(tmp_path, f"Edge TPU Compiler version 16.0.384591198\n{text}\n")
    assert (failure.finding.name, failure.of_place) == (name, False)
    assert words in failure.finding.message
    assert failure.finding.evidence[1].excerpt == text


def test_a_crash_may_be_the_emulators(tmp_path):
    crashed = "qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n"
    assert said(tmp_path, crashed, place="qemu").of_place
    assert not said(tmp_path, "", returncode=-11).of_place
    assert said(tmp_path, "", returncode=-11).finding.name == "edgetpu-internal-error"


def test_what_is_the_places_fault(tmp_path):
    for failure in (
        said(tmp_path, "", ended="time", returncode=-15),
        said(tmp_path, "", error="could not be started: ld.so: Exec format error", returncode=None),
        said(tmp_path, "Host key verification failed.\n", place="ssh", returncode=255),
        said(tmp_path, "", returncode=127),
    ):
        assert failure.of_place
    refused = said(tmp_path, "Host key verification failed.\n", place="ssh", returncode=255)
    assert refused.finding.message == "nothing could be run on bigbox: Host key verification failed."
