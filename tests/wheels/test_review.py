"""Wheels that are faulty by one thing each, and their sound twins; what installers do with them is the oracle."""

import json
import re
import zipfile
from pathlib import Path

import pytest

from envdoctor.core.finding import Severity
from envdoctor.wheels.rules import all_rules
from native_files import elf_bytes, macho_bytes, pe_bytes, with_sections, with_symbols
from reviewed_wheels import INFO, LINUX, MACOS, METADATA, PURE, WINDOWS, build, digest, look, names, with_file
from wheel_files import archive_bytes

MODULE = "pkg/_m.cpython-312-x86_64-linux-gnu.so"
ELF = elf_bytes(("libc.so.6",))

ABI3_MACOS = "cp39-abi3-macosx_11_0_arm64"


def stable(*names):
    """A module for the stable ABI that uses functions of Python's."""
    module = with_symbols(macho_bytes, [(name, 0xFE) for name in names], minimum_os=(11, 0, 0))
    return build({"pkg/__init__.py": b"", "pkg/_m.abi3.so": module}, ABI3_MACOS)


SOUND = {
    "stable ABI": stable("_PyList_New", "_PyCMethod_New", "__Py_Dealloc"),
    "pure": build(),
    "linux": build({"pkg/__init__.py": b"", MODULE: ELF}, LINUX),
    "plain module": build({"pkg/__init__.py": b"", "pkg/_m.so": ELF}, LINUX),
    "abi3": build({"pkg/__init__.py": b"", "pkg/_m.abi3.so": ELF}, "cp39-abi3-manylinux_2_17_x86_64"),
    "windows": build({"pkg/_m.cp312-win_amd64.pyd": pe_bytes()}, WINDOWS),
    "macos": build({"pkg/_m.cpython-312-darwin.so": macho_bytes(minimum_os=(11, 0, 0))}, MACOS),
    "musl before 3.11": build(
        {"pkg/_m.cpython-310-x86_64-linux-gnu.so": elf_bytes(("libc.musl-x86_64.so.1",))},
        "cp310-cp310-musllinux_1_1_x86_64",
    ),
    "script": build(scripts="run = pkg:main"),
    "a plug-in of what is required": build(
        metadata=METADATA + "Requires-Dist: other\n", scripts="run = other.cli:main"
    ),
    "data": build({"pkg/__init__.py": b"", "pkg-1.0.data/data/share/pkg/x.txt": b"x"}),
    "signed": build(
        {"pkg/__init__.py": b"", f"{INFO}/RECORD.jws": b"{}"},
        record=lambda text: re.sub(r"(RECORD\.jws),.*", r"\1,,", text),
    ),
    "stubs": build({"pkg-stubs/__init__.pyi": b""}),
    "namespace": build({"google/cloud/pkg.py": b""}),
}


@pytest.mark.parametrize("built", SOUND.values(), ids=SOUND)
def test_nothing_is_said_of_a_sound_wheel(built):
    assert names(built) == []


def with_module(content=ELF, tag=LINUX, name=MODULE):
    return build({"pkg/__init__.py": b"", name: content}, tag)


def twice(first, second):
    """Four modules, under two folders."""
    names = ("__init__", "a", "b", "c")
    return {f"{folder}/{name}.py": f"{name} = 1\n".encode() for folder in (first, second) for name in names}


def described(text, content_type=""):
    """A wheel with a long description."""
    head = METADATA.replace("Description-Content-Type: text/markdown\n", "")
    kind = f"Description-Content-Type: {content_type}\n" if content_type else ""
    return build(metadata=f"{head}{kind}\n{text}")


