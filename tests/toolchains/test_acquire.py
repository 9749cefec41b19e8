import os
import shutil
import tarfile

import pytest

from apt_repository import build_package, build_repository, served
from envdoctor.compilers.edgetpu import COMPILER as EDGETPU
from envdoctor.compilers.edgetpu.locate import PACKAGE, find_compiler
from envdoctor.core.command import Command, CommandResult
from envdoctor.core.errors import ToolchainProblem, Unreadable
from envdoctor.executors.local import LocalExecutor
from envdoctor.net.session import Session
from envdoctor.net.transport import NetworkSettings
from envdoctor.toolchains.acquire import QEMU, Acquirer, stored_emulators
from envdoctor.toolchains.catalogue import CatalogueEntry, find_entry, parse_source
from envdoctor.toolchains.fetch import describe
from envdoctor.toolchains.store import installed_toolchains
from needs import C_COMPILER, needs
from standin import VERSION, build_standin

ENTRY = find_entry(PACKAGE)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("standin")
    build_standin(folder)
    return folder


@pytest.fixture(scope="module")
def package(tree, tmp_path_factory):
    return build_package(tmp_path_factory.mktemp("deb"), tree)


@pytest.fixture
def hollow(tmp_path):
    """What a package holds that nobody unpacks."""
    folder = tmp_path / "hollow"
    folder.mkdir()
    (folder / "file").touch()
    return folder


@pytest.fixture
def acquirer(tmp_path):
    session = Session(NetworkSettings(retries=0, timeout=2), pause=lambda _: None)
    yield Acquirer(session=session, executor=LocalExecutor(), store=tmp_path / "store", own=EDGETPU.toolchains)
    session.close()


def get(acquirer, text, sha256="", entry=ENTRY):
    return acquirer.acquire(entry, [parse_source(text, entry, sha256)])


@pytest.mark.slow
@pytest.mark.parametrize("suite", ["coral-edgetpu-stable", ""])
def test_from_an_apt_repository_whatever_this_machine_is(acquirer, package, hollow, tmp_path, suite):
    older = build_package(tmp_path, hollow, "15.0")
    other = build_package(tmp_path, hollow, "99.0", arch="arm64")
    build_repository(tmp_path / "apt", [package, older, other], suite)
    with served(tmp_path / "apt") as url:
        entry = ENTRY if suite else FLAT
        installed = acquirer.acquire(entry, [parse_source(f"apt:{url}/", entry)])
    assert installed.version == VERSION
    assert installed.receipt.pinned
    assert "edgetpu-compiler_16.0_amd64.deb" in installed.receipt.source
    compiler = find_compiler(environ={"PATH": ""}, store=acquirer.store)
    assert (compiler.origin, compiler.version) == ("toolchain store", VERSION)


@pytest.mark.slow
def test_an_index_that_is_not_what_the_release_file_says(acquirer, package, tmp_path):
    build_repository(tmp_path / "apt", [package])
    for index in (tmp_path / "apt/dists").rglob("Packages*"):
        index.write_bytes(index.read_bytes() + b"\n")
    with served(tmp_path / "apt") as url, pytest.raises(ToolchainProblem, match="the Release file says"):
        get(acquirer, f"apt:{url}")


def test_a_package_that_is_not_what_the_index_says(acquirer, package, tmp_path):
    build_repository(tmp_path / "apt", [package])
    next((tmp_path / "apt/pool").iterdir()).write_bytes(b"altered")
    with served(tmp_path / "apt") as url, pytest.raises(ToolchainProblem, match="damaged or was altered"):
        get(acquirer, f"apt:{url}")
    assert installed_toolchains(store=acquirer.store) == ()


@pytest.mark.slow
def test_a_repository_without_the_package(acquirer, hollow, tmp_path):
    build_repository(tmp_path / "apt", [build_package(tmp_path, hollow, name="other")])
    with (
        served(tmp_path / "apt") as url,
        pytest.raises(ToolchainProblem, match="no package edgetpu-compiler for amd64"),
    ):
        get(acquirer, f"apt:{url}")


