"""Probes of what acts at every start of Python: variables, .pth files, sitecustomize."""

import subprocess
import sys

import pytest

from asking import ask
from envdoctor.facts.python.search_path import Origin
from loading_facts import loading_facts
from package_facts import ERROR, INFO, PIP, WARNING, severities
from sites import Site, facts_of

HERE = "{}.{}.0".format(*sys.version_info[:2])

# PKG020


@pytest.mark.parametrize("value", ["1", "true", "True"])
def test_legacy_keras_is_asked_for_and_missing(site, monkeypatch, value):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", value)
    site.install("tensorflow-cpu", "2.20.0", files={"tensorflow/__init__.py": ""})
    site.install("keras", "3.15.1")
    (finding,) = ask("PKG020", facts_of(site))
    assert (finding.severity, finding.subject) == (ERROR, "tf_keras")
    assert f"TF_USE_LEGACY_KERAS={value} asks tensorflow-cpu 2.20.0 for Keras 2" in finding.message
    assert finding.fix.commands == ((*PIP, "install", "tf_keras~=2.20.0"),)


@pytest.mark.parametrize(
    ("value", "version", "others"),
    [
        ("0", "2.20.0", []),
        ("", "2.20.0", []),
        ("yes", "2.20.0", []),
        ("1", "2.15.1", []),
        ("1", "2.20.0", ["tf_keras"]),
    ],
)
def test_where_keras_2_is_there_or_not_asked_for(site, monkeypatch, value, version, others):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", value)
    for name, number in (("tensorflow", version), *((one, "2.20.1") for one in others)):
        site.install(name, number)
    assert ask("PKG020", facts_of(site)) == ()


def test_without_tensorflow_the_variable_asks_for_nothing(site, monkeypatch):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    assert ask("PKG020", facts_of(site)) == ()


# PYT009


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("import gone_module", "there is no module gone_module; Python prints an error"),
        ("import sys; from gone_module.part import x; x()", "there is no module gone_module"),
        ("import sys; this is no code", "invalid syntax (line 1)"),
        ("/nowhere/at/all", "does not exist; Python passes over it"),
    ],
)
def test_a_line_that_does_not_work(site, line, words):
    site.write("mine.pth", f"# a comment\n\n{line}\n")
    (finding,) = ask("PYT009", facts_of(site, version=HERE))
    assert (finding.severity, finding.subject) == (WARNING, "mine.pth")
    assert words in finding.message
    assert finding.evidence[0].excerpt == line


@pytest.mark.parametrize("minor", range(8, 15))
def test_a_line_that_imports_what_only_older_pythons_have(site, minor):
    site.write("mine.pth", "import imp\n")
    assert bool(ask("PYT009", facts_of(site, version=f"3.{minor}.1", base_prefix="/none"))) is (minor >= 12)


@pytest.mark.parametrize("content", [b"\xff\xfei\x00m\x00p\x00o\x00r\x00t\x00", b"/caf\xe9\n"])
def test_a_file_that_keeps_python_from_starting(site, monkeypatch, content):
    monkeypatch.setattr("locale.getpreferredencoding", lambda do_setlocale: "utf-8")
    (site.path / "mine.pth").write_bytes(content)
    (finding,) = ask("PYT009", facts_of(site, version=HERE))
    assert finding.severity == ERROR
    assert "is no text in UTF-8; Python does not start" in finding.message


@pytest.mark.parametrize("name", ["mine.pth", "sitecustomize.py"])
def test_code_that_ends_python_when_it_starts(site, name):
    site.write(name, "import sys; sys.exit(3)\n")
    (finding,) = ask("PYT009", facts_of(site, version=HERE, base_prefix="/none"))
    assert finding.severity == ERROR
    assert "it raises SystemExit; Python does not start" in finding.message


def test_a_file_in_the_encoding_of_the_locale(site, monkeypatch):
    monkeypatch.setattr("locale.getpreferredencoding", lambda do_setlocale: "latin-1")
    (site.path / "mine.pth").write_bytes(b"# caf\xe9\n")
    assert ask("PYT009", facts_of(site, version=HERE)) == ()


