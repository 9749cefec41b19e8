from pathlib import Path

from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.request import BuildOptions, Request
from envdoctor.core.route import Verdict
from envdoctor.facts import Facts
from envdoctor.stages.given import needs_samples, needs_samples_or_ranges, needs_sizes


def source(*traits, kind=ArtifactKind.KERAS):
    return Artifact(kind=kind, path=Path("m"), sha256="0", traits=frozenset(traits))


def reasons(requirement, artifact=None, **options):
    return list(requirement(Facts(), Request(source=artifact, options=BuildOptions(**options))))


def test_samples_are_needed():
    (reason,) = reasons(needs_samples, source())
    assert (reason.verdict, reason.code, reason.automatic) == (Verdict.FIXABLE, "RUN033", False)
    assert "--calibration" in reason.fix.text
    assert reasons(needs_samples, source(), random_calibration=True) == []
    assert reasons(needs_samples, source(), calibration=Path("x.npz")) == []


def test_what_the_samples_have_to_be_is_said():
    artifact = Artifact(kind=ArtifactKind.KERAS, path=Path("m"), sha256="0", inputs=("'x' (float32, (N, 28, 28, 1))",))
    (reason,) = reasons(needs_samples, artifact)
    assert reason.fix.text.endswith("It takes 'x' (float32, (N, 28, 28, 1)); N stands for the number of samples.")


def test_a_model_that_learnt_its_ranges_needs_no_samples():
    assert reasons(needs_samples_or_ranges, source("learnt-ranges")) == []
    assert reasons(needs_samples, source("learnt-ranges")) != [], "the LiteRT quantizer does not read them"
    assert reasons(needs_samples_or_ranges, source()) != []


def test_open_sizes_need_samples_that_are_real():
    assert reasons(needs_sizes, source()) == []
    assert reasons(needs_sizes, source("open-sizes"), calibration=Path("x.npz")) == []
    (reason,) = reasons(needs_sizes, source("open-sizes"), random_calibration=True)
    assert reason.verdict is Verdict.FIXABLE
