import string
from pathlib import Path

import pytest

from envdoctor.core.command import CommandResult
from envdoctor.core.finding import FAMILIES, Severity
from envdoctor.stages.problems import Scope, explain_failure, finding, problem_kinds

RECORDED = Path(__file__).resolve().parents[1] / "data/stages"


def failure(printed="", *, traits=(), **ended):
    result = CommandResult(argv=("python", "worker.py"), **{"returncode": 1, "seconds": 3.0, **ended})
    return explain_failure(result, printed, title="the stage", log="stage.log", traits=frozenset(traits))


def recorded(name):
    return (RECORDED / f"{name}.txt").read_text()


def test_counts_speak_of_one_and_of_many():
    one, two = (finding("operators-on-cpu", "m", count=count, ops="1 MEAN").message for count in (1, 2))
    assert one == "1 operator of the compiled file runs on the CPU: 1 MEAN."
    assert two.startswith("2 operators of the compiled file run on the CPU")


def test_a_package_that_a_layer_asks_for_is_no_broken_environment():
    printed = (
        "ModuleNotFoundError: No module named 'scipy'\nDuring handling of the above exception, another occurred:\n"
        "ImportError: This requires the scipy module. You can install it via `pip install scipy`\n"
    )
    found = failure(printed)
    assert found.name == "layer-needs-package"
    assert "where scipy is installed" in found.fix.text
    assert failure("ModuleNotFoundError: No module named 'keras'").name == "environment-broken"


@pytest.mark.parametrize(
    "words", ["H5 file with ExternalLink", "H5 file with virtual Dataset", "H5 file with external Dataset: []"]
)
def test_weights_in_another_file_are_one_cause_for_all_ways_by_the_same_keras(words):
    found = failure(f"Traceback (most recent call last):\nValueError: Not allowed: {words}\n")
    assert (found.name, problem_kinds()[found.name].shared_by) == ("keras-refuses-links", Scope.EXPORT)
    assert words in found.message
    assert failure("ValueError: Not allowed: H5 dataset 'a' declares 1 GB\n").name == "stage-failed"


def test_codes_are_unique_and_of_known_families():
    kinds = problem_kinds().values()
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert {kind.code[:3] for kind in kinds} <= FAMILIES.keys()


@pytest.mark.parametrize("kind", problem_kinds().values(), ids=lambda kind: kind.name)
def test_every_kind_says_what_why_and_what_to_do(kind):
    for text in (kind.title, kind.why, kind.message, kind.fix):
        assert text
        assert "  " not in text
        assert "\n" not in text
    assert kind.fix.endswith(".")
    assert kind.why.endswith(".")
    assert not kind.title.endswith(".")


@pytest.mark.parametrize("kind", problem_kinds().values(), ids=lambda kind: kind.name)
def test_what_a_failure_tells_fills_its_message(kind):
    if kind.explains_failures:
        words = {name for _, name, _, _ in string.Formatter().parse(kind.message) if name}
        groups = set() if kind.pattern is None else set(kind.pattern.groupindex)
        assert words <= groups | {"title", "failure"}


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (
            "select_ops",
            "element-type-not-in-tflite",
            "no operator for float16 numbers in a part of the model: BiasAdd, MatM",
        ),
        ("quantizer_null", "quantizer-has-no-ranges", "recurrent"),
        ("keras_version", "keras-version-mismatch", "Conv2D: {'batch_input_shape': [None, 28, 28, 1]}"),
        ("keras_oplambda", "keras-version-mismatch", "TFOpLambda"),
        ("tensor_list", "tensor-list-not-lowered", "Lowering tensor list ops is failed"),
        ("custom_op", "custom-op-unresolved", "Landmarks2TransformMatrix"),
        ("vela_refused", "tool-refused-arguments", "System_Config.Nope not found"),
    ],
)
def test_recorded_failures(text, name, words):
    found = failure(recorded(text))
    assert found.name == name
    assert words in found.message
    assert found.severity is Severity.ERROR
    assert found.evidence[1].source == "stage.log"
    assert found.evidence[1].excerpt.strip()


@pytest.mark.parametrize(("dtype", "words"), [("f64", "float64"), ("i64", "int64"), ("complex<f32>", "complex<f32>")])
def test_the_element_type_of_the_refused_operators(dtype, words):
    found = failure(recorded("select_ops").replace("f16", dtype))
    assert (found.name, f"for {words} numbers" in found.message) == ("element-type-not-in-tflite", True)


