"""docs/guide-compilers.md, followed word by word: a compiler in a distribution of its own, which nothing here knows."""

import json
import os
import re
import sys
import tarfile
from pathlib import Path

import pytest

from compiled_models import compiled_model, int8_model
from envdoctor.cli import main
from envdoctor.core.data import compiler_folders, load_table
from envdoctor.stages.problems import problem_kinds
from envdoctor.tflite.readers import find_reader
from processes import SCRIPT_HEAD

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/guide-compilers.md"
#: The double of the compiler: writes the file that lies beside it, or says that it has no licence.
PROGRAM = """import shutil, sys
from pathlib import Path
target, source, made = sys.argv[1:]
if target != "--target=gen1" or not Path(source).is_file():
    sys.exit("acmec: wrong arguments")
if Path(source).name.startswith("unlicensed"):
    sys.exit("acmec: no licence: nobody answers")
shutil.copyfile(Path(__file__).with_name("compiled.tflite"), made)
"""


def blocks():
    """The files of the page, by name."""
    found = re.findall(r"```(?:toml|python) (\S+)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len({name for name, _ in found}) == len(found) > 8
    return dict(found)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on the import path with the distribution that the page makes, as an installer would leave it."""
    folder = tmp_path / "site"
    files = blocks()
    project = files.pop("pyproject.toml")
    group, name, module = re.match(r'\[project\.entry-points\."(.+)"\]\n(\w+) = "(\w+)"\n', project).groups()
    files["acme-1.0.dist-info/METADATA"] = "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n"
    files["acme-1.0.dist-info/entry_points.txt"] = f"[{group}]\n{name} = {module}\n"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    monkeypatch.syspath_prepend(str(folder))
    _forget()
    yield folder
    monkeypatch.undo()
    _forget()
    for module in [module for module in sys.modules if module.partition(".")[0] == "acme"]:
        del sys.modules[module]


def _forget():
    """What a process reads once."""
    for cached in (load_table, compiler_folders, problem_kinds, find_reader):
        cached.cache_clear()


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder with a model, and the archive that Acme hands out."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "model_int8.tflite").write_bytes(int8_model())
    (folder / "unlicensed_int8.tflite").write_bytes(int8_model())
    (folder / "acmec").write_text(SCRIPT_HEAD + PROGRAM)
    (folder / "acmec").chmod(0o755)
    (folder / "compiled.tflite").write_bytes(compiled_model("acme-npu"))
    with tarfile.open(folder / "acmec-1.0.tar.gz", "w:gz") as archive:
        for name in ("acmec", "compiled.tflite"):
            archive.add(folder / name, name)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ENVDOCTOR_TOOLCHAINS", str(folder / "toolchains"))
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(folder / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    return folder


@pytest.fixture
def call(site, work, capsys):
    """Run a command of the page; gives its exit code and what it printed."""

    def run(command):
        program, *words = command.split()
        assert program == "envdoctor"
        code = main(words)
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


@pytest.mark.skipif(os.name == "nt", reason="the double of the compiler is a script with a #! line")
def test_the_page_works(call, work):
    *asked, install, model, routes, build = re.search(
        r"## What then works\n\n```text\n(.*?)```", PAGE.read_text(), re.DOTALL
    )[1].splitlines()
    check, explain_stage, explain_probe = asked
    code, said = call(f"{check} --only ACM001 --json")
    assert code == 1
    assert "ACM001" in said
    assert "has no licence" in call(explain_stage)[1]
    assert "Only acmec makes files" in call(explain_probe)[1]

    code, said = call(routes)
    assert "acmec is not installed" in said
    code, said = call(install.partition(" --from")[0])
    assert code == 1
    assert "ask Acme for it" in said
    code, said = call(install)
    assert code == 0, said
    assert (work / "toolchains/acmec").is_dir()
    assert call(f"{check} --only ACM001")[0] == 0
    code, said = call(routes)
    assert code == 0, said
    code, said = call(f"{model} --json")
    assert json.loads(said)["models"][0]["reader"] == "the Acme compiler"

    code, said = call(build)
    assert code == 0, said
    assert (work / "build/model_int8_acme.tflite").read_bytes() == compiled_model("acme-npu")
    manifest = json.loads((work / "build/manifest.json").read_text())
    assert [one["kind"] for one in manifest["outputs"]] == ["acme-tflite"]
    assert "compiled for the Acme NPU already" in call(build.replace("model_int8", "build/model_int8_acme"))[1]

    code, said = call(build.replace("model_int8", "unlicensed_int8"))
    assert code == 4
    assert "got no licence: nobody answers" in said
