"""What would mend an import that fails: in the right direction, with versions that are there."""

import pytest

from envdoctor.facts.host import Host
from envdoctor.facts.importing.fixes import fix_of
from envdoctor.facts.importing.proof import message_of
from envdoctor.facts.python.search_path import Origin
from loading_facts import loading_facts
from sites import Site


@pytest.fixture
def told(tmp_path):
    """The words and the fix for the only import that fails among some distributions."""

    def told(*distributions, python=None):
        site = Site(tmp_path / "site-packages")
        for name, version, files, requires in distributions:
            site.install(name, version, files, requires=requires)
        facts = loading_facts(site, cache=tmp_path / "cache", **(python or {}))
        (failed,) = facts.importing.failed
        fix = fix_of(failed, facts)
        return (
            message_of(failed, facts),
            fix.text,
            [" ".join(each[(each[0] != "uv" and 1) or 0 :]) for each in fix.commands],
        )

    return told


ASKS = {"foo.py": "from bar import old"}
BAR = {"bar.py": "new = 1"}


def test_what_a_later_major_version_dropped_wants_an_older(told):
    _, text, (command,) = told(("foo", "1.2", ASKS, ["bar>=2.2"]), ("bar", "3.0.6", BAR, []))
    assert "bar older than 3" in text
    assert "a newer foo" in text
    assert command.endswith("bar<3")


def test_not_where_another_takes_no_older_one(told):
    """As Flask 3 does not take the Werkzeug that an old Flask-WTF wants."""
    others = [("taker", "3.0", {"taker.py": "import bar"}, ["bar>=3.0"])]
    _, text, (command,) = told(("foo", "1.2", ASKS, ["bar>=2.2"]), ("bar", "3.0.6", BAR, []), *others)
    assert text == "Install a newer foo; taker 3.0 does not take bar older than 3."
    assert "foo" in command.split()
    assert not any(word.startswith("bar") for word in command.split())


def test_a_module_that_python_dropped_and_nobody_brings(told):
    _, text, (command,) = told(("foo", "1.2", {"foo.py": "import formatter"}, []))
    assert text.startswith("Install a newer foo that does without formatter, or use a Python older than 3.")
    assert "foo" in command


def test_the_first_version_that_lacks_any_of_it(told):
    """As onnx.mapping is gone since 1.19, and onnx.helper.split_complex_to_pairs since 1.18."""
    asks = {"foo.py": "from numpy import in1d\nfrom numpy import float"}
    _, text, (command,) = told(("foo", "1.2", asks, ["numpy"]), ("numpy", "2.4.0", {"numpy.py": ""}, []))
    assert text.startswith("Install numpy older than 1.24, which still has it")
    assert command.endswith("numpy<1.24")


UNSURE = [([], "3.0"), (["bar>=3.1"], "3.2"), (["bar>=0.2"], "0.9"), (["bar>=8"], "21.0")]


@pytest.mark.parametrize(("requires", "version"), UNSURE)
def test_where_nothing_tells_the_direction_both_are_said(requires, version, told):
    _, text, (command,) = told(("foo", "1.2", ASKS, requires), ("bar", version, BAR, []))
    assert "don't suit each other" in text
    assert command.endswith("matrix foo bar")


def test_what_an_extra_would_bring_is_named(told):
    files = {"foo/__init__.py": "import foo_cleaner"}
    _, text, (command,) = told(("foo", "1", files, ["other>=2 ; extra == 'x'", "foo-cleaner>=3 ; extra == 'clean'"]))
    assert text == "Install foo-cleaner, which an extra of foo brings."
    assert command.endswith("foo-cleaner>=3")


def test_a_name_of_which_it_is_known_since_when_it_is_gone(told):
    files = {"foo.py": "from markupsafe import soft_unicode"}
    _, _, (command,) = told(("foo", "1", files, []), ("markupsafe", "2.1.5", {"markupsafe.py": ""}, []))
    assert command.endswith("markupsafe<2.1")


