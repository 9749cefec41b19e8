"""Probes of libraries that are not there (LIB001 to LIB003): every judgment, its words, its proof and its fix."""

import dataclasses

import pytest

from asking import answer, ask
from envdoctor.binaries.policy import Provider
from envdoctor.binaries.resolve import Considered
from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Evidence, Outcome
from envdoctor.facts.host import Host
from envdoctor.facts.python import Python
from envdoctor.facts.records import Record
from envdoctor.facts.witness import Witness
from envdoctor.imports.reach import Reach
from library_facts import LIBS, MACOS, MATRIX, PACKAGES, environment, heard, lacks
from package_facts import ERROR, INFO, PIP, WARNING

# LIB001


def test_an_import_that_fails():
    (finding,) = ask("LIB001", **environment(lacks()))
    assert (finding.severity, finding.subject) == (ERROR, "foo")
    assert finding.message == "`import foo` fails: _m.so of foo 1.0 needs libgone.so.1, which is not there."
    assert finding.evidence == (
        Evidence(source="/sp/foo/_m.so", excerpt="needs libgone.so.1"),
        Evidence(
            source="paths considered, in order",
            excerpt="foo/libgone.so.1 (RUNPATH of foo/_m.so): not there\n"
            "/usr/lib/libgone.so.1 (default directory): not there",
        ),
    )
    assert finding.fix.commands == MATRIX


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"severity": WARNING, "reach": Reach.MODULE, "via": ("foo.gpu", "foo._gpu")},
            "A part of foo fails on `import foo._gpu`: _m.so of foo 1.0 needs libgone.so.1, which is not there.",
        ),
        (
            {"severity": WARNING, "reach": Reach.UNREACHED_MODULE, "via": ()},
            (
                "A part of foo may fail: _m.so of foo 1.0 needs libgone.so.1, which is not there, and what leads to it "
                "could not be followed."
            ),
        ),
        (
            {"loaders": ("foo/_a.so", "foo/_b.so", "foo/_c.so")},
            "`import foo` fails: _a.so and 2 more files of foo 1.0 need libgone.so.1, which is not there.",
        ),
        (
            {"loaders": ("foo/_a.so", "foo/_b.so")},
            "`import foo` fails: _a.so and 1 more file of foo 1.0 need libgone.so.1, which is not there.",
        ),
    ],
)
def test_the_words_for_each_way_to_meet_it(fields, message):
    (finding,) = ask("LIB001", **environment(lacks(**fields)))
    assert finding.severity == fields.get("severity", ERROR)
    assert finding.message == message


def test_many_paths_are_cut_short_and_none_is_said():
    many = tuple(Considered(path=f"/{number}/x", rule="RPATH", problem="not there") for number in range(15))
    (finding,) = ask("LIB001", **environment(lacks(considered=many)))
    lines = finding.evidence[1].excerpt.splitlines()
    assert (len(lines), lines[0], lines[-1]) == (13, "/0/x (RPATH): not there", "and 3 more")
    (finding,) = ask("LIB001", **environment(lacks(considered=())))
    assert finding.evidence[1].excerpt == "none: no search path leads anywhere"


@pytest.mark.parametrize(
    ("distribution", "command"),
    [
        ("debian", "sudo apt-get install libgl1"),
        ("fedora", "sudo dnf install mesa-libGL"),
        ("alpine", "sudo apk add mesa-gl"),
    ],
)
def test_the_system_s_package_mends_it(distribution, command):
    facts = environment(lacks("libGL.so.1"), host=Host(distribution=distribution))
    (finding,) = ask("LIB001", **facts)
    assert finding.fix.commands == (tuple(command.split()),)
    assert finding.fix.text == f"Install the system's package {command.split()[-1]}."


def test_the_system_s_packages_are_linux_s():
    (finding,) = ask("LIB001", **environment(lacks("libGL.so.1"), host=MACOS))
    assert "apt-get" not in str(finding.fix)


def test_what_was_installed_and_is_gone_is_installed_again():
    record = Record(distribution=LIBS, missing=("foo.libs/libgone.so.1",))
    (finding,) = ask("LIB001", **environment(lacks("@rpath/libgone.so.1"), records=(record,)))
    assert finding.fix.text == "foo-libs 2.0 had installed it, and it is gone: install that version again."
    assert finding.fix.commands == ((*PIP, "install", "--force-reinstall", "--no-deps", "foo-libs==2.0"),)


def test_what_the_system_lost_is_not_pip_s_to_mend():
    system = dataclasses.replace(LIBS, system=True)
    record = Record(distribution=system, missing=("foo.libs/libgone.so.1",))
    (finding,) = ask("LIB001", **environment(lacks(), records=(record,)))
    assert finding.fix.commands == MATRIX


@pytest.mark.parametrize(
    ("provider", "commands"),
    [
        (Provider(name="openvino", kind="wheel"), ((*PIP, "install", "openvino"),)),
        (Provider(name="NVIDIA's CUDA wheels (nvidia-*)", kind="wheel"), ()),
        (Provider(name="the NVIDIA driver", kind="vendor"), ()),
    ],
)
def test_who_supplies_it(provider, commands):
    (finding,) = ask("LIB001", **environment(lacks(provider=provider)))
    assert finding.fix.text == f"Install what supplies it: {provider.name}."
    assert finding.fix.commands == commands


