"""What the probes say of imports: each failure once, with its proof and what mends it."""

import pytest

from asking import answer, ask
from envdoctor.core.finding import Outcome, Severity
from envdoctor.facts.host import Host
from loading_facts import loading_facts

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
DEBIAN = Host(system="linux", distribution="debian")


@pytest.fixture
def facts(site, tmp_path):
    def facts(**more):
        return loading_facts(site, cache=tmp_path / "cache", **{"host": DEBIAN} | more)

    return facts


@pytest.mark.slow
def test_a_module_that_a_known_project_brings_is_named_with_the_command(site, facts):
    site.install("foo", files={"foo/__init__.py": "import os\nfrom pkg_resources import parse_version"})
    (finding,) = ask("PKG021", facts())
    assert (finding.severity, finding.subject) == (ERROR, "foo")
    assert finding.message == "`import foo` fails: foo imports pkg_resources, which is not installed."
    assert finding.evidence[0].source == f"{site.path}/foo/__init__.py:2"
    assert finding.evidence[0].excerpt == "from pkg_resources import parse_version"
    assert finding.fix.commands[0][-1] == "setuptools<82"


def test_a_library_of_the_system_is_named_with_its_package(site, facts):
    text = "from ctypes.util import find_library\nif not find_library('portaudio'):\n    raise OSError('PortAudio')"
    site.install("foo", files={"foo.py": text})
    (finding,) = ask("PKG021", facts())
    assert "foo looks for the library portaudio, which this system does not have" in finding.message
    assert finding.fix.commands == (("sudo", "apt-get", "install", "libportaudio2"),)


def test_a_name_that_a_version_dropped_asks_for_an_older(site, facts):
    site.install("numpy", "2.1.0", {"numpy/__init__.py": "bool_ = bool"})
    site.install("foo", files={"foo/__init__.py": "from foo import types", "foo/types.py": "import numpy\nnumpy.bool8"})
    (finding,) = ask("PKG021", facts())
    assert finding.message == "`import foo` fails: foo.types asks for numpy.bool8, which numpy 2.1.0 does not have."
    assert finding.evidence[1].excerpt == "foo > foo.types"
    assert finding.fix.commands[0][-1] == "numpy<2.0"


def test_where_nothing_tells_which_is_too_old_the_versions_that_suit_are_asked_for(site, facts):
    site.install("bar", "1.0", {"bar.py": "old = 1"})
    site.install("foo", files={"foo.py": "from bar import new"})
    (finding,) = ask("PKG021", facts())
    assert finding.fix.commands == (("envdoctor", "matrix", "foo", "bar"),)


@pytest.mark.parametrize(
    ("module", "project"),
    [
        ("numpy", "numpy"),
        ("packaging.version", "packaging"),
        ("cv2", "opencv-python"),
        ("grpc", "grpcio"),
        ("IPython", "ipython"),
    ],
)
def test_a_module_of_a_well_known_project_is_named_with_the_command(site, facts, module, project):
    site.install("foo", files={"foo.py": f"import {module}"})
    (finding,) = ask("PKG021", facts())
    assert f"Install {project}, which has {module.partition('.')[0]}" in finding.fix.text
    assert finding.fix.commands[0][-1] == project


def test_a_module_that_nobody_knows_is_named_without_a_command(site, facts):
    site.install("foo", files={"foo.py": "import nobody_has_this"})
    (finding,) = ask("PKG021", facts())
    assert finding.fix.text == "Install what brings nobody_has_this; foo does not ask for it."
    assert finding.fix.commands == ()


@pytest.mark.slow
@pytest.mark.parametrize("gone", [False, True])
def test_an_installed_package_whose_files_are_gone_is_installed_again(site, facts, gone):
    record = site.install("bar-kit", files={}) / "RECORD"
    record.unlink() if gone else record.write_bytes(b"")
    (record.parent / "top_level.txt").write_text("bar\n")
    site.install("foo", files={"foo.py": "import bar"}, requires=["bar-kit"])
    (finding,) = ask("PKG021", facts())
    assert finding.message == (
        "`import foo` fails: foo imports bar, which is not there, though bar-kit 1.0 is installed."
    )
    assert finding.fix.text == "Install bar-kit 1.0 again: its files are gone."
    assert finding.fix.commands[0][-1] == "bar-kit==1.0"


