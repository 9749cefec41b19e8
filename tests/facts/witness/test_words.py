"""What ldd and otool printed, read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.facts.witness.words import LackedVersion, Words, parse_ldd, parse_otool

RECORDED = Path(__file__).parents[2] / "data/witness"
FOO, SYSTEM = "/srv/env/foo", "/lib/x86_64-linux-gnu"


def recorded(name):
    return (RECORDED / f"{name}.txt").read_text()


def test_glibc_names_what_it_finds_and_what_not():
    words = parse_ldd(recorded("glibc_needs"))
    assert words.found == {
        f"{FOO}/gone.so": (f"{FOO}/gone.so",),
        f"{FOO}/liba.so": (f"{FOO}/liba.so",),
        "libstdc++.so.6": (f"{SYSTEM}/libstdc++.so.6",),
        "libc.so.6": (f"{SYSTEM}/libc.so.6",),
        "libb.so.1": ("", f"{FOO}/libb.so.1"),  # one of two that need it finds it
        "libm.so.6": (f"{SYSTEM}/libm.so.6",),
        "libgcc_s.so.1": (f"{SYSTEM}/libgcc_s.so.1",),
    }
    assert (words.versions, words.none, words.refused) == ((), False, False)


def test_glibc_names_versions_that_are_not_found():
    words = parse_ldd(recorded("glibc_versions"))
    assert words.versions == tuple(
        LackedVersion(version=version, library=f"{FOO}/libx.so", by=f"{FOO}/_v.so") for version in ("X_2.0", "X_3.0")
    )
    assert words.found == {"libx.so": (f"{FOO}/libx.so",)}


def test_a_version_of_glibc_itself():
    line = "/e/_m.so: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /e/of two/_m.so)\n"
    (lacked,) = parse_ldd(line * 2).versions
    assert lacked == LackedVersion(version="GLIBC_2.38", library=f"{SYSTEM}/libc.so.6", by="/e/of two/_m.so")


def test_weak_versions_may_be_absent():
    line = "/e/_m.so: /lib/libc.so.6: weak version `GLIBC_2.38' not found (required by /e/_m.so)\n"
    assert parse_ldd(line).versions == ()


@pytest.mark.parametrize("name", ["glibc_nothing", "glibc_libc", "musl_nothing"])
def test_files_that_need_nothing_that_is_looked_for(name):
    assert parse_ldd(recorded(name)) == Words(none=True)


@pytest.mark.parametrize("name", ["glibc_static", "musl_static"])
def test_files_that_are_not_loaded(name):
    assert parse_ldd(recorded(name)) == Words(refused=True)


def test_musl_tells_what_is_missing_apart():
    words = parse_ldd(recorded("musl_needs"))
    assert words.found == {
        f"{FOO}/gone.so": (f"{FOO}/gone.so",),
        f"{FOO}/liba.so": (f"{FOO}/liba.so",),
        "libc.so.6": ("ldd",),  # musl stands for every C library, by the name it was called
        "libb.so.1": (f"{FOO}/libb.so.1", ""),
        "libstdc++.so.6": ("",),
    }


@pytest.mark.parametrize("name", ["./x.so", "/nowhere/ld.so"])
def test_the_interpreter_that_a_library_names_is_none_that_it_needs(name):
    """As glibc 2.36 prints it of a library with an empty PT_INTERP, and with one that names no file."""
    said = parse_ldd(
        "\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f60cc36c000)\n"
        f"\t{name} => /lib64/ld-linux-x86-64.so.2 (0x00007f60cc465000)\n"
    )
    assert said.found == {"libm.so.6": ("/lib/x86_64-linux-gnu/libm.so.6",)}


def test_musl_by_its_own_name():
    assert parse_ldd(recorded("musl_list")).found == {"libb.so.1": (f"{FOO}/libb.so.1",)}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("\tlibx.so => /a folder/lib x.so (0x00007f00)", {"libx.so": ("/a folder/lib x.so",)}),
        ("\t/opt/libx.so => not found", {"/opt/libx.so": ("",)}),
        ("\tlinux-gate.so.1 (0xf7f2b000)", {}),
        ("\tld-linux-aarch64.so.1 => /lib/ld-linux-aarch64.so.1 (0x7f)", {}),
        ("\t/lib/ld64.so.2 => /lib64/ld64.so.2 (0x7f)", {}),
        ("ldd: warning: you do not have execution permission for `/e/_m.so'", {}),
        ("Error relocating /e/_m.so: PyExc_ImportError: symbol not found", {}),
        ("/usr/bin/ldd: line 159: /lib/ld-linux.so.2: No such file or directory", {}),
    ],
)
def test_lines_of_ldd(line, found):
    assert parse_ldd(f"{line}\n").found == found


@pytest.mark.parametrize("said", ["", "\n", "ldd: /e/_m.so: No such file or directory\n"])
def test_words_that_say_nothing(said):
    assert parse_ldd(said) == Words()


@pytest.mark.parametrize("part", [" => ", ": /", " (0x", ": version `", "' not found (required by ", "(", "\t"])
def test_endless_lines_are_read_in_time(part):
    """Names come from files that anybody may have made; a quadratic reading would take hours here."""
    parse_ldd(part * 300_000)
    parse_otool("\t" + part * 300_000, None)


OWN = "bazel-out/darwin_arm64-opt/bin/litert/python/lib_pywrap_litert_7_shared_object.dylib"


def test_otool_names_the_file_itself_first():
    names = [
        "/usr/lib/libc++.1.dylib",
        "@rpath/libpywrap_litert_common.dylib",
        "/System/Library/Frameworks/Foundation.framework/Versions/C/Foundation",
        "/usr/lib/libobjc.A.dylib",
        "/usr/lib/libSystem.B.dylib",
    ]
    assert list(parse_otool(recorded("otool_thin"), OWN).found) == names
    assert list(parse_otool(recorded("otool_thin"), None).found) == [OWN, *names]


def test_only_the_first_name_can_be_its_own():
    printed = "/e/a.dylib:\n" + "".join(
        f"\t{name} (compatibility version 1.0.0, current version 1.0.0{more})\n"
        for name, more in (("/e/b.dylib", ", weak"), ("/e/a.dylib", ", reexport"))
    )
    assert list(parse_otool(printed, "/e/a.dylib").found) == ["/e/b.dylib", "/e/a.dylib"]


def test_headings_of_architectures_are_no_dependencies():
    words = parse_otool(recorded("otool_universal"), None)
    assert list(words.found) == ["/usr/lib/libSystem.B.dylib"]
    assert not words.none


def test_a_file_that_needs_nothing_on_macos():
    printed = "/e/a.dylib:\n\t@rpath/a.dylib (compatibility version 1.0.0, current version 1.0.0)\n"
    assert parse_otool(printed, "@rpath/a.dylib") == Words(none=True)


def test_what_otool_does_not_take_for_an_object_file():
    assert parse_otool("/e/_m.so: is not an object file\n", None) == Words()


@pytest.mark.slow
@given(st.text(), st.one_of(st.none(), st.text()))
def test_any_text_has_a_reading(text, own_name):
    parse_otool(text, own_name)
    words = parse_ldd(text)
    assert not (words.none and words.found)


LINES = st.lists(
    st.tuples(
        st.from_regex(r"lib[a-z+_-]{1,8}\.so(\.[0-9]){0,2}", fullmatch=True), st.sampled_from(["", "/a/x", "/b c"])
    ),
    unique_by=lambda each: each[0],
)


@pytest.mark.slow
@given(LINES)
def test_every_library_that_is_told_is_read(rows):
    printed = "".join(f"\t{name} => {f'{path} (0x00007f1)' if path else 'not found'}\n" for name, path in rows)
    assert parse_ldd(printed).found == {name: (path,) for name, path in rows}
