import pytest

from envdoctor.compilers.edgetpu.remote import Remote, collect, read_answer
from envdoctor.core.command import CommandResult
from envdoctor.core.request import BuildOptions, Request
from envdoctor.executors.local import LocalExecutor


@pytest.mark.parametrize(
    ("stdout", "system", "compiler", "usable"),
    [
        ("Linux x86_64\n/usr/bin/edgetpu_compiler\n", "Linux x86_64", "/usr/bin/edgetpu_compiler", True),
        ("Linux x86_64\n", "Linux x86_64", "", True),
        ("Linux aarch64\n", "Linux aarch64", "", False),
        ("Welcome to the big machine of ours!\nLinux x86_64\n", "Linux x86_64", "", True),
    ],
)
def test_answers(stdout, system, compiler, usable):
    found = read_answer("h", CommandResult(argv=("ssh",), returncode=0, stdout=stdout))
    assert (found.system, found.compiler, found.usable) == (system, compiler, usable)


def test_no_answer():
    refused = CommandResult(argv=("ssh",), returncode=255, stderr="me@h: Permission denied (publickey).\n")
    assert read_answer("h", refused) == Remote(host="h", words="me@h: Permission denied (publickey).")
    assert not read_answer("h", CommandResult(argv=("ssh",), returncode=0)).usable


def test_nobody_is_asked_who_was_not_named():
    assert collect(Request(), LocalExecutor()) == Remote()
    assert "--offline" in collect(Request(options=BuildOptions(ssh_host="h"), offline=True), LocalExecutor()).words
    assert "is no host" in collect(Request(options=BuildOptions(ssh_host="-x")), LocalExecutor()).words
