"""A copy of an environment: what starts with its Python, and what is said of it."""

import os
import sys
from pathlib import Path

import pytest

from envdoctor.executors.local import LocalExecutor
from envdoctor.facts.python import Python
from envdoctor.facts.python.search_path import Origin, SearchFolder
from envdoctor.fixing.copying import _Copier, copied, nothing_starts, without_copy


def test_what_starts_is_empty_meanwhile_and_as_before_afterwards(tmp_path):
    real, copy = tmp_path / "real.pth", tmp_path / "copy"
    site = copy / "lib" / "python3.11" / "site-packages"
    (site / "usercustomize").mkdir(parents=True)
    real.write_text("import evil")
    os.link(real, site / "a.pth")
    files = {name: site / name for name in ("b.pth", "c.pth", "sitecustomize.py", "usercustomize/__init__.py")}
    for file in files.values():
        file.write_text("import evil")
    settings = copy / "pyvenv.cfg"
    settings.write_text("home = /usr/bin\nInclude-System-Site-Packages = TRUE\nversion = 3.11.7\n")
    with nothing_starts(copy):
        assert [one.read_text() for one in (site / "a.pth", *files.values())] == [""] * 5
        assert "Include-System-Site-Packages = false\nversion" in settings.read_text()
        assert real.read_text() == "import evil"
        files["b.pth"].unlink()  # as the removal of its distribution does
        files["c.pth"].write_text("import new")
    assert not files["b.pth"].exists()
    assert files["c.pth"].read_text() == "import new"
    assert files["sitecustomize.py"].read_text() == files["usercustomize/__init__.py"].read_text() == "import evil"
    assert (site / "a.pth").read_text() == "import evil"
    assert "TRUE" in settings.read_text()


def test_the_folder_of_a_copy_is_said_to_be_the_environment():
    said = "Using Python at: /tmp/envdoctor-bare-f8_6q/environment '/ann/.envdoctor-trial-x1/environment/lib'"
    assert without_copy(said, "/env") == "Using Python at: /env '/env/lib'"


@pytest.mark.slow
def test_a_copy_of_what_is_no_virtual_environment_has_its_commands_too(tmp_path):
    """Else a command whose import a plan mends would be told as gone, and the plan refused (conda, pyenv)."""
    prefix, site = tmp_path / "prefix", tmp_path / "prefix/lib/site-packages"
    (prefix / "bin").mkdir(parents=True)
    site.mkdir(parents=True)
    (prefix / "bin/python").symlink_to(sys.executable)
    (prefix / "bin/foo").write_text("#!/bin/sh\n")
    (prefix / "bin/sudo").write_bytes(b"\x7fELF")
    (prefix / "bin/sudo").chmod(0o4755)
    os.mkfifo(prefix / "bin/pipe")
    searched = SearchFolder(path=str(site), origin=Origin.SITE)
    python = Python(executable=str(prefix / "bin/python"), prefix=str(prefix), search_path=(searched,))
    with copied(python, LocalExecutor(), tmp_path) as program:
        assert (Path(program).parent / "foo").read_text() == "#!/bin/sh\n"
        assert not {"sudo", "pipe"} & {one.name for one in Path(program).parent.iterdir()}


def test_a_copy_of_metadata_has_no_code_and_nothing_that_uv_could_not_read(tmp_path):
    site = tmp_path / "env/lib/site-packages"
    for name in ("good-1.dist-info", "bad-1.dist-info", "good"):
        (site / name).mkdir(parents=True)
    _Copier(only_metadata=True, without=frozenset({"bad-1.dist-info"})).copy(tmp_path / "env", tmp_path / "copy")
    assert [one.name for one in (tmp_path / "copy/lib/site-packages").iterdir()] == ["good-1.dist-info"]
