from envdoctor.core.finding import Outcome
from envdoctor.facts import Facts
from envdoctor.facts.containers import Containers, Engine
from envdoctor.probing import run_probe
from envdoctor_probes.tch007_container_engine_does_not_answer import check


def ask(**facts):
    result = run_probe(check, Facts(**facts))
    assert result.outcome in {Outcome.PASSED, Outcome.FAILED, Outcome.DOES_NOT_APPLY}, result.reason
    return result.findings


def test_engines_that_do_not_answer():
    denied = Engine(name="docker", path="/usr/bin/docker", words="permission denied", argv=("docker",))
    (finding,) = ask(containers=Containers(engines=(denied,)))
    assert finding.fix.commands[0][1] == "usermod"
    podman = Engine(name="podman", path="/usr/bin/podman", version="4.3.1 linux/arm64")
    assert ask(containers=Containers(engines=(denied, podman))) == ()
    assert ask(containers=Containers()) == ()
