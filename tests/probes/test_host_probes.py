"""Each probe of the machine: one machine that has the problem, one that has not, and one that only looks like it."""

import pytest

from asking import answer, ask
from envdoctor.core.finding import Outcome, Severity
from envdoctor.facts.host import Disk, Host
from envdoctor.facts.packages import Distribution, Packages
from envdoctor.facts.python import Python
from envdoctor.support.machines import rooms

INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR
GIB = 1 << 30


def severities(code, **host):
    return [finding.severity for finding in ask(code, host=Host(**host))]


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ({}, []),
        ({"machine": "aarch64"}, []),
        ({"system": "macos", "machine": "arm64"}, []),
        ({"system": "windows", "machine": "x86_64"}, []),
        ({"system": "macos", "machine": "x86_64"}, [WARNING]),  # TensorFlow 2.15 has wheels
        ({"machine": "armv7l"}, [ERROR]),
        ({"machine": "riscv64"}, [ERROR]),
        ({"system": "windows", "machine": "arm64"}, [ERROR]),
        ({"system": "freebsd14"}, [ERROR]),
    ],
)
def test_unsupported_architecture(host, found):
    assert severities("HST001", **host) == found


def test_an_unsupported_machine_is_told_which_are_supported():
    (finding,) = ask("HST001", host=Host(machine="riscv64", sources={"machine": "uname -m"}))
    assert finding.evidence[0].source == "uname -m"
    assert "linux-aarch64" in finding.fix.text


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ({"machine": "aarch64", "userland": "armv7l"}, [ERROR]),
        ({"machine": "x86_64", "userland": "i686"}, [ERROR]),
        ({"machine": "aarch64", "userland": "aarch64"}, []),
        ({"machine": "x86_64", "userland": "aarch64"}, []),  # an emulated container: HST003's
    ],
)
def test_thirty_two_bit_system(host, found):
    assert severities("HST002", **host) == found


@pytest.mark.parametrize(
    ("host", "python", "found"),
    [
        (Host(system="macos", machine="arm64", translated="Rosetta 2"), Python(machine="x86_64"), [ERROR]),
        (Host(system="macos", machine="arm64"), Python(machine="x86_64"), [ERROR]),  # another Python than envdoctor's
        (Host(system="windows", machine="arm64"), Python(machine="x86_64"), [WARNING]),
        (Host(machine="x86_64", translated="an emulator such as QEMU"), Python(machine="x86_64"), [WARNING]),
        (Host(machine="aarch64"), Python(machine="x86_64"), [WARNING]),
        (Host(system="macos", machine="arm64"), Python(machine="arm64"), []),
        (Host(machine="x86_64"), Python(machine="i686", bits=32), []),  # runs natively: PYT006's
        (Host(machine="aarch64"), Python(machine="armv7l", bits=32), []),
        (Host(machine="armv6l"), Python(machine="armv7l", bits=32), []),
    ],
)
def test_translated_python(host, python, found):
    assert [finding.severity for finding in ask("HST003", host=host, python=python)] == found


def test_a_native_python_is_asked_for_by_its_full_name():
    host = Host(system="macos", machine="arm64", translated="Rosetta 2")
    (finding,) = ask("HST003", host=host, python=Python(machine="x86_64", version="3.12.1"))
    assert "cpython-3.12-macos-aarch64" in finding.fix.commands[0]


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ({"libc_version": "2.17"}, [WARNING]),
        ({"libc_version": "2.27"}, [INFO]),
        ({"libc_version": "2.28"}, []),
        ({"libc_version": "2.41"}, []),
        ({"libc": "musl", "libc_version": "1.2.5"}, []),
        ({"system": "macos", "machine": "arm64", "libc": "", "libc_version": None}, []),
        ({"machine": "riscv64", "libc_version": "2.39"}, []),
    ],
)
def test_glibc_too_old(host, found):
    assert severities("HST004", **host) == found


def test_musl_libc():
    assert severities("HST005") == []
    (finding,) = ask("HST005", host=Host(libc="musl", libc_version="1.2.5", name="Alpine Linux v3.20"))
    assert (finding.severity, finding.evidence[0].excerpt) == (ERROR, "musl 1.2.5")
    assert severities("HST005", libc="musl", libc_version=None) == [ERROR]


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ({"machine": "aarch64", "page_size": 16384}, [INFO]),
        ({"machine": "ppc64le", "page_size": 65536}, [INFO]),
        ({"machine": "aarch64"}, []),
        ({"system": "macos", "machine": "arm64", "page_size": 16384}, []),  # always so there
    ],
)
def test_large_pages(host, found):
    assert severities("HST006", **host) == found


AVX = frozenset({"sse2", "avx", "avx2"})
OLD = frozenset({"sse2", "sse4_2", "avx512_not"})