def test_an_exception_of_its_own_is_told(site, facts):
    site.install("foo", files={"foo.py": "raise RuntimeError('not today')"})
    (finding,) = ask("PKG021", facts())
    assert finding.message == "`import foo` fails: foo raises RuntimeError."
    assert finding.fix.commands == (("envdoctor", "matrix", "foo"),)


def test_a_requirement_tells_the_failure_that_it_explains(site, facts):
    site.install("bar", "1.0", {"bar.py": "old = 1"})
    site.install("foo", files={"foo.py": "from bar import new"}, requires=["bar>=2"])
    known = facts()
    assert ask("PKG021", known) == ()
    (finding,) = ask("PKG001", known)
    assert finding.severity is ERROR
    assert finding.message == "foo 1.0 requires bar>=2; bar 1.0 is installed: `import foo` fails."
    assert [proof.excerpt for proof in finding.evidence][2] == "from bar import new"


def test_a_requirement_whose_import_works_stays_a_warning(site, facts):
    site.install("bar", "1.0", {"bar.py": "old = 1"})
    site.install("foo", files={"foo.py": "from bar import old"}, requires=["bar>=2"])
    (finding,) = ask("PKG001", facts())
    assert finding.severity is WARNING


def test_what_requirers_do_without_is_a_note(site, facts):
    site.install("foo", files={"foo.py": ""}, requires=["bar"])
    site.install("bar", files={"bar.py": "import nobody_has_this"})
    (finding,) = ask("PKG021", facts())
    assert finding.severity is INFO
    assert finding.message.endswith("which is not installed; foo, which requires it, can be imported without.")


def test_what_was_not_followed_is_noted(site, facts, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", -1)
    site.install("foo", files={"foo.py": "import nobody_has_this"})
    (finding,) = ask("PKG021", facts())
    assert finding.severity is INFO
    assert finding.message == "2 imports of 2 could not be followed to the end."
    assert finding.evidence[0].excerpt == "foo, pip"


@pytest.mark.parametrize("code", ["PKG021", "PKG022"])
def test_left_out_there_is_no_answer(site, facts, code):
    site.install("foo", files={"foo.py": "import nobody_has_this"})
    result = answer(code, facts(topics=frozenset({"machine", "fast"})))
    assert (result.outcome, result.reason) == (Outcome.DOES_NOT_APPLY, "imports were not looked at, as asked")


def test_commands_that_lack_the_same_are_told_together(site, facts):
    info = site.install("foo", files={"foo/__init__.py": ""})
    (info / "entry_points.txt").write_text("[console_scripts]\nfoo = foo:run\nfoo2 = foo:run\n")
    (finding,) = ask("PKG022", facts())
    assert finding.message == "The commands `foo` and 1 other of foo 1.0 do not start: foo has no run."
    assert finding.severity is ERROR


@pytest.mark.parametrize("change", ["none", "changed", "unlisted", "missing"])
def test_a_command_that_its_unchanged_module_lacks_is_not_mended_by_the_same_version(site, facts, change):
    info = site.install("foo", files={"foo/__init__.py": "", "foo/other.py": ""})
    (info / "entry_points.txt").write_text("[console_scripts]\nfoo = foo:run\n")
    if change == "changed":
        (site.path / "foo" / "other.py").write_text("def run(): pass")
    if change == "missing":
        (site.path / "foo" / "other.py").unlink()
    if change == "unlisted":
        record = info / "RECORD"
        record.write_text("".join(each for each in record.read_text().splitlines(True) if "__init__" not in each))
    (finding,) = ask("PKG022", facts())
    assert bool(finding.fix.commands) == (change != "none")
    assert ("another version of foo, and report" in finding.fix.text) == (change == "none")


TENSORFLOW = {"tensorflow/__init__.py": ""}


@pytest.mark.slow
def test_a_package_that_asks_for_keras_two_is_found_by_what_it_does(site, facts):
    site.install("tensorflow", "2.20.0", TENSORFLOW)
    text = "import os\ndef start():\n    os.environ['TF_USE_LEGACY_KERAS'] = {!r}\nstart()"
    site.install("foo", files={"foo.py": text.format("1")})
    (finding,) = ask("PKG020", facts())
    assert finding.evidence[0].source == f"{site.path}/foo.py"
    site.install("foo", files={"foo.py": text.format("0")})
    assert ask("PKG020", facts()) == ()
    site.install("foo", files={"foo.py": text.format("1")})
    site.install("tf-keras", "2.20.0")
    assert ask("PKG020", facts()) == ()
