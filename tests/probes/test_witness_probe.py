"""Probes of what can't be read and of the second witness (LIB009 and LIB010)."""

import dataclasses

import pytest

from asking import answer, ask
from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Evidence, Outcome
from envdoctor.facts import Facts
from envdoctor.facts.natives import NativeFile, Natives
from envdoctor.facts.pip_list import Dispute, PipList
from envdoctor.facts.witness import Disagreement, Witness
from envdoctor.imports.loading import LoadAnalysis
from library_facts import FOO, environment, heard, lacks
from package_facts import INFO, WARNING

# LIB009


def test_what_a_module_loads_cannot_be_read():
    unreadable = (("foo/libx.so", "can't be read: file too short"), ("foo/_m.so", "no ELF"))
    facts = environment(analyses=((FOO, LoadAnalysis(unreadable=unreadable)),))
    facts["natives"] = Natives(files=(NativeFile(distribution=FOO, path="/sp/foo/_m.so"),))
    (finding,) = ask("LIB009", **facts)
    assert (finding.severity, finding.subject) == (WARNING, "foo")
    assert finding.message == "libx.so, which foo 1.0 loads, can't be read."
    assert finding.evidence == (Evidence(source="/sp/foo/libx.so", excerpt="file too short"),)


def test_everything_can_be_read():
    assert ask("LIB009", **environment(lacks()) | {"natives": Natives()}) == ()


# LIB010


def disagreement(number=0, theirs="/lib/libx.so", ours="not found"):
    account = heard(path=f"/sp/foo/{number}.so", printed="\tlibx.so => /lib/libx.so (0x7f)\n")
    return Disagreement(account=account, name="libx.so", ours=ours, theirs=theirs)


def test_a_disagreement_with_both_answers():
    witness = Witness(tool="ldd", accounts=(heard(),), disagreements=(disagreement(),))
    (finding,) = ask("LIB010", witness=witness)
    assert (finding.severity, finding.subject) == (WARNING, "0.so")
    assert finding.message == "ldd and envdoctor disagree about libx.so of this file."
    assert finding.evidence == (
        Evidence(source="ldd /sp/foo/0.so", excerpt="libx.so => /lib/libx.so (0x7f)"),
        Evidence(source="/sp/foo/0.so", excerpt="envdoctor: not found"),
    )
    assert finding.fix.text == "Report this to the authors of envdoctor, with both answers."


def test_a_disagreement_about_what_it_does_not_name():
    each = dataclasses.replace(disagreement(theirs="not named", ours="/lib/liby.so"), name="liby.so")
    (finding,) = ask("LIB010", witness=Witness(tool="otool -L", disagreements=(each,)))
    assert [one.excerpt for one in finding.evidence] == ["not named", "envdoctor: /lib/liby.so"]


@pytest.mark.parametrize(
    ("witness", "severity", "message"),
    [
        (
            Witness(tool="ldd", silent=(("/a.so", "Killed"), ("/b.so", "Killed"))),
            INFO,
            "ldd could say nothing of 2 files.",
        ),
        (Witness(tool="ldd", silent=(("/a.so", "Killed"),)), INFO, "ldd could say nothing of 1 file."),
        (Witness(tool="ldd", left=3), INFO, "ldd was not asked about 3 files, for want of time."),
        (
            Witness(tool="ldd", disagreements=tuple(map(disagreement, range(12))), left=1),
            WARNING,
            "ldd disagreed about 2 more and was not asked about 1 file, for want of time.",
        ),
    ],
)
def test_what_is_left(witness, severity, message):
    *told, last = ask("LIB010", witness=witness)
    assert len(told) == min(len(witness.disagreements), 10)
    assert (last.severity, last.message) == (severity, message)


def test_a_witness_who_says_the_same():
    assert ask("LIB010", witness=Witness(tool="ldd", accounts=(heard(),))) == ()


def test_no_witness_is_no_answer():
    given = Facts(witness=FactUnavailable("witness", "Windows has no tool like ldd that would tell"))
    assert answer("LIB010", given).outcome is Outcome.UNKNOWN


# PKG032


def test_a_distribution_that_pip_sees_otherwise():
    dispute = Dispute(folder="/sp", name="lib", ours="1.0", theirs="")
    (finding,) = ask("PKG032", pip_list=PipList(disputes=(dispute,)))
    assert (finding.severity, finding.subject) == (WARNING, "lib")
    assert finding.message == "envdoctor sees lib 1.0 in /sp, and pip sees nothing."
    many = ask("PKG032", pip_list=PipList(disputes=(dispute,) * 12))
    assert many[-1].message == "envdoctor and pip disagree about 2 more distributions."
    assert ask("PKG032", pip_list=PipList(listed=3)) == ()
