import pytest

from envdoctor.binaries.policy import Promise, SystemPolicy, newest_libstdcxx, provider_of
from envdoctor.core.target import Interpreter, Libc, Platform, System
from envdoctor.support.text import version_tuple

GLIBC = Platform(system=System.LINUX, arch="x86_64", version=(2, 17), libc=Libc.GLIBC)
MUSL = Platform(system=System.LINUX, arch="x86_64", version=(1, 2), libc=Libc.MUSL)
MACOS = Platform(system=System.MACOS, arch="arm64", version=(13, 0))
WINDOWS = Platform(system=System.WINDOWS, arch="amd64")
CP37, CP311 = Interpreter(version=(3, 7)), Interpreter(version=(3, 11))
CP313T = Interpreter(version=(3, 13), free_threaded=True)


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        (GLIBC, "libc.so.6"),
        (GLIBC, "libstdc++.so.6"),
        (GLIBC, "ld-linux-x86-64.so.2"),
        (GLIBC, "libexpat.so.1"),
        (MUSL, "libc.musl-x86_64.so.1"),
        (MUSL, "libz.so.1"),
        (MACOS, "/usr/lib/libSystem.B.dylib"),
        (MACOS, "/System/Library/Frameworks/Metal.framework/Versions/A/Metal"),
        (WINDOWS, "KERNEL32.dll"),
        (WINDOWS, "api-ms-win-crt-runtime-l1-1-0.dll"),
        (WINDOWS, "python311.dll"),
        (WINDOWS, "VCRUNTIME140.dll"),
    ],
)
def test_what_a_platform_promises(platform, name):
    assert SystemPolicy(platform).provides(name).promise is Promise.PROMISED


@pytest.mark.parametrize(
    ("platform", "name"),
    [(GLIBC, "libGL.so.1"), (GLIBC, "libX11.so.6")],
)
def test_what_is_usually_there(platform, name):
    library = SystemPolicy(platform).provides(name)
    assert library.promise is Promise.ASSUMED
    assert library.rule


def test_what_desktops_have_is_told_from_what_is_promised():
    assert SystemPolicy(GLIBC).provides("libxcb.so.1").promise is Promise.DESKTOP
    assert SystemPolicy(GLIBC).provides("libpython3.11.so.1.0").promise is Promise.DESKTOP  # extensions get no other
    assert SystemPolicy(WINDOWS).provides("MSVCP140.dll").promise is Promise.DESKTOP


@pytest.mark.parametrize(
    ("python", "promise"), [(CP37, Promise.DESKTOP), (CP311, Promise.PROMISED), (None, Promise.PROMISED)]
)
def test_the_run_time_that_newer_pythons_bring(python, promise):
    assert SystemPolicy(WINDOWS, python).provides("VCRUNTIME140_1.dll").promise is promise
    assert SystemPolicy(WINDOWS, python).provides("VCRUNTIME140.dll").promise is Promise.PROMISED


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        (GLIBC, "libmvec.so.1"),  # since glibc 2.24
        (GLIBC, "libQnnHtp.so"),
        (MUSL, "libc.so.6"),
        (MACOS, "@rpath/libx.dylib"),
        (MACOS, "/opt/homebrew/lib/libx.dylib"),
        (WINDOWS, "openvino.dll"),
    ],
)
def test_what_must_come_with_a_wheel(platform, name):
    assert SystemPolicy(platform).provides(name) is None


def test_libmvec_is_promised_by_newer_tags():
    newer = Platform(system=System.LINUX, arch="x86_64", version=(2, 28), libc=Libc.GLIBC)
    assert SystemPolicy(newer).provides("libmvec.so.1").promise is Promise.PROMISED


@pytest.mark.parametrize(
    ("name", "supplier", "kind"),
    [
        ("libQnnHtp.so", "Qualcomm", "vendor"),
        ("libopenvino.so.2631", "openvino", "wheel"),
        ("@rpath/libopenvino.dylib", "openvino", "wheel"),
        ("MSVCP140.dll", "Visual C++", "system"),
        ("libusb-1.0.so.0", "libusb", "system"),
        ("libodbc.so.2", "unixODBC (libodbc2)", "system"),
    ],
)
def test_who_supplies_the_rest(name, supplier, kind):
    found = provider_of(name)
    assert supplier in found.name
    assert found.kind == kind


def test_nobody_is_named_for_an_unknown_library():
    assert provider_of("@rpath/libpywrap_litert_common.dylib") is None


@pytest.mark.parametrize(
    ("glibc", "glibcxx"), [((2, 4), "3.4.8"), ((2, 17), "3.4.19"), ((2, 28), "3.4.24"), ((2, 99), "3.4.33")]
)
def test_libstdcxx_goes_with_glibc(glibc, glibcxx):
    assert newest_libstdcxx(glibc)[0] == version_tuple(glibcxx)


def test_a_library_in_any_version():
    policy = SystemPolicy(GLIBC)
    assert policy.provides("libz.so") is None
    assert policy.provides_any("libz.so").promise is Promise.PROMISED
    assert policy.provides_any("libasound.so").promise is Promise.DESKTOP
    assert policy.provides_any("libportaudio.so") is None


@pytest.mark.parametrize(
    ("name", "python", "is_there"),
    [
        ("python311.dll", CP311, True),
        ("python311.dll", None, True),
        ("python311.dll", Interpreter(version=(3, 12)), False),
        ("python313t.dll", Interpreter(version=(3, 13)), False),
        ("python313t.dll", CP313T, True),
        ("python313.dll", CP313T, False),
        ("python311_d.dll", CP311, False),
        ("python3.dll", CP311, True),
    ],
)
def test_a_python_on_windows_brings_its_own_library_alone(name, python, is_there):
    policy = SystemPolicy(Platform(system=System.WINDOWS, arch="amd64"), python)
    assert (policy.provides(name) is not None) is is_there
