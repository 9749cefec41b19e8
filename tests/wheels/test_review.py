"""Wheels that are faulty by one thing each, and their sound twins; what installers do with them is the oracle."""

import json
import re
import zipfile
from pathlib import Path

import pytest

from envdoctor.core.finding import Severity
from envdoctor.wheels.rules import all_rules
from faulty_wheels import ELF, FAULTY, MODULE, NOTES, SOUND, described, stable, twice, with_module
from native_files import elf_bytes
from reviewed_wheels import INFO, LINUX, METADATA, build, digest, look, names, with_file
from wheel_files import archive_bytes


@pytest.mark.parametrize("built", SOUND.values(), ids=SOUND)
def test_nothing_is_said_of_a_sound_wheel(built):
    assert names(built) == []


@pytest.mark.parametrize(("name", "built"), NOTES, ids=[f"{number}-{row[0]}" for number, row in enumerate(NOTES)])
def test_what_is_only_worth_a_look_is_a_note(name, built):
    (fault,) = look(built).faults
    assert (fault.name, fault.severity) == (name, Severity.INFO)
    assert fault.fix
    assert fault.evidence[0].excerpt


def test_a_second_name_for_the_same_modules_may_be_meant():
    found = {fault.name: fault.severity for fault in look(build(twice("pkg", "pkg/api"))).faults}
    assert found == {"package-twice": Severity.INFO, "duplicate-files": Severity.INFO}


@pytest.mark.parametrize(
    "built",
    [
        build({"pkg/__init__.py": b"", f"{INFO}/entry_points.txt": b"[fsspec.specs]\nhf = pkg.FileSystem\n"}),
        build({"pkg/__init__.py": b"", "pkg/schemas/@x/package.json.orig": b"{}"}),
        build({"pkg/__init__.py": b"", "pkg/migrations/0001_initial.py": b"x = 2\n"}),
        build({"pkg/__init__.py": b"", "pkg/a/__init__.py": b"# MIT\n", "pkg/b/__init__.py": b"# MIT\n"}),
        build({"pkg/hidden.pyc": b"x", MODULE: ELF}, LINUX),
        described("Title\n=====\n\n* ``:ref:`x` ``\n\n::\n\n   .. toctree::\n", "text/x-rst"),
        described("Title\n=====\n\nname | what\n---- | ----\n\nanother *one*\n", "text/x-rst"),
    ],
    ids=[
        "entry point without a colon",
        "schemas of jupyter",
        "migration",
        "short inits",
        "bytecode alone for its Python",
        "literal",
        "not a title",
    ],
)
def test_look_alikes_are_no_faults(built):
    assert names(built) == []


@pytest.mark.parametrize(("name", "built"), FAULTY, ids=[f"{number}-{row[0]}" for number, row in enumerate(FAULTY)])
def test_a_fault_is_named(name, built):
    faults = [fault for fault in look(built).faults if fault.name == name]
    assert faults
    assert all(fault.severity is Severity.WARNING for fault in faults)
    assert all(fault.fix and fault.evidence[0].excerpt and fault.subject for fault in faults)


def test_files_that_nobody_may_read_and_links_are_named():
    built = build()
    assert names(built, modes={"pkg/__init__.py": 0o100000}) == ["unreadable-mode"]
    assert names(built, modes={"pkg/__init__.py": 0o120777}) == ["symbolic-link"]
    assert names(built, modes=dict.fromkeys(built[1], 0o100644)) == []


def test_a_metapackage_is_information():
    (fault,) = look(build({}, metadata=METADATA + "Requires-Dist: other\n")).faults
    assert (fault.name, fault.severity) == ("empty-wheel", Severity.INFO)


def test_a_search_path_of_the_build_machine_is_information_unless_others_may_write_there():
    (fault,) = look(with_module(elf_bytes((), runpath="/home/builder/lib"))).faults
    assert (fault.name, fault.severity) == ("build-machine-search-path", Severity.INFO)
    assert names(with_module(elf_bytes((), runpath="$ORIGIN/../pkg.libs"))) == []


def test_a_distribution_owns_its_own_name():
    members = build({"tests/__init__.py": b""})[1]
    renamed = {path.replace("pkg-1.0", "tests-1.0"): content for path, content in members.items()}
    for name in ("METADATA", "RECORD"):
        path = f"tests-1.0.dist-info/{name}"
        renamed[path] = renamed[path].replace(b"Name: pkg", b"Name: tests").replace(b"pkg-1.0", b"tests-1.0")
    found = names(("tests-1.0-py3-none-any.whl", renamed))
    assert "clashing-top-level-name" not in found
    assert "clashing-top-level-name" in names(build({"tests/__init__.py": b""}))


