"""`envdoctor inspect`, end to end on an index double."""

from __future__ import annotations

import os
import sys
import venv

import pytest

from extensions import compile_module
from index_server import IndexServer
from index_wheels import publish, wheel
from native_files import elf_bytes, macho_bytes, pe_bytes
from printed import as_json
from sites import Site

MAC = "cp311-cp311-macosx_12_0_arm64"
LINUX = "cp311-cp311-manylinux_2_17_x86_64"


@pytest.mark.slow
def test_inspecting_a_broken_wheel(run, server):
    files = {"lib/__init__.py": b"from . import _x\n", "lib/_x.so": macho_bytes(["@rpath/libabsent.dylib"], size=4096)}
    publish(server, "lib", "3.0", MAC, files=files)
    code, found = as_json(run, "inspect", "lib==3.0", "--platform", "macos-arm64", "--python", "3.11")
    assert (code, found["verdict"]) == (1, "BROKEN")
    assert "@rpath/libabsent.dylib" in found["reasons"][0]["message"]
    assert found["natives"][0]["needed"] == ["@rpath/libabsent.dylib"]
    code, printed = run("inspect", "lib==3.0", "--platform", "macos-arm64", "--python", "3.11", "-v")
    assert "BROKEN on macos-arm64-cp311" in printed.out
    assert "lib/_x.so" in printed.out


@pytest.mark.slow
def test_inspecting_a_file_beside_what_it_requires(run, server, tmp_path):
    name, content = wheel(
        "mine",
        "1.0",
        LINUX,
        requires=["lib==2.0"],
        files={"mine/__init__.py": b"", "mine/_x.so": elf_bytes(["libc.so.6"])},
    )
    (tmp_path / name).write_bytes(content)
    code, found = as_json(run, "inspect", str(tmp_path / name), "--platform", "linux-x86_64", "--python", "3.11")
    assert (code, found["verdict"], found["label"]) == (0, "SOUND", "mine 1.0")
    assert [pin["name"] for pin in found["beside"]] == ["lib"]


def test_inspecting_a_file_for_a_target_that_refuses_it(run, tmp_path):
    name, content = wheel("mine", "1.0", LINUX)
    (tmp_path / name).write_bytes(content)
    code, found = as_json(run, "inspect", str(tmp_path / name), "--platform", "macos-arm64", "--python", "3.11")
    assert (code, found["verdict"]) == (1, "NO-WHEEL")
    assert found["reasons"][0]["kind"] == "other-wheels"


def test_requirements_of_extras_wait_for_verbose(run, tmp_path):
    name, content = wheel("mine", "1.0", requires=["lib==1.0", "six; extra == 'x'", "attrs; extra == 'y'"])
    (tmp_path / name).write_bytes(content)
    words = ("inspect", str(tmp_path / name), "--alone")
    assert "needs lib==1.0, and 2 with extras (-v)" in run(*words)[1].out
    assert "six" in run(*words, "-v")[1].out


def test_a_wheel_by_itself_is_not_said_to_resolve(run, tmp_path):
    name, content = wheel("mine", "1.0", requires=["absent"])
    (tmp_path / name).write_bytes(content)
    code, printed = run("inspect", str(tmp_path / name), "--alone")
    assert code == 0
    assert "what it requires was not looked at" in " ".join(printed.out.split())
    assert "resolves" not in printed.out
    assert as_json(run, "inspect", str(tmp_path / name), "--alone")[1]["basis"] == "alone"


@pytest.mark.slow
def test_plug_ins_are_told_together_for_a_person_and_one_by_one_for_a_program(run, tmp_path):
    files = {"mine/__init__.py": b"", "mine/vendors/libPlugin.so": elf_bytes(["libabsent.so.1", "libother.so.1"])}
    files["mine/libcore.so"] = elf_bytes(["libc.so.6"])
    name, content = wheel("mine", "1.0", LINUX, files=files)
    (tmp_path / name).write_bytes(content)
    words = ("inspect", str(tmp_path / name), "--platform", "linux-x86_64", "--python", "3.11")
    code, printed = run(*words)
    assert code == 0
    assert "mine 1.0: libPlugin.so: libabsent.so.1, libother.so.1" in printed.out
    assert "does not load:" not in printed.out
    assert [reason["kind"] for reason in as_json(run, *words)[1]["reasons"]] == ["note", "note"]


