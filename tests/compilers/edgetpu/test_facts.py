from envdoctor.compilers.edgetpu import facts
from envdoctor.compilers.edgetpu.facts import read_answer
from envdoctor.core.command import CommandResult
from envdoctor.core.request import BuildOptions, Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts.containers import collect as collect_containers
from envdoctor.facts.containers import read_engine
from envdoctor.facts.emulation import collect as collect_emulation
from standin import VERSION, build_standin


def test_a_compiler_that_was_named_is_asked(tmp_path):
    request = Request(options=BuildOptions(compiler=build_standin(tmp_path / "a b")))
    found = facts.collect(request, LocalExecutor())
    assert (found.version, found.compiler.origin, found.problem) == (VERSION, "option", "")
    assert found.answer("qemu") is None


def test_a_named_compiler_that_is_absent_is_a_problem(tmp_path):
    found = facts.collect(Request(options=BuildOptions(compiler=tmp_path / "absent")), LocalExecutor())
    assert found.compiler is None
    assert "does not exist" in found.problem


def test_answers():
    good = CommandResult(argv=("x",), returncode=0, stdout="Edge TPU Compiler version 16.0.384591198\n")
    assert read_answer("local", good).version == VERSION
    silent = CommandResult(argv=("x",), returncode=1)
    assert read_answer("qemu", silent).words == "exited with status 1"
    missing = CommandResult(argv=("x",), returncode=127, stderr="libc.so.6: cannot open shared object file\n")
    assert read_answer("local", missing).words == "exited with status 127: libc.so.6: cannot open shared object file"


def test_engines():
    fine = read_engine("docker", CommandResult(argv=("/d",), returncode=0, stdout="28.2.2 linux/arm64\n"))
    assert (fine.version, fine.words) == ("28.2.2 linux/arm64", "")
    silent = CommandResult(argv=("/d",), returncode=1, stdout="\n", stderr="Cannot connect to the Docker daemon\n")
    assert read_engine("docker", silent).words == "Cannot connect to the Docker daemon"
    slow = CommandResult(argv=("/d",), returncode=-9, ended="time", seconds=15.0)
    assert "time limit" in read_engine("podman", slow).words


def test_this_machine_can_be_looked_at():
    collect_containers(Request(), LocalExecutor())
    found = collect_emulation(Request(), LocalExecutor())
    assert found.direct.ran is not None or not found.supported