def test_operators_that_no_type_makes_better():
    found = failure(recorded("select_ops").replace("f16", "f32"))
    assert found.name == "operators-not-in-tflite"
    assert "BiasAdd, MatMul, Relu" in found.message


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("ValueError: Requested the deserialization of a `Lambda` layer whose `function` is", "lambda-refused"),
        ("TypeError: Could not locate class 'Twice'. Make sure custom classes", "custom-object-missing"),
        ("ValueError: Unknown layer: 'Twice'. Please ensure", "custom-object-missing"),
        ("ValueError: Unknown activation function: 'mine'.", "custom-object-missing"),
        ("tensorflow/lite/kernels/read_variable.cc:67 variable != nullptr was not true.", "variable-not-initialized"),
        ("NotFoundError: Op type not registered 'DisableCopyOnRead' in binary", "saved-model-too-new"),
        ("Didn't find op for builtin opcode 'TILE' version '3'. An older version", "operator-version-too-new"),
        (
            "tensorflow/lite/kernels/div.cc:242 data[i] != zero_point was not true.\nNode 7 (DIV) failed to invoke.",
            "quantized-division-by-zero",
        ),
        ("ValueError: Op builtin_code out of range: 206. Are you using old", "operator-unknown"),
        ("RuntimeError: Failed for tensor x/y\nEmpty min/max for tensor x/y", "ranges-not-recorded"),
        ("OSError: [Errno 28] No space left on device", "disk-full"),
        ("numpy._core._exceptions._ArrayMemoryError: Unable to allocate 3.0 GiB", "stage-allocation-failed"),
        ("Traceback\nImportError: libfoo.so.1: cannot open shared object file", "environment-broken"),
        ("vela: error: unrecognized arguments: --nope", "tool-refused-arguments"),
        ("error: failed\nTF Select ops: RandomUniform, StatelessRandomGetKeyCounter\n", "exported-for-training"),
        ("Flex ops: FlexMultinomial, FlexRandomStandardNormal", "exported-for-training"),
    ],
)
def test_known_words(printed, name):
    assert failure(printed).name == name


def test_a_recurrent_layer_that_crashes_the_converter():
    found = failure(recorded("recurrent_crash"), traits={"recurrent"}, returncode=-11)
    assert found.name == "recurrent-layer-crash"
    assert found.message.startswith("TensorFlow's int8 conversion was killed by SIGSEGV (signal 11)")
    assert found.evidence[0].excerpt == "was killed by SIGSEGV (signal 11)"
    assert found.evidence[1].excerpt.startswith("Fatal Python error: Segmentation fault")


@pytest.mark.parametrize(
    "printed",
    [
        "NameError: name 'tf' is not defined",
        "ValueError: bad marshal data (unknown type code)",
        "SystemError: unknown opcode",
    ],
)
def test_the_code_of_a_lambda_layer_that_does_not_run(printed):
    found = failure(f"Traceback (most recent call last):\n{printed}\n", traits={"lambda"})
    assert found.code == "RUN013"
    assert printed in found.message
    assert failure(printed).code != "RUN013", "a model without such a layer"


def test_the_same_crash_of_another_model_is_not_blamed_on_a_layer():
    found = failure(recorded("vela_truncated"), returncode=-11)
    assert found.name == "stage-crashed"
    assert "SIGSEGV" in found.message


@pytest.mark.parametrize(
    ("ended", "name"),
    [
        ({"returncode": -15, "ended": "time"}, "stage-out-of-time"),
        ({"returncode": -15, "ended": "memory"}, "stage-out-of-memory"),
        ({"returncode": -9}, "stage-out-of-memory-killed"),
        ({"returncode": -4}, "cpu-lacks-instructions"),
        ({"returncode": -6}, "stage-crashed"),
        ({"returncode": None, "error": "could not be started: python: No such file"}, "stage-failed"),
    ],
)
def test_how_a_process_ends(ended, name):
    found = failure("Tensor data is null" if name == "cpu-lacks-instructions" else "", **ended)
    assert found.name == name
    assert "the stage" in found.message


def test_an_unknown_failure_quotes_the_exception():
    found = failure(recorded("keras_exception"))
    assert found.name == "stage-failed"
    assert "ValueError: Exception encountered when calling Sequential.call()" in found.message
    assert "is not a valid scope name" in found.evidence[1].excerpt


def test_a_failure_without_words():
    assert failure("", returncode=3).message == "the stage exited with status 3: it printed nothing"


def test_a_finding_by_name():
    found = finding("few-samples", "model.keras", count=7)
    assert (found.code, found.name, found.severity) == ("RUN050", "few-samples", Severity.WARNING)
    assert found.message.startswith("The number of calibration samples is small (7)")
    assert found.fix.text