def test_what_is_another_probe_s():
    other = Considered(path="/x", rule="RPATH", problem="is for aarch64")
    missing = (lacks(severity=INFO), lacks(considered=(other,)), lacks("MSVCP140.dll"))
    assert ask("LIB001", **environment(*missing)) == ()


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (heard(), [Evidence(source="ldd /sp/foo/_m.so", excerpt="libgone.so.1 => not found")]),
        (heard(path="/sp/foo/_other.so"), []),
        (heard(printed="statically linked"), []),
    ],
)
def test_the_witness_s_words_are_evidence(account, words):
    witness = Witness(tool="ldd", accounts=(account,))
    (finding,) = ask("LIB001", **environment(lacks(), witness=witness))
    assert list(finding.evidence[2:]) == words


def test_without_a_witness_it_is_told_all_the_same():
    facts = environment(lacks()) | {"witness": FactUnavailable("witness", "no otool")}
    (finding,) = ask("LIB001", **facts)
    assert len(finding.evidence) == 2


@pytest.mark.parametrize("code", [f"LIB00{number}" for number in range(1, 10)])
def test_nothing_is_known_of_files_that_could_not_be_listed(code):
    mac = code == "LIB008"
    facts = {"host": MACOS if mac else Host(libc_version="2.41"), "python": Python(), "packages": PACKAGES}
    assert answer(code, **facts).outcome is Outcome.UNKNOWN


# LIB002


def test_plug_ins_are_worth_knowing():
    qualcomm, openvino = (
        Provider(name="the QNN SDK", kind="vendor"),
        Provider(name="openvino", kind="wheel"),
    )
    plugin = {"severity": INFO, "reach": Reach.PLUGIN, "via": ()}
    missing = (
        lacks("libQnnHtp.so", provider=qualcomm, loaders=("foo/libA.so",), **plugin),
        lacks("libQnnIr.so", provider=qualcomm, loaders=("foo/libA.so",), **plugin),
        lacks("libopenvino.so.1", provider=openvino, loaders=("foo/libB.so",), **plugin),
        lacks("libGL.so.1", loaders=("/opt/libC.so",), **plugin),
        lacks("libx.so", loaders=("foo/libB.so",), **plugin),
        lacks("liby.so", loaders=("foo/libB.so",), **plugin),
        lacks("libneeded.so"),
    )
    (finding,) = ask("LIB002", **environment(*missing))
    assert (finding.severity, finding.subject, finding.fix) == (INFO, "foo", None)
    assert finding.message == (
        "Optional parts of foo 1.0 need libraries that are not there: libQnnHtp.so and 1 more from the QNN SDK, "
        "libopenvino.so.1 from openvino, libGL.so.1 from the system's package libgl1, libx.so, liby.so."
    )
    assert finding.evidence == (
        Evidence(source="/sp/foo/libA.so", excerpt="needs libQnnHtp.so, libQnnIr.so"),
        Evidence(source="/sp/foo/libB.so", excerpt="needs libopenvino.so.1, libx.so, liby.so"),
        Evidence(source="/opt/libC.so", excerpt="needs libGL.so.1"),
    )


def test_many_plug_ins_are_cut_short():
    missing = [lacks(f"lib{number}.so", severity=INFO, loaders=(f"foo/{number}.so",)) for number in range(9)]
    (finding,) = ask("LIB002", **environment(*missing))
    assert finding.message.endswith("lib5.so and 3 more.")
    assert len(finding.evidence) == 5


def test_no_plug_in_lacks_anything():
    assert ask("LIB002", **environment(lacks(severity=WARNING))) == ()


# LIB003

WRONG = (
    Considered(path="/usr/local/lib/libgone.so.1", rule="LD_LIBRARY_PATH", problem="is for aarch64"),
    Considered(path="/usr/lib/libgone.so.1", rule="default directory", problem="not there"),
)


@pytest.mark.parametrize("severity", [ERROR, WARNING])
def test_a_library_for_another_processor(severity):
    (finding,) = ask("LIB003", **environment(lacks(considered=WRONG, severity=severity)))
    assert (finding.severity, finding.subject) == (severity, "foo")
    assert finding.message == "libgone.so.1, which foo 1.0 needs, is for aarch64, and this Python is for x86_64."
    assert [one.source for one in finding.evidence] == [
        "/usr/local/lib/libgone.so.1",
        "/sp/foo/_m.so",
        "paths considered, in order",
    ]
    assert finding.evidence[2].excerpt.startswith("/usr/local/lib/libgone.so.1 (LD_LIBRARY_PATH): is for aarch64\n")
    assert finding.fix.text == "Install libgone.so.1 for x86_64, or take the wrong one out of the search path."


def test_what_is_not_there_at_all_or_for_plug_ins_only():
    assert ask("LIB003", **environment(lacks(), lacks(considered=WRONG, severity=INFO))) == ()