@pytest.mark.parametrize(
    ("host", "installed", "found"),
    [
        (Host(cpu_features=AVX), (), []),
        (Host(cpu_features=OLD), (), [WARNING]),
        (Host(cpu_features=OLD), ("tensorflow-cpu",), [ERROR]),
        (Host(cpu_features=OLD), ("tf-nightly",), [ERROR]),
        (Host(cpu_features=OLD), ("keras",), [WARNING]),
        (Host(machine="aarch64", cpu_features=frozenset({"asimd"})), ("tensorflow",), []),
        (Host(system="macos", machine="arm64", cpu_features=None), (), []),
    ],
)
def test_no_avx(host, installed, found):
    packages = Packages(distributions=tuple(Distribution(name=name) for name in installed))
    assert [finding.severity for finding in ask("HST007", host=host, packages=packages)] == found


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ({"memory": 512 << 20}, [WARNING]),
        ({"memory": int(1.85 * GIB)}, [INFO]),
        ({"memory": 8 * GIB}, []),
        ({"memory": 64 * GIB, "memory_limit": 512 << 20}, [WARNING]),
        ({"memory": 512 << 20, "memory_limit": 64 * GIB}, [WARNING]),
        ({"memory": 8 * GIB, "memory_limit": 8 * GIB}, []),
    ],
)
def test_little_memory(host, found):
    assert severities("HST008", **host) == found


def test_the_limit_is_named_where_it_is_set():
    host = Host(memory=64 * GIB, memory_limit=GIB // 2, sources={"memory_limit": "/sys/fs/cgroup/memory.max"})
    (finding,) = ask("HST008", host=host)
    assert finding.evidence[0].source == "/sys/fs/cgroup/memory.max"
    assert "control group" in finding.message


def disk(free, variable="ENVDOCTOR_CACHE", *, made=(), idle=0):
    return Disk(
        folder="/cache",
        purpose="environments",
        variable=variable,
        free=free,
        total=100 * GIB,
        made=frozenset(made),
        idle=idle,
    )


@pytest.mark.parametrize(
    ("disks", "found"),
    [
        ((disk(50 * GIB),), []),
        ((disk(GIB),), [WARNING]),
        ((disk(50 * GIB), disk(GIB // 2, "TMPDIR")), [WARNING]),
        ((disk(50 * GIB), disk(int(1.2 * GIB), "TMPDIR")), []),
        ((disk(GIB, made=("litert", "vela")),), [WARNING]),
        ((disk(GIB, made=("tensorflow", "tensorflow-2.15")),), []),
        ((disk(GIB, made=rooms()),), []),
        ((disk(10**7, made=rooms()),), [WARNING]),
    ],
)
def test_little_disk(disks, found):
    findings = ask("HST009", host=Host(disks=disks))
    assert [finding.severity for finding in findings] == found
    assert all(disks[-1].variable in finding.fix.text for finding in findings)


@pytest.mark.parametrize("idle", [0, 2])
def test_what_frees_nothing_is_not_offered(idle):
    (finding,) = ask("HST009", host=Host(disks=(disk(GIB, idle=idle),)))
    assert bool(finding.fix.commands) == bool(idle)


@pytest.mark.parametrize(("wsl", "found"), [(0, []), (1, [WARNING]), (2, [])])
def test_wsl_one(wsl, found):
    assert severities("HST010", wsl=wsl, distribution="ubuntu") == found


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ({"system": "macos", "machine": "arm64", "version": "11.7"}, [WARNING]),
        ({"system": "macos", "machine": "arm64", "version": "12.0"}, []),
        ({"system": "macos", "machine": "arm64", "version": "26.0"}, []),
        ({"system": "macos", "machine": "x86_64", "version": "11.0"}, []),
        ({"system": "windows", "version": "6.1.7601"}, [WARNING]),
        ({"system": "windows", "version": "10.0.19045"}, []),
        ({"version": "7"}, []),  # of a Linux distribution
    ],
)
def test_system_too_old(host, found):
    assert severities("HST011", **host) == found


@pytest.mark.parametrize(
    ("code", "host"),
    [
        ("HST002", {"userland": None}),
        ("HST004", {"libc_version": None}),
        ("HST006", {"page_size": None}),
        ("HST007", {"cpu_features": None}),
        ("HST008", {"memory": None}),
        ("HST009", {"disks": ()}),
        ("HST011", {"system": "macos", "version": ""}),
    ],
)
def test_what_is_not_known_is_not_fine(code, host):
    assert answer(code, host=Host(**host), packages=Packages()).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(("system", "found"), [("linux", []), ("macos", [INFO]), ("windows", [INFO])])
def test_a_system_that_envdoctor_never_ran_on(system, found):
    assert severities("HST012", system=system, name="this one") == found
