"""The text for maintainers and the script: what is said is looked for in real archives, and nothing of them runs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from envdoctor.core.availability import Cause, CauseKind, Pin
from envdoctor.core.upstream import AffectedRelease, Claim, UpstreamReport
from envdoctor_reports import markdown
from index_wheels import wheel
from native_files import elf_bytes, macho_bytes

EVIL = b"raise SystemExit('this was run')\n"


def report(*claims, pins=(), releases=()):
    return UpstreamReport(
        label="app 1",
        target="linux-x86_64-cp311",
        python="3.11",
        requirement="app==1",
        claims=claims,
        others=("a thing that no script shows",),
        wheels=pins or (Pin(name="app", version="1"),),
        releases=releases,
        looked_at="2026-11-30T00:00:00Z",
    )


def claim(kind, **said):
    cause = Cause(kind=kind, wheel="app 1", **said)
    return Claim(cause=cause, message="app 1: it's broken \"''' \\ {}", fix="Mend it.")


def ran(tmp_path, made, *wheels):
    """What the script says of wheels on the disk; pip is not asked."""
    paths = []
    for name, content in wheels:
        (tmp_path / name).write_bytes(content)
        paths.append(str(tmp_path / name))
    script = tmp_path / "reproduce.py"
    script.write_text(markdown.upstream_script(made), encoding="utf-8")
    command = [sys.executable, "-I", str(script), *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert "this was run" not in done.stdout + done.stderr
    return done


def pin(made):
    name, _ = made
    project, version = name.split("-")[:2]
    return Pin(name=project, version=version, filename=name)


def of(files, name="app", version="1", tag="py3-none-any"):
    return wheel(name, version, tag, files={f"{name}/setup.py": EVIL, **files})


CASES = {
    "library": (
        claim(CauseKind.LIBRARY, files=("app/_x.so",), names=("@rpath/libgone.dylib",)),
        of({"app/__init__.py": EVIL, "app/_x.so": macho_bytes(["@rpath/libgone.dylib"])}),
        of({"app/_x.so": macho_bytes(["@rpath/libgone.dylib"]), "app/libgone.dylib": b""}),
    ),
    "elf": (
        claim(CauseKind.LIBRARY, files=("app/_x.so",), names=("libgone.so.1",)),
        of({"app/_x.so": elf_bytes(["libgone.so.1"])}),
        of({"app/_x.so": elf_bytes(["libc.so.6"])}),
    ),
    "module": (
        claim(CauseKind.MODULE, files=("app.part",), names=("pkg_resources",)),
        of({"app/__init__.py": EVIL, "app/part.py": b"x = 1\nimport pkg_resources\n"}),
        of({"app/part.py": b"import pkg_resources\n", "pkg_resources/__init__.py": EVIL}),
    ),
    "name": (
        claim(CauseKind.NAME, files=("app",), names=("app.part.new",), other="app 1"),
        of({"app/part.py": b"old = 1\n", "app/__init__.py": b""}),
        None,
    ),
    "lookup": (
        claim(CauseKind.LOOKUP, files=("app",), names=("libportaudio.so.2",)),
        of({"app/__init__.py": b"find_library('portaudio')\n" + EVIL}),
        of({"app/__init__.py": b"find_library('portaudio')\n", "app/libportaudio.so.2": b""}),
    ),
    "symbol": (
        claim(CauseKind.SYMBOL, files=("app/_x.so",), names=("nobody_has_this",)),
        of({"app/_x.so": elf_bytes(["nobody_has_this"])}),
        of({"app/_x.so": elf_bytes(["libc.so.6"])}),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CASES if name != "name"])
def test_a_fault_is_shown_where_it_is_and_not_where_it_is_mended(name, tmp_path):
    said, faulty, mended = CASES[name]
    done = ran(tmp_path, report(said, pins=(pin(faulty),)), faulty)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "=> shown" in done.stdout
    done = ran(tmp_path, report(said, pins=(pin(mended),)), mended)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "=> NOT shown" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"old = 1\n", 0),
        (b"# new is gone\nx = 'So is new.'\nprint(new)\nold.new = 1\n", 0),
        (b"new = 1\n", 1),
        (b"def new(): pass\n", 1),
        (b"from other import new\n", 1),
        (b"from other import old as new\n", 1),
        (b"from other import *\nnew\n", 1),
        (b"def __getattr__(name): return new\n", 1),
        (b"globals()['new'] = 1\n", 1),
        (b"new (\n", 1),
    ],
)
def test_a_name_is_looked_for_in_the_other_wheel(content, code, tmp_path):
    own, other = of({"app/__init__.py": b"import lib\nlib.new\n"}), of({"lib/__init__.py": content}, "lib", "2")
    said = claim(CauseKind.NAME, files=("app",), names=("lib.new",), other="lib 2")
    assert ran(tmp_path, report(said, pins=(pin(own), pin(other))), own, other).returncode == code


@pytest.mark.slow
@pytest.mark.parametrize(("word", "code"), [("gone", 0), ("kept", 1)])
def test_a_name_that_numpy_says_is_gone_is_gone(word, code, tmp_path):
    files = {"numpy/__init__.py": b"def __getattr__(name): ...\nkept = gone = 1\n"}
    files["numpy/_expired_attrs_2_0.py"] = b'__expired_attributes__ = {\n    "gone": "Use another.",\n}\n'
    own, other = of({"app/__init__.py": f"import numpy\nnumpy.{word}\n".encode()}), of(files, "numpy", "2")
    said = claim(CauseKind.NAME, files=("app",), names=(f"numpy.{word}",), other="numpy 2")
    assert ran(tmp_path, report(said, pins=(pin(own), pin(other))), own, other).returncode == code


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "numpy", "code"),
    [
        (b"numpy.core._multiarray_umath", "2.4.6", 0),
        (b"numpy.core._multiarray_umath", "1.26.4", 1),
        (b"numpy.core._multiarray_umath numpy._core._multiarray_umath", "2.4.6", 1),
        (b"nothing of it", "2.4.6", 1),
    ],
)
def test_what_was_compiled_against_numpy_1_is_told_from_its_strings(content, numpy, code, tmp_path):
    own, other = of({"app/_x.so": content}), of({"numpy/__init__.py": EVIL}, "numpy", numpy)
    said = claim(CauseKind.COMPILED, files=("app/_x.so",), names=("numpy 1",), other=f"numpy {numpy}")
    done = ran(tmp_path, report(said, pins=(pin(own), pin(other))), own, other)
    assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("content", "code"), [(b"2", 0), (b"1", 1)])
def test_files_that_two_wheels_share_are_compared(content, code, tmp_path):
    own, other = of({"same/x.py": b"1"}), of({"same/x.py": content}, "lib", "2")
    said = claim(CauseKind.SHARED, files=("same/x.py",), other="lib 2")
    done = ran(tmp_path, report(said, pins=(pin(own), pin(other))), own, other)
    assert done.returncode == code, done.stdout + done.stderr


def test_the_script_is_the_same_words_in_any_encoding_and_names_what_it_is_about():
    script = markdown.upstream_script(report(claim(CauseKind.LIBRARY, names=("libg\u00f6ne\x1b.so",))))
    compile(script, "reproduce.py", "exec")
    assert script.isascii()
    assert "\x1b" not in script
    data = script.split("json.loads(", 1)[1].split(")\n", 1)[0]
    (check,) = json.loads(eval(data))["checks"]
    assert check["message"] == claim(CauseKind.LIBRARY).message


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([("3", False), ("2", True), ("1", False)], "Since 2 (2026-02-01); not in 3."),
        ([("3", True), ("2", True)], "Since 2 (2026-02-01) or before; the newest that was looked at has it, too."),
        ([("3", True), ("2", None)], "Since 3 (2026-03-01) or before; the newest that was looked at has it, too."),
        ([("3", None)], "No release that was looked at has it for certain."),
        ([], "Only this release was looked at."),
    ],
)
def test_the_text_tells_since_when_and_no_more_than_was_looked_at(states, said):
    releases = tuple(
        AffectedRelease(version=version, uploaded=f"2026-0{version}-01", affected=affected)
        for version, affected in states
    )
    text = markdown.render_upstream(report(claim(CauseKind.MODULE), releases=releases), "reproduce.py")
    assert said in text
    assert "a thing that no script shows (the script does not show this)" in text
