"""The short answer, held against the long one: what `Closures` calls whole, `LoadSession` loads."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.binaries.closure import Closures
from envdoctor.binaries.library import Need, NeedKind
from envdoctor.binaries.resolve import LoadSession
from envdoctor.binaries.resolve_elf import ElfSearch, MuslSearch
from envdoctor.binaries.resolve_macho import MachoSearch
from envdoctor.binaries.resolve_pe import PeSearch
from envdoctor.binaries.tree import PlannedTree
from envdoctor.core.errors import Unreadable
from planned import elf, image, macho, pe

RUN = {"runpath": ("$ORIGIN",)}


def closures(files, search=None, architecture="x86_64"):
    return Closures(PlannedTree(files), search or ElfSearch(), architecture)


def test_files_with_all_that_they_need():
    files = {"/e/m.so": elf("liba.so", **RUN), "/e/liba.so": elf("libb.so", **RUN), "/e/libb.so": elf()}
    asked = closures(files)
    assert asked.loads("/e/m.so")
    assert asked.found == {
        "/e/m.so": {"liba.so": "/e/liba.so"},
        "/e/liba.so": {"libb.so": "/e/libb.so"},
        "/e/libb.so": {},
    }


@pytest.mark.parametrize(
    "last",
    [None, Unreadable("cut off"), elf(architectures=("aarch64",)), elf("libgone.so")],
    ids=["absent", "unreadable", "of another architecture", "lacks something itself"],
)
def test_one_thing_in_the_way_far_down(last):
    files = {"/e/m.so": elf("liba.so", **RUN), "/e/liba.so": elf("libb.so", **RUN), "/e/libb.so": last}
    assert not closures({path: one for path, one in files.items() if one}).loads("/e/m.so")


def test_what_is_not_there_does_not_load():
    assert not closures({}).loads("/e/m.so")


@pytest.mark.parametrize("kind", [NeedKind.WEAK, NeedKind.DELAYED])
def test_what_may_be_absent(kind):
    need = Need(name="libgone.so", kind=kind)
    assert closures({"/e/m.so": elf(need)}).loads("/e/m.so")


def test_all_of_a_circle_or_none_whichever_is_asked_first():
    sound = {"/e/a.so": elf("b.so", **RUN), "/e/b.so": elf("a.so", **RUN)}
    broken = sound | {"/e/a.so": elf("b.so", "libgone.so", **RUN)}
    for first, second in (("/e/a.so", "/e/b.so"), ("/e/b.so", "/e/a.so")):
        for files, answer in ((sound, True), (broken, False)):
            asked = closures(files)
            assert (asked.loads(first), asked.loads(second)) == (answer, answer)


@pytest.mark.parametrize("detour", ["$ORIGIN/../e", "$ORIGIN/.", "$ORIGIN//", "$ORIGIN/x/../../e/."])
def test_a_circle_by_way_of_a_detour(detour):
    files = {"/e/a.so": elf("b.so", rpath=(detour,)), "/e/b.so": elf("b.so", "a.so", rpath=(detour,))}
    asked = closures(files)
    assert asked.loads("/e/a.so")
    assert asked.found == {"/e/a.so": {"b.so": "/e/b.so"}, "/e/b.so": {"b.so": "/e/b.so", "a.so": "/e/a.so"}}


def test_a_file_may_load_from_one_place_and_not_from_another():
    """As h5py's libraries: found by the RPATH of the module that loads them, and by nothing else."""
    files = {
        "/e/m.so": elf("liba.so", rpath=("$ORIGIN/libs",)),
        "/e/libs/liba.so": elf("libb.so"),
        "/e/libs/libb.so": elf(),
    }
    for order in (("/e/m.so", "/e/libs/liba.so"), ("/e/libs/liba.so", "/e/m.so")):
        asked = closures(files)
        assert {path: asked.loads(path) for path in order} == {"/e/m.so": True, "/e/libs/liba.so": False}


def test_what_the_program_has_loaded_meets_later_needs():
    files = {
        "/py/bin/python": elf("libpython3.11.so.1.0", rpath=("$ORIGIN/../lib",)),
        "/py/bin/../lib/libpython3.11.so.1.0": elf(),
        "/e/m.so": elf("libpython3.11.so.1.0", "libpython3.so", **RUN),
        "/e/libpython3.so": elf(),
    }
    asked = closures(files)
    assert not asked.loads("/e/m.so")
    asked = closures(files)
    asked.preload("/py/bin/python")
    assert asked.loads("/e/m.so")
    assert asked.found["/e/m.so"] == {
        "libpython3.11.so.1.0": "/py/lib/libpython3.11.so.1.0",
        "libpython3.so": "/e/libpython3.so",
    }