def test_a_module_of_which_it_is_known_since_when_it_is_gone(told):
    onnx = {"onnx/__init__.py": ""}
    _, _, (command,) = told(("foo", "1", {"foo.py": "import onnx.mapping"}, ["onnx"]), ("onnx", "1.19.0", onnx, []))
    assert command.endswith("onnx<1.19")


def test_a_project_that_no_release_mends_is_replaced(told):
    files = {"nose/__init__.py": "import imp_that_is_gone"}
    _, text, commands = told(("nose", "1.3.7", files, []))
    assert "No release of nose" in text
    assert "pytest" in text
    assert ["uninstall" in commands[0], commands[1].split()[-1]] == [True, "pynose"]


def test_what_was_looked_for_first_is_named_and_mended(told):
    files = {"foo.py": "try:\n    import PIL\nexcept ImportError:\n    import pilfork as PIL"}
    message, text, (command,) = told(("foo", "1", files, []))
    assert "imports pilfork, which is not installed, in place of PIL, which is not installed either" in message
    assert "Install pillow" in text
    assert command.endswith("pillow")


def test_of_a_module_that_nobody_is_known_to_bring_all_that_is_required_and_absent_is_named(told):
    files = {"foo.py": "try:\n    import odd_name\nexcept ImportError:\n    raise RuntimeError from None"}
    _, text, commands = told(("foo", "1", files, ["python-odd>=2", "bar"]), ("bar", "1", {"bar.py": ""}, []))
    assert text == "Install what foo requires and is not there: python-odd."
    assert [command.split()[-1] for command in commands] == ["python-odd>=2"]


@pytest.mark.parametrize(("changed", "name"), [("foo.py", "foo"), ("bar.py", "bar"), ("other.py", "bar")])
def test_a_file_that_was_changed_is_put_back(changed, name, tmp_path):
    site = Site(tmp_path / "site-packages")
    site.install("foo", "1.2", ASKS, requires=["bar>=2.2"])
    site.install("bar", "3.0.6", {**BAR, "other.py": ""})
    site.write(changed, f"# by hand\n{ {**ASKS, **BAR, 'other.py': ''}[changed] }\n")
    facts = loading_facts(site, cache=tmp_path / "cache")
    fix = fix_of(facts.importing.failed[0], facts)
    put_back = changed != "other.py"
    assert (fix.text.startswith(f"Install {name} ") and " again: " in fix.text) is put_back
    assert (f"{name}==" in fix.commands[0][-1]) is put_back


def test_a_default_that_this_python_refuses_is_shown(told):
    text = "from dataclasses import dataclass\n@dataclass\nclass A:\n    b: list = []\n"
    message, fix, _ = told(("foo", "1.2", {"foo.py": text}, []))
    assert "(line 4: a default that can't be hashed)" in message
    assert "another version" in fix


@pytest.mark.parametrize("asker", ["bar/own.py", "foo.py"])
def test_what_was_changed_after_it_was_installed_is_installed_again(tmp_path, asker):
    site = Site(tmp_path / "site-packages")
    site.install("bar", "2.0", {"bar/__init__.py": "", "bar/names.py": "old = 1", "bar/own.py": ""})
    site.install("foo", "1.0", {"foo.py": "from bar.names import old"})
    site.write("bar/names.py", "new_name = 1")
    if asker == "bar/own.py":
        site.write("bar/__init__.py", "from bar.names import old")
    facts = loading_facts(site, cache=tmp_path / "cache")
    fix = fix_of(facts.importing.failed[0], facts)
    assert fix.text.startswith("Install bar 2.0 again")
    assert fix.commands[0][-1] == "bar==2.0"


def test_a_variable_without_which_it_does_not_fail_is_named(told, monkeypatch):
    monkeypatch.setenv("FOO_KIND", "other")
    files = {"foo.py": "import os\nif os.getenv('FOO_KIND') == 'other':\n    import nobody_has_this\n"}
    message, text, commands = told(("foo", "1", files, []))
    assert message.endswith("nobody_has_this, which is not installed, as FOO_KIND is set.")
    assert (text, commands) == ("Unset FOO_KIND, or give it another value.", [])


