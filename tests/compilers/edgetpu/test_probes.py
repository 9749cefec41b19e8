import importlib
from pathlib import Path

from envdoctor.compilers.edgetpu import probes
from envdoctor.compilers.edgetpu.facts import Answer, EdgeTpu
from envdoctor.compilers.edgetpu.locate import EdgeTpuCompiler
from envdoctor.core.finding import Outcome, Severity
from envdoctor.facts import Facts
from envdoctor.probing import run_probe


def compiler(folder="/opt", **fields):
    root = Path(folder)
    fine = {
        "wrapper": root / "edgetpu_compiler",
        "binary": root / "edgetpu_compiler_bin/edgetpu_compiler",
        "loader": root / "edgetpu_compiler_bin/ld-linux-x86-64.so.2",
        "library_path": root / "edgetpu_compiler_bin",
        "architecture": "x86_64",
        "origin": "PATH",
    }
    return EdgeTpuCompiler(**{**fine, **fields})


def ask(name, **facts):
    result = run_probe(importlib.import_module(f"{probes.__name__}.{name}").check, Facts(**facts))
    assert result.outcome in {Outcome.PASSED, Outcome.FAILED, Outcome.DOES_NOT_APPLY}, result.reason
    return result.findings


def answered(version):
    return EdgeTpu(compiler=compiler(), answers=(Answer(place="local", argv=("ld.so",), version=version),))


def test_a_compiler_that_answers_is_fine():
    names = sorted(path.stem for path in Path(probes.__file__).parent.glob("tch00[1-6]*.py"))
    assert len(names) == 6
    for name in names:
        assert ask(name, edgetpu=answered("16.0.384591198")) == ()


def test_no_compiler():
    (finding,) = ask("tch001_edgetpu_compiler_missing", edgetpu=EdgeTpu())
    assert finding.fix.commands == (("envdoctor", "toolchain", "install", "edgetpu-compiler"),)
    assert ask("tch001_edgetpu_compiler_missing", edgetpu=EdgeTpu(problem="broken")) == ()


def test_a_compiler_that_is_none():
    (finding,) = ask("tch002_edgetpu_compiler_unusable", edgetpu=EdgeTpu(problem="/x (option) does not exist"))
    assert (finding.severity, finding.message) == (Severity.ERROR, "/x (option) does not exist")


def test_the_abandoned_one_for_arm():
    (finding,) = ask("tch003_edgetpu_compiler_for_arm", edgetpu=EdgeTpu(compiler=compiler(architecture="aarch64")))
    assert "aborts" in finding.message
    script = compiler(binary=None, loader=None, library_path=None, architecture=None)
    assert ask("tch003_edgetpu_compiler_for_arm", edgetpu=EdgeTpu(compiler=script)) == ()


def test_a_path_with_a_space():
    (finding,) = ask("tch004_edgetpu_compiler_path_with_spaces", edgetpu=EdgeTpu(compiler=compiler("/my tools")))
    assert finding.severity is Severity.INFO


def test_a_compiler_that_says_nothing():
    answers = (
        Answer(place="local", argv=("ld.so",), words="Exec format error"),
        Answer(place="qemu", argv=("qemu", "ld.so"), words="exited with status 127: libc.so.6: cannot open"),
    )
    (finding,) = ask("tch005_edgetpu_compiler_does_not_start", edgetpu=EdgeTpu(compiler=compiler(), answers=answers))
    assert "libc.so.6" in finding.message
    assert len(finding.evidence) == 2
    one = (answers[0], Answer(place="qemu", argv=("qemu",), version="16.0"))
    assert ask("tch005_edgetpu_compiler_does_not_start", edgetpu=EdgeTpu(compiler=compiler(), answers=one)) == ()


def test_an_old_version():
    (finding,) = ask("tch006_edgetpu_compiler_old", edgetpu=answered("2.1.302470888"))
    assert "2.1.302470888" in finding.message
