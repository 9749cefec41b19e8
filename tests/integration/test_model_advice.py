"""Every advice that a model can show, followed: it is given before, and after it the prediction is better.

Needs TensorFlow: the environment `tensorflow`, made or reused, or the Python that ENVDOCTOR_TEST_TENSORFLOW names.
"""

import os
from pathlib import Path

import pytest

from envdoctor import registry
from envdoctor.compilers.edgetpu import COMPILER as EDGETPU
from envdoctor.compilers.edgetpu.advice import TABLE
from envdoctor.core.command import Command
from envdoctor.core.data import load_file
from envdoctor.core.errors import NetworkProblem
from envdoctor.core.finding import Severity
from envdoctor.core.request import Request
from envdoctor.environments.making import ensure
from envdoctor.environments.proof import isolated
from envdoctor.environments.spec import environment_spec
from envdoctor.environments.status import State, status
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.model import examine
from envdoctor.probing import run_probes
from envdoctor.tflite.reader import read_model
from envdoctor.tflite.readers import find_reader

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

RUN = LocalExecutor()
MAKER = Path(__file__).parents[1] / "helpers" / "advised_models.py"
#: What is said of a model before, where it is a finding rather than an advice.
FINDINGS = {
    "dynamic-tensors": "MDL001",
    "float-islands": "MDL004",
    "per-channel-dense": "MDL009",
    "version-CONV_2D": "MDL006",
    "version-GELU": "MDL007",
    "version-TILE": "MDL006",
    "version-TRANSPOSE_CONV": "MDL006",
}
#: Advice that no small model shows: about detectors' heads, old compilers (matrix-product too), and what converters
#: don't write.
NOT_SHOWN = {
    "computed-weights",
    "detection-postprocess",
    "division",
    "integer-tail",
    "matrix-product",
    "old-compiler",
    "shared-version",
}


def tensorflow():
    named = os.environ.get("ENVDOCTOR_TEST_TENSORFLOW")
    if named:
        return named
    spec, request = environment_spec("tensorflow"), Request()
    before = status(spec, request, RUN)
    if before.state in {State.NO_PYTHON, State.IMPOSSIBLE}:
        pytest.skip(before.reason)
    try:
        return str(ensure(spec, request, RUN, print).python)
    except NetworkProblem as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("advised")
    result = RUN.run(Command(argv=(tensorflow(), str(MAKER), str(made)), env=isolated(), timeout=900))
    assert result.ok, result.stderr[-2000:]
    return made


def judged(path):
    facts = examine(read_model(path), find_reader("edgetpu"), EDGETPU)
    probes = [one for one in registry.probes() if one.topic == "model"]
    results = run_probes(probes, Facts(model=facts))
    codes = {finding.code for result in results for finding in result.findings if finding.severity > Severity.INFO}
    return facts, codes


def test_every_advice_is_shown_by_a_model_or_named_here(folder):
    shown = {path.name.partition(".")[0] for path in folder.glob("*.before.tflite")}
    assert set(load_file(TABLE)) - shown == NOT_SHOWN
    assert shown - set(load_file(TABLE)) == set(FINDINGS)


@pytest.mark.parametrize("name", sorted((set(load_file(TABLE)) - NOT_SHOWN) | set(FINDINGS)))
def test_following_an_advice_makes_it_better(folder, name):
    before, said_before = judged(folder / f"{name}.before.tflite")
    after, said_after = judged(folder / f"{name}.after.tflite")
    if name in FINDINGS:
        assert FINDINGS[name] in said_before
        assert FINDINGS[name] not in said_after
    else:
        assert name in {advice.name for advice in before.guidance.advice}
        assert name not in {advice.name for advice in after.guidance.advice}
        left = [len(facts.placement.ops) - len(facts.placement.mapped) for facts in (before, after)]
        assert left[1] < left[0]
    assert after.placement.mapped