@pytest.mark.parametrize(
    ("origin", "words"), [("SITE", "a version of foo that admits this"), ("PYTHONPATH", "out of PYTH")]
)
def test_what_is_for_another_python_is_not_installed_again(tmp_path, origin, words):
    site = Site(tmp_path / "site-packages", Origin[origin])
    site.install("foo", "1", {"foo.py": "x = (\n"}, python=">=3.99")
    facts = loading_facts(site, cache=tmp_path / "cache")
    (failed,) = facts.importing.failed
    fix = fix_of(failed, facts)
    assert words in fix.text
    assert not any("--reinstall" in command or "--force-reinstall" in command for command in fix.commands)


def test_a_name_of_keras_2_below_tensorflow_wants_tf_keras_of_the_same_version(told):
    below = {f"keras/{path}__init__.py": "" for path in ("", "_tf_keras/", "_tf_keras/keras/")}
    asks = {"foo.py": "import tensorflow as tf\ntf.keras.gone"}
    loader = {"tensorflow/__init__.py": "import sys\nsys.modules[__name__].keras = None"}
    tensorflow = ("tensorflow-cpu", "2.18.1", loader, [])
    message, text, (command,) = told(("foo", "1.2", asks, []), tensorflow, ("keras", "3.9.0", below, []))
    assert "keras 3.9.0 does not have" in message
    assert "TF_USE_LEGACY_KERAS=1" in text
    assert command.endswith("tf-keras~=2.18.0")


LEFT_OUT = {
    "itself": "import _ctypes",
    "what begins with it": "import os\nfrom ctypes.util import find_library",
    "behind a handler": "try:\n    import ctypes\nexcept ImportError:\n    pass",
    "another": "import sqlite3",
}
NO_CTYPES = {"_ctypes": "No module named '_ctypes'"}


@pytest.mark.slow
@pytest.mark.parametrize("asks", LEFT_OUT)
def test_a_module_that_this_python_was_built_without(tmp_path, asks):
    site = Site(tmp_path / "site-packages")
    site.install("foo", "1", {"foo.py": LEFT_OUT[asks]})
    facts = loading_facts(site, cache=tmp_path / "cache", python={"left_out": NO_CTYPES})
    told = [(message_of(each, facts), fix_of(each, facts)) for each in facts.importing.failed]
    assert bool(told) is (asks in {"itself", "what begins with it"})
    for words, fix in told:
        assert "ctypes, which this Python can't import (No module named '_ctypes')" in words
        assert "libffi-dev" in fix.text
        assert not fix.commands


@pytest.mark.slow
def test_what_stands_in_for_a_module_of_python(tmp_path):
    site = Site(tmp_path / "site-packages")
    site.install("zlib", "1", {"zlib.py": ""})
    site.install("foo", "1", {"foo.py": "import zlib"})
    assert not loading_facts(site, cache=tmp_path / "cache", python={"left_out": {"zlib": "gone"}}).importing.failed


def test_debians_own_python_has_a_package_for_it(tmp_path):
    site = Site(tmp_path / "site-packages")
    site.install("foo", "1", {"foo.py": "import tkinter"})
    python = {"left_out": {"_tkinter": "No module named '_tkinter'"}, "base_prefix": "/usr"}
    facts = loading_facts(site, cache=tmp_path / "cache", python=python, host=Host(system="linux"))
    (failed,) = facts.importing.failed
    assert "python3-tk" in fix_of(failed, facts).text


def test_a_library_that_pythons_own_module_was_built_with(tmp_path):
    site = Site(tmp_path / "site-packages")
    site.install("foo", "1", {"foo.py": "import ssl"})
    words = "libnowhere.so.1.1: cannot open shared object file: No such file or directory"
    facts = loading_facts(site, cache=tmp_path / "cache", python={"left_out": {"_ssl": words}})
    (failed,) = facts.importing.failed
    assert words in message_of(failed, facts)
    assert fix_of(failed, facts).text == "Install what brings libnowhere.so.1.1, or take another Python."