@pytest.mark.slow
def test_from_a_package_file_an_archive_and_a_folder(acquirer, package, tree, tmp_path):
    archive = tmp_path / "edgetpu-compiler_16.0_amd64.tar.gz"
    with tarfile.open(archive, "w:gz") as out:
        out.add(tree / "usr", "usr")
    for path in (package, archive, tree, tree / "usr/bin/edgetpu_compiler"):
        installed = get(acquirer, str(path))
        assert (installed.version, installed.receipt.pinned) == (VERSION, False)
        assert bool(installed.receipt.sha256) == path.is_file()
        compiler = find_compiler(environ={"PATH": ""}, store=acquirer.store)
        result = LocalExecutor().run(command(compiler))
        assert result.stdout == f"Edge TPU Compiler version {VERSION}\n"


def command(compiler):
    return Command(argv=compiler.command(["--version"]), timeout=10)


@pytest.mark.slow
def test_from_a_url_with_and_without_a_hash(acquirer, package, tmp_path):
    shutil.copy(package, tmp_path)
    with served(tmp_path) as url:
        found = get(acquirer, f"{url}/{package.name}")
        assert not found.receipt.pinned
        assert get(acquirer, f"{url}/{package.name}", found.receipt.sha256).receipt.pinned
        with pytest.raises(ToolchainProblem, match="expected 00"):
            get(acquirer, f"{url}/{package.name}", "00" * 32)
    with pytest.raises(ToolchainProblem, match="expected 00"):
        get(acquirer, str(package), "00" * 32)


def test_every_unreachable_source_is_named_with_its_error_and_what_to_do(acquirer, tmp_path):
    with served(tmp_path) as url:
        gone = [parse_source(f"apt:{url}/apt suite main"), parse_source(f"{url}/x.deb"), parse_source("/absent.deb")]
        with pytest.raises(ToolchainProblem) as caught:
            acquirer.acquire(ENTRY, gone)
    with pytest.raises(ToolchainProblem, match="Connection refused"):
        get(acquirer, f"{url}/x.deb")
    words = str(caught.value)
    for word in ("apt repository: http", "does not exist", "/absent.deb", "--from", "notebook"):
        assert word in words


def test_what_is_no_compiler_is_not_installed(acquirer, tmp_path):
    (tmp_path / "tree/usr").mkdir(parents=True)
    (tmp_path / "tree/usr/file").touch()
    with pytest.raises(ToolchainProblem, match="holds no edgetpu_compiler"):
        get(acquirer, str(build_package(tmp_path, tmp_path / "tree")))
    assert installed_toolchains(store=acquirer.store) == ()


@pytest.mark.slow
def test_the_first_source_that_answers_is_taken(acquirer, package):
    installed = acquirer.acquire(ENTRY, [parse_source("/absent"), parse_source(str(package))])
    assert installed.receipt.source == str(package)


FLAT = CatalogueEntry(name=PACKAGE, title="", sources=(), advice="", package=PACKAGE, architecture="amd64")


def have_apt(monkeypatch):
    real = shutil.which
    monkeypatch.setattr("shutil.which", lambda name, path=None: "/x" if name == "apt-get" else real(name, path=path))


class Apt:
    """A double of the system's apt: downloads a package that the test prepared, and runs the rest for real."""

    name = "double of apt"

    def __init__(self, *packages):
        self.packages = {package.name.partition("_")[0]: package for package in packages}
        self.calls = []

    def run(self, command):
        if command.argv[0] != "apt-get":
            return LocalExecutor().run(command)
        self.calls.append(command.argv[-2:])
        package = self.packages.get(command.argv[-1])
        if package is None:
            return CommandResult(
                argv=command.argv, returncode=100, stderr=f"E: Unable to locate package {command.argv[-1]}"
            )
        shutil.copy(package, command.cwd)
        return CommandResult(argv=command.argv, returncode=0)


def qemu_package(folder, name, program, script):
    """A package with a program of this machine that answers as QEMU does, made from a shell's copy."""
    (folder / name / "usr/bin").mkdir(parents=True)
    if program:
        compile_c(script, folder / name / "usr/bin" / program)
    (folder / name / "usr/share").mkdir()
    (folder / name / "usr/share/other").touch()
    return build_package(folder, folder / name, "1:10.0.2+ds-2", name=name)