def test_a_line_is_followed_without_all_imports_of_the_environment(site, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.importing.ask", lambda *_: pytest.fail("all imports are surveyed"))
    site.write("mine.py", "import nobody_has_this\n")
    site.write("mine.pth", "import mine\n")
    (finding,) = ask("PYT009", facts_of(site, version=HERE))
    assert "it raises ModuleNotFoundError" in finding.message


def test_what_setuptools_leaves_behind_is_a_note(site):
    site.write("easy-install.pth", "./old-1.0-py3.11.egg\n")
    assert severities("PYT009", site) == [INFO]


@pytest.mark.parametrize(
    "line",
    [
        "import os; var = 'X'; enabled = False; enabled and __import__('gone').add_shim()",
        "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = 1",
        "import beside",
        "import pip",
        "import native",
        "import elsewhere",
        "import encodings.idna",
        "import os; exec('try:\\n import gone\\nexcept ImportError:\\n pass')",
    ],
)
def test_lines_that_work(site, tmp_path, line):
    Site(tmp_path / "project").write("elsewhere/__init__.py", "")
    site.write("beside.py", "")
    site.write("native.cpython-311-x86_64-linux-gnu.so", b"")
    site.write("a.pth", f"{line}\n{tmp_path / 'project'}\n")
    added = Site(tmp_path / "project", Origin.PTH)
    assert ask("PYT009", facts_of(site, added, version=HERE)) == ()


def test_an_archive_on_the_search_path_may_hold_any_module(site, tmp_path):
    (tmp_path / "all.zip").touch()
    archive = Site(tmp_path / "not this")
    archive.path = tmp_path / "all.zip"
    site.write("a.pth", "import gone\n")
    assert ask("PYT009", facts_of(site, archive, version=HERE)) == ()


@pytest.mark.slow
def test_an_editable_project_that_is_gone_is_told_as_that(site, tmp_path):
    site.install_editable("mine", tmp_path / "gone")
    assert ask("PYT009", facts_of(site)) == ()
    assert severities("PKG012", site) == [ERROR]


@pytest.mark.parametrize(("name", "origin"), [("sitecustomize", Origin.SITE), ("usercustomize", Origin.USER)])
def test_a_customization_that_does_not_compile(tmp_path, name, origin):
    site = Site(tmp_path / "folder", origin)
    site.write(f"{name}.py", "import sys\ndef broken(:\n")
    (finding,) = ask("PYT009", facts_of(site, version=HERE, base_prefix=str(tmp_path)))
    assert f"{name} does not compile; Python prints an error" in finding.message
    assert finding.evidence[0].excerpt == "invalid syntax (line 2)"


def test_a_customization_is_judged_by_its_own_python_and_only_where_it_is_read(site, tmp_path):
    site.write("sitecustomize.py", "def broken(:\n")
    assert ask("PYT009", facts_of(site, version="3.99.0", base_prefix=str(tmp_path))) == ()
    site.write("sitecustomize.py", "import sys  # never run\n")
    site.write("usercustomize.py", "def broken(:\n")
    assert ask("PYT009", facts_of(site, version=HERE, base_prefix=str(tmp_path))) == ()


CODE = {
    "a module that is gone": ("import no_such_module_anywhere", "raises ModuleNotFoundError, for no_such_module"),
    "a name that is gone": ("import json\njson.nothere", "raises AttributeError, for json.nothere"),
    "an exception": ("raise ValueError('x')", "raises ValueError"),
    "a handled one": ("try:\n    import no_such_module_anywhere\nexcept ImportError:\n    pass", ""),
    "nothing": ("import sys\nsys.x = 1", ""),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CODE)
def test_code_that_raises_at_every_start_is_told(kind, site, tmp_path):
    text, words = CODE[kind]
    (site.path / "sitecustomize.py").write_text(text)
    lines = f"import sys; exec({text!r})\n"
    (site.path / "own.pth").write_text(lines)
    folder = str(site.path)
    start = f"import site, sys; sys.path[:0] = [{folder!r}]; site.addsitedir({folder!r}); site.execsitecustomize()"
    argv = [sys.executable, "-I", "-S", "-c", start]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert bool(done.stderr) is bool(words)
    facts = loading_facts(site, cache=tmp_path / "cache", python={"base_prefix": str(tmp_path)})
    found = {each.subject: each.message for each in ask("PYT009", facts)}
    assert found.keys() == ({"sitecustomize.py", "own.pth"} if words else set())
    assert all(words in message for message in found.values())


# PKG033


@pytest.fixture
def no_keras_settings(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "keras.json"


@pytest.mark.usefixtures("no_keras_settings")
def test_keras_3_alone_can_not_be_imported(site):
    site.install("keras", "3.15.1", files={"keras/__init__.py": ""})
    (finding,) = ask("PKG033", facts_of(site))
    assert (finding.severity, finding.subject) == (ERROR, "keras")
    assert "computes with tensorflow, which is not installed" in finding.message
    assert finding.fix.commands == ((*PIP, "install", "tensorflow"),)


@pytest.mark.usefixtures("no_keras_settings")
def test_keras_3_beside_another_backend_wants_the_variable(site):
    site.install("keras", "3.15.1")
    site.install("torch", "2.13.0")
    (finding,) = ask("PKG033", facts_of(site))
    assert "KERAS_BACKEND=torch" in finding.fix.text


@pytest.mark.slow
def test_the_variable_and_the_file_say_which_backend_it_is(site, monkeypatch, no_keras_settings):
    site.install("keras", "3.15.1")
    site.install("torch", "2.13.0")
    no_keras_settings.write_text('{"backend": "torch"}')
    assert ask("PKG033", facts_of(site)) == ()
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    (finding,) = ask("PKG033", facts_of(site))
    assert finding.evidence[0].source == "KERAS_BACKEND=jax"
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert ask("PKG033", facts_of(site)) == ()


@pytest.mark.usefixtures("no_keras_settings")
@pytest.mark.parametrize(("named", "said"), [("theano", "has no backend 'theano'"), ("numpy", "")])
def test_a_backend_that_keras_does_not_have(site, monkeypatch, named, said):
    site.install("keras", "3.15.1")
    monkeypatch.setenv("KERAS_BACKEND", named)
    assert [said in finding.message for finding in ask("PKG033", facts_of(site))] == ([True] if said else [])


@pytest.mark.usefixtures("no_keras_settings")
@pytest.mark.parametrize(
    ("version", "tensorflow"), [("2.15.0", None), ("3.15.1", "tensorflow-cpu"), ("3.15.1", "tf-nightly")]
)
def test_keras_2_and_keras_with_its_backend_are_fine(site, version, tensorflow):
    site.install("keras", version)
    if tensorflow:
        site.install(tensorflow, "2.20.0")
    assert ask("PKG033", facts_of(site)) == ()


@pytest.mark.usefixtures("no_keras_settings")
@pytest.mark.parametrize("text", ["", "{", "[]", '{"backend": 3}', "null"])
def test_settings_that_say_nothing_leave_the_default(site, no_keras_settings, text):
    no_keras_settings.write_text(text)
    site.install("keras", "3.15.1")
    (finding,) = ask("PKG033", facts_of(site))
    assert finding.evidence[0].source == "Keras's default"
