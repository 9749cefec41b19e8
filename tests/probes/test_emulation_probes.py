"""Each state of the kernel's table has its own finding, with the words that the user saw and the fix for the system.

The states and words were measured on a real aarch64 kernel; tests/integration/test_arm_machine.py makes them again.
"""

import importlib
from pathlib import Path

import pytest

import envdoctor_probes
from envdoctor.core.finding import Outcome, Severity
from envdoctor.emulation.binfmt import USUAL_PLACE, Binfmt, BinfmtEntry, InterpreterState, x86_64_head
from envdoctor.emulation.proof import EMULATED, Proof
from envdoctor.emulation.qemu import Emulator
from envdoctor.emulation.registration import Manager, Registration
from envdoctor.emulation.surroundings import Surroundings
from envdoctor.facts import Facts
from envdoctor.facts.emulation import Emulation
from envdoctor.facts.host import Host
from envdoctor.probing import run_probe

MAGIC = bytes.fromhex("7f454c4602010100000000000000000002003e00")
MASK = bytes.fromhex("fffffffffffefefcfffffffffffffffffeffffff")
NARROW = bytes.fromhex("fffffffffffefeff" + "fffffffffffffffffeffffff")
RAN = Proof(argv=("/tmp/x",), ran=True, processor=EMULATED)
NOEXEC = Proof(argv=("/tmp/x",), ran=False, words="could not be started: /tmp/x: Exec format error")
QEMU = Emulator(
    name="qemu-x86_64-static", path=Path("/usr/bin/qemu-x86_64-static"), version=(7, 2, 22), text="qemu 7.2.22"
)
ALL = sorted(path.stem for path in Path(envdoctor_probes.__file__).parent.glob("emu*.py"))


def entry(**fields):
    fine = {
        "name": "qemu-x86_64",
        "interpreter": "/usr/libexec/qemu-binfmt/x86_64-binfmt-P",
        "flags": "PF",
        "magic": MAGIC,
        "mask": MASK,
        "interpreter_state": InterpreterState.FINE,
    }
    return BinfmtEntry(**{**fine, **fields})


def table(*entries, enabled=True):
    return Binfmt(mount_points=(USUAL_PLACE,), enabled=enabled, entries=entries)


CONFIGURED = (Registration(manager=Manager.UPDATE_BINFMTS, source="/var/lib/binfmts/qemu-x86_64", entry=entry()),)
HEALTHY = {"binfmt": table(entry(flags="PFC")), "registrations": CONFIGURED, "emulators": (QEMU,)}
WORKS = {"direct": RAN, "direct_loader": RAN, "explicit": RAN}
REFUSED = {"direct": NOEXEC, "direct_loader": NOEXEC}


def ask(name, host=None, **emulation):
    facts = Facts(emulation=Emulation(**emulation), host=host or Host(machine="aarch64"))
    result = run_probe(importlib.import_module(f"envdoctor_probes.{name}").check, facts)
    assert result.outcome in {Outcome.PASSED, Outcome.FAILED, Outcome.DOES_NOT_APPLY}, result.reason
    return result.findings


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "healthy",
    [
        {**HEALTHY, **WORKS},
        {"machine": "x86_64", "direct": Proof(argv=(), ran=True, processor="KVMKVMKVM")},
        {"supported": False, "machine": "arm64"},
        {"machine": "x86_64", "surroundings": Surroundings(container="docker")},
    ],
    ids=["a Pi with all set up", "an x86_64 machine", "a Mac", "an x86_64 container"],
)
def test_nothing_is_said_where_nothing_is_wrong(name, healthy):
    assert ask(name, **healthy) == ()


def serious(**emulation):
    """The codes of the probes that find something worse than INFO in a state."""
    return [name[:6].upper() for name in ALL if any(f.severity > Severity.INFO for f in ask(name, **emulation))]


def test_a_pi_with_nothing():
    (finding,) = ask("emu001_x86_64_emulator_missing", binfmt=table(), **REFUSED)
    assert finding.severity is Severity.ERROR
    assert finding.fix.commands == (("envdoctor", "toolchain", "install", "qemu-x86_64"),)
    assert "Exec format error" in finding.evidence[1].excerpt
    assert serious(binfmt=table(), **REFUSED) == ["EMU001", "EMU005"]


def test_a_fedora_machine_installs_its_own_package():
    (finding,) = ask(
        "emu001_x86_64_emulator_missing", Host(machine="aarch64", distribution="fedora", version="43"), **REFUSED
    )
    assert finding.fix.commands == (("sudo", "dnf", "install", "qemu-user-static-x86"),)


def test_box64_is_no_answer():
    box64 = Emulator(name="box64", path=Path("/usr/bin/box64"))
    (finding,) = ask("emu001_x86_64_emulator_missing", emulators=(box64,), **REFUSED)
    assert "/usr/bin/box64 is here, but" in finding.message
    handler = entry(name="box64", interpreter="/usr/local/bin/box64")
    (finding,) = ask("emu016_handler_is_not_qemu", binfmt=table(handler), **REFUSED)
    assert finding.severity is Severity.WARNING


