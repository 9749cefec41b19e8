"""Each question about a model: asked of one that has the problem and of one that hasn't, for different readers."""

import dataclasses
import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest

import envdoctor_probes
from asking import answer
from envdoctor.compilers.edgetpu import COMPILER as EDGETPU
from envdoctor.compilers.edgetpu.agreement import Disagreement
from envdoctor.core.file_identity import FileIdentity
from envdoctor.core.finding import Outcome, Severity
from envdoctor.facts import Facts
from envdoctor.facts.model import ModelFacts, Refusal, examine
from envdoctor.probing import run_probe, run_probes
from envdoctor.tflite.quantization import Scheme
from envdoctor.tflite.readers import find_reader
from envdoctor.tflite.structure import Compiled
from graphs import Graph, chain

NAMES = sorted(path.stem for path in Path(envdoctor_probes.__file__).parent.glob("mdl*.py"))
PROBES = {name[:6].upper(): importlib.import_module(f"envdoctor_probes.{name}").check for name in NAMES}


def model(reader="edgetpu", **facts):
    return ModelFacts(reader=find_reader(reader), inputs=("INT8",), outputs=("INT8",), **facts)


def asked(code, facts):
    return run_probe(PROBES[code], Facts(model=facts))


def refused(*, known=True, any_version=False, op="CONV_2D"):
    return (Refusal(op=op, version=6, known=known, any_version=any_version),)


ISLAND = ("operator 3, ELU, and 2 around it",)
COMPILED = Compiled(custom_code="edgetpu-custom-op", packages=1, remaining={"SOFTMAX": 1}, words="for the Edge TPU")
DIFFERENT = (Disagreement(op="ADD", status="", predicted=1, logged=0),)

PROBLEMS = [
    ("MDL001", model(dynamic=("operator 4, RESHAPE",)), Severity.ERROR, "refuses such a model"),
    ("MDL001", model("litert", dynamic=("operator 4, RESHAPE",)), Severity.INFO, "become dynamic in 1 place"),
    ("MDL002", model(resizable={"in": "[-1, 4]"}), Severity.INFO, "input in may be resized"),
    ("MDL003", model(scheme=Scheme.FLOAT), Severity.ERROR, "maps nothing"),
    ("MDL003", model(scheme=Scheme.DYNAMIC_RANGE), Severity.ERROR, "'dynamic-range'"),
    ("MDL003", model(scheme=Scheme.INT16), Severity.ERROR, "'int16x8'"),
    ("MDL004", model(islands=ISLAND), Severity.WARNING, "operator 3, ELU"),
    ("MDL004", model("litert", islands=ISLAND), Severity.INFO, "operator 3, ELU"),
    ("MDL005", dataclasses.replace(model(), inputs=("FLOAT32",)), Severity.INFO, "inputs FLOAT32"),
    ("MDL006", model(refusals=refused()), Severity.ERROR, "does not read CONV_2D in version 6"),
    ("MDL006", model(refusals=refused(known=False)), Severity.WARNING, "may not read"),
    ("MDL007", model(refusals=refused(any_version=True, op="GELU")), Severity.ERROR, "does not know GELU"),
    ("MDL008", model("litert", unresolved=("Mine",)), Severity.ERROR, "custom operator Mine"),
    (
        "MDL018",
        model("litert", unfit=("operator 2, ELU on INT16",)),
        Severity.ERROR,
        "refuses operator 2, ELU on INT16",
    ),
    ("MDL008", model("litert", unresolved=("edgetpu-custom-op",), compiled=COMPILED), Severity.WARNING, "edgetpu"),
    ("MDL009", model(dense=("operator 1",)), Severity.ERROR, "wrong numbers without an error"),
    ("MDL009", model("tflite-runtime-2.14", hybrid=("operator 1",)), Severity.ERROR, "1 dense layer with"),
    ("MDL010", model(control_flow=2), Severity.WARNING, "operators call 2 subgraphs"),
    ("MDL017", model("litert", operators=0), Severity.ERROR, "it has no operators"),
    ("MDL017", model("litert", unfed=("a of subgraph 0",)), Severity.ERROR, "nothing makes 1 tensor"),
    ("MDL011", model("litert", lost=("kernel", "bias")), Severity.ERROR, "2 variables that nothing assigns"),
    ("MDL012", model("tf-2.5", data_outside=True), Severity.ERROR, "does not look"),
    ("MDL013", model(deprecated_codes_only=True), Severity.INFO, "before 2020"),
    ("MDL010", model(signatures=("decode",)), Severity.WARNING, "and 1 signature run another"),
    ("MDL015", model(compiled=COMPILED), Severity.ERROR, "already, for the Edge TPU: 1 x edgetpu-custom-op"),
    ("MDL016", model(disagreements=DIFFERENT), Severity.WARNING, "differ in 1 row"),
]
FINE = [
    ("MDL003", model("vela", scheme=Scheme.INT16)),
    ("MDL003", model("litert", scheme=Scheme.FLOAT)),
    ("MDL005", dataclasses.replace(model("litert", scheme=Scheme.FLOAT), inputs=("FLOAT32",))),
    ("MDL007", model(refusals=refused())),
    ("MDL009", model("litert", dense=("operator 1",), hybrid=("operator 2",))),
    ("MDL009", model("tflite-runtime-2.14", dense=("operator 1",))),
    ("MDL008", model(unresolved=("edgetpu-custom-op",), compiled=COMPILED)),
    ("MDL010", model("litert", control_flow=2)),
    ("MDL010", model("litert", signatures=("decode",))),
    ("MDL012", model("litert", data_outside=True)),
    ("MDL014", model("litert")),
    ("MDL015", model("litert", compiled=COMPILED)),
    ("MDL016", model(disagreements=())),
    ("MDL018", model("litert")),
]


