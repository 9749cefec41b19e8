"""docs/plugins.md, followed word by word: each recipe is built, installed by pip, and used by the program."""

import importlib.util
import json
import os
import subprocess
import sys
import tarfile

import pytest

from compiled_models import int8_model
from pages import build_wheel, files_of

pytestmark = pytest.mark.slow

FILES = files_of("plugins.md")
RECIPES = sorted({name.partition("/")[0] for name in FILES})


def recipe(name):
    return {path.partition("/")[2]: text for path, text in FILES.items() if path.startswith(f"{name}/")}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """All five, installed by pip; without a network, since a recipe needs nothing but envdoctor."""
    folder = tmp_path_factory.mktemp("plugins")
    wheels = []
    for name in RECIPES:
        files = recipe(name)
        project = files.pop("pyproject.toml")
        wheels.append(build_wheel(project, _packed(project, files, folder / name), folder))
    pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install", "--quiet", "--no-index"]
    subprocess.run([*pip, "--no-deps", "--target", folder / "site", *wheels], check=True)
    return folder / "site"


def _packed(project, files, folder):
    """What setuptools, which pip takes where a project names no backend, puts into the wheel."""
    for path, text in {**files, "pyproject.toml": project}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    if importlib.util.find_spec("setuptools") is None:
        return {path: text for path, text in files.items() if "/" in path}
    build = [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q", "build_py", "--build-lib", "built"]
    subprocess.run(build, check=True, cwd=folder, capture_output=True)
    built = folder / "built"
    return {one.relative_to(built).as_posix(): one.read_text() for one in built.rglob("*") if one.is_file()}


@pytest.fixture
def call(site, tmp_path):
    """Run the program beside the plug-ins; the output and the exit code."""

    def run(*words, **variables):
        environ = {
            **os.environ,
            "PYTHONPATH": str(site),
            "ENVDOCTOR_TOOLCHAINS": str(tmp_path / "toolchains"),
            "ENVDOCTOR_CACHE": str(tmp_path / "cache"),
            "COLUMNS": "200",
            **variables,
        }
        command = [sys.executable, "-m", "envdoctor", *words]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environ, cwd=tmp_path)
        assert "Traceback" not in done.stderr
        return done.stdout, done.returncode, done.stderr

    return run


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_short(name):
    files = {path: text for path, text in recipe(name).items() if not path.startswith("test_")}
    for path, text in files.items():
        assert len(text.splitlines()) < 40, path


def test_there_are_five():
    assert RECIPES == ["compiler", "fact", "format", "probe", "toolchain"]


def test_all_are_used_and_probe_and_fact_answer(call, site):
    out, code, err = call("check", "--only", "HST014,TEA001,SWP001", "--python", sys.executable, "--json")
    results = {one["code"]: one for one in json.loads(out)["probes"]}
    assert results["HST014"]["outcome"] == "passed", err
    assert results["TEA001"]["outcome"] == ("passed" if sys.version_info[:2] == (3, 11) else "failed")
    assert results["SWP001"]["outcome"] == ("passed" if sys.platform == "linux" else "unknown")
    assert code in {0, 1}


def test_explain_knows_the_codes(call):
    assert "pickles of Python 3.11" in call("explain", "TEA001")[0]


def test_the_probes_own_test_passes(site, tmp_path):
    (tmp_path / "test_probe.py").write_text(recipe("probe")["test_probe.py"])
    environ = {**os.environ, "PYTHONPATH": str(site), "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_probe.py"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environ, cwd=tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_format_renders(call, tmp_path):
    probe = 'from envdoctor import registry; from envdoctor.api import check; print(registry.renderer("csv")'
    code = f"{probe}.render(check(only='PYT001', python=__import__('sys').executable)))"
    environ = {**os.environ, "PYTHONPATH": str(call.__closure__[0].cell_contents)}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environ)
    assert done.stdout == "code,outcome,findings\nPYT001,passed,0\n"
    assert "csv" in call("report", "--format", "none-such")[2]


def test_the_compiler_builds(call, tmp_path):
    (tmp_path / "model_int8.tflite").write_bytes(int8_model())
    out, code, err = call("build", "model_int8.tflite", "--to", "packed")
    assert code == 0, out + err
    import gzip

    assert gzip.decompress((tmp_path / "build/model_packed.gz").read_bytes()) == int8_model()


def test_the_toolchain_is_offered_and_taken_from_an_archive(call, tmp_path):
    assert "flatc: not installed; FlatBuffers' compiler" in call("toolchain", "list")[0]
    program = tmp_path / "usr/bin/flatc"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    with tarfile.open(tmp_path / "flatc.tar.gz", "w:gz") as archive:
        archive.add(program, "usr/bin/flatc")
    out, code, err = call("toolchain", "install", "flatc", "--from", "flatc.tar.gz")
    assert code == 0, out + err
    assert "flatc" in call("toolchain", "where", "flatc")[0]
