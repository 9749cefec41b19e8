import struct
from pathlib import Path

import pytest

from envdoctor.compilers.edgetpu.locate import PACKAGE, VARIABLE, find_compiler, read_compiler
from envdoctor.core.errors import ToolchainProblem
from envdoctor.toolchains.store import Receipt, staging

WRAPPER = b'#!/bin/bash\nd=x\n${d}/edgetpu_compiler_bin/ld-linux-x86-64.so.2 ${d}/edgetpu_compiler_bin/... "$@"\n'


def elf(machine):
    """The head of a program: enough to tell the architecture."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, 120, 120, 4096)


def bundle(folder: Path, machine=62, loader="ld-linux-x86-64.so.2") -> Path:
    inner = folder / "edgetpu_compiler_bin"
    inner.mkdir(parents=True)
    (inner / "edgetpu_compiler").write_bytes(elf(machine))
    if loader:
        (inner / loader).write_bytes(elf(machine))
    (folder / "edgetpu_compiler").write_bytes(WRAPPER)
    (folder / "edgetpu_compiler").chmod(0o755)
    return folder


@pytest.fixture
def package(tmp_path):
    bundle(tmp_path / "unpacked/usr/bin")
    return tmp_path / "unpacked"


@pytest.mark.parametrize(
    "named",
    [
        "",
        "usr",
        "usr/bin",
        "usr/bin/edgetpu_compiler",
        "usr/bin/edgetpu_compiler_bin",
        "usr/bin/edgetpu_compiler_bin/edgetpu_compiler",
    ],
)
def test_any_part_of_the_bundle_names_it(package, named):
    compiler = read_compiler(package / named, origin="option")
    inner = package / "usr/bin/edgetpu_compiler_bin"
    assert compiler.binary == inner / "edgetpu_compiler"
    assert (compiler.loader, compiler.library_path) == (inner / "ld-linux-x86-64.so.2", inner)
    assert (compiler.architecture, compiler.version, compiler.origin) == ("x86_64", None, "option")


def test_a_link_to_the_wrapper_is_followed(package, tmp_path):
    link = tmp_path / "edgetpu_compiler"
    link.symlink_to(package / "usr/bin/edgetpu_compiler")
    assert read_compiler(link, origin="PATH").library_path == package / "usr/bin/edgetpu_compiler_bin"


def test_started_by_its_loader_never_by_its_wrapper(package):
    compiler = read_compiler(package, origin="option")
    plain = compiler.command(["-s", "a b.tflite"])
    assert plain == (
        str(compiler.loader),
        "--library-path",
        str(compiler.library_path),
        str(compiler.binary),
        "-s",
        "a b.tflite",
    )
    assert compiler.command(["-v"], emulator=Path("/usr/bin/qemu-x86_64-static")) == (
        "/usr/bin/qemu-x86_64-static",
        *plain[:-2],
        "-v",
    )


def test_the_legacy_arm_compiler_is_told_by_its_machine(tmp_path):
    compiler = read_compiler(bundle(tmp_path / "x", 183, "ld-linux-aarch64.so.1"), origin="option")
    assert compiler.architecture == "aarch64"


def test_a_program_without_a_bundle(tmp_path):
    program = tmp_path / "edgetpu_compiler"
    program.write_bytes(elf(62))
    assert read_compiler(program, origin="PATH").command(["-v"]) == (str(program), "-v")


def test_a_script_of_the_users_own_can_only_be_run_as_it_is(tmp_path):
    script = tmp_path / "edgetpu_compiler"
    script.write_text('#!/bin/sh\ndocker run --rm image "$@"\n')
    compiler = read_compiler(script, origin="PATH")
    assert compiler.command(["-v"]) == (str(script), "-v")
    with pytest.raises(ToolchainProblem, match="is a script"):
        compiler.command(["-v"], emulator=Path("/usr/bin/qemu-x86_64"))


@pytest.mark.parametrize("quoted", ['"{}"', "'{}'", "{}"])
def test_a_script_that_names_the_bundle_by_its_whole_path(package, tmp_path, quoted):
    inner = package.rename(tmp_path / "mein ö") / "usr/bin/edgetpu_compiler_bin"
    script = tmp_path / "edgetpu_compiler"
    path = str(inner) if quoted != "{}" else str(inner).replace(" ", "\\ ")
    loader, program = quoted.format(f"{path}/ld-linux-x86-64.so.2"), quoted.format(f"{path}/edgetpu_compiler")
    script.write_text(f'#!/bin/sh\nexec {loader} --library-path {quoted.format(path)} {program} "$@"\n')
    compiler = read_compiler(script, origin="PATH")
    assert (compiler.wrapper, compiler.library_path) == (script, inner)


def test_a_folder_whose_name_the_loader_can_not_be_given(tmp_path):
    compiler = read_compiler(bundle(tmp_path / "a:b"), origin="option")
    with pytest.raises(ToolchainProblem, match="separators"):
        compiler.command(["-v"])


def test_a_wrapper_that_lost_its_bundle(package):
    for path in (package / "usr/bin/edgetpu_compiler_bin").iterdir():
        path.unlink()
    with pytest.raises(ToolchainProblem, match="edgetpu_compiler_bin beside it is not"):
        read_compiler(package / "usr/bin/edgetpu_compiler", origin="PATH")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "does not exist"), (b"text", "neither a program nor a script"), (b"\x7fELF", "can't be read")],
)
def test_what_is_no_compiler(tmp_path, content, words):
    path = tmp_path / "edgetpu_compiler"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ToolchainProblem, match=words):
        read_compiler(path, origin="option")


def test_an_empty_folder_is_no_compiler(tmp_path):
    with pytest.raises(ToolchainProblem, match="holds no edgetpu_compiler"):
        read_compiler(tmp_path, origin="option")


def test_the_order_of_places(package, tmp_path):
    folders = [bundle(tmp_path / name) for name in ("variable", "path")]
    environ = {VARIABLE: str(folders[0]), "PATH": str(folders[1])}
    store = tmp_path / "store"
    assert find_compiler(environ={"PATH": ""}, store=store) is None
    assert find_compiler(environ={"PATH": str(folders[1])}, store=store).origin == "PATH"
    receipt = Receipt(name=PACKAGE, version="16.0", source="test")
    with staging(store) as stage:
        bundle(stage.files / "usr")
        stage.commit(receipt)
    stored = find_compiler(environ={"PATH": str(folders[1])}, store=store)
    assert (stored.origin, stored.version) == ("toolchain store", "16.0")
    assert find_compiler(environ=environ, store=store).origin == VARIABLE
    assert find_compiler(package, environ=environ, store=store).origin == "option"


def test_a_named_compiler_that_is_absent_is_never_replaced_by_another(package, tmp_path):
    environ = {"PATH": str(package / "usr/bin")}
    with pytest.raises(ToolchainProblem, match="does not exist"):
        find_compiler(tmp_path / "absent", environ=environ, store=tmp_path)
