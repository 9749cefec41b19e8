"""Real wheels on the index: read in parts exactly as whole, within their budgets, and judged as they behave."""

import contextlib
import dataclasses
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from envdoctor.binaries.elf_summary import summarize
from envdoctor.binaries.library import BinaryFormat, NotLoadable
from envdoctor.binaries.native import read_native
from envdoctor.core.errors import EnvDoctorError, Unreadable
from envdoctor.core.finding import Severity
from envdoctor.imports.judgment import judge_wheel
from envdoctor.imports.loading import LoadJudge
from envdoctor.imports.problems import ProblemKind
from envdoctor.index.access import open_index, opened
from envdoctor.index.settings import load_settings
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.archive import WheelArchive
from envdoctor.wheels.conflicts import find_conflicts, shipment_of_wheel
from envdoctor.wheels.contents import read_contents
from wheel_files import LINUX, MACOS, WINDOWS

pytestmark = pytest.mark.integration

LITERT = "ai-edge-litert"
MISSING = "@rpath/libpywrap_litert_common.dylib"
SEVEN = {"libopenvino.so.2631", "libopenvino_tensorflow_lite_frontend.so.2631"} | {
    f"libQnn{name}.so" for name in ("Htp", "Ir", "Lpai", "Saver", "System")
}


@pytest.fixture(scope="module")
def client():
    return open_index(load_settings(), None)


@pytest.fixture
def remote(client):
    """Opens a wheel on the index by the words in its file name; skips where the index or the wheel is not to be had."""
    stack = contextlib.ExitStack()

    def find(name, *words):
        try:
            files = client.project(name).files
        except EnvDoctorError as error:
            pytest.skip(f"the index does not answer: {error}")
        fitting = [
            each for each in files if each.filename.endswith(".whl") and all(word in each.filename for word in words)
        ]
        if not fitting:
            pytest.skip(f"the index has no {name} with {words}")
        return stack.enter_context(opened(client.session, fitting[0]))

    with stack:
        yield find


REAL = [
    (LITERT, "2.3.0", "cp311", "manylinux", "x86_64"),
    (LITERT, "2.3.0", "cp311", "manylinux", "aarch64"),
    (LITERT, "2.3.0", "cp311", "macosx"),
    (LITERT, "2.3.0", "cp311", "win_amd64"),
    ("numpy", "2.3.4", "cp311-cp311-manylinux", "x86_64"),
    ("numpy", "2.3.4", "cp311-cp311-win_amd64"),
    ("numpy", "1.26.4", "cp311-cp311-macosx_11_0_arm64"),
    ("scipy", "1.16.3", "cp311-cp311-manylinux", "x86_64"),
    ("h5py", "3.12.1", "cp311-cp311-manylinux", "x86_64"),
    ("tflite-runtime", "2.14.0", "cp311", "armv7l"),
]


@pytest.mark.parametrize("wanted", REAL, ids=" ".join)
def test_members_in_parts_are_what_they_are_whole(remote, wanted):
    source = remote(*wanted)
    contents = read_contents(source, parallel=True)
    with zipfile.ZipFile(io.BytesIO(source.read_at(0, source.size))) as archive:
        whole = {name: archive.read(name) for name in (native.member for native in contents.natives)}
        others = {name for name in archive.namelist() if archive.read(name)[:4] == b"\x7fELF"} - set(whole)
    assert whole
    assert not others
    for native in contents.natives:
        if native.not_loadable:
            with pytest.raises(NotLoadable):
                read_native(MemoryBytes(whole[native.member]))
        else:
            assert native.problem == ""
            source_of_all = MemoryBytes(whole[native.member])
            assert dataclasses.replace(native.library, symbols=None) == read_native(source_of_all), native.member
            is_elf = native.library.format is BinaryFormat.ELF
            if is_elf and native.library.symbols is not None and native.library.symbols.is_whole:
                assert native.library.symbols == summarize(source_of_all), native.member


@pytest.mark.parametrize(
    ("wanted", "share", "most"),
    [
        ((LITERT, "2.3.0", "cp311", "macosx"), 1.0, 300_000),
        ((LITERT, "2.1.0rc1", "cp311", "macosx"), 1.0, 120_000),
        (("numpy", "2.3.4", "cp311-cp311-manylinux", "x86_64"), 0.15, 1 << 40),
        ((LITERT, "2.3.0", "cp311", "manylinux", "x86_64"), 0.15, 1 << 40),
    ],
)
def test_little_travels(remote, wanted, share, most):
    source = remote(*wanted)
    effort = read_contents(source, parallel=True).effort
    assert effort.bytes_read <= min(share * effort.size, most)
    assert getattr(source, "received", effort.bytes_read) <= effort.bytes_read
    assert getattr(source, "requests", effort.reads) <= effort.reads


