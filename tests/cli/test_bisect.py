"""`envdoctor bisect`, end to end on an index double: planted breaks by judgment, and by running."""

import sys

import pytest

from index_wheels import publish
from printed import as_json

pytestmark = pytest.mark.slow

HERE = ("--platform", "linux-x86_64", "--python", "3.11")


@pytest.fixture
def releases(server):
    """`base` loses a name in 4.0 that `user` takes from 2.0 on; `other` is never guilty."""
    for version in ("1.0", "2.0", "3.0", "4.0", "5.0"):
        text = b"old = new = 1\n" if version < "4" else b"new = 1\n"
        publish(server, "base", version, files={"base/__init__.py": text})
        publish(server, "other", version)
    for version in ("1.0", "2.0", "3.0"):
        text = b"from base import old\n" if version > "1.0" else b"from base import new\n"
        publish(server, "user", version, files={"user/__init__.py": text}, requires=["base"])


def test_one_version_is_the_cause_and_its_releases_are_narrowed(run, releases):
    good, bad = "base==1.0,other==1.0,user==2.0", "base==5.0,other==5.0,user==2.0"
    code, found = as_json(run, "bisect", "--good", good, "--bad", bad, *HERE)
    assert code == 0
    (cause,) = found["causes"]
    assert (cause["name"], cause["last_good"], cause["first_bad"]) == ("base", "3.0", "4.0")
    assert "old" in found["reasons"][0]["message"]


def test_a_release_that_can_not_be_tested_is_not_called_good(run, releases, server):
    text = b"old = new = 1\n"
    publish(server, "base", "3.5", files={"base/__init__.py": text}, requires=["nowhere-to-be-had"])
    good, bad = "base==1.0,other==1.0,user==2.0", "base==5.0,other==5.0,user==2.0"
    _, found = as_json(run, "bisect", "--good", good, "--bad", bad, *HERE)
    (cause,) = found["causes"]
    assert (cause["last_good"], cause["first_bad"]) == ("3.0", "4.0")


def test_two_versions_together(run, releases):
    good, bad = "base==1.0,other==1.0,user==1.0", "base==5.0,other==5.0,user==3.0"
    code, found = as_json(run, "bisect", "--good", good, "--bad", bad, *HERE)
    assert code == 0
    causes = {one["name"]: (one["last_good"], one["first_bad"]) for one in found["causes"]}
    assert causes == {"base": ("3.0", "4.0"), "user": ("1.0", "2.0")}


def test_what_does_not_load_is_the_cause_where_the_bad_set_does_not_even_resolve(run, releases, server):
    """As sympy 1.12 with mpmath 1.4: sympy 1.12.1 only says in its metadata what fails without it."""
    publish(server, "user", "2.1", files={"user/__init__.py": b"from base import old\n"}, requires=["base<4"])
    code, found = as_json(run, "bisect", "--good", "base==1.0,user==2.0", "--bad", "base==5.0,user==2.1", *HERE)
    assert code == 0
    assert [(one["name"], one["first_bad"]) for one in found["causes"]] == [("base", "4.0")]
    assert "old" in found["reasons"][0]["message"]


def test_sets_that_judgment_does_not_tell_apart(run, releases):
    code, printed = run("bisect", "--good", "other==1.0", "--bad", "other==5.0", *HERE)
    assert code == 1
    said = " ".join(printed.out.split())
    assert "The good set is SOUND and the bad one SOUND, so that judgment does not tell them apart." in said
    assert "--run COMMAND" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--good", "a==1", "--bad", "a==1"), "nothing differs"),
        (("--good", "a>=1", "--bad", "a==1"), "--good 'a>=1' pins no version"),
        (("--good", " ", "--bad", "a==1"), "--good names no versions"),
        (("--good", "a==1", "--bad", "a==2", "--platform", "macos-arm64,windows-amd64"), "one target"),
        (("--good", "a==1", "--bad", "a==2", "--platform", "windows-amd64", "--run", "x"), "can't be run for"),
    ],
)
def test_bad_requests_are_one_sentence(run, words, said):
    code, printed = run("bisect", *words)
    assert code == 2
    assert said in " ".join(printed.err.split())


@pytest.mark.integration
def test_by_running(run, server, releases):
    publish(server, "quiet", "1.0", files={"quiet/__init__.py": b"answer = 42\n"})
    for version in ("2.0", "3.0"):
        publish(server, "quiet", version, files={"quiet/__init__.py": b"answer = 41\n"})
    line = 'python -c "import quiet; print(quiet.answer); raise SystemExit(quiet.answer != 42)"'
    words = ("--good", "quiet==1.0,other==1.0", "--bad", "quiet==3.0,other==5.0", "--run", line)
    code, found = as_json(run, "bisect", *words, "--python", f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert code == 0
    (cause,) = found["causes"]
    assert (cause["name"], cause["last_good"], cause["first_bad"]) == ("quiet", "1.0", "2.0")
    assert {step["by"] for step in found["steps"]} == {"running"}
    assert "41" in found["said"]


@pytest.mark.integration
def test_a_command_that_fails_now_and_then_gives_no_answer(run, server, releases, tmp_path):
    script = tmp_path / "now_and_then.py"
    script.write_text(  # fails the second and the third time
        f"from pathlib import Path\ncount = Path({str(tmp_path / 'count')!r})\n"
        "count.write_text(count.read_text() + 'x' if count.exists() else 'x')\n"
        "raise SystemExit(len(count.read_text()) in (2, 3))\n"
    )
    words = ("--good", "base==1.0,other==1.0", "--bad", "base==2.0,other==2.0", "--run", f"python {script}")
    code, found = as_json(run, "bisect", *words, "--python", f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert (code, found["causes"]) == (1, [])
    assert "does not say the same" in found["problem"]