FAULTY = [
    ("clashing-top-level-name", with_file("tests/__init__.py")),
    ("clashing-top-level-name", with_file("src/pkg/__init__.py")),
    ("clashing-top-level-name", with_file("utils.py")),
    ("clashing-top-level-name", with_file("share/man/x.1")),
    ("clashing-top-level-name", with_file(".github/x.yml")),
    ("stray-top-level-file", with_file("LICENSE")),
    ("stray-top-level-file", with_file("setup.py")),
    ("stray-top-level-file", with_file("pyproject.toml")),
    ("top-level-init", with_file("__init__.py")),
    ("unimportable-name", with_file("my-pkg/__init__.py")),
    ("folder-without-modules", with_file("pictures/a.png")),
    ("empty-wheel", build({})),
    ("absent-top-level-module", with_file(f"{INFO}/top_level.txt", b"gone\n")),
    ("stub-package-name", build({"other/__init__.pyi": b""})),
    ("left-over-file", with_file("pkg/.DS_Store")),
    ("bytecode-file", with_file("pkg/__pycache__/__init__.cpython-312.pyc")),
    ("colliding-case", with_file("pkg/__INIT__.py")),
    ("windows-path", with_file("pkg/aux.py")),
    ("windows-path", with_file(f"pkg/{'x' * 240}.py")),
    ("non-ascii-path", with_file("pkg/ä.py")),
    ("foreign-metadata-folder", with_file("other-1.0.dist-info/LICENSE")),
    ("foreign-metadata-folder", with_file("other-1.0.data/data/x")),
    ("foreign-metadata-folder", with_file("pkg-1.0.data/unknown/x")),
    ("record-absent", build(record=lambda _: "")),
    ("record-row-malformed", build(record=lambda text: text + "only-a-path\n")),
    ("record-path", build(record=lambda text: text + "/etc/passwd,,\n")),
    ("record-path", build(record=lambda text: text + "../../x.py,,\n")),
    ("record-duplicate", build(record=lambda text: text + text.splitlines()[0] + "\n")),
    ("record-hashes-itself", build(record=lambda text: text.replace("RECORD,,", f"RECORD,{digest(b'')},0"))),
    ("record-hash-absent", build(record=lambda text: re.sub("^(pkg/.*?),.*", r"\1,,", text))),
    ("record-hash-form", build(record=lambda text: re.sub("sha256=[^,]*", f"sha256={'ab' * 32}", text, count=1))),
    ("record-hash-form", build(record=lambda text: re.sub("(sha256=[^,]*)", r"\1=", text, count=1))),
    ("record-hash-weak", build(record=lambda text: re.sub("sha256=[^,]*", "md5=" + "A" * 22, text, count=1))),
    ("record-hash-differs", build(record=lambda text: re.sub("sha256=[^,]*", digest(b"other"), text, count=1))),
    ("record-size-differs", build(record=lambda text: re.sub(r",\d+$", ",9999", text, count=1, flags=re.MULTILINE))),
    ("record-file-unlisted", build(record=lambda text: text.partition("\n")[2])),
    ("record-file-absent", build(record=lambda text: text + f"pkg/gone.py,{digest(b'')},0\n")),
    ("wheel-version", build(wheel="Root-Is-Purelib: true\nTag: py3-none-any\n")),
    ("purelib-flag", build(wheel="Wheel-Version: 1.0\nTag: py3-none-any\n")),
    (
        "purelib-with-modules",
        build({MODULE: ELF}, LINUX, wheel=f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {LINUX}\n"),
    ),
    ("tags-disagree", build(named="py2.py3-none-any")),
    ("tags-disagree", build(wheel="Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")),
    ("build-number-disagrees", build(wheel=f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nBuild: 3\nTag: {PURE}\n")),
    ("any-platform-with-modules", build({"pkg/__init__.py": b"", MODULE: ELF})),
    ("platform-without-natives", build(tag=LINUX)),
    ("python-tag-excluded", build({MODULE: ELF}, LINUX, metadata=METADATA + "Requires-Python: >=3.13\n")),
    ("name-disagrees", build(metadata=METADATA.replace("Name: pkg", "Name: other"))),
    ("version-disagrees", build(metadata=METADATA.replace("Version: 1.0", "Version: 1.1"))),
    ("metadata-invalid", build(metadata=METADATA.replace("Metadata-Version: 2.4\n", ""))),
    ("metadata-invalid", build(metadata=METADATA + "Requires-Dist: not a requirement!\n")),
    ("metadata-invalid", build(metadata=METADATA + "Requires-Python: python 3\n")),
    ("metadata-field-twice", build(metadata=METADATA + "Version: 1.0\n")),
    ("undeclared-extra", build(metadata=METADATA + "Requires-Dist: a; extra == 'b'\n")),
    ("requirement-by-url", build(metadata=METADATA + "Requires-Dist: a @ file:///home/me/a\n")),
    ("licence-file-absent", build(metadata=METADATA + "License-File: COPYING.gone\n")),
    ("module-of-another-python", with_module(name="pkg/_m.cpython-311-x86_64-linux-gnu.so")),
    ("module-of-another-python", with_module(tag="cp39-abi3-manylinux_2_17_x86_64")),
    ("module-suffix-platform", with_module(name="pkg/_m.cpython-312-x86_64-linux-musl.so")),
    ("module-suffix-platform", with_module(tag="cp312-cp312-musllinux_1_2_x86_64", content=elf_bytes(()))),
    ("module-suffix-platform", with_module(name="pkg/_m.cpython-312-aarch64-linux-gnu.so")),
    ("debug-module", with_module(name="pkg/_m.cpython-312d-x86_64-linux-gnu.so")),
    ("module-of-another-processor", with_module(elf_bytes((), machine=183))),
    ("module-of-another-processor", with_module(pe_bytes())),
    ("newer-glibc-than-tag", with_module(elf_bytes(("libc.so.6",), versions={"libc.so.6": ["GLIBC_2.34"]}))),
    ("other-c-library", with_module(tag="cp312-cp312-musllinux_1_2_x86_64", name="pkg/_m.so")),
    ("executable-stack", with_module(elf_bytes((), stack_flags=7))),
    ("newer-macos-than-tag", with_module(macho_bytes(minimum_os=(14, 0, 0)), MACOS, "pkg/_m.cpython-312-darwin.so")),
    (
        "absolute-library-path",
        with_module(
            macho_bytes(("/opt/homebrew/lib/libx.dylib",), minimum_os=(11, 0, 0)), MACOS, "pkg/_m.cpython-312-darwin.so"
        ),
    ),
    ("linked-to-libpython", with_module(elf_bytes(("libpython3.12.so.1.0",)))),
    ("build-machine-search-path", with_module(elf_bytes((), runpath="/tmp/build/lib"))),
    ("entry-point-malformed", build(scripts="run = pkg")),
    ("entry-point-absent", build(scripts="run = pkg.gone:main")),
    ("entry-point-function-absent", build(scripts="run = pkg:gone")),
    ("module-does-not-compile", with_file("pkg/broken.py", b"def (:\n")),
    ("namespace-taken", build({"google/__init__.py": b"x = 1\n"})),
    ("stable-abi-floor", stable("_PyList_New", "_PyBuffer_IsContiguous")),
    ("stable-abi-floor", stable("__PyThreadState_UncheckedGet")),
    ("package-twice", build(twice("pkg", "pkg/build/lib/pkg"))),
    ("package-of-another-project", with_file("numpy/__init__.py")),
    ("package-of-another-project", with_file("six.py")),
    ("standard-library-name", with_file("json/__init__.py")),
    ("standard-library-name", with_file("typing.py")),
    ("bytecode-file", with_file("pkg/hidden.pyc")),
    ("description-not-rendered", described("Title\n=====\n\n.. automodule:: pkg\n")),
    ("description-not-rendered", described("See :ref:`there`.\n", "text/x-rst; charset=UTF-8")),
    ("description-not-rendered", described("A long title\n======\n\ntext\n")),
    ("description-type-missing", described("# Title\n\n[link](https://a.example)\n")),
    (
        "library-of-another-platform",
        build({"pkg/__init__.py": b"", "pkg/libx.so.1": elf_bytes((), machine=183)}, LINUX),
    ),
    ("library-of-another-platform", build({"pkg-1.0.data/scripts/run.exe": pe_bytes()}, LINUX)),
]


DEBUG_ELF = with_sections(ELF, ((".text", 16), (".debug_info", 4096)))
NOTES = [
    ("duplicate-files", build({"pkg/__init__.py": b"", "pkg/a.py": b"text = 1\n", "pkg/b.py": b"text = 1\n"})),
    ("several-packages", build({"pkg/__init__.py": b"", "stranger/__init__.py": b""})),
    ("repository-file", with_file("pkg/.gitignore")),
    ("repository-file", with_file("pkg/.github/workflows/x.yml")),
    ("path-with-space", with_file("pkg/read me.txt")),
    ("mixed-file-extensions", build({"pkg/__init__.py": b"", "pkg/a.yml": b"a", "pkg/b.yaml": b"b"})),
    ("large-wheel", build({f"pkg/{number}.txt": str(number).encode() for number in range(2001)})),
    ("no-module", build({"pkg-1.0.data/scripts/run": b"#!python\n"})),
    ("unimportable-module", with_file("pkg/sub-folder/a.py")),
    ("debug-symbols", with_module(DEBUG_ELF)),
    ("library-of-another-platform", build({MODULE: ELF, "pkg/__init__.py": b"", "pkg/x.dll": pe_bytes()}, LINUX)),
    ("description-type-missing", described("Title\n=====\n\n.. code:: python\n\n   :ref:`x`\n")),
    ("description-missing", described("")),
]


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
    "special-mode",
    "startup-file",
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
