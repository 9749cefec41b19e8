"""`envdoctor check` on imports: left out where asked, and done really only with consent."""

import json
import venv

import pytest

from envdoctor.cli import check as check_command
from envdoctor.cli import main
from envdoctor.doctor import check as doctor_check
from sites import Site

NOTE = "What importing the packages comes to was not looked at (--fast)."


@pytest.fixture
def environment(tmp_path, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "env"
    venv.create(folder, with_pip=False)
    packages = next(iter([*folder.glob("lib/python3*/site-packages"), *folder.glob("Lib/site-packages")]))
    Site(packages).install("foo", files={"foo/__init__.py": "import nobody_has_this"})
    return folder


@pytest.mark.slow
def test_an_import_that_fails_ends_with_one(environment, capsys):
    assert main(["check", "--only", "PKG", "--python", str(environment)]) == 1
    assert "`import foo` fails: foo imports nobody_has_this, which is not installed." in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.slow
def test_fast_leaves_imports_out_and_says_so(environment, capsys):
    assert main(["check", "--fast", "--only", "PKG", "--python", str(environment)]) == 0
    assert NOTE in capsys.readouterr().out
    assert main(["check", "--fast", "--only", "PKG", "--python", str(environment), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == [NOTE]


@pytest.mark.slow
def test_what_was_not_followed_to_its_end_is_said_beside_no_problem(environment, capsys):
    packages = next(iter([*environment.glob("lib/python3*/site-packages"), *environment.glob("Lib/site-packages")]))
    (packages / "foo/__init__.py").write_text("")
    parts = {f"large/part{number}.py": "" for number in range(420)}
    imports = "\n".join(f"import large.part{number}" for number in range(420))
    Site(packages).install("large", files={"large/__init__.py": imports, **parts})
    assert main(["check", "--only", "PKG021", "--python", str(environment)]) == 0
    printed = capsys.readouterr().out
    assert "No problem found" in printed
    assert "1 of 2 imports could not be followed to the end" in printed


@pytest.mark.slow
def test_where_much_was_not_followed_the_verdict_says_so_in_the_same_breath(environment, capsys, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", -1)
    packages = next(iter([*environment.glob("lib/python3*/site-packages"), *environment.glob("Lib/site-packages")]))
    for number in range(20):
        Site(packages).install(f"bar{number}", files={f"bar{number}.py": ""})
    arguments = ["check", "--only", "PKG021", "--python", str(environment)]
    assert main(arguments) == 0
    assert "No problem found in what could be followed, 0 of 21 imports, and 1 check." in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert (summary["verdict"], summary["scope"]) == ("mixed", "0 of 21 imports")


@pytest.mark.slow
def test_prove_says_what_python_says(environment, capsys):
    assert main(["check", "--prove", "--yes", "--only", "PKG", "--python", str(environment)]) == 1
    assert "ModuleNotFoundError: No module named 'nobody_has_this'" in capsys.readouterr().out


def test_without_a_wall_and_a_terminal_nothing_is_imported(environment, capsys, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.proven.find_wall", lambda _: ())
    monkeypatch.setattr(doctor_check, "check", None)  # never reached
    assert main(["check", "--prove", "--python", str(environment)]) == 2
    assert "--yes imports the packages all the same" in capsys.readouterr().err


def test_on_a_terminal_it_asks(monkeypatch):
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(check_command.click, "confirm", lambda text, **_: asked.append(text))
    check_command._require_consent()
    assert "can't cut the imports off from the network" in asked[0]


def test_fast_and_prove_contradict_each_other(capsys):
    assert main(["check", "--fast", "--prove"]) == 2
    assert "contradict each other" in capsys.readouterr().err