def test_a_condition_is_part_of_the_verdict_and_of_the_exit_code(run, tmp_path):
    files = {"mine.pyd": pe_bytes(["MSVCP140.dll"])}
    name, content = wheel("mine", "1.0", "py3-none-win_amd64", files=files)
    (tmp_path / name).write_bytes(content)
    words = ("inspect", str(tmp_path / name), "--alone", "--platform", "windows-amd64", "--python", "3.11")
    code, printed = run(*words)
    assert code == 1
    assert "SOUND-IF on windows-amd64-cp311: sound if MSVCP140.dll is there" in " ".join(printed.out.split())
    (reason,) = as_json(run, *words)[1]["reasons"]
    assert reason["libraries"] == [["MSVCP140.dll"]]


@pytest.mark.slow
def test_an_extra_that_there_is_not_is_told(run, server):
    publish(server, "big", "2.0", requires=["absent; extra == 'more'"], extras=["more"])
    publish(server, "big", "1.0")
    where = ("--platform", "linux-x86_64", "--python", "3.11")
    said = "big 2.0 has no extra moore; it has more."
    assert said in run("matrix", "big[moore]", *where)[1].out
    assert said in run("inspect", "big[moore]", *where)[1].out
    code, printed = run("inspect", "big[more]==2.0", *where)
    assert code == 1
    assert "no index has a package called absent" in printed.out


@pytest.mark.slow
def test_a_newer_version_that_was_passed_over_is_told(run):
    said = "2.0 is newer and can't be installed there from a wheel; why: envdoctor matrix lib==2.0"
    _, printed = run("inspect", "lib", "--platform", "macos-arm64", "--python", "3.11")
    assert f"{said} --platform macos-arm64 --python cp311" in " ".join(printed.out.split())
    assert "newer" not in run("inspect", "lib==1.0", "--platform", "macos-arm64", "--python", "3.11")[1].out


@pytest.mark.slow
def test_what_was_yanked_is_told(run, server):
    publish(server, "sour", "1.0", yanked="eats data")
    where = ("--platform", "linux-x86_64", "--python", "3.11")
    for command in ("matrix", "inspect"):
        code, printed = run(command, "sour", *where)
        assert code == 0
        assert "sour==1.0 was yanked by its authors (eats data)" in printed.out
    assert as_json(run, "inspect", "sour", *where)[1]["filename"] == "sour-1.0-py3-none-any.whl"


@pytest.mark.slow
def test_a_pre_release_that_nobody_named_is_told(run, server):
    publish(server, "early", "1.0b1")
    assert "1.0b1 is a pre-release, taken because no stable version has a wheel" in (
        " ".join(run("inspect", "early", "--python", "3.11")[1].out.split())
    )
    assert "pre-release" not in run("inspect", "early==1.0b1", "--python", "3.11")[1].out


@pytest.mark.slow
def test_what_an_index_refuses_to_tell_is_told(run, server, monkeypatch):
    with IndexServer() as other:
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", other.simple)
        for name in ("app", "lib"):
            other.fail(f"/simple/{name}/", *[403] * 20)
        said = f"{other.simple} refuses to tell what it has of app, lib"
        where = ("--platform", "linux-x86_64", "--python", "3.11")
        assert said in " ".join(run("matrix", "app", *where)[1].out.split())
        assert said in " ".join(run("inspect", "app", *where)[1].out.split())


@pytest.mark.slow
def test_a_requirement_that_could_not_be_asked_for_leaves_the_verdict_open(run, server):
    server.fail("/simple/lib/", *[500] * 20)
    where = ("--platform", "linux-x86_64", "--python", "3.11")
    code, printed = run("matrix", "app==1.0", *where)
    assert code == 1
    assert "? app on Linux x86_64 (glibc 2.28): 1.0 could not be judged for Python 3.11." in (
        " ".join(printed.out.split())
    )
    code, printed = run("inspect", "app==1.0", *where)
    assert code == 1
    assert "What it requires could not be found out, so that it was judged alone." in " ".join(printed.out.split())


@pytest.mark.slow
def test_inspecting_what_is_not_there_for_the_target(run):
    code, found = as_json(run, "inspect", "lib==2.0", "--platform", "macos-arm64", "--python", "3.11")
    assert (code, found["verdict"], found["filename"]) == (1, "NO-WHEEL", "")


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        ("absent.whl", "There is no file"),
        ("lib==9", "No index has lib==9"),
        ("absent", "No index has a package called absent; is it spelled right?"),
        ("./setup.py", "There is no file"),
    ],
)
def test_no_subject(run, subject, reason):
    code, printed = run("inspect", subject)
    assert code == 2
    assert reason in printed.err


