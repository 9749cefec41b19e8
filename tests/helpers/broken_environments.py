"""Real environments for tests of fixes, and the index on loopback that they are installed from."""

import contextlib
import os
import shutil
import subprocess
import sys

from built import built
from envdoctor.core.fixing import Mending
from envdoctor.doctor.fix import open_session
from envdoctor.executors.programs import find_uv
from index_wheels import publish

OLD_AND_NEW = {"lib/__init__.py": b"old = 1\nnew = 2\n"}
NEW = {"lib/__init__.py": b"new = 2\n"}
USES_OLD = {"app/__init__.py": b"import lib\n\ndef use():\n    return lib.old\n"}
WANTS_RESOURCES = {"hub/__init__.py": b"import pkg_resources\n"}
RESOURCES = {"pkg_resources/__init__.py": b"", "setuptools/__init__.py": b""}


def publish_all(server):
    publish(server, "lib", "1.0", files=OLD_AND_NEW)
    publish(server, "lib", "1.1", files=OLD_AND_NEW)
    publish(server, "lib", "2.0", files=NEW)
    publish(server, "lib", "2.1", files=NEW)
    publish(server, "app", "1.0", requires=["lib>=1.0"], files=USES_OLD)
    publish(server, "newest", "1.0", requires=["lib>=2"])
    publish(server, "newer", "1.0", requires=["lib>=1.1"])
    publish(server, "wants", "1.0", requires=["dep", "extra==2.0"], files={"wants/__init__.py": b"import dep\n"})
    publish(server, "dep", "1.0", requires=["below"])
    publish(server, "below", "1.0")
    publish(server, "extra", "1.0")
    publish(server, "extra", "2.0")
    publish(server, "twin", "1.0", files={"twin/__init__.py": b"A = 1\n", "twin/more.py": b"B = 1\n"})
    publish(server, "twin-nightly", "1.0", files={"twin/__init__.py": b"A = 2\n", "twin/more.py": b"B = 2\n"})
    publish(server, "hub", "1.0", files=WANTS_RESOURCES)
    publish(server, "setuptools", "80.0", files=RESOURCES)
    publish(server, "setuptools", "82.0", files={"setuptools/__init__.py": b""})
    publish(server, "broken", "2.0", files={"broken/__init__.py": b"import nowhere_at_all\n"})
    publish(server, "broken", "1.5", files={"broken/__init__.py": b""})
    publish(server, "needs-broken", "1.0", requires=["broken>=1.5"], files={"needs_broken.py": b"import broken\n"})
    publish(server, "clash-a", "1.0", requires=["third>=2", "dep"])
    publish(server, "clash-b", "1.0", requires=["fourth"])
    publish(server, "wants-bounded", "1.0", requires=["bounded"])
    publish(server, "bounded", "1.0")
    publish(server, "bounded", "2.0", requires_python=">=3.8,<3.9")
    publish(server, "shrinking", "1.0")
    publish(server, "shrinking", "2.0", requires=["below"])
    publish(server, "wants-old", "1.0", requires=["shrinking<2"])
    publish(server, "starts", "1.0", requires=["newer"])
    publish(server, "third", "1.0")
    publish(server, "third", "2.0")
    publish(server, "fourth", "1.0", requires=["third<2"])


def make_env(server, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", server.simple)
    monkeypatch.setenv("UV_DEFAULT_INDEX", server.simple)  # for who has uv and is asked by it
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENVDOCTOR_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    make = [sys.executable, "-m", "venv", "--without-pip"]
    made = built(make, lambda folder: subprocess.run([*make, str(folder)], check=True))
    shutil.copytree(made, tmp_path / "env", symlinks=True)
    project = tmp_path / "project"
    project.mkdir()
    return Env(tmp_path / "env", server, project)


class Env:
    def __init__(self, folder, server, project):
        self.folder = folder
        self.python = next(folder.glob("bin/python"))
        self.packages = next(folder.glob("lib/python*/site-packages"))
        self.project = project
        self.server, self.url = server, server.simple
        self._index = ["--index-url", server.simple]

    def install(self, *words):
        command = [find_uv(), "pip", "install", "--quiet", "--no-deps", "--python", str(self.python), *self._index]
        subprocess.run([*command, *words], check=True)

    def versions(self):
        return sorted(one.name for one in self.packages.glob("*.dist-info"))

    def files(self):
        found = (one.relative_to(self.packages) for one in self.packages.rglob("*") if one.is_file())
        return sorted(str(one) for one in found if "__pycache__" not in one.parts)

    def contents(self):
        """Every file with its bytes: a copy whose files are links must write into none."""
        found = (one for one in self.folder.rglob("*") if one.is_file())
        return {str(one): (one.read_bytes(), one.stat().st_mtime_ns) for one in found}

    def imports(self, module):
        return subprocess.run([self.python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0

    @contextlib.contextmanager
    def session(self):
        with open_session(python=self.python, project=self.project) as session:
            yield session

    def plan(self, *codes):
        with self.session() as session:
            return session.plan(session.look(), codes)

    def fix(self, *codes, agrees=lambda _: ""):
        with self.session() as session:
            before = session.look()
            return session.run(session.plan(before, codes), before, agrees)

    def undo(self):
        with self.session() as session:
            return session.undo(lambda _: "")


def all_fixed(report):
    return {one.mending for one in report.mended} == {Mending.FIXED} and not report.added
