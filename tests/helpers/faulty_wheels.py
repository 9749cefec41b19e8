"""Wheels that are faulty by one thing each, by the name of the fault, and their sound twins."""

import re

from native_files import elf_bytes, macho_bytes, pe_bytes, with_sections, with_symbols
from reviewed_wheels import INFO, LINUX, MACOS, METADATA, PURE, WINDOWS, build, digest, with_file

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
    ("large-wheel", build({f"pkg/{number}.py": str(number).encode() for number in range(2001)})),
    ("no-module", build({"pkg-1.0.data/scripts/run": b"#!python\n"})),
    ("unimportable-module", with_file("pkg/sub-folder/a.py")),
    ("debug-symbols", with_module(DEBUG_ELF)),
    ("library-of-another-platform", build({MODULE: ELF, "pkg/__init__.py": b"", "pkg/x.dll": pe_bytes()}, LINUX)),
    ("description-type-missing", described("Title\n=====\n\n.. code:: python\n\n   :ref:`x`\n")),
    ("description-missing", described("")),
]
