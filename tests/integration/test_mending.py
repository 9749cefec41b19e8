"""Files of public reports whose float model is gone: mended, with the numbers that were measured by hand before."""

import json

import numpy as np
import pytest

from envdoctor.cli import main
from envdoctor.tflite.quantization import io_types
from envdoctor.tflite.reader import read_model
from mend_models import FLOAT, Maker
from shared_data import shared
from stages import environment_python
from tflite_bytes import schema

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def report(name):
    return shared(f"data/reports/models/{name}")


def repair(capsys, tmp_path, source, *words, code=0):
    """Run `repair --json`; returns what it tells."""
    environment_python("litert")
    out = tmp_path / f"{source.stem}.tflite"
    assert main(["repair", str(source), "-o", str(out), "--json", *map(str, words)]) == code
    return json.loads(capsys.readouterr().out), out


def build(capsys, tmp_path, source, goal, *words):
    """Run `build --json`; returns the summary of each stage of the route that arrived, and of which route."""
    assert main(["build", str(source), "--to", goal, "--out", str(tmp_path), "--json", *map(str, words)]) == 0
    attempt = json.loads(capsys.readouterr().out)["attempts"][-1]
    return attempt["route"]["name"], {one["stage"]["action"]: one["summary"] for one in attempt["results"]}


def names(told):
    return [mend["name"] for mend in told["mends"]]


def test_the_tutorials_int8_file(capsys, tmp_path):
    told, _ = repair(capsys, tmp_path, report("c01_u8.tflite"), "--to", "edgetpu", "--samples", report("c01_eval.npz"))
    assert names(told) == ["fixed-batch", "dense-one-scale"]
    assert told["mends"][0]["difference"]["identical"]
    whole = told["whole"]
    assert whole["given"] == 300
    assert 1 <= whole["steps"] <= 2
    assert whole["correct_before"] == whole["correct_after"] == 296
    assert told["before"]["refused"]
    assert (told["after"]["mapped"], told["after"]["operators"], told["after"]["problems"]) == (7, 7, [])


def test_float_edges_of_a_quantization_aware_model(capsys, tmp_path):
    environment_python("vela")
    told, out = repair(
        capsys, tmp_path, report("c13_qat_floatio.tflite"), "--to", "ethos-u55-128", "--samples", report("c13_cal.npz")
    )
    assert names(told) == ["integer-edges"]
    assert told["whole"]["identical"]
    assert (told["before"]["mapped"], told["before"]["operators"]) == (3, 5)
    assert (told["after"]["mapped"], told["after"]["operators"]) == (3, 3)
    assert io_types(read_model(out)) == (("INT8",), ("INT8",))
    again = tmp_path / "again"
    again.mkdir()
    told, out = repair(capsys, again, out, "--only", "float-edges", "--samples", report("c13_cal.npz"))
    assert told["whole"]["identical"]
    assert io_types(read_model(out)) == (("FLOAT32",), ("FLOAT32",))


@pytest.mark.parametrize(("name", "arrays"), [("c15_sparse", 4), ("c15_sparse_f16", 10), ("c01_f16", 4)])
def test_weights_in_another_form(capsys, tmp_path, name, arrays):
    told, out = repair(capsys, tmp_path, report(f"{name}.tflite"))
    assert names(told)[0] == "plain-weights"
    assert told["whole"]["identical"]
    assert not {"DENSIFY", "DEQUANTIZE"} & {operator.name for operator in read_model(out).main.operators}


@pytest.mark.parametrize("name", ["t1_nchw", "t1_nhwc", "t6_mean", "t7_mean_st"])
def test_a_mean_of_pytorch(capsys, tmp_path, name):
    told, _ = repair(capsys, tmp_path, report(f"{name}.tflite"))
    assert names(told) == ["reduced-axes"]
    assert told["whole"]["share"] < 1e-6


def varied(shape):
    """Samples that differ as images do: each has levels of its own, and noise."""
    random = np.random.default_rng(1)
    return np.clip(random.random((60, *shape[:-1], 1)) * random.random((60, 1, 1, shape[-1])) * 2, 0, 1)


