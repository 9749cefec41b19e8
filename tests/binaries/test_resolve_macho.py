"""dyld's rules on the layouts of real wheels."""

import pytest

from envdoctor.binaries.library import Need, NeedKind
from envdoctor.binaries.policy import SystemPolicy
from envdoctor.binaries.resolve import Outcome
from envdoctor.binaries.resolve_macho import MachoSearch
from envdoctor.core.target import Platform, System
from planned import image, macho, missing_names, session

SEARCH = MachoSearch(policy=SystemPolicy(Platform(system=System.MACOS, arch="arm64", version=(13, 0))))
SYSTEM = "/usr/lib/libSystem.B.dylib"


def load(files, path="/e/p/_m.so", search=SEARCH):
    return session(search, files, "arm64").load(path)


def test_rpath_is_tried_in_order_and_from_the_folder_of_the_loader():
    module = macho("@rpath/libx.dylib", SYSTEM, rpath=("@loader_path/../../_solib", "@loader_path/"))
    files = {"/e/p/_m.so": module, "/e/p/libx.dylib": macho(SYSTEM)}
    result = load(files)
    assert not result.missing
    assert [each.problem for each in result.resolutions[0].considered] == ["not there", ""]
    (missing,) = load({"/e/p/_m.so": module}).missing
    assert missing.need.name == "@rpath/libx.dylib"
    assert [each.path for each in missing.considered] == ["/e/p/../../_solib/libx.dylib", "/e/p/libx.dylib"]
    assert missing.considered[0].rule == "LC_RPATH @loader_path/../../_solib of /e/p/_m.so"


def test_the_rpaths_of_the_whole_chain_count():
    files = {
        "/e/p/_m.so": macho("@rpath/liba.dylib", rpath=("@loader_path/libs",)),
        "/e/p/libs/liba.dylib": macho("@rpath/libb.dylib"),
        "/e/p/libs/libb.dylib": macho(SYSTEM),
    }
    assert not load(files).missing


def test_an_install_name_is_never_looked_for():
    files = {"/e/p/_m.so": macho(SYSTEM, own_name="bazel-out/bin/lib_4_shared_object.dylib")}
    assert not load(files).missing


def test_a_library_loaded_under_that_install_name_will_do():
    files = {
        "/e/p/_m.so": macho("@rpath/libx.dylib"),
        "/elsewhere/libx.dylib": macho(SYSTEM, own_name="@rpath/libx.dylib"),
    }
    process = session(SEARCH, files, "arm64")
    process.load("/elsewhere/libx.dylib")
    assert process.load("/e/p/_m.so").resolutions[0].outcome is Outcome.LOADED


def test_a_library_of_the_system_has_no_file():
    result = load({"/e/p/_m.so": macho("@rpath/libswiftCore.dylib", rpath=("/usr/lib/swift",))})
    assert result.resolutions[0].outcome is Outcome.PROMISED
    assert result.resolutions[0].path == "/usr/lib/swift/libswiftCore.dylib"


@pytest.mark.parametrize(
    ("sdk", "missing"), [((11, 1, 0), []), ((13, 0, 0), ["@rpath/libz.1.dylib"]), (None, ["@rpath/libz.1.dylib"])]
)
def test_files_linked_before_macos_13_fall_back_to_the_system(sdk, missing):
    """libllvmlite.dylib of llvmlite 0.43 has no LC_RPATH at all."""
    files = {"/e/p/_m.so": macho("@rpath/libz.1.dylib", SYSTEM, sdk=sdk)}
    assert missing_names(load(files)) == missing
    files = {"/e/p/_m.so": macho("@rpath/libnothere.dylib", SYSTEM, sdk=sdk)}
    assert missing_names(load(files)) == ["@rpath/libnothere.dylib"]


def test_folders_that_no_mac_must_have_are_missing():
    assert missing_names(load({"/e/p/_m.so": macho("/opt/homebrew/lib/libomp.dylib")})) == [
        "/opt/homebrew/lib/libomp.dylib"
    ]


def test_loader_path_and_executable_path():
    files = {"/e/p/_m.so": macho("@loader_path/.dylibs/liba.dylib", "@executable_path/../lib/libpy.dylib")}
    files |= {"/e/p/.dylibs/liba.dylib": macho(SYSTEM), "/e/lib/libpy.dylib": macho(SYSTEM)}
    assert missing_names(load(files)) == ["@executable_path/../lib/libpy.dylib"]
    with_program = MachoSearch(program=image("/e/bin/python", macho()))
    assert missing_names(load(files, search=with_program)) == [SYSTEM, SYSTEM]  # no policy, no shared cache


def test_dyld_library_path_comes_first():
    search = MachoSearch(library_path=("/over",))
    files = {"/e/p/_m.so": macho("@loader_path/liba.dylib"), "/e/p/liba.dylib": macho(), "/over/liba.dylib": macho()}
    assert load(files, search=search).resolutions[0].path == "/over/liba.dylib"


def test_a_weak_library_may_be_absent():
    assert not load({"/e/p/_m.so": macho(Need(name="@rpath/libw.dylib", kind=NeedKind.WEAK))}).missing