def test_qemu_that_does_not_run():
    broken = Proof(argv=("qemu", "x"), ran=False, words="was killed by SIGSEGV (signal 11)")
    state = dict(emulators=(QEMU,), explicit=broken, binfmt=table(), **REFUSED)
    (finding,) = ask("emu002_qemu_does_not_run", **state)
    assert (finding.severity, "SIGSEGV" in finding.message) == (Severity.ERROR, True)
    assert serious(**state) == ["EMU002", "EMU005"]


def test_not_mounted_and_without_the_module():
    state = dict(emulators=(QEMU,), explicit=RAN, **REFUSED)
    (finding,) = ask("emu003_binfmt_misc_not_mounted", **state)
    assert finding.severity is Severity.INFO  # explicit QEMU does not need it
    assert finding.fix.commands[0][1:4] == ("mount", "-t", "binfmt_misc")
    (finding,) = ask("emu003_binfmt_misc_not_mounted", binfmt=Binfmt(known=False), **REFUSED)
    assert (finding.severity, finding.fix.commands[0]) == (Severity.WARNING, ("sudo", "modprobe", "binfmt_misc"))


def test_mounted_elsewhere_is_no_problem_where_programs_run():
    elsewhere = Binfmt(mount_points=("/mnt/binfmt",), enabled=True, entries=(entry(flags="PFC"),))
    assert serious(**{**HEALTHY, **WORKS, "binfmt": elsewhere}) == []


def test_switched_off_as_a_whole():
    (finding,) = ask("emu004_binfmt_misc_disabled", binfmt=table(entry(), enabled=False), **REFUSED)
    assert finding.fix.commands[0][-1] == "echo 1 > /proc/sys/fs/binfmt_misc/status"
    assert serious(binfmt=table(entry(), enabled=False), emulators=(QEMU,), explicit=NOEXEC, **REFUSED) == [
        "EMU002",
        "EMU004",
    ]


def test_installed_but_not_registered():
    (finding,) = ask("emu005_x86_64_handler_missing", binfmt=table(), registrations=CONFIGURED, **REFUSED)
    assert "/var/lib/binfmts/qemu-x86_64 configures one: update-binfmts did not register it" in finding.message
    assert finding.fix.commands == (("sudo", "update-binfmts", "--enable", "qemu-x86_64"),)


def test_a_pattern_that_does_not_fit():
    wrong = entry(magic=MAGIC[:18] + b"\xb7\x00")
    (finding,) = ask("emu005_x86_64_handler_missing", binfmt=table(wrong), **REFUSED)
    assert "qemu-x86_64 is there, but its pattern does not fit" in finding.message
    assert finding.evidence[0].source == "/proc/sys/fs/binfmt_misc/qemu-x86_64"


@pytest.mark.parametrize(
    ("distribution", "version", "install", "register"),
    [
        ("debian", "12", "qemu-user-static", "update-binfmts"),
        ("debian", "13", "qemu-user-binfmt", "systemctl"),
        ("raspbian", "12", "qemu-user-static", "update-binfmts"),
        ("ubuntu", "24.04", "qemu-user-static", "update-binfmts"),
        ("ubuntu", "25.10", "qemu-user-binfmt", "systemctl"),
        ("fedora", "43", "qemu-user-static-x86", "systemctl"),
        ("arch", "", "qemu-user-static-binfmt", "systemctl"),
        ("alpine", "3.22", "qemu-x86_64", "rc-service"),
    ],
)
def test_the_fix_is_the_distributions_own(distribution, version, install, register):
    host = Host(machine="aarch64", distribution=distribution, version=version)
    (finding,) = ask("emu005_x86_64_handler_missing", host, binfmt=table(), **REFUSED)
    assert install in finding.fix.commands[0]
    assert finding.fix.commands[-1][1] == register


def test_a_system_that_is_not_known_registers_from_a_container():
    host = Host(machine="aarch64", distribution="gentoo", version="")
    (finding,) = ask("emu005_x86_64_handler_missing", host, binfmt=table(), **REFUSED)
    assert finding.fix.commands[-1][0] == "docker"


def test_a_handler_that_is_disabled():
    state = dict(
        binfmt=table(entry(enabled=False)), registrations=CONFIGURED, emulators=(QEMU,), explicit=NOEXEC, **REFUSED
    )
    (finding,) = ask("emu006_x86_64_handler_disabled", **state)
    assert finding.fix.commands[0][-1] == "echo 1 > /proc/sys/fs/binfmt_misc/qemu-x86_64"
    assert serious(**state) == ["EMU002", "EMU006"]


def test_a_mask_that_leaves_out_the_loader():
    narrow = entry(mask=NARROW, flags="PFC")
    state = {"binfmt": table(narrow), "registrations": CONFIGURED, "direct": RAN, "direct_loader": NOEXEC}
    (finding,) = ask("emu007_handler_misses_the_loader", **state)
    assert "loaders of glibc (OSABI 3)" in finding.message
    assert narrow.mask.hex() in finding.evidence[0].excerpt