@pytest.mark.parametrize(
    ("name", "shape", "count"),
    [("t1_nchw", (3, 32, 32), 14), ("t1_nhwc", (32, 32, 3), 13), ("t6_mean", (32, 32, 3), 10)],
)
def test_a_build_of_it_runs_on_the_npu_as_a_whole(capsys, tmp_path, name, shape, count):
    np.save(tmp_path / "samples.npy", varied(shape).astype("float32"))
    samples = ("--calibration", tmp_path / "samples.npy")
    _, stages = build(capsys, tmp_path / "built", report(f"{name}.tflite"), "ethos-u55-128", *samples)
    assert stages["vela"]["operators"] == count
    assert stages["vela"]["operators_on_cpu"] == {}


@pytest.mark.parametrize(("name", "count"), [("c01_u8", 7), ("c13_qat_floatio", 3)])
def test_a_build_of_an_int8_file_mends_it_first(capsys, tmp_path, name, count):
    route, stages = build(capsys, tmp_path, report(f"{name}.tflite"), "ethos-u55-128")
    assert route == "mend+vela"
    assert (stages["vela"]["operators"], stages["vela"]["operators_on_cpu"]) == (count, {})
    assert stages["mend"]["mending"]["outputs"][0]["difference"] == 0


def test_the_edge_tpu_has_an_open_route_for_it(capsys):
    assert main(["routes", str(report("c01_u8.tflite")), "--to", "edgetpu", "--json"]) in {0, 1, 3}
    routes = json.loads(capsys.readouterr().out)["routes"]
    assert routes[0]["name"].startswith("mend+edgetpu")
    mending = [stage for route in routes if route["name"].startswith("mend") for stage in route["stages"]]
    told = {reason["code"] for stage in mending for reason in stage["reasons"]}
    assert not told & {"RUN064", "RUN065"}


def test_an_upsampling_net_for_the_edge_tpu(capsys, tmp_path):
    environment_python("tensorflow")
    source = report("c02.keras")
    build(capsys, tmp_path / "built", source, "tflite-int8", "--calibration", "random", "--route", "tf-int8")
    codes = {(code.name, code.version) for code in read_model(tmp_path / "built/c02_int8.tflite").operator_codes}
    assert ("TRANSPOSE_CONV", 3) in codes
    assert not codes & {("TRANSPOSE_CONV", 4), ("TILE", 3)}
    assert len(read_model(tmp_path / "built/c02_int8.tflite").main.operators) == 39

    route = ("--calibration", "random", "--route", "tf-float+litert-int8")
    _, stages = build(capsys, tmp_path / "quantized", source, "tflite-int8", *route)
    assert "wrote 6 TRANSPOSE_CONV as version 3" in stages["litert-int8"]["prepared"]
    assert len(read_model(tmp_path / "quantized/c02_int8.tflite").main.operators) == 39


@pytest.mark.parametrize("goal", ["tflite-int8", "tflite-int16x8"])
def test_a_product_with_stored_weights_is_no_zero_in_integers(capsys, tmp_path, goal):
    """A scale for each column of a BATCH_MATMUL's weights made LiteRT give zeros alone."""
    environment_python("litert")
    maker, random = Maker(), np.random.default_rng(3)
    given, out = maker.tensor([1, 1, 16], FLOAT, name="signal"), maker.tensor([1, 1, 9], FLOAT)
    weights = maker.constant(random.normal(size=(1, 16, 9)).astype("float32"))
    maker.operator("BATCH_MATMUL", [given, weights], [out], schema().BatchMatMulOptionsT())
    source, samples = tmp_path / "m.tflite", tmp_path / "x.npy"
    source.write_bytes(maker.done([given], [out]))
    np.save(samples, random.normal(size=(50, 1, 16)).astype("float32"))
    assert build(capsys, tmp_path, source, goal, "--calibration", samples)[0]
