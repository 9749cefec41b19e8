"""The run-time half of the Edge TPU: libedgetpu as the loader finds it, devices out of sysfs, pairs out of reports."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from envdoctor.binaries.resolve import Considered
from envdoctor.compilers.edgetpu import probes
from envdoctor.compilers.edgetpu.runtime import EdgeTpuRuntime, Library, ask
from envdoctor.compilers.edgetpu.runtime.devices import Access, Device, Devices, find_devices
from envdoctor.compilers.edgetpu.runtime.pairs import Pairing, built_from, judge_pair, package_of_file
from envdoctor.core.finding import Outcome, Severity
from envdoctor.core.request import Request
from envdoctor.facts import Facts
from envdoctor.facts.host import Host
from envdoctor.facts.packages import Distribution, Packages
from envdoctor.facts.python import Python
from envdoctor.probing import run_probe
from needs import C_COMPILER, needs

LIBRARY = Library(path="/usr/lib/libedgetpu.so.1", package=("libedgetpu1-std", "16.0"))
DELEGATE = "void tflite_plugin_create_delegate(void) {}\nvoid tflite_plugin_destroy_delegate(void) {}\n"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks for the library as Linux' loader does")


def probe(name, runtime, host=None):
    (module,) = [path.stem for path in Path(probes.__file__).parent.glob(f"{name}_*.py")]
    check = importlib.import_module(f"{probes.__name__}.{module}").check
    return run_probe(check, Facts(edgetpuruntime=runtime, host=host or Host(), python=Python()))


def runtime(library=LIBRARY, devices=None, **interpreters):
    names = {name.replace("_", "-"): version for name, version in interpreters.items()}
    return EdgeTpuRuntime(library=library, interpreters=names, devices=devices or Devices())


def device(access, bus="usb", group="root"):
    node = "/dev/bus/usb/001/005" if bus == "usb" else "/dev/apex_0"
    identity = "18d1:9302" if bus == "usb" else "1ac1:089a"
    return Device(bus=bus, place="/sys/x", identity=identity, node=node, access=access, group=group)


def loads(**packages):
    """What the loader of this test's own Python finds."""
    host, python = Host(), Python(executable=sys.executable, machine=os.uname().machine)
    found = Packages(distributions=tuple(Distribution(name=name, version=one) for name, one in packages.items()))
    return ask(Facts(host=host, python=python, packages=found), Request(), None)


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A libedgetpu.so.1 on LD_LIBRARY_PATH that needs libusb, which is there until it is taken away."""
    gcc = needs(C_COMPILER)
    shared = [gcc, "-shared", "-fPIC", "-x", "c", "/dev/null"]
    other = tmp_path / "libmadeusb.so.0"
    subprocess.run([*shared, "-Wl,-soname,libmadeusb.so.0", "-o", other], check=True)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    return compiled(tmp_path)


def compiled(folder, source=DELEGATE):
    """Compile a libedgetpu.so.1 that needs the libmadeusb beside it."""
    made = folder / "libedgetpu.so.1"
    options = ["-Wl,--no-as-needed", f"-L{folder}", "-l:libmadeusb.so.0", "-Wl,-soname,libedgetpu.so.1"]
    argv = [needs(C_COMPILER), "-shared", "-fPIC", "-x", "c", "-", "-x", "none", *options, "-o", made]
    subprocess.run(argv, input=source, check=True, text=True)
    return made


@pytest.mark.slow
@linux_only
def test_the_library_is_found_as_the_loader_finds_it(library):
    found = loads(tensorflow="2.21.0", numpy="2.0")
    assert (found.library.path, found.library.missing) == (str(library), ())
    assert found.interpreters == {"tensorflow": "2.21.0"}
    assert probe("tch010", found).outcome is Outcome.PASSED


@pytest.mark.slow
@linux_only
def test_what_the_library_lacks_is_named(library):
    library.with_name("libmadeusb.so.0").unlink()
    (finding,) = probe("tch010", loads()).findings
    assert finding.message == "libedgetpu.so.1 does not load: it needs libmadeusb.so.0, which the loader does not find."
    loaded = subprocess.run(
        [sys.executable, "-c", "import ctypes; ctypes.CDLL('libedgetpu.so.1')"], capture_output=True, check=False
    )
    assert b"libmadeusb.so.0: cannot open shared object file" in loaded.stderr  # the loader says so too


@pytest.mark.slow
@linux_only
def test_symbols_that_nothing_defines_are_named(library):
    compiled(library.parent, f"{DELEGATE}extern int nobody_defines_this;\nint *there = &nobody_defines_this;\n")
    (finding,) = probe("tch010", loads()).findings
    assert "needs the symbol nobody_defines_this, which nothing that is loaded with it defines" in finding.message


@pytest.mark.slow
@linux_only
def test_a_library_of_that_name_that_is_no_delegate(library):
    compiled(library.parent, "int nothing;\n")
    (finding,) = probe("tch010", loads()).findings
    assert "it does not define tflite_plugin_create_delegate, tflite_plugin_destroy_delegate" in finding.message


@pytest.mark.slow
@linux_only
def test_a_damaged_library_is_no_library(library):
    library.unlink()
    library.write_bytes(b"\x7fELF")
    result = probe("tch010", loads())
    assert result.outcome is Outcome.FAILED


def test_no_library_is_as_bad_as_what_it_is_for():
    tried = (Considered(path="/lib/libedgetpu.so.1", rule="default directory", problem="not there"),)
    none = {"library": None, "considered": tried}
    for devices, interpreters, severity, outcome in (
        (Devices(), {"tensorflow": "2.21.0"}, Severity.INFO, Outcome.PASSED),
        (Devices(), {"tflite-runtime": "2.14.0"}, Severity.WARNING, Outcome.FAILED),
        (Devices(attached=(device(Access.USABLE),)), {}, Severity.ERROR, Outcome.FAILED),
    ):
        result = probe("tch009", EdgeTpuRuntime(devices=devices, interpreters=interpreters, **none))
        (finding,) = result.findings
        assert (finding.severity, result.outcome) == (severity, outcome)
        assert "/lib/libedgetpu.so.1" in finding.evidence[0].excerpt
    assert probe("tch010", EdgeTpuRuntime(devices=Devices(), interpreters={}, **none)).outcome is Outcome.DOES_NOT_APPLY


def test_elsewhere_than_on_linux_nothing_is_claimed():
    for name in ("tch009", "tch010", "tch011", "tch012"):
        assert probe(name, runtime(), Host(system="macos")).outcome is Outcome.DOES_NOT_APPLY


def sysfs(root, *, usb=("1a6e", "089a"), node=True):
    """A machine with a USB Accelerator, a keyboard, and a PCIe module whose driver is absent."""
    for name, (vendor, product) in {"1-1": usb, "1-2": ("046d", "c31c"), "usb1": ("1d6b", "0002")}.items():
        place = root / "sys/bus/usb/devices" / name
        place.mkdir(parents=True)
        for file, text in {"idVendor": vendor, "idProduct": product, "busnum": "1", "devnum": "5"}.items():
            (place / file).write_text(f"{text}\n")
    (root / "sys/bus/usb/devices/1-1:1.0").mkdir()  # an interface has no ids
    pci = root / "sys/bus/pci/devices/0000:02:00.0"
    pci.mkdir(parents=True)
    (pci / "vendor").write_text("0x1ac1\n")
    (pci / "device").write_text("0x089a\n")
    if node:
        (root / "dev/bus/usb/001").mkdir(parents=True)
        (root / "dev/bus/usb/001/005").touch()
    return root


@linux_only
@pytest.mark.parametrize("usb", [("1a6e", "089a"), ("18d1", "9302")])
def test_devices_come_out_of_sysfs(tmp_path, usb):
    found = find_devices(sysfs(tmp_path, usb=usb), lambda _path: False)
    assert [(one.bus, one.identity, one.node, one.access) for one in found.attached] == [
        ("usb", ":".join(usb), "/dev/bus/usb/001/005", Access.DENIED),
        ("pci", "1ac1:089a", "/dev/apex_0", Access.NO_NODE),
    ]
    assert not found.driver
    (tmp_path / "sys/bus/pci/devices/0000:02:00.0/apex/apex_1").mkdir(parents=True)
    (tmp_path / "dev/apex_1").touch()
    again = find_devices(tmp_path, lambda _path: True)
    assert [(one.node, one.access) for one in again.attached] == [
        ("/dev/bus/usb/001/005", Access.USABLE),
        ("/dev/apex_1", Access.USABLE),
    ]
    assert find_devices(tmp_path / "nothing").attached == ()


@linux_only
def test_udev_rules_are_those_that_speak_of_the_device(tmp_path):
    rules = tmp_path / "lib/udev/rules.d"
    rules.mkdir(parents=True)
    line = 'SUBSYSTEM=="usb", ATTRS{idVendor}=="1a6e", GROUP="plugdev"'
    (rules / "60-edgetpu.rules").write_text(f'# "18d1"\n{line}\nSUBSYSTEM=="tty"\n')
    (rules / "60-note.txt").write_text(line)
    assert find_devices(tmp_path).rules == ((str(rules / "60-edgetpu.rules"), line),)


RULE = (("/lib/udev/rules.d/60-x.rules", 'ATTRS{idVendor}=="18d1", GROUP="plugdev"'),)


@pytest.mark.parametrize(
    ("one", "devices", "host", "message", "fix"),
    [
        (device(Access.DENIED), {}, {}, "no udev rule", "join the group plugdev"),
        (device(Access.DENIED), {}, {"container": "docker"}, "no udev rule", "On the host, write a udev rule"),
        (device(Access.DENIED), {"rules": RULE}, {}, "rule was not applied", "Load the udev rules"),
        (device(Access.DENIED, group="plugdev"), {"rules": RULE}, {}, "anna is not in the group plugdev", "Join the"),
        (device(Access.NO_NODE), {}, {"container": "docker"}, "in this container", "--device /dev/bus/usb"),
        (device(Access.NO_NODE), {}, {}, "does not exist", "Unplug it"),
        (device(Access.NO_NODE, "pci"), {}, {}, "driver is not loaded", "gasket-dkms"),
        (device(Access.NO_NODE, "pci"), {"driver": True}, {}, "although the driver is loaded", "dmesg"),
        (device(Access.NO_NODE, "pci"), {}, {"container": "docker"}, "in this container", "--device /dev/apex_0"),
        (device(Access.DENIED, "pci"), {}, {}, "no udev rule", "join the group apex"),
    ],
)
def test_a_device_that_can_not_be_used(one, devices, host, message, fix):
    known = Devices(attached=(one,), user="anna", **devices)
    (finding,) = probe("tch011", runtime(devices=known), Host(**host)).findings
    assert message in finding.message
    assert fix in finding.fix.text
    assert finding.severity is Severity.ERROR


@linux_only
@pytest.mark.slow
@pytest.mark.parametrize(("bus", "count", "group"), [("usb", 2, "plugdev"), ("pci", 1, "apex")])
@pytest.mark.parametrize("joined", [True, False])
def test_the_rule_that_the_fix_writes_is_one_that_speaks_of_the_device(tmp_path, bus, count, group, joined):
    groups = frozenset({group} if joined else ())
    known = Devices(attached=(device(Access.DENIED, bus),), user="anna", groups=groups)
    (finding,) = probe("tch011", runtime(devices=known), Host()).findings
    made, write, *_, last = finding.fix.commands
    assert made[1:] == ("groupadd", "--system", "--force", group)
    assert (last[1] == "usermod") == (not joined)
    rules = tmp_path / "etc/udev/rules.d"
    rules.mkdir(parents=True)
    argv, script = write[1:-1], write[-1]
    subprocess.run([*argv, script.replace("/etc/", f"{tmp_path}/etc/")], check=True)
    found = [line for _, line in find_devices(tmp_path).rules]
    assert len(found) == count
    assert all(f'GROUP="{group}"' in line and "\\" not in line for line in found)


def test_a_device_that_can_be_used_and_none():
    assert probe("tch011", runtime(devices=Devices(attached=(device(Access.USABLE),)))).outcome is Outcome.PASSED
    assert probe("tch011", runtime()).outcome is Outcome.DOES_NOT_APPLY


@pytest.mark.parametrize(
    ("library", "interpreter", "version", "pairing"),
    [
        ("16.0", "tflite-runtime", "2.5.0.post1", Pairing.WORKS),
        ("16.0", "tflite-runtime", "2.9.1", Pairing.WORKS),
        ("16.0", "tflite-runtime", "2.11.0", Pairing.REPORTED_BOTH_WAYS),
        ("16.0", "tflite-runtime", "2.14.0", Pairing.FAILS),
        ("16.0", "tensorflow", "2.14.1", Pairing.FAILS),
        ("16.0", "ai-edge-litert", "2.3.0", Pairing.NOT_KNOWN),
        ("16.0", "pycoral", "2.0.0", Pairing.WORKS),
        ("16.0tf2.13.1-2", "tflite-runtime", "2.14.0", Pairing.WORKS),
        ("16.0tf2.17.1-1.bookworm", "tensorflow", "2.17.0", Pairing.WORKS),
        ("16.0tf2.17.1-1.bookworm", "tensorflow", "2.21.0", Pairing.NOT_KNOWN),
        ("16.0tf2.19.1-1", "ai-edge-litert", "1.4.0", Pairing.WORKS),
        ("15.0", "tflite-runtime", "2.5.0", Pairing.WORKS),
        ("15.0", "tflite-runtime", "2.1.0.post1", Pairing.FAILS),
        ("13.0", "tensorflow", "2.1.0", Pairing.FAILS),
        ("odd", "tflite-runtime", "no version", Pairing.NOT_KNOWN),
    ],
)
def test_pairs_are_what_was_reported(library, interpreter, version, pairing):
    pair = judge_pair(library, interpreter, version)
    assert pair.pairing is pairing
    assert bool(pair.source) is (pairing is not Pairing.NOT_KNOWN)


@pytest.mark.parametrize(
    ("version", "built"),
    [("16.0", ("16.0", "2.5.0")), ("16.0pp3", ("16.0", "2.10.1")), ("15.0", ("15.0", "")), ("dev", ("", ""))],
)
def test_what_a_library_was_built_from(version, built):
    assert built_from(version) == built


def test_a_pair_that_crashes_is_an_error_and_an_unknown_one_is_noted():
    (finding,) = probe("tch012", runtime(tflite_runtime="2.14.0")).findings
    assert finding.severity is Severity.ERROR
    assert "built from TensorFlow 2.5.0" in finding.message
    assert "TensorFlow 2.14" in finding.fix.text
    result = probe("tch012", runtime(ai_edge_litert="2.3.0"))
    assert (result.outcome, result.findings[0].severity) == (Outcome.PASSED, Severity.INFO)
    assert probe("tch012", runtime(tflite_runtime="2.5.0.post1")).findings == ()
    assert probe("tch012", runtime()).outcome is Outcome.DOES_NOT_APPLY
    assert probe("tch012", runtime(Library(path="/opt/l.so"), tensorflow="2.21")).outcome is Outcome.UNKNOWN


def dpkg(root, status):
    info = root / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    (info.parent / "status").write_text(status)
    (info / "libedgetpu1-std:arm64.list").write_text("/.\n/usr/lib/aarch64-linux-gnu/libedgetpu.so.1.0\n")


def test_the_package_is_the_one_whose_files_these_are(tmp_path):
    start = "Package: adduser\nStatus: install ok installed\nVersion: 3.1\n\n"
    dpkg(tmp_path, f"{start}Package: libedgetpu1-std\nStatus: install ok installed\nVersion: 16.0\nBuild: x\n\n")
    assert package_of_file("/usr/lib/aarch64-linux-gnu/libedgetpu.so.1.0", tmp_path) == ("libedgetpu1-std", "16.0")
    assert package_of_file("/usr/local/lib/libedgetpu.so.1.0", tmp_path) == ("", "")
    assert package_of_file("/x", tmp_path / "no dpkg") == ("", "")


def test_a_package_that_was_removed_is_none(tmp_path):
    dpkg(tmp_path, "Package: libedgetpu1-std\nStatus: deinstall ok config-files\nVersion: 16.0\n\n")
    assert package_of_file("/usr/lib/aarch64-linux-gnu/libedgetpu.so.1.0", tmp_path) == ("", "")
