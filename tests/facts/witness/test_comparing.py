"""What a witness says, held against what envdoctor reads."""

import pytest

from envdoctor.binaries.library import BinaryFormat, NativeLibrary, Need, NeedKind, VersionNeed
from envdoctor.binaries.resolve import LoadResult, Outcome, Resolution
from envdoctor.facts.natives import NativeFile
from envdoctor.facts.packages import Distribution
from envdoctor.facts.witness import Account
from envdoctor.facts.witness.comparing import different_names, different_paths, different_versions
from envdoctor.facts.witness.words import LackedVersion, Words
from native_files import elf_bytes

MODULE = "/e/_m.so"
HARDWARE = "/usr/lib/glibc-hwcaps/x86-64-v3/libx.so.1"


def module(*versions):
    library = NativeLibrary(format=BinaryFormat.ELF, architectures=("x86_64",), versions=versions)
    return NativeFile(distribution=Distribution(name="foo"), path=MODULE, library=library)


def said(versions=(), **found):
    """The account of a witness; `libx="/a"` stands for libx.so.1."""
    words = Words(found={f"{name}.so.1": paths for name, paths in found.items()}, versions=tuple(versions))
    return Account(path=MODULE, command=("ldd", MODULE), words=words, printed="")


def read(*rows):
    """What loading the module comes to, from (name, path) rows, maybe with the kind of need or the file that needs."""
    return LoadResult(
        path=MODULE,
        resolutions=tuple(
            Resolution(
                loader=loader,
                need=Need(name=f"{name}.so.1", kind=kind),
                outcome=Outcome.FOUND if path else Outcome.MISSING,
                path=path,
            )
            for name, path, kind, loader in ((*row, NeedKind.REQUIRED, MODULE)[:4] for row in rows)
        ),
    )


def differences(account, result):
    return [(one.name, one.ours, one.theirs) for one in different_paths(account, module(), result)]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"libx": ("/a/libx.so.1",)}, [("libx", "/a/libx.so.1")]),
        ({"libx": ("/a/libx.so.1",)}, [("libx", "/a/../a/libx.so.1")]),
        ({"libx": ("",)}, [("libx", "")]),
        ({"libx": ("", "/a/x")}, [("libx", ""), ("libx", "/a/x")]),
        ({"libx": ("/a/x", "")}, [("libx", ""), ("libx", "/a/x"), ("libx", "/a/x")]),
        ({"libx": (HARDWARE,)}, [("libx", "/usr/lib/libx.so.1")]),
        ({"libc": ("/lib/ld-musl-x86_64.so.1",)}, [("libc", "")]),
        ({"libc": ("ldd",)}, [("libc", "/lib/libc.so.1")]),
        ({}, []),
    ],
)
def test_the_same(theirs, ours):
    assert differences(said(**theirs), read(*ours)) == []


@pytest.mark.parametrize(
    ("theirs", "ours", "difference"),
    [
        ({"libx": ("/a/x",)}, [("libx", "/b/x")], ("libx.so.1", "/b/x", "/a/x")),
        ({"libx": ("",)}, [("libx", "/b/x")], ("libx.so.1", "/b/x", "not found")),
        ({"libx": ("/a/x",)}, [("libx", "")], ("libx.so.1", "not found", "/a/x")),
        ({"libx": ("", "/a/x")}, [("libx", "/a/x")], ("libx.so.1", "/a/x", "not found and /a/x")),
        ({"libx": ("/a/x",)}, [], ("libx.so.1", "not named", "/a/x")),
        ({}, [("libx", "/a/x")], ("libx.so.1", "/a/x", "not named")),
        ({}, [("libx", "")], ("libx.so.1", "not found", "not named")),
        ({"libx": (HARDWARE,)}, [("libx", "/usr/lib/liby.so.1")], ("libx.so.1", "/usr/lib/liby.so.1", HARDWARE)),
    ],
)
def test_something_else(theirs, ours, difference):
    account = said(**theirs)
    assert differences(account, read(*ours)) == [difference]
    assert next(different_paths(account, module(), read(*ours))).account is account


def test_a_file_that_is_needed_by_two_names_is_told_by_one(tmp_path):
    (tmp_path / "libx.so.1").touch()
    (tmp_path / "libother.so.1").symlink_to("libx.so.1")
    first, second = (str(tmp_path / name) for name in ("libx.so.1", "libother.so.1"))
    assert differences(said(libx=(first,)), read(("libx", first), ("libother", second))) == []
    assert differences(said(libx=("",)), read(("libx", ""), ("liby", ""))) == [("liby.so.1", "not found", "not named")]


def test_what_ldd_passes_over():
    """What may be absent (DT_AUXILIARY); a file that its libraries need again is told as what was asked about."""
    optional = ("libx", "", NeedKind.WEAK)
    again = ("_m", MODULE, NeedKind.REQUIRED, "/e/libx.so")
    assert differences(said(), read(optional, again)) == []
    assert differences(said(libx=("/a/x",)), read(optional)) == [("libx.so.1", "not found", "/a/x")]


def test_the_loader_is_not_looked_for():
    assert differences(said(), read(("ld-linux-x86-64", "/lib64/ld-linux-x86-64.so.1"))) == []


@pytest.fixture
def libx(tmp_path):
    """A library that defines X_1.0 and X_2.0."""
    (tmp_path / "libx.so.1").write_bytes(elf_bytes(defines=["X_1.0", "X_2.0"]))
    return str(tmp_path / "libx.so.1")


@pytest.mark.parametrize(
    ("asked", "heard", "difference"),
    [
        (["X_1.0"], [], []),
        (["X_3.0"], ["X_3.0"], []),
        (["X_3.0", "X_4.0"], ["X_3.0", "X_4.0"], []),
        (["X_3.0"], [], [("X_3.0", "lacks", "has")]),
        (["X_2.0"], ["X_2.0"], [("X_2.0", "has", "lacks")]),
        (["X_4.0"], ["X_3.0"], [("X_4.0", "lacks", "has")]),
    ],
)
def test_versions(libx, asked, heard, difference):
    file = module(*(VersionNeed(file="libx.so.1", version=version) for version in asked))
    account = said([LackedVersion(version=one, library=libx, by=MODULE) for one in heard])
    found = different_versions(account, file, read(("libx", libx)))
    assert [(one.name, one.ours, one.theirs) for one in found] == [
        (name, f"{libx} {ours} it", f"{libx} {theirs} it") for name, ours, theirs in difference
    ]


def test_versions_that_other_files_require(libx):
    account = said([LackedVersion(version="X_3.0", library=libx, by="/e/libother.so")])
    assert list(different_versions(account, module(), read(("libx", libx)))) == []


def test_install_names():
    account = Account(
        path="/e/_m.so", command=("otool",), words=Words(found=dict.fromkeys(["@rpath/a", "/b"], ())), printed=""
    )
    found = different_names(account, ["/b", "/c"])
    assert [(one.name, one.ours, one.theirs) for one in found] == [
        ("/c", "named", "not named"),
        ("@rpath/a", "not named", "named"),
    ]