def test_dyld_does_not_ask_what_is_loaded_first():
    files = {
        "/py/bin/python": macho("/py/lib/libx.dylib"),
        "/py/lib/libx.dylib": macho(),
        "/e/m.so": macho("/py/lib/libx.dylib", "@rpath/liby.dylib", rpath=("@loader_path",)),
        "/e/liby.dylib": macho(),
    }
    asked = closures(files, MachoSearch(), "arm64")
    asked.preload("/py/bin/python")
    assert asked.loads("/e/m.so")


def test_windows_searches_the_folder_of_the_module():
    files = {"/e/m.pyd": pe("A.dll"), "/e/A.dll": pe("b.dll"), "/e/b.dll": pe(), "/o/A.dll": pe("b.dll")}
    asked = closures(files, PeSearch(), "amd64")
    assert asked.loads("/e/m.pyd")
    assert not asked.loads("/o/A.dll")


@pytest.mark.slow
@pytest.mark.parametrize("folders", [1, 60], ids=["one folder", "a folder each"])
@pytest.mark.parametrize("path", ["rpath", "runpath", "mixed"])
def test_many_files_that_all_need_each_other(folders, path):
    """With a folder each, every order of loading them makes another inherited search path: 30! of them."""
    names = [f"lib{number}.so" for number in range(30)]
    places = [f"/e/{number % folders}" for number in range(30)]
    every = tuple(dict.fromkeys(places))
    files = {}
    for number, (place, name) in enumerate(zip(places, names, strict=True)):
        kind = ("rpath", "runpath")[number % 2] if path == "mixed" else path
        turned = every[number % len(every) :] + every[: number % len(every)]
        files[f"{place}/{name}"] = elf(*names, **{kind: turned})
    asked = closures(files)
    start = time.monotonic()
    answers = {asked.loads(file) for file in list(files)[:3]}
    assert time.monotonic() - start < 20
    if folders == 1 or path == "runpath":
        assert answers == {True}


@pytest.mark.slow
def test_a_chain_of_many_ends(monkeypatch):
    monkeypatch.setattr("envdoctor.binaries.closure._MOST_WAYS", 1500)
    files = {f"/e/{number}.so": elf(f"{number + 1}.so", **RUN) for number in range(1800)} | {"/e/1800.so": elf()}
    asked = closures(files)
    assert not asked.loads("/e/0.so")  # more than is followed: not known
    assert asked.loads("/e/600.so")  # deeper than Python lets functions call each other


NAMES = [f"lib{number}.so" for number in range(6)]
FOLDERS = ["/a", "/b", "/c"]
PATHS = st.lists(st.sampled_from([*FOLDERS, "$ORIGIN", "$ORIGIN/../c"]), max_size=2).map(tuple)


@st.composite
def libraries(draw):
    needs = draw(st.lists(st.sampled_from([*NAMES, "libgone.so"]), max_size=3, unique=True))
    kinds = [draw(st.sampled_from([NeedKind.REQUIRED] * 4 + [NeedKind.WEAK])) for _ in needs]
    library = elf(*(Need(name=name, kind=kind) for name, kind in zip(needs, kinds, strict=True)))
    how = draw(st.sampled_from(["rpath", "runpath", ""]))
    library = replace(library, **{how: draw(PATHS)}) if how else library
    return replace(library, own_name=draw(st.sampled_from([None, *NAMES])))


FILES = st.dictionaries(
    st.tuples(st.sampled_from(FOLDERS), st.sampled_from(NAMES)).map("/".join),
    st.one_of(libraries(), libraries(), libraries(), st.just(Unreadable("cut off"))),
    min_size=1,
    max_size=12,
)


@pytest.mark.slow
@settings(deadline=None)
@given(FILES, st.sampled_from([ElfSearch, MuslSearch]), PATHS, st.sampled_from([(), ("/b",)]), st.randoms())
def test_what_is_called_whole_loads(files, kind, program_path, library_path, random):
    """Every file alone, in any order of asking, with and without what was asked before."""
    program = image("/py/bin/python", elf(rpath=tuple(path for path in program_path if "$" not in path)))
    search = kind(program=program, library_path=library_path)
    tree = PlannedTree(files)
    asked = Closures(tree, search, "x86_64")
    order = list(files)
    random.shuffle(order)
    for path in order:
        whole = asked.loads(path)
        result = LoadSession(tree, search, "x86_64").load(path)
        if whole:
            assert (result.missing, result.unusable) == ((), ())
        assert whole == Closures(tree, search, "x86_64").loads(path)  # whatever was asked before
