import pytest

from envdoctor.action import StageFailed, StageOutput
from envdoctor.compilers.tflm.gate import _in_words, gate, hold, judge
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.finding import Severity
from envdoctor.core.prediction import Estimate
from envdoctor.core.request import BuildOptions
from envdoctor.support.hashing import hash_path
from stages import stage_context

SAME = {"name": "out", "values": 10, "different": 0, "steps": 0.0, "share": 0.0}


def measured(needed=65536, size=1000, outputs=(SAME,)):
    return {"arena": {"bytes_needed": needed}, "flash": {"bytes_of_model": size}, "litert": {"outputs": list(outputs)}}


def names(summary, **options):
    return [(one.name, one.severity) for one in judge(summary, BuildOptions(**options), "m.tflite")]


CODES = {"arena": "RUN246", "flash": "RUN247"}


def test_what_fits_exactly_fits():
    assert names(measured(), arena=65536, flash=1000) == []


def test_which_kernels_agree_is_told():
    ((_, words),) = _in_words({"outputs": [SAME | {"kernels": "optimized"}]})
    assert words.startswith("all 10 values are equal (LiteRT's optimized kernels")
    ((_, words),) = _in_words({"outputs": [SAME | {"kernels": "reference"}]})
    assert words == "all 10 values are equal"


@pytest.mark.parametrize("option", ["arena", "flash"])
def test_a_byte_too_much_is_an_error(option):
    summary = measured(65537, 1001)
    (found,) = judge(summary, BuildOptions(**{option: {"arena": 65536, "flash": 1000}[option]}), "m.tflite")
    assert (found.name, found.code) == (f"tflm-{option}-exceeded", CODES[option])
    assert found.severity is Severity.ERROR
    assert "1 bytes too much" in found.message


def test_without_limits_nothing_is_too_large():
    assert names(measured(1 << 30, 1 << 30)) == []


def test_what_is_not_known_is_never_fine():
    assert names({}) == [("tflm-not-measured", Severity.WARNING), ("tflm-not-compared", Severity.WARNING)]


@pytest.mark.parametrize(
    ("change", "fine"),
    [
        ({"different": 3, "steps": 2.0}, True),
        ({"different": 3, "steps": 3.0, "share": 0.012}, False),
        ({"different": 16, "steps": 29.0, "share": 1.1e-3}, True),
        ({"different": 16, "steps": 29.0, "share": None}, False),
        ({"different": 1, "steps": None, "share": 1e-5}, True),
        ({"different": 1, "steps": None, "share": 0.01}, False),
        ({"different": 1, "steps": None, "share": None}, False),
    ],
)
def test_rounding_is_no_difference(change, fine):
    found = names(measured(outputs=[SAME | change]))
    assert found == ([] if fine else [("tflm-outputs-differ", Severity.ERROR)])


def test_another_file_than_the_one_that_was_run_is_refused(tmp_path):
    path = tmp_path / "m_int8.tflite"
    path.write_bytes(b"the model that was run")
    source = Artifact(kind=ArtifactKind.TFLITE_INT8, path=path, sha256=hash_path(path))
    made = tmp_path / "m_tflm.tflite"
    made.write_bytes(b"another")
    with pytest.raises(StageFailed) as caught:
        gate(stage_context(tmp_path / "s", source, "tflm"), StageOutput(path=made, summary=measured()))
    assert caught.value.finding.code == "RUN251"
    made.write_bytes(path.read_bytes())
    judged = gate(stage_context(tmp_path / "s", source, "tflm"), StageOutput(path=made, summary=measured()))
    assert not judged.findings


@pytest.mark.parametrize(
    ("arena", "limits", "codes"),
    [
        (1000, {"arena": 1031}, []),
        (1000, {"arena": 1029}, ["RUN255"]),
        (1000, {"arena": 980}, ["RUN255"]),
        (1000, {"arena": 900}, ["RUN246"]),
        (1000, {"flash": 100}, []),
        (1000, {"flash": 99, "arena": 900}, ["RUN247", "RUN246"]),
        (None, {"arena": 900}, []),  # of a model that is refused nothing is predicted
    ],
)
def test_limits_are_held_against_what_is_predicted(arena, limits, codes, tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(bytes(100))
    estimate = Estimate(needs={} if arena is None else {"arena": arena})
    assert [one.code for one in hold(estimate, path, limits)] == codes
