"""The rules of Windows for modules that Python loads."""

from envdoctor.binaries.policy import SystemPolicy
from envdoctor.binaries.resolve import Outcome
from envdoctor.binaries.resolve_pe import PeSearch
from envdoctor.core.target import Platform, System
from planned import missing_names, pe, session

POLICY = SystemPolicy(Platform(system=System.WINDOWS, arch="amd64"))


def load(files, **places):
    return session(PeSearch(policy=POLICY, **places), files, "amd64", ignore_case=True).load("/e/p/_m.pyd")


def test_the_folder_of_the_module_counts_for_all_that_it_loads():
    files = {
        "/e/p/_m.pyd": pe("COMMON.dll", "python311.dll"),
        "/e/p/common.dll": pe("deep.dll"),
        "/e/p/deep.dll": pe("KERNEL32.dll"),
    }
    assert not load(files).missing


def test_the_folder_of_a_dependency_does_not_count():
    files = {"/e/p/_m.pyd": pe("a.dll"), "/e/p.libs/a.dll": pe("b.dll"), "/e/p.libs/sub/b.dll": pe()}
    result = load(files, added_directories=("/e/p.libs",))
    assert missing_names(result) == ["b.dll"]
    assert [each.rule for each in result.missing[0].considered] == [
        "the folder of the loaded module",
        "os.add_dll_directory",
    ]


def test_added_directories_and_the_program_and_the_system():
    files = {
        "/e/p/_m.pyd": pe("a.dll", "b.dll", "c.dll"),
        "/py/a.dll": pe(),
        "/e/p.libs/b.dll": pe(),
        "/sys/c.dll": pe(),
    }
    places = {"added_directories": ("/e/p.libs",), "program_directory": "/py", "system_directory": "/sys"}
    assert not load(files, **places).missing
    assert missing_names(load(files)) == ["a.dll", "b.dll", "c.dll"]


def test_a_loaded_dll_is_known_by_its_name_alone():
    files = {"/e/p/_m.pyd": pe("X.DLL"), "/q/x.dll": pe()}
    process = session(PeSearch(policy=POLICY), files, "amd64", ignore_case=True)
    process.load("/q/x.dll")
    assert process.load("/e/p/_m.pyd").resolutions[0].outcome is Outcome.LOADED


def test_media_foundation_is_not_in_every_edition():
    (resolution,) = load({"/e/p/_m.pyd": pe("MFPlat.DLL")}).resolutions
    assert resolution.outcome is Outcome.ASSUMED
    assert "Media Feature Pack" in resolution.rule


def test_the_redistributable_is_promised_by_nothing():
    (resolution,) = load({"/e/p/_m.pyd": pe("MSVCP140.dll")}).resolutions
    assert resolution.outcome is Outcome.DESKTOP
    assert "Redistributable" in resolution.rule
