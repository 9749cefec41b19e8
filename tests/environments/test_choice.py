"""Which Python is taken, and what is said when none will do."""

from pathlib import Path

import pytest

from envdoctor.environments.choice import Machine, choose
from envdoctor.environments.interpreters import Interpreter
from envdoctor.environments.spec import EnvironmentSpec, PlatformNeed

LINUX = PlatformNeed(download=1, installed=2, glibc=(2, 28))
MAC = PlatformNeed(download=3, installed=4, macos=(12, 0))
SPEC = EnvironmentSpec(
    name="tensorflow",
    title="TensorFlow 2.21",
    purpose="tests",
    lock=Path("none"),
    pythons=("3.11", "3.12", "3.10"),
    imports=(),
    own=(),
    platforms={"linux-x86_64": LINUX, "macos-arm64": MAC},
)
MODERN = Machine(glibc=(2, 36))


def python(version, platform="linux-x86_64", libc="gnu", **rest):
    return Interpreter(path=Path(f"/py/{version}"), version=version, platform=platform, libc=libc, **rest)


def chosen(own, *others, machine=MODERN, spec=SPEC):
    return choose(spec, own, lambda: others, machine)


def test_the_users_own_python_comes_first_and_nothing_is_searched():
    def search():
        raise AssertionError("searched")

    choice = choose(SPEC, python("3.12.1"), search, MODERN)
    assert choice.interpreter.version == "3.12.1"
    assert choice.need is LINUX


def test_another_python_of_the_machine_by_the_environments_preference():
    choice = chosen(python("3.14.0"), python("3.10.2"), python("3.13.0"), python("3.12.1"), python("3.9.1"))
    assert choice.interpreter.version == "3.12.1"


def test_no_python_of_its_own_is_no_reason_to_give_up():
    assert chosen(None, python("3.11.7")).interpreter.version == "3.11.7"


@pytest.mark.parametrize(
    "unfit",
    [
        python("3.11.7", libc="musl"),
        python("3.11.7", implementation="pypy"),
        python("3.11.7", variant="freethreaded"),
        python("3.11.7", variant="debug"),
        python("3.11.7", platform="linux-armv7l"),
        python("3.1.1"),
    ],
    ids=str,
)
def test_what_has_no_wheels_is_not_taken(unfit):
    choice = chosen(unfit, unfit)
    assert choice.interpreter is None
    assert str(unfit) in choice.reason


def test_a_missing_version_names_what_would_do_and_what_was_found():
    choice = chosen(python("3.14.0"), python("3.9.18"))
    assert choice.pythons == SPEC.pythons
    assert choice.reason == (
        "TensorFlow 2.21 needs CPython 3.11 or 3.12 or 3.10, and none was found among: Python 3.14.0 (/py/3.14.0, "
        "linux-x86_64), Python 3.9.18 (/py/3.9.18, linux-x86_64)"
    ).replace("/py", str(Path("/py")))


def test_another_python_does_not_help_on_a_platform_without_wheels():
    choice = chosen(python("3.14.0", platform="linux-riscv64"))
    assert choice.pythons == ()
    assert "exists for linux-x86_64, macos-arm64 only" in choice.reason
    assert "linux-riscv64" in choice.reason


def test_musl_is_named():
    assert "linux-x86_64, macos-arm64 with glibc only" in chosen(python("3.11.7", libc="musl")).reason


def test_an_old_system_is_named_with_what_it_has():
    choice = chosen(python("3.11.7"), machine=Machine(glibc=(2, 17)))
    assert choice.reason == "TensorFlow 2.21 needs glibc 2.28 or later, and this machine has 2.17"
    assert choice.pythons == ()
    choice = chosen(python("3.11.7", platform="macos-arm64", libc="none"), machine=Machine(macos=(11, 7)))
    assert choice.reason == "TensorFlow 2.21 needs macOS 12.0 or later, and this machine has 11.7"


def test_what_is_not_known_of_a_machine_is_not_held_against_it():
    assert chosen(python("3.11.7"), machine=Machine()).interpreter is not None


def test_many_pythons_are_not_all_listed():
    choice = chosen(None, *(python(f"3.{minor}.0") for minor in range(13, 22)))
    assert choice.reason.endswith("and 3 more")
    assert chosen(None).reason.endswith("no Python that runs")


def test_this_machine_is_known():
    machine = Machine.here()
    assert machine.glibc is None or machine.glibc >= (2, 5)
    assert machine.macos is None or machine.macos >= (11, 0)
