"""What can fail with PyTorch's models is named, with the real torch and litert-torch."""

import dataclasses
from pathlib import Path

import pytest

from envdoctor.core.events import ignore
from envdoctor.core.request import BuildOptions
from envdoctor.core.route import Verdict
from envdoctor.doctor.exporting import exported_routes
from envdoctor.doctor.routes import make_request
from stages import environment_python
from torch_routes import FAULTY, IMAGE, MODELS, failure

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.mark.parametrize(
    ("name", "problem", "words"),
    [
        ("halved", "torch-half-precision", "torch.float16"),
        ("doubled", "torch-half-precision", "torch.float64"),
        ("quantized", "torch-quantized", "PackedParams"),
        ("holds_scripted", "torch-not-a-module", "TorchScript"),
        ("Dropping", "not-repeatable", "aten.dropout"),
        ("Condition", "torch-lowering-missing", "Lowering not found: cond"),
        ("SwallowedBranch", "torch-depends-on-values", ""),
        ("OtherInExport", "model-changed", "2 outputs in place of 1"),
        ("raises", "torch-factory-failed", "ValueError: no weights here"),
        ("leaves", "torch-factory-failed", "SystemExit: 3"),
        ("nothing", "torch-not-a-module", "returns None"),
        ("weights", "torch-not-a-module", "OrderedDict"),
        ("scripted", "torch-not-a-module", "TorchScript"),
        ("imports", "torch-package-missing", "imports a_package_that_nobody_has"),
        ("Branch", "torch-depends-on-values", "GuardOnDataDependentSymNode"),
        ("Mask", "torch-depends-on-values", ""),
        ("Noise", "not-repeatable", "aten.randn_like"),
        ("OpaqueOperator", "torch-lowering-missing", "Lowering not found: envdoctor_tests.opaque"),
    ],
)
def test_what_can_fail_is_named(tmp_path, name, problem, words):
    found = failure(name, tmp_path, models=FAULTY)
    assert found.name == problem
    assert words in found.message
    assert "\n" not in found.message
    assert "failed" in found.evidence[-1].excerpt, "the component that failed comes last"


@pytest.mark.parametrize(
    ("name", "verdict", "words"),
    [
        ("OwnOperator", Verdict.READY, "written out of standard operators, from its body"),
        ("OpaqueOperator", Verdict.BLOCKED, "envdoctor_tests.opaque.default has no body that can be traced"),
        ("Condition", Verdict.BLOCKED, "litert-torch can't convert cond"),
        ("Branch", Verdict.BLOCKED, "GuardOnDataDependentSymNode"),
        ("Mask", Verdict.UNKNOWN, "the values decide a size that aten.index.Tensor gives"),
    ],
)
def test_a_plan_that_was_asked_to_export_knows_more(name, verdict, words):
    environment_python("torch")
    models = MODELS if name == "OwnOperator" else FAULTY
    options = BuildOptions(inputs=IMAGE, random_calibration=True)
    request = make_request(Path(f"{models}:{name}"), "tflite-int8", options)
    report = exported_routes(request, ignore)
    first = next(one for one in report.routes if one.name == "torch-float+litert-int8")
    assert first.verdict is verdict
    assert any(words in reason.text for reason in first.reasons)


def test_wrong_sizes_are_told_by_pytorch_itself(tmp_path):
    found = failure("Small", tmp_path, "1x4x16x16")
    assert found.name == "torch-model-refused"
    assert "expected input" in found.message


def test_a_factory_that_ends_the_process_is_named(tmp_path):
    found = failure("disappears", tmp_path, models=FAULTY)
    assert found.name == "torch-factory-failed"
    assert "the process ended there" in found.message


def test_a_factory_that_hangs_ends_with_its_stage(tmp_path, monkeypatch):
    monkeypatch.setattr("stages._TIME_LIMIT", 60.0)
    found = failure("hangs", tmp_path, models=FAULTY)
    assert found.name == "torch-factory-failed"
    assert "60 s" in found.message
    assert dataclasses.astuple(found.evidence[-1]) == ("model", "not finished")