def test_the_largest_wheel_stays_within_forty_megabytes_and_half_a_gigabyte_of_memory(remote):
    remote("tensorflow", "2.21.0", "cp311", "manylinux", "x86_64")
    if not Path("/proc/self/status").is_file():
        pytest.skip("the peak memory of one program alone is told by /proc only")
    program = """
import json, re
from envdoctor.index.access import open_index, opened
from envdoctor.index.settings import load_settings
from envdoctor.wheels.contents import read_contents
client = open_index(load_settings(), None)
file = next(each for each in client.project("tensorflow").files
            if "2.21.0-cp311" in each.filename and "manylinux" in each.filename and "x86_64" in each.filename)
with opened(client.session, file) as source:
    contents = read_contents(source, parallel=True)
peak = int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
problems = [native.problem for native in contents.natives if native.problem]
print(json.dumps([contents.effort.bytes_read, peak, len(contents.natives), problems]))
"""
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=250
    ).stdout
    bytes_read, peak, natives, problems = json.loads(printed)
    assert bytes_read <= 40_000_000
    assert peak < 500_000  # KiB
    assert natives >= 70
    assert problems == []


def judged(source, target):
    contents = read_contents(source, parallel=True)
    archive = WheelArchive(source)
    analysis = LoadJudge([contents], target, lambda _, member: archive.read_module(member)).analyse(contents)
    assert not analysis.inexact
    return analysis, judge_wheel(contents, analysis, target)


@pytest.mark.parametrize("version", ["2.1.0rc1", "2.0.3"])
def test_the_broken_macos_wheels_are_broken_by_exactly_one_library(remote, version):
    analysis, problems = judged(remote(LITERT, f"-{version}-", "cp311", "macosx"), MACOS)
    assert [(each.name, each.severity) for each in analysis.missing] == [(MISSING, Severity.ERROR)]
    assert [each.kind for each in problems if each.severity is Severity.ERROR] == [ProblemKind.MISSING_LIBRARY]
    assert not any("bazel-out" in each.message for each in problems)


def test_the_good_macos_wheel_loads_with_a_warning(remote):
    analysis, problems = judged(remote(LITERT, "2.3.0", "cp311", "macosx"), MACOS)
    assert analysis.missing == ()
    told = [(each.kind, each.severity) for each in problems if each.kind is not ProblemKind.MISSING_SYMBOL]
    assert told == [(ProblemKind.NEWER_MACOS, Severity.WARNING)]
    assert {each.severity for each in problems if each.kind is ProblemKind.MISSING_SYMBOL} <= {Severity.INFO}
    assert "15.2" in problems[0].message


def test_the_good_linux_wheel_is_sound_with_seven_libraries_as_information(remote):
    analysis, problems = judged(remote(LITERT, "2.3.0", "cp311", "manylinux", "x86_64"), LINUX)
    assert {each.name for each in analysis.missing} == SEVEN
    assert all(each.provider for each in analysis.missing)
    assert {each.severity for each in problems} == {Severity.INFO}


def test_the_windows_wheel_assumes_the_redistributable(remote):
    _, problems = judged(remote(LITERT, "2.3.0", "cp311", "win_amd64"), WINDOWS)
    assert {each.severity for each in problems} <= {Severity.INFO, Severity.WARNING}
    warned = [each.message for each in problems if each.severity is Severity.WARNING]
    assert warned
    assert all("Redistributable" in each for each in warned)


def test_inherited_rpaths_raise_no_false_alarm(remote):
    analysis, _ = judged(remote("h5py", "3.12.1", "cp311-cp311-manylinux", "x86_64"), LINUX)
    assert analysis.missing == ()


def test_tensorflow_is_sound_though_its_largest_library_is_guessed_at(remote):
    source = remote("tensorflow", "2.21.0", "cp311", "manylinux", "x86_64")
    contents = read_contents(source, parallel=True)
    assert any(native.library.inferred for native in contents.natives if native.library)
    analysis = LoadJudge([contents], LINUX, lambda *_: pytest.fail("nothing is missing")).analyse(contents)
    assert (analysis.missing, analysis.inexact) == ((), False)


def test_a_nightly_shares_files_with_its_release(remote):
    wheels = [
        read_contents(remote("keras", "3.15.1", "py3"), parallel=True),
        read_contents(remote("keras-nightly", "3.16.0.dev2026102704", "py3"), parallel=True),
    ]
    found = find_conflicts([shipment_of_wheel(wheel) for wheel in wheels])
    assert [(each.shared, each.differ) for each in found.shared] == [(589, 258)]
    assert [each.effect for each in found.known] == ["overwrites"]


def test_a_damaged_copy_of_a_real_wheel_is_unreadable(remote):
    source = remote(LITERT, "2.1.0rc1", "cp311", "macosx")
    data = source.read_at(0, source.size)
    with pytest.raises(Unreadable):
        read_contents(MemoryBytes(data[: len(data) // 2]))
