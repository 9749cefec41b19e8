"""The stand-in behaves as the logs of the real compiler say, so that tests built on it mean something.

With ENVDOCTOR_EDGETPU_COMPILER set to a real compiler, the same questions are put to that one.
"""

import json
import os
import subprocess

import pytest

from envdoctor.compilers.edgetpu.agreement import EDGETPU_CUSTOM_OP
from envdoctor.compilers.edgetpu.locate import find_compiler, read_compiler
from envdoctor.compilers.edgetpu.log import parse_log
from envdoctor.compilers.edgetpu.result import FailureKind, Outcome
from envdoctor.tflite.compiled import compiled_file
from envdoctor.tflite.reader import read_model
from shared_data import shared
from standin import OLD_VERSIONS, VERSION, build_standin


@pytest.fixture(scope="module")
def standin(tmp_path_factory):
    return read_compiler(build_standin(tmp_path_factory.mktemp("standin")), origin="test")


def call(compiler, folder, *arguments, **environment):
    done = subprocess.run(
        compiler.command([str(argument) for argument in arguments]),
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, parse_log(done.stdout + done.stderr)


def models():
    folder = shared("data/edgetpu")
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text("utf-8").splitlines()]
    return [(folder / pair["file"], pair) for pair in pairs if pair["file"]]


def fully_mapped():
    return next(path for path, pair in models() if not pair["on_cpu"] and pair["ops_total"] > 20)


@pytest.mark.slow
def test_compiles_every_public_model_to_a_file_that_adds_up(standin, tmp_path):
    for path, pair in models():
        status, log = call(standin, tmp_path, path)
        assert (status, log.outcome, log.unknown) == (0, Outcome.SUCCEEDED, ()), path
        written = tmp_path / log.models[0].output
        table = parse_log((tmp_path / log.models[0].log).read_text())
        assert sum(row.count for row in table.rows) == log.models[0].operations == pair["ops_total"]
        compiled = read_model(written)
        custom = [op for op in compiled.subgraphs[0].operators if op.custom_code == "edgetpu-custom-op"]
        assert len(custom) == log.models[0].subgraphs
        assert len(compiled.subgraphs[0].operators) == len(custom) + pair["ops_total"] - table.models[0].mapped
        if custom:
            assert compiled_file(compiled).custom_code == EDGETPU_CUSTOM_OP
        written.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("version", [VERSION, *OLD_VERSIONS])
def test_every_layout_names_its_version(version, tmp_path):
    compiler = read_compiler(build_standin(tmp_path / "old", version), origin="test")
    assert call(compiler, tmp_path, "--version")[1].version == version
    status, log = call(compiler, tmp_path, fully_mapped())
    assert (status, log.version, log.outcome, log.unknown) == (0, version, Outcome.SUCCEEDED, ())
    memory = log.models[0].memory
    assert (memory.on_chip_available is None) == (not version.startswith("1."))
    assert (log.time_limit is None) == (not version.startswith("16."))


FAILS = {
    "internal": FailureKind.COMPILATION_FAILED,  # 16.0 says no more than that
    "exception": FailureKind.UNCAUGHT_EXCEPTION,
    "large": FailureKind.LARGE_ACTIVATIONS,
    "silent": FailureKind.COMPILATION_FAILED,
}


@pytest.mark.parametrize("trigger", FAILS)
def test_failures_on_demand(standin, tmp_path, trigger):
    status, log = call(standin, tmp_path, fully_mapped(), EDGETPU_STANDIN_FAIL=trigger)
    assert (status, log.outcome, log.cause.kind) == (1, Outcome.FAILED, FAILS[trigger])
    assert not list(tmp_path.glob("*.tflite"))


def test_a_crash_is_reported_by_the_wrapper(standin, tmp_path):
    done = subprocess.run(
        [str(standin.wrapper), str(fully_mapped())],
        cwd=tmp_path,
        env={**os.environ, "EDGETPU_STANDIN_FAIL": "crash"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 139
    assert parse_log(done.stdout + done.stderr).cause.kind is FailureKind.CRASHED


def test_time_limit(standin, tmp_path):
    status, log = call(standin, tmp_path, "--timeout_sec", 1, fully_mapped(), EDGETPU_STANDIN_FAIL="slow@2")
    assert (status, log.cause.kind, log.time_limit) == (1, FailureKind.TIMEOUT, 1)
    assert call(standin, tmp_path, "--timeout_sec", 4, fully_mapped(), EDGETPU_STANDIN_FAIL="slow@2")[0] == 0


@pytest.mark.slow
def test_search_leaves_out_the_operator_that_breaks_it(standin, tmp_path):
    status, log = call(standin, tmp_path, "-s", "-d", fully_mapped(), EDGETPU_STANDIN_FAIL="large@20")
    assert (status, log.outcome, log.models[0].mapped) == (0, Outcome.SUCCEEDED, 20)
    assert log.search[-1].operations == 20
    assert log.search[-1].intermediate_tensors


def test_intermediate_tensors_cut_the_graph(standin, tmp_path):
    path = fully_mapped()
    graph = read_model(path).subgraphs[0]
    tensor = graph.tensors[graph.operators[9].outputs[0]].name
    _, log = call(standin, tmp_path, "-s", "-i", tensor, path)
    assert 0 < log.models[0].mapped < log.models[0].operations


@pytest.mark.slow
def test_segments_and_several_models(standin, tmp_path):
    path = fully_mapped()
    status, log = call(standin, tmp_path, "-n", 3, "-s", path)
    assert (status, len(log.models)) == (0, 3)
    assert sum(model.counted for model in log.models) == len(read_model(path).subgraphs[0].operators)
    for model in log.models:
        read_model(tmp_path / model.output)
    status, log = call(standin, tmp_path, "-o", tmp_path, path, path)
    assert (status, len(log.models)) == (0, 2)


def test_refusals(standin, tmp_path):
    (tmp_path / "text.tflite").write_text("no model")
    _, log = call(standin, tmp_path, "text.tflite")
    assert log.cause.kind is FailureKind.NOT_PARSED
    _, log = call(standin, tmp_path, "absent.tflite")
    assert (log.cause.kind, log.cause.file) == (FailureKind.CANNOT_OPEN, "absent.tflite")


def test_paths_with_spaces_need_the_loader_called_directly(tmp_path):
    spaced = tmp_path / "a b"
    compiler = read_compiler(build_standin(spaced), origin="test")
    assert subprocess.run([compiler.wrapper, "--version"], capture_output=True, check=False).returncode != 0
    assert call(compiler, tmp_path, "--version")[1].version == VERSION


@pytest.mark.skipif(
    "ENVDOCTOR_EDGETPU_COMPILER" not in os.environ, reason="ENVDOCTOR_EDGETPU_COMPILER names no compiler"
)
def test_the_real_compiler_agrees_with_its_own_logs(tmp_path):
    compiler = find_compiler()
    for path, pair in models():
        status, log = call(compiler, tmp_path, "-s", path)
        assert (status, log.unknown) == (0, ())
        assert log.models[0].mapped == len(pair["mapped"])
