"""matrix and inspect on the user's own index: agreement with uv, and what is known of real packages."""

from __future__ import annotations

import json

import pytest

import plain_uv
from envdoctor.availability.table import parse_requirements, rows
from envdoctor.availability.tools import open_tools
from envdoctor.cli import main
from envdoctor.core.errors import EnvDoctorError
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.settings import load_settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def versions(folder):
    tools = open_tools(LocalExecutor(), folder)
    try:
        return [str(version) for version in rows(tools.catalogue, parse_requirements(["ai-edge-quantizer"])[0])]
    except EnvDoctorError as error:
        pytest.skip(f"no package index can be asked here: {error}")


@pytest.fixture
def run(versions, folder, monkeypatch, capsys):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(folder))

    def call(*words):
        code = main([*words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


@pytest.mark.parametrize("as_of", [None, "2025-12-20"])
def test_every_verdict_and_every_pin_is_uvs(run, versions, folder, as_of):
    words = ["matrix", "ai-edge-quantizer", "--resolve-only", "--platform", ",".join(plain_uv.PLATFORMS)]
    _, found = run(*words, "--python", "3.10-3.13", *(["--as-of", as_of] if as_of else []))
    cells = {(cell["version"], cell["target"]): cell for cell in found["cells"]}
    sample = plain_uv.cells(found["versions"], 60 if as_of is None else 20, seed=1)
    for version, platform, python in sample:
        cell = cells[version, f"{platform}-cp{python.replace('.', '')}"]
        moment = "2025-12-21T00:00:00Z" if as_of else None
        line = f"ai-edge-quantizer=={version}"
        theirs = plain_uv.resolves(load_settings(), folder / "plain", line, (platform, python), moment)
        pins = tuple(f"{pin['name']}=={pin['version']}" for pin in cell["pins"])
        assert (cell["verdict"] == "RESOLVES", pins) == theirs, (version, platform, python)


def errors(found):
    return [reason["message"] for reason in found["reasons"] if reason["severity"] in {"error", "ERROR"}]


@pytest.mark.parametrize("version", ["2.1.0rc1", "2.0.3"])
def test_broken_macos_wheels_lack_exactly_one_library(run, version):
    words = ("inspect", f"ai-edge-litert=={version}", "--platform", "macos-arm64", "--python", "3.11")
    code, found = run(*words)
    assert (code, found["verdict"]) == (1, "BROKEN")
    (message,) = errors(found)
    assert "@rpath/libpywrap_litert_common.dylib" in message
    assert not any("bazel-out" in reason["message"] for reason in found["reasons"])


def test_the_macos_wheel_that_loads_says_that_it_is_for_a_newer_system(run):
    code, found = run("inspect", "ai-edge-litert==2.3.0", "--platform", "macos-arm64", "--python", "3.11")
    assert (code, found["verdict"]) == (0, "SOUND")
    assert any("macOS 15.2" in reason["message"] for reason in found["reasons"])
    assert found["read"] < 450_000  # texts of imports included


def test_the_linux_wheel_is_sound_and_names_seven_vendor_libraries(run):
    code, found = run("inspect", "ai-edge-litert==2.3.0", "--platform", "linux-x86_64", "--python", "3.11")
    assert (code, found["verdict"]) == (0, "SOUND")
    plugins = [reason for reason in found["reasons"] if "optional plug-in" in reason["message"]]
    assert len(plugins) == 7


def test_tensorflow_is_judged_from_a_small_part_of_it(run):
    _, found = run("inspect", "tensorflow==2.21.0", "--platform", "linux-x86_64", "--python", "3.11", "--alone")
    assert found["read"] <= 45_000_000  # module texts come in bulk: fewer requests, a few bytes more
    assert found["size"] > 500_000_000
