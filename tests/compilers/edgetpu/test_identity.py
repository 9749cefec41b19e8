"""A compiler that was replaced is another one, wherever it was found and wherever it runs."""

import shutil
import sys

import pytest

from envdoctor.compilers.edgetpu import identity
from envdoctor.compilers.edgetpu.identity import identify
from envdoctor.compilers.edgetpu.locate import NAME, PACKAGE, VARIABLE
from envdoctor.core.request import BuildOptions, Request
from envdoctor.emulation.binfmt import Binfmt, BinfmtEntry
from envdoctor.executors.local import LocalExecutor
from envdoctor.toolchains.store import VARIABLE as STORE
from envdoctor.toolchains.store import Receipt, staging
from native_files import elf_bytes
from ssh_server import client_of, ssh_server

RUN = LocalExecutor()


def bundle(folder, content=b"16"):
    """What counts of a compiler here: a folder of a program and its loader; a test double."""
    inner = folder / "usr/bin" / f"{NAME}_bin"
    inner.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(sys.executable, inner / NAME)
    for name, more in ((NAME, b""), ("ld-linux-x86-64.so.2", b""), ("libc.so.6", content)):
        (inner / name).write_bytes(HEAD + more)
    wrapper = folder / "usr/bin" / NAME
    wrapper.write_text(f'#!/bin/bash\nd=x\n${{d}}/{NAME}_bin/{NAME} "$@"\n')
    wrapper.chmod(0o755)
    return folder


HEAD = elf_bytes(())


@pytest.fixture(autouse=True)
def _nothing_else(monkeypatch, tmp_path):
    monkeypatch.setenv(STORE, str(tmp_path / "store"))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def told(place="local", **options):
    return identify(Request(options=BuildOptions(**options)), place, RUN)


def store(folder, version):
    with staging() as stage:
        shutil.copytree(folder, stage.files, dirs_exist_ok=True)
        stage.commit(Receipt(name=PACKAGE, version=version, source="test"))


@pytest.mark.parametrize("origin", ["option", "variable", "path", "store"])
def test_another_compiler_at_the_same_place(tmp_path, monkeypatch, origin):
    here = tmp_path / "here"
    if origin == "variable":
        monkeypatch.setenv(VARIABLE, str(here))
    elif origin == "path":
        monkeypatch.setenv("PATH", f"{here}/usr/bin:/usr/bin:/bin")

    def install(version):
        bundle(here, version.encode())
        if origin == "store":
            store(here, version)
        options = {"compiler": here} if origin == "option" else {}
        return told(**options)

    old, same, new = install("16.0"), install("16.0"), install("17.0")
    assert old == same
    assert None not in (old, new)
    assert old != new


def test_what_can_start_anything_is_not_known(tmp_path):
    script = tmp_path / NAME
    script.write_text("#!/bin/sh\nexec docker run compiler\n")
    assert told(compiler=script) is None
    assert told(compiler=tmp_path / "absent") is None
    assert told() is None


def test_a_program_without_a_bundle_loads_libraries_of_the_system(tmp_path):
    (bundle(tmp_path) / "usr/bin" / f"{NAME}_bin" / "ld-linux-x86-64.so.2").unlink()
    assert told(compiler=tmp_path) is None


def test_a_person_runs_the_notebook():
    assert told("notebook") == {}


def test_the_emulator_counts(tmp_path, monkeypatch):
    bundle(tmp_path)
    emulator = tmp_path / "tools" / "qemu-x86_64-static"
    emulator.parent.mkdir()
    monkeypatch.setenv("PATH", f"{emulator.parent}:/usr/bin:/bin")
    seen = []
    for version in ("7.2.22", "10.0.1"):
        emulator.write_text(f"#!/bin/sh\necho qemu-x86_64 version {version}\n")
        emulator.chmod(0o755)
        seen.append(told("qemu", compiler=tmp_path))
    assert None not in seen
    assert seen[0]["bundle"] == seen[1]["bundle"]
    assert seen[0] != seen[1]


def test_the_emulator_of_the_kernel_counts(tmp_path, monkeypatch):
    bundle(tmp_path)
    qemu = tmp_path / "qemu"
    entry = BinfmtEntry(
        name="x", interpreter=str(qemu), magic=bytes.fromhex("7f454c46"), mask=bytes.fromhex("ffffffff"), flags="F"
    )
    monkeypatch.setattr(
        identity, "collect_binfmt", lambda: Binfmt(mount_points=("/b",), enabled=True, entries=(entry,))
    )
    assert told("binfmt", compiler=tmp_path) is None  # only the kernel still has it open
    qemu.write_text("1")
    first = told("binfmt", compiler=tmp_path)
    qemu.write_text("2")
    assert None is not first != told("binfmt", compiler=tmp_path)


def test_the_image_counts(tmp_path, monkeypatch):
    bundle(tmp_path)
    engine = tmp_path / "tools" / "docker"
    engine.parent.mkdir()
    monkeypatch.setenv("PATH", f"{engine.parent}:/usr/bin:/bin")
    monkeypatch.setenv("ENVDOCTOR_CONTAINER_IMAGE", "an-image")

    def answering(words):
        engine.write_text(f'#!/bin/sh\n[ "$*" = "image inspect --format {{{{.Id}}}} an-image" ] && {words}\n')
        engine.chmod(0o755)
        return told("docker", compiler=tmp_path)

    first = answering("echo sha256:1")
    assert first["image"] == "sha256:1"
    assert first != answering("echo sha256:2")
    assert answering("exit 1") is None  # not pulled yet


@pytest.mark.slow
def test_the_far_machines_own_compiler(tmp_path, monkeypatch):
    far = bundle(tmp_path / "far away")
    with ssh_server(tmp_path) as server:
        monkeypatch.setenv("PATH", f"{client_of(server, 'bigbox')}:/usr/bin:/bin")
        assert told("ssh", ssh_host="bigbox") is None  # neither there nor here
        ours = bundle(tmp_path / "here")
        assert told("ssh", ssh_host="bigbox", compiler=ours) == told(compiler=ours)
        (tmp_path / "authorized_keys").write_text(
            f'environment="PATH={far}/usr/bin:/usr/bin:/bin" {(tmp_path / "client.pub").read_text()}',
        )
        first = told("ssh", ssh_host="bigbox", compiler=ours)
        assert first == told("ssh", ssh_host="bigbox")
        bundle(far, b"17")
        second = told("ssh", ssh_host="bigbox")
        assert None not in (first, second)
        assert first != second
        shutil.rmtree(far / "usr/bin" / f"{NAME}_bin")
        assert told("ssh", ssh_host="bigbox") is None
    assert told("ssh", ssh_host="bigbox", compiler=ours) is None