def test_of_a_wheel_read_in_parts_the_rules_that_need_more_are_named():
    changed = build(record=lambda text: re.sub("sha256=[^,]*", digest(b"other"), text, count=1))
    found = look(changed, is_whole=False)
    assert found.faults == ()
    assert "record-hash-differs" in found.left_out
    assert look(changed).left_out == ()


TESTED_BESIDE = {  # test_review_of_texts, _of_uploads and _of_leftovers
    "build-product",
    "bundled-c-library",
    "data-in-environment-root",
    "library-outside-of-tag",
    "command-not-callable",
    "data-at-absolute-path",
    "duplicate-search-path",
    "editable-install",
    "installed-metadata",
    "large-file-pointer",
    "newer-processor-than-tag",
    "newer-python-than-promised",
    "one-path-twice",
    "private-key",
    "python-of-nobody",
    "requires-itself",
    "licence-stated-twice",
    "version-of-nothing",
    "own-module-absent",
    "data-file-absent",
    "data-in-working-folder",
    "library-file-absent",
    "requires-part-of-python",
    "typed-without-marker",
    "python-two-excluded",
    "clashing-command",
    "entry-points-malformed",
    "hidden-module",
    "link-as-text",
    "module-without-init",
    "platform-of-no-index",
    "private-mode",
    "program-not-executable",
    "requires-local-version",
    "requires-tool-of-developers",
    "script-without-interpreter",
    "secret-file",
    "command-not-made",
    "command-twice",
    "local-version",
    "marker-never-true",
    "name-unknown",
    "platform-of-nobody",
    "python-patches-excluded",
    "metadata-cut-short",
    "part-of-python-gone",
    "record-lists-not-itself",
    "special-mode",
    "startup-file",
    "startup-import-absent",
    "text-relocations",
    "wheel-field-twice",
    "upload-refused",
}


def test_every_rule_has_a_test_a_reason_and_a_fix():
    untested = {"metadata-encoding", "licence-absent", *TESTED_BESIDE}
    known = {row[0] for row in FAULTY} | {row[0] for row in NOTES} | untested | {"unreadable-mode", "symbolic-link"}
    assert {rule.name for rule in all_rules()} == known
    for rule in all_rules():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
        assert rule.explanation
        assert rule.fix


def test_metadata_that_is_not_utf8_and_a_wheel_without_a_licence_are_named():
    filename, members = build()
    path = f"{INFO}/METADATA"
    assert "metadata-encoding" in names((filename, members | {path: members[path] + b"Summary: \xff\n"}))
    without = {name: content for name, content in members.items() if "LICENSE" not in name}
    without[path] = b"Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n"
    assert "licence-absent" in names((filename, without))


def test_the_archives_of_these_tests_are_zip_files(tmp_path):
    path = tmp_path / "x.whl"
    path.write_bytes(archive_bytes(build()[1]))
    assert zipfile.ZipFile(path).testzip() is None


MEASURED = json.loads((Path(__file__).parents[1] / "data" / "wheels" / "installers.json").read_text())
BY_RESOLVERS = {"45-python-tag-excluded"}  # judged by the target's Python, as every wheel is


@pytest.mark.parametrize("number", range(len(FAULTY)))
def test_what_pip_and_uv_both_refuse_is_a_refusal_and_nothing_else_is(number):
    key = f"{number}-{FAULTY[number][0]}"
    assert (key in MEASURED["refused"]) is (key not in MEASURED["installed_by_all"]), "measure it"
    newest_pip, _, uv = MEASURED["refused"].get(key, (False, False, False))
    expected = newest_pip and uv and key not in BY_RESOLVERS
    assert bool(look(FAULTY[number][1]).refusals) is expected


def test_a_search_for_modules_that_do_not_compile_says_where_it_stopped(monkeypatch):
    monkeypatch.setattr("envdoctor.wheels.module_texts.MOST_TEXT", 1 << 20)
    monkeypatch.setattr("envdoctor.wheels.faults.code.MOST_TEXT", 1 << 20)
    (fault,) = look(with_file("pkg/large.py", b"#" * ((1 << 20) + 1))).faults
    assert (fault.name, fault.severity) == ("module-does-not-compile", Severity.INFO)
    assert "only the first 1 MiB" in fault.message


def test_the_version_that_brought_a_function_is_told():
    (fault,) = look(stable("_PyList_New", "_PyBuffer_IsContiguous", "_PyCMethod_New")).faults
    assert fault.message == (
        "the tag promises Python 3.9, and pkg/_m.abi3.so uses PyBuffer_IsContiguous of Python 3.11"
    )
    assert fault.evidence[0].excerpt == "PyBuffer_IsContiguous: 3.11"
