"""`check` tells again what it found as long as nothing has changed, and looks anew whenever anything has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from built import built
from envdoctor import probing, registry
from envdoctor.core.finding import Outcome
from envdoctor.core.request import Request
from envdoctor.doctor import unchanged
from envdoctor.doctor._common import new_report
from envdoctor.doctor.check import CheckRequest, check, select
from envdoctor.doctor.unchanged import Unchanged
from envdoctor.environments import fingerprint
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts, watched
from sites import Site

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the environments of this module have the layout of POSIX")


class Environment:
    """A virtual environment with one package and its command, examined from an empty folder."""

    def __init__(self, path, monkeypatch):
        make = [sys.executable, "-I", "-S", "-m", "venv", "--without-pip"]
        made = built(make, lambda folder: subprocess.run([*make, str(folder)], check=True))
        self.folder = path / "environment"
        shutil.copytree(made, self.folder, symlinks=True)
        self.site = Site(self.folder / "lib" / "python{}.{}".format(*sys.version_info[:2]) / "site-packages")
        self.site.install("foo", "1.0", {"foo/__init__.py": "from foo import part\n", "foo/part.py": "a = 1\n"})
        self.cache, self.libraries, self.empty = path / "cache", path / "libraries", path / "empty"
        self.libraries.mkdir()
        self.empty.mkdir()
        (path / "ld.so.cache").write_bytes(b"as it was")
        self.ld_cache = path / "ld.so.cache"
        monkeypatch.chdir(self.empty)
        monkeypatch.setenv("ENVDOCTOR_CACHE", str(self.cache))
        monkeypatch.setenv("LD_LIBRARY_PATH", str(self.libraries))
        self.keras = path / "keras"
        self.keras.mkdir()
        monkeypatch.setenv("KERAS_HOME", str(self.keras))
        self.java = path / "jvm" / "java"
        for folder in (self.java.parent, path / "programs"):
            folder.mkdir()
        self.java.touch(mode=0o755)
        (path / "programs" / "java").symlink_to(self.java)
        monkeypatch.setenv("PATH", f"{path / 'programs'}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setattr(fingerprint, "YOUNG", 0)
        monkeypatch.setattr(watched, "_LD_CACHE", str(self.ld_cache))

    def check(self):
        return check(CheckRequest(python=self.folder))

    def look(self):
        """The facts, and what is kept of them."""
        request = Request(python=self.folder)
        facts = Facts(request, LocalExecutor())
        return facts, Unchanged(facts, request)

    def keep(self):
        """Keeps that nothing was found."""
        _, results = self.look()
        results.save(replace(new_report("check"), created="then"))
        assert self.is_known()

    def is_known(self):
        return self.look()[1].load() is not None


@pytest.fixture
def environment(tmp_path, monkeypatch):
    return Environment(tmp_path, monkeypatch)


def outcomes(report):
    return {one.code: (one.outcome, one.findings, one.reason) for one in report.probes}


@pytest.mark.slow
def test_the_second_check_tells_the_same_without_a_look(environment, monkeypatch):
    first = environment.check()
    assert first.unchanged_since == ""
    monkeypatch.setattr("envdoctor.facts.packages.derive", lambda _: pytest.fail("packages are looked at"))
    second = environment.check()
    assert second.unchanged_since == first.created
    assert outcomes(second) == outcomes(first)
    assert second.notes == first.notes
    assert second.subject == first.subject


@pytest.mark.slow
def test_what_breaks_after_a_good_check_is_told(environment):
    assert outcomes(environment.check())["PKG021"][0] is Outcome.PASSED
    assert environment.check().unchanged_since
    (environment.site.path / "foo" / "part.py").unlink()
    broken = environment.check()
    assert broken.unchanged_since == ""
    assert outcomes(broken)["PKG005"][0] is Outcome.FAILED
    assert outcomes(environment.check()) == outcomes(broken)


@pytest.mark.slow
def test_what_is_mended_is_told(environment):
    environment.site.write("foo/__init__.py", "raise ValueError\n")
    assert outcomes(environment.check())["PKG021"][0] is Outcome.FAILED
    assert outcomes(environment.check())["PKG021"][0] is Outcome.FAILED
    environment.site.install("foo", "1.0")
    assert outcomes(environment.check())["PKG021"][0] is Outcome.PASSED


def put_back_the_time(environment):
    file = environment.site.path / "foo" / "part.py"
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    file.write_text("a = 2\n")
    os.utime(file, ns=times)


def replace_interpreter(environment):
    python = environment.folder / "bin" / "python"
    real = python.resolve()
    python.unlink()
    python.symlink_to(shutil.copy(real, environment.folder / "other"))


FILES = {
    "a file of a package": put_back_the_time,
    "a file more": lambda one: (one.site.path / "foo" / "new.py").touch(),
    "a file less": lambda one: (one.site.path / "foo" / "part.py").unlink(),
    "a distribution more": lambda one: one.site.install("bar"),
    "a line of a .pth file": lambda one: (one.site.path / "a.pth").write_text("import gone\n"),
    "a library of the system": lambda one: (one.libraries / "libz.so").touch(),
    "the loader's cache": lambda one: one.ld_cache.write_bytes(b"as it is"),
    "the environment's settings": lambda one: (one.folder / "pyvenv.cfg").write_text(
        (one.folder / "pyvenv.cfg").read_text() + "more = true\n"
    ),
    "the interpreter": replace_interpreter,
    "a module in the current folder": lambda one: (one.empty / "tensorflow.py").touch(),
    "Keras's settings": lambda one: (one.keras / "keras.json").write_text('{"backend": "jax"}'),
    "the program that a link on the PATH leads to": lambda one: one.java.unlink(),
    "a project in the current folder": lambda one: (one.empty / "pyproject.toml").touch(),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", FILES.values(), ids=FILES.keys())
def test_a_changed_file_is_looked_at_anew(environment, change):
    environment.keep()
    change(environment)
    assert not environment.is_known()


VARIABLES = ("TF_USE_LEGACY_KERAS", "KERAS_BACKEND", "LD_LIBRARY_PATH", "PYTHONPATH", "PATH", "JAVA_HOME", "HOME")


@pytest.mark.slow
@pytest.mark.parametrize("variable", VARIABLES)
def test_another_variable_is_looked_at_anew(environment, monkeypatch, variable):
    environment.keep()
    monkeypatch.setenv(variable, str(environment.empty))
    assert not environment.is_known()


@pytest.mark.slow
def test_another_envdoctor_looks_anew(environment, monkeypatch):
    environment.keep()
    monkeypatch.setattr(unchanged, "__version__", "99.0")
    assert not environment.is_known()


@pytest.mark.slow
def test_another_folder_another_python_and_another_user_look_anew(environment, monkeypatch):
    environment.keep()
    with monkeypatch.context() as other:
        other.chdir(environment.libraries)
        assert not environment.is_known()
    with monkeypatch.context() as other:
        other.setattr(sys, "version", "3.99.0")
        assert not environment.is_known()
    with monkeypatch.context() as other:
        other.setattr(os, "geteuid", lambda: 4711)
        assert not environment.is_known()
    assert environment.is_known()


@pytest.mark.slow
def test_another_machine_looks_anew(environment, monkeypatch):
    environment.keep()
    monkeypatch.setattr(os, "confstr", lambda _: "glibc 2.17")
    assert not environment.is_known()


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"nothing of ours", None], ids=["empty", "foreign", "cut"])
def test_a_damaged_file_is_no_answer_and_is_made_anew(environment, content):
    first = environment.check()
    for file in (environment.cache / "checks").glob("*/*"):
        file.write_bytes(file.read_bytes()[:-7] if content is None else content)
    again = environment.check()
    assert again.unchanged_since == ""
    assert outcomes(again) == outcomes(first)
    assert environment.check().unchanged_since


@pytest.mark.slow
def test_what_is_too_large_to_be_followed_is_kept(environment, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_STEPS", -1)
    monkeypatch.setattr("envdoctor.doctor.check._FEW", 0)
    first = environment.check()
    again = environment.check()
    assert again.scope == first.scope == "0 of 1 import"
    assert again.unchanged_since == first.created
    assert again.notes == first.notes == ("1 of 1 import could not be followed to the end (-v, --prove).",)


@pytest.mark.slow
@pytest.mark.parametrize("reason", ["an unsure answer", "time was up"])
def test_what_another_look_may_tell_is_not_kept(environment, monkeypatch, reason):
    if reason == "time was up":
        monkeypatch.setattr("envdoctor.facts.importing.effort.MOST_SECONDS", -1.0)
    else:
        monkeypatch.setattr("envdoctor.facts.strays.derive", lambda _: Path("/dev/null/x").read_text())
    environment.check()
    assert environment.check().unchanged_since == ""


@pytest.mark.slow
def test_what_was_left_out_is_no_answer_to_a_whole_check(environment):
    (environment.site.path / "foo" / "__init__.py").write_text("raise ValueError\n")
    first = check(CheckRequest(python=environment.folder, fast=True))
    again = check(CheckRequest(python=environment.folder, fast=True))
    assert again.unchanged_since == first.created
    assert again.notes == first.notes == ("What importing the packages comes to was not looked at (--fast).",)
    whole = environment.check()
    assert whole.unchanged_since == ""
    assert outcomes(whole)["PKG021"][0] is Outcome.FAILED
    assert outcomes(check(CheckRequest(python=environment.folder, fast=True))) == outcomes(first)


@pytest.mark.slow
def test_chosen_probes_are_asked_anew(environment):
    environment.check()
    assert check(CheckRequest(python=environment.folder, only=["PKG"])).unchanged_since == ""
    assert environment.check().unchanged_since


@pytest.mark.slow
def test_a_plug_in_is_asked_each_time(environment, monkeypatch):
    environment.keep()
    monkeypatch.setattr(unchanged, "entry_points", lambda group: ("plugin",) if group.endswith("probes") else ())
    assert not environment.is_known()


class Looks:
    """Every path that this process looks at, but for those of its own modules."""

    def __init__(self):
        self.paths, self.is_on = set(), False
        sys.addaudithook(self._hear)

    def _hear(self, event, values):
        if self.is_on and event in {"open", "os.listdir", "os.scandir"}:
            self.note(values[0])

    def note(self, path):
        if self.is_on and path is not None and not isinstance(path, int):
            self.paths.add(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - follows no link


LOOKS = Looks()


@pytest.mark.slow
def test_everything_that_is_looked_at_is_watched(environment, monkeypatch):
    environment.site.install("bar", files={"../../../bin/bar": f"#!{environment.folder}/bin/python\n"})
    (environment.site.path / "native.so").write_bytes(Path("/bin/sh").read_bytes())
    environment.site.install("native", files={"native.so": Path("/bin/sh").read_bytes()})
    facts, _ = environment.look()
    probes = [one for one in select(registry.probes(), frozenset({"machine"}), (), ()) if unchanged.is_kept(one.code)]
    assert all(one.outcome is not Outcome.CRASHED for one in probing.run_probes(probes, facts))  # imports all it needs
    monkeypatch.setattr(watched, "_LD_CACHE", "/etc/ld.so.cache")
    facts, _ = environment.look()
    assert facts.python.virtual
    assert facts.host.machine
    shutil.rmtree(environment.cache)
    for name in ("stat", "lstat", "access"):
        monkeypatch.setattr(os, name, noted(getattr(os, name)))
    LOOKS.is_on = True
    try:
        probing.run_probes(probes, facts)
    finally:
        LOOKS.is_on = False
    seen = facts.watched
    known = {os.path.realpath(path) for path in (*seen.paths, *seen.trees)}
    known |= {str(parent) for path in known for parent in Path(path).parents}
    starts = tuple(
        f"{os.path.realpath(path)}/" for path in (*seen.trees, environment.cache, environment.empty, "/proc")
    )
    assert len(LOOKS.paths) > 50
    looked_at = set(map(os.path.realpath, LOOKS.paths))
    assert sorted(path for path in looked_at - known if not path.startswith(starts) and not is_own(path)) == []


def noted(function):
    def look(path, *more, **named):
        if threading.current_thread() is not threading.main_thread():
            LOOKS.note(path)
        return function(path, *more, **named)

    return look


def is_own(path):
    """Whether a path is of the Python that runs this test, whose modules are imported as they are needed."""
    return path.startswith((os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix)))