def compile_c(text, target):
    import subprocess

    subprocess.run([needs(C_COMPILER), "-x", "c", "-o", target, "-"], input=text.encode(), check=True)


SAYS = '#include <stdio.h>\nint main() { puts("qemu-x86_64 version 10.0.2 (Debian 1:10.0.2+ds-2)"); }\n'


@pytest.mark.slow
def test_qemu_by_the_systems_apt_unpacked_and_not_installed(tmp_path, acquirer, monkeypatch):
    have_apt(monkeypatch)
    transitional = qemu_package(tmp_path, "qemu-user-static", "", "")
    real = qemu_package(tmp_path, "qemu-user", "qemu-x86_64", SAYS)
    apt = Apt(transitional, real)
    installed = Acquirer(session=acquirer.session, executor=apt, store=acquirer.store).acquire(find_entry(QEMU))
    assert installed.version == "10.0.2"
    assert apt.calls[:2] == [("download", "qemu-user-static"), ("download", "qemu-user")]
    assert [path.name for path in installed.files.rglob("*") if path.is_file()] == ["qemu-x86_64"]
    assert stored_emulators(acquirer.store) == (installed.files / "usr/bin",)


def test_apt_that_knows_nothing_is_asked_again_with_fresh_lists(tmp_path, acquirer, monkeypatch):
    have_apt(monkeypatch)
    apt = Apt()
    with pytest.raises(ToolchainProblem, match="Unable to locate package qemu-user"):
        Acquirer(session=acquirer.session, executor=apt, store=acquirer.store).acquire(find_entry(QEMU))
    assert [call[-1] for call in apt.calls] == [
        "qemu-user-static",
        "qemu-user",
        "update",
        "qemu-user-static",
        "qemu-user",
    ]


@pytest.mark.slow
def test_an_emulator_for_another_machine_or_one_that_does_not_run(tmp_path, acquirer):
    entry = find_entry(QEMU)
    compile_c("int main() { return 3; }", tmp_path / "qemu-x86_64")
    with pytest.raises(ToolchainProblem, match="does not run here: exited with status 3; it is not self-contained"):
        get(acquirer, str(tmp_path / "qemu-x86_64"), entry=entry)
    head = bytearray((tmp_path / "qemu-x86_64").read_bytes())
    head[18] = 21  # ppc64
    (tmp_path / "qemu-x86_64").write_bytes(head)
    with pytest.raises(ToolchainProblem, match="is for ppc64le, and this machine is"):
        get(acquirer, str(tmp_path), entry=entry)


@pytest.mark.skipif(os.name != "posix", reason="FIFOs")
def test_a_file_of_a_terabyte_and_a_pipe_are_no_archives(tmp_path):
    huge, pipe = tmp_path / "huge.deb", tmp_path / "pipe.deb"
    with huge.open("wb") as stream:
        stream.truncate(1 << 40)
    os.mkfifo(pipe)
    for path, words in ((huge, "larger than"), (pipe, "FIFO")):
        with pytest.raises(Unreadable, match=words):
            describe(path, source=str(path), name=path.name, pinned=False)


def test_a_row_without_packages_of_the_system(tmp_path, acquirer, monkeypatch):
    """A compiler's own row may name an archive alone; what it holds is taken as it is."""
    monkeypatch.setattr("envdoctor.toolchains.catalogue.load_table", lambda _: {"tool": {"title": "a tool"}})
    entry = find_entry("tool")
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    installed = get(acquirer, str(tmp_path / "tool"), entry=entry)
    assert (installed.version, [file.name for file in installed.files.iterdir()]) == ("unknown", ["tool"])
    with pytest.raises(ToolchainProblem, match="no place to get a tool from: name a copy with --from"):
        acquirer.acquire(entry)
    have_apt(monkeypatch)
    with pytest.raises(ToolchainProblem, match="names no package of this system for tool"):
        get(acquirer, "system-apt", entry=entry)