def test_a_damaged_file_is_unreadable(run, tmp_path):
    (tmp_path / "mine-1.0-py3-none-any.whl").write_bytes(b"PK\3\4 and no more")
    code, printed = run("inspect", str(tmp_path / "mine-1.0-py3-none-any.whl"))
    assert code == 2
    assert "zip" in printed.err


@pytest.fixture
def with_a_module(tmp_path):
    """A small environment with a compiled module; this run's own takes seconds to look through."""
    venv.create(tmp_path / "env", symlinks=os.name != "nt")
    module = compile_module(tmp_path, "_fast")
    files = {"msgspeck/__init__.py": "from msgspeck import _fast\n", "msgspeck/_fast.so": module}
    Site(next((tmp_path / "env").glob("lib/python*/site-packages"))).install("msgspeck", files=files)
    return str(tmp_path / "env")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="compiles an ELF module")
def test_inspecting_what_is_installed(run, with_a_module):
    code, found = as_json(run, "inspect", "MsgSpeck", "--installed", "--in", with_a_module)
    assert (code, found["verdict"]) == (0, "SOUND")
    assert "msgspeck" in found["imports"]
    assert [native["format"] for native in found["natives"]] == ["ELF"]
    printed = run("inspect", "msgspeck", "--installed", "--in", with_a_module)[1].out
    assert "its native files find what they need" in printed
    assert "resolves" not in printed
    code, printed = run("inspect", "surely-not-installed", "--installed", "--in", with_a_module)
    assert code == 2
    assert "is not installed in" in printed.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("inspect", "{}/note.txt"), "note.txt is a file, but not a wheel"),
        (("inspect", "{}"), "is a folder; give a .whl file"),
        (("inspect", "{}/app-1.0.tar.gz"), "There is no file"),
        (("inspect", "app-1.0.tar.gz"), "There is no file app-1.0.tar.gz"),
        (("inspect", "{}/lib-1.0.tar.gz"), "is a source distribution: what its files need is known once it is built"),
        (("inspect", "{}/plain"), "plain is a file, but not a wheel"),
        (("inspect", "{}/nonsense.whl"), "nonsense.whl is not named like a wheel: NAME-VERSION-PYTHON-ABI-PLATFORM"),
        (("inspect", "numpy", "--installed", "--platform", "colab", "--alone"), "--platform and --alone can't be said"),
        (("matrix", "app", "-c", "{}"), "can't be read: "),
        (("matrix", "app; python_version < '3.12'"), "has a marker, and its versions are the rows"),
        (("matrix", "{}/note.txt"), "note.txt is a file; name requirements"),
        (("matrix", "git+https://example.org/app"), "is an address; name the package"),
        (("matrix", "app", "-c", "{}/note.txt"), "note.txt, line 1: 'no sense' is no requirement"),
        (("matrix", "app", "--python", "3.14-3.10"), "runs backwards"),
        (("matrix", "app", "--as-of", "9999-12-31"), "is in the future"),
        (("inspect", "{}/app-1.0-py3-none-any.whl"), "can't be read as a wheel: not a zip file"),
        (("inspect", "app @ https://example.org/app-1.0-py3-none-any.whl"), "is a URL; give NAME==VERSION"),
        (
            ("inspect", "app", "--platform", "macos-arm64,colab"),
            "is more than one; for several, ask 'envdoctor matrix'",
        ),
        (("inspect", "app", "--python", "3.10-3.12"), "is more than one"),
        (("matrix", "app @ https://example.org/app-1.0-py3-none-any.whl"), "names a file"),
        (("matrix", "app", "--as-of", "2999-01-01"), "is in the future"),
        (("matrix", "app", "--platform", "raspbery-pi-5"), "did you mean raspberry-pi-5?"),
    ],
)
def test_what_can_not_be_answered_is_refused_in_a_sentence(run, tmp_path, words, said):
    (tmp_path / "note.txt").write_text("no sense")
    for name in ("lib-1.0.tar.gz", "plain", "nonsense.whl"):
        (tmp_path / name).touch()
    (tmp_path / "app-1.0-py3-none-any.whl").write_text("hello")
    code, printed = run(*(word.replace("{}", str(tmp_path)) for word in words))
    assert (code, printed.out) == (2, "")
    assert said in printed.err
    assert printed.err.count("\n") == 1
