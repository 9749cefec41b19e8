"""Libraries that code looks for by name, held against `ctypes` of the tests' own Python."""

import ctypes
import ctypes.util
import platform

import pytest

from envdoctor.core.target import System
from envdoctor.facts.host import Host
from envdoctor.facts.importing.libraries import MachineLibraries
from envdoctor.facts.loading.machine import Loader, read_loader, target_of
from envdoctor.facts.python import Python
from loading_facts import HERE, loading_facts

here = pytest.mark.skipif(not HERE, reason="asks this machine's loader, with glibc on Linux")


@pytest.fixture
def libraries(tmp_path):
    facts = loading_facts(cache=tmp_path)
    return MachineLibraries(read_loader(facts), target_of(facts.host, facts.python), ["libbundled.so"], {})


@here
@pytest.mark.parametrize("name", ["c", "m", "nobody_has_this", "bin\\nobody.dll", "lib/nobody.dylib"])
def test_find_library_finds_the_same(libraries, name):
    assert libraries.has(name, whole=False) is (ctypes.util.find_library(name) is not None)


@here
@pytest.mark.parametrize("name", ["libc.so.6", "libm.so.6", "libnobody.so.1"])
def test_dlopen_finds_the_same(libraries, name):
    try:
        ctypes.CDLL(name)
        found = True
    except OSError:
        found = False
    assert libraries.has(name, whole=True) is found


@here
def test_what_a_package_brings_may_be_found(libraries):
    assert libraries.has("bundled", whole=False) is None
    assert libraries.has("libbundled.so", whole=True) is None
    assert libraries.has("/opt/libx.so", whole=True) is None


def elsewhere(system, **paths):
    python = Python(machine=platform.machine())
    loader = Loader(system=system, architecture="x86_64", cache={}, **paths)
    return MachineLibraries(loader, target_of(Host(system=system.value), python), [], {"PATH": ""})


@pytest.mark.parametrize("system", [System.MACOS, System.WINDOWS])
def test_elsewhere_only_what_nobody_is_known_to_bring_is_missing(system, tmp_path):
    assert elsewhere(system).has("portaudio", whole=False) is False
    assert elsewhere(system).has("whatever", whole=False) is None
    (tmp_path / "libportaudio-2.dll").write_bytes(b"")
    assert elsewhere(system, folders=(str(tmp_path),)).has("portaudio", whole=False) is None


def test_without_the_loaders_cache_nothing_is_held_to_be_missing():
    assert elsewhere(System.LINUX).has("nobody_has_this", whole=False) is None
    assert elsewhere(System.LINUX).has("libnobody.so.1", whole=True) is None