@pytest.mark.parametrize(("code", "facts", "severity", "words"), PROBLEMS)
def test_a_problem_is_found_with_its_proof(code, facts, severity, words):
    result = asked(code, facts)
    assert [finding.severity for finding in result.findings] == [severity]
    assert words in result.findings[0].message
    assert result.findings[0].evidence[0].excerpt
    assert result.findings[0].fix is not None or code == "MDL002"


@pytest.mark.parametrize(("code", "facts"), FINE)
def test_what_is_no_problem_for_a_reader_is_not_found(code, facts):
    result = asked(code, facts)
    assert result.outcome in {Outcome.PASSED, Outcome.DOES_NOT_APPLY}
    assert result.findings == ()


def test_a_model_without_any_problem_passes_every_question():
    graph = Graph()
    fine = graph.model(graph.op("RELU", [graph.input([1, 8, 8, 4])], version=2))
    for reader in ("edgetpu", "vela", "litert", "tf-2.5"):
        results = run_probes(PROBES.values(), Facts(model=examine(fine, find_reader(reader))))
        assert {result.outcome for result in results} == {Outcome.PASSED, Outcome.DOES_NOT_APPLY}  # no log is given
        assert len(results) == len(NAMES)


def test_operators_on_the_cpu_are_counted_like_the_compiler_counts_them():
    result = asked("MDL014", examine(chain("RELU", "HARD_SWISH", "RELU"), find_reader("edgetpu"), EDGETPU))
    (finding,) = result.findings
    assert finding.message == "2 of 3 operators stay on the CPU"
    assert finding.evidence[0].excerpt.splitlines() == [
        "Operation not supported: 1 HARD_SWISH",
        "More than one subgraph is not supported: 1 RELU",
    ]
    assert "minimalistic=True" in finding.fix.text


def test_an_operator_nothing_is_known_of_is_not_called_fine():
    graph = Graph()
    model_ = graph.model(graph.op("SOFTMAX", [graph.input([1, 30_000])], [1, 30_000]))
    (finding,) = asked("MDL014", examine(model_, find_reader("edgetpu"), EDGETPU)).findings
    assert finding.message == "1 of 1 operator may stay on the CPU: no source tells, the log of a compilation will"


def test_a_model_that_is_refused_as_a_whole_is_not_asked_what_would_be_mapped():
    facts = dataclasses.replace(examine(chain("HARD_SWISH"), find_reader("edgetpu"), EDGETPU), dynamic=("operator 4",))
    outcomes = {result.code: result.outcome for result in run_probes(PROBES.values(), Facts(model=facts))}
    assert (outcomes["MDL001"], outcomes["MDL014"]) == (Outcome.FAILED, Outcome.SKIPPED)


def test_of_a_file_that_stores_nothing_to_check_it_is_not_known_whether_it_is_whole():
    def compiled(*, checked):
        return SimpleNamespace(identity=FileIdentity(format="x", what="x", checked=checked), path=Path("net.bin"))

    assert answer("MDL033", compiled=compiled(checked="by its sum")).outcome is Outcome.PASSED
    result = answer("MDL033", compiled=compiled(checked=""))
    assert result.outcome is Outcome.UNKNOWN
    assert "net.bin: the format stores nothing" in result.reason
