import json
import os
import shutil

import pytest

from envdoctor.core.command import Command, CommandResult
from envdoctor.executors.container import ContainerExecutor
from envdoctor.executors.local import LocalExecutor
from needs import find, needs
from processes import SCRIPT_HEAD

#: A double of an engine: notes its command line and runs the command right here.
ENGINE = """import json, os, subprocess, sys
words = sys.argv[1:]
with open({notes!r}, "a") as notes:
    notes.write(json.dumps(words) + "\\n")
if words[0] == "run":
    at = words.index("IMAGE")
    cwd = words[words.index("--workdir") + 1] if "--workdir" in words else None
    env = dict(os.environ, **dict(w.split("=", 1) for a, w in zip(words[:at], words[1:at]) if a == "--env"))
    sys.exit(subprocess.run(words[at + 1 :], cwd=cwd, env=env).returncode)
"""


@pytest.fixture
def engine(tmp_path):
    path, notes = tmp_path / "docker", tmp_path / "notes"
    path.write_text(SCRIPT_HEAD + ENGINE.format(notes=str(notes)))
    path.chmod(0o755)
    return path


def calls(engine):
    return [json.loads(line) for line in (engine.parent / "notes").read_text().splitlines()]


def container(engine, **fields):
    return ContainerExecutor(engine=str(engine), image="IMAGE", inner=LocalExecutor(), **fields)


@pytest.mark.slow
def test_the_command_line(engine, tmp_path):
    work = tmp_path / "a b"
    work.mkdir()
    command = Command(argv=("sh", "-c", "echo $X > out; exit 4"), cwd=work, env={"X": "y z", "GONE": None})
    result = container(engine, readable=(tmp_path / "bundle",)).run(command)
    assert result.returncode == 4
    assert (work / "out").read_text() == "y z\n"
    (words,) = calls(engine)
    name = words[words.index("--name") + 1]
    assert name.startswith("envdoctor-")
    assert words == [
        *("run", "--rm", "--init", "--name", name, "--network", "none", "--platform", "linux/amd64"),
        *("--user", f"{os.getuid()}:{os.getgid()}"),
        *("--volume", f"{tmp_path / 'bundle'}:{tmp_path / 'bundle'}:ro"),
        *("--volume", f"{work}:{work}", "--workdir", str(work)),
        *("--env", "X=y z", "IMAGE", "sh", "-c", "echo $X > out; exit 4"),
    ]


def test_podman_maps_the_user_itself():
    podman = ContainerExecutor(engine="/usr/bin/podman", image="I", inner=LocalExecutor())
    assert "--user" not in podman.argv(Command(argv=("x",)), "n")


@pytest.mark.slow
def test_a_container_that_outlived_its_time_is_removed(engine):
    result = container(engine).run(Command(argv=("sleep", "30"), timeout=1))
    assert result.ended == "time"
    run, removal = calls(engine)
    assert removal == ["rm", "--force", run[run.index("--name") + 1]]


def test_ctrl_c_removes_the_container(engine):
    class Interrupted:
        name = "double"

        def __init__(self):
            self.commands = []

        def run(self, command):
            self.commands.append(command.argv)
            if command.argv[1] == "run":
                raise KeyboardInterrupt
            return CommandResult(argv=command.argv, returncode=0)

    inner = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        ContainerExecutor(engine="docker", image="I", inner=inner).run(Command(argv=("x",)))
    assert inner.commands[1][:3] == ("docker", "rm", "--force")


def test_with_podman_itself(tmp_path):
    """Needs an image that is there already: one is made of this machine's own static shell."""
    podman, busybox = needs("podman", "busybox"), find("busybox")
    local = LocalExecutor()
    (tmp_path / "root/bin").mkdir(parents=True)
    shutil.copy(busybox, tmp_path / "root/bin/busybox")
    (tmp_path / "root/bin/sh").symlink_to("busybox")
    archive = shutil.make_archive(str(tmp_path / "image"), "tar", tmp_path / "root")
    image = local.run(Command(argv=(podman, "import", archive, "envdoctor-test"), timeout=60))
    if not image.ok:
        pytest.skip(f"podman does not work here: {image.last_line}")
    engine = ContainerExecutor(engine=podman, image="envdoctor-test", inner=local, options=("--cgroups=disabled",))
    (tmp_path / "work").mkdir()
    result = engine.run(Command(argv=("/bin/sh", "-c", "echo made > out; uname -m"), cwd=tmp_path / "work", timeout=60))
    if not result.ok:
        pytest.skip(f"podman does not run containers here: {result.last_line}")
    assert (tmp_path / "work/out").read_text() == "made\n"
