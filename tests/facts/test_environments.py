"""What an environment means for a route."""

import sys
from pathlib import Path

import pytest

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.request import Request
from envdoctor.core.route import Verdict
from envdoctor.environments.spec import environment_names
from envdoctor.environments.status import EnvironmentStatus, State
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.environments import Environments, environment_reason, needs_environment, own_environment
from envdoctor.facts.packages import Distribution, Packages
from envdoctor.facts.python import Python

STATUS = EnvironmentStatus(
    name="tensorflow",
    title="TensorFlow 2.21",
    state=State.MAKEABLE,
    python=Path("/py"),
    version="3.11.7",
    download=335_000_000,
    installed=1_456_000_000,
    free=50_000_000_000,
)


def status(**rest):
    import dataclasses

    return dataclasses.replace(STATUS, **rest)


def facts(*distributions, environment=STATUS):
    return Facts(
        python=Python(executable=sys.executable),
        packages=Packages(
            distributions=tuple(Distribution(name=name, version=version) for name, version in distributions)
        ),
        environments=Environments(statuses={} if environment is None else {environment.name: environment}),
    )


def reason(known, request=None):
    (one,) = needs_environment("tensorflow")(known, request or Request())
    return one


def test_the_users_own_environment_is_ready():
    one = reason(facts(("TensorFlow_CPU", "2.21.0"), ("keras", "3.15.1")))
    assert one.verdict is Verdict.READY
    assert one.text == "runs in your own environment, which has tensorflow-cpu 2.21.0, keras 3.15.1"


def test_one_that_is_made_is_ready():
    one = reason(facts(("keras", "3.15.1"), environment=status(state=State.MADE)))
    assert one.verdict is Verdict.READY
    assert "envdoctor's own environment with TensorFlow 2.21" in one.text


def test_one_that_can_be_made_is_mended_by_the_build_with_its_size():
    one = reason(facts())
    assert (one.verdict, one.automatic) == (Verdict.FIXABLE, True)
    assert one.text == "TensorFlow 2.21 is not installed: up to 335 MB to download, 1.5 GB on disk"
    assert "by itself, with Python 3.11.7" in one.fix.text


def test_a_missing_python_is_for_the_user_to_mend():
    one = reason(
        facts(environment=status(state=State.NO_PYTHON, reason="needs CPython 3.11", pythons=("3.11", "3.10")))
    )
    assert (one.verdict, one.automatic, one.text) == (Verdict.FIXABLE, False, "needs CPython 3.11")
    assert one.fix.commands == ((sys.executable, "-m", "uv", "python", "install", "3.11"),)


def test_the_wrong_machine_is_blocked():
    one = reason(facts(environment=status(state=State.IMPOSSIBLE, reason="exists for beos only")))
    assert (one.verdict, one.text, one.fix) == (Verdict.BLOCKED, "exists for beos only", None)


def test_offline_nobody_knows():
    one = reason(facts(), Request(offline=True))
    assert one.verdict is Verdict.UNKNOWN
    assert "offline" in one.text
    assert reason(facts(environment=status(state=State.MADE)), Request(offline=True)).verdict is Verdict.READY


def test_a_disk_that_is_nearly_full_is_unknown_since_the_cache_may_have_it():
    one = environment_reason(status(free=10**9), offline=False)
    assert one.verdict is Verdict.UNKNOWN
    assert one.text.endswith("its environment takes 1.5 GB, and 1.0 GB are free")
    assert environment_reason(status(free=None), offline=False).automatic


def test_packages_that_could_not_be_looked_at_do_not_stop_a_route():
    known = Facts(environments=Environments(statuses={"tensorflow": STATUS}))
    assert own_environment(known) is None
    assert reason(known).automatic


def test_what_is_not_known_is_unavailable_and_never_ready():
    with pytest.raises(FactUnavailable, match="nothing is known of an environment 'tensorflow'"):
        reason(facts(environment=None))


@pytest.mark.slow
def test_all_environments_of_the_table_are_collected_here(tmp_path):
    found = Facts(Request(cache=tmp_path), LocalExecutor()).environments
    assert tuple(found.statuses) == environment_names()


def test_of_the_users_own_it_is_known_what_was_built_anew_and_what_is_editable(tmp_path):
    distributions = (
        Distribution(name="Keras", version="3.15.1", metadata=str(tmp_path / "keras.dist-info")),
        Distribution(name="mine", version="1", editable=str(tmp_path)),
    )
    known = Facts(
        python=Python(executable=sys.executable, version="3.11.7"), packages=Packages(distributions=distributions)
    )
    own = own_environment(known)
    assert (own.version, own.editable) == ("3.11.7", {"mine"})
    assert own.metadata == {"keras": tmp_path / "keras.dist-info"}