def test_an_interpreter_that_is_missing_or_not_executable():
    missing = entry(flags="", interpreter_state=InterpreterState.MISSING)
    (finding,) = ask("emu008_handler_interpreter_missing", binfmt=table(missing), **REFUSED)
    assert "cannot execute: required file not found" in finding.message
    plain = entry(flags="OC", interpreter_state=InterpreterState.NOT_EXECUTABLE)
    (finding,) = ask("emu009_handler_interpreter_not_executable", binfmt=table(plain), **REFUSED)
    assert "Permission denied" in finding.message
    assert finding.fix.commands == (("sudo", "chmod", "+x", plain.interpreter),)
    for name, state in (
        ("emu008_handler_interpreter_missing", missing),
        ("emu009_handler_interpreter_not_executable", plain),
    ):
        assert ask(name, binfmt=table(entry(flags="F", interpreter_state=state.interpreter_state)), **WORKS) == ()


def test_flags():
    (finding,) = ask("emu010_handler_flags", binfmt=table(entry(flags="")), **WORKS)
    assert finding.severity is Severity.INFO
    assert "containers and chroots" in finding.message
    assert "sudo" in finding.message
    (finding,) = ask("emu010_handler_flags", binfmt=table(entry(flags="PF")), **WORKS)
    assert "containers" not in finding.message


def test_a_handler_before_another():
    other = entry(name="box", interpreter="/opt/box", flags="")
    (finding,) = ask("emu011_handler_shadowed", binfmt=table(other, entry()), **REFUSED)
    assert "uses box (/opt/box), not qemu-x86_64" in finding.message
    assert (
        ask(
            "emu011_handler_shadowed",
            binfmt=table(entry(name="off", enabled=False, interpreter="/o"), entry()),
            **WORKS,
        )
        == ()
    )


def test_registered_by_hand():
    (finding,) = ask("emu012_handler_not_persistent", binfmt=table(entry()), direct=RAN, direct_loader=RAN)
    assert (finding.severity, finding.subject) == (Severity.WARNING, "qemu-x86_64")
    assert (
        ask("emu012_handler_not_persistent", binfmt=table(entry()), surroundings=Surroundings(container="docker")) == ()
    )


def test_held_open():
    (finding,) = ask(
        "emu013_interpreter_held_open", binfmt=table(entry(interpreter_state=InterpreterState.MISSING)), **WORKS
    )
    assert finding.severity is Severity.INFO


def test_containers_use_the_hosts_handlers():
    inside = Surroundings(container="docker", proof=("/.dockerenv exists",))
    (finding,) = ask("emu014_handlers_of_another_kernel", surroundings=inside, **REFUSED)
    assert finding.fix.commands[0][-1] == "amd64"
    assert ask("emu003_binfmt_misc_not_mounted", surroundings=inside, **REFUSED) == ()
    assert ask("emu014_handlers_of_another_kernel", surroundings=inside, **WORKS) == ()


def test_wsl_without_its_own_handler():
    (finding,) = ask("emu015_wsl_interop_missing", machine="x86_64", surroundings=Surroundings(wsl=2), binfmt=table())
    assert finding.subject == "WSLInterop"
    kept = table(BinfmtEntry(name="WSLInterop", magic=b"MZ", interpreter="/init"))
    assert ask("emu015_wsl_interop_missing", surroundings=Surroundings(wsl=2), binfmt=kept) == ()


def test_a_handler_that_looks_right_and_crashes():
    crashed = Proof(argv=("/tmp/x",), ran=False, words="was killed by SIGSEGV (signal 11)")
    (finding,) = ask("emu017_handler_does_not_run", binfmt=table(entry()), direct=crashed, direct_loader=crashed)
    assert "SIGSEGV" in finding.message


def test_an_emulated_processor():
    (finding,) = ask("emu018_processor_is_emulated", machine="x86_64", direct=RAN)
    assert finding.evidence[0].excerpt == "TCGTCGTCGTCG"


def test_an_old_qemu_and_large_pages():
    old = Emulator(
        name="qemu-x86_64", path=Path("/usr/bin/qemu-x86_64"), version=(6, 2, 0), text="qemu-x86_64 version 6.2.0"
    )
    large = Host(machine="aarch64", page_size=16384)
    (finding,) = ask("emu019_qemu_old_for_large_pages", large, emulators=(old,), **REFUSED)
    assert "6.2.0" in finding.message
    assert ask("emu019_qemu_old_for_large_pages", Host(machine="aarch64"), emulators=(old,), **REFUSED) == ()
    assert ask("emu019_qemu_old_for_large_pages", large, emulators=(QEMU,), **REFUSED) == ()


def test_the_heads_that_the_facts_are_judged_by():
    assert entry().matches(x86_64_head(osabi=3))
    assert not entry(mask=NARROW).matches(x86_64_head(osabi=3))
