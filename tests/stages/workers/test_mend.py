"""The task that mends a file: what it applies, proves, leaves out and keeps."""

import dataclasses
import io
import zipfile

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

import mend_models as made
from envdoctor.stages.workers import litert_run, mend, mend_proof, zipped_files
from envdoctor.stages.workers.mends import dense_scale
from envdoctor.stages.workers.mends.catalogue import MENDS
from envdoctor.stages.workers.stage import Problem
from envdoctor.stages.workers.tflite_graph import Graph
from envdoctor.tflite.reader import open_model, read_model

pytestmark = pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`")
ALL = [one.name for one in MENDS if not one.on_demand]


def run(folder, data, mends=ALL, **rest):
    """Mend a file; returns what the task tells, and the file that it wrote, if any."""
    source, output = folder / "m.tflite", folder / "mended.tflite"
    source.write_bytes(data)
    values = mend.run({"source": str(source), "output": str(output), "mends": mends, **rest})
    return values, output.read_bytes() if output.exists() else None


def test_several_mends_are_applied_one_after_the_other(tmp_path):
    values, written = run(tmp_path, made.open_batch(signature=False))
    assert [row["name"] for row in values["tried"]] == ["fixed-batch", "signature"]
    assert values["whole"]["identical"]
    assert values["size_after"] == len(written)
    assert [operator.name for operator in open_model(written).main.operators] == ["RESHAPE"]


def test_only_what_is_named_is_applied(tmp_path):
    values, _ = run(tmp_path, made.open_batch(signature=False), ["signature"])
    assert [row["name"] for row in values["tried"]] == ["signature"]


def test_nothing_to_mend_writes_nothing(tmp_path):
    values, written = run(tmp_path, made.dense(scales=(0.01,)))
    assert values["tried"] == []
    assert written is None


def test_a_mend_that_moves_outputs_too_far_is_left_out(tmp_path):
    far = made.dense(scales=(5.0, 5.0, 0.001), seed=4)
    values, written = run(tmp_path, far, bias=None)
    (row,) = values["tried"]
    assert not row["verified"]
    assert row["measured"]["steps"] > 5
    assert written is None


@pytest.mark.slow
@pytest.mark.parametrize(("asked", "verified"), [([], False), (["dense-one-scale"], True)])
def test_what_few_inputs_do_not_show_is_looked_for(tmp_path, asked, verified):
    data = made.normed_dense()
    graph = Graph(data)
    dense_scale.apply(graph, {})
    assert mend_proof.measure(data, graph.pack(), {"x0": [1, 8]}, None).steps <= 2
    values, written = run(tmp_path, data, asked=asked)
    (row,) = values["tried"]
    assert (row["verified"], row["far"]) == (verified, True)
    assert 5 < row["measured"]["steps"] <= row["asked_steps"] == 16
    assert (written is not None) == verified


@pytest.mark.slow
def test_what_is_asked_for_is_refused_too_if_it_computes_something_else(tmp_path):
    values, _ = run(tmp_path, made.normed_dense((0.01, 0.008, 0.03), 1), asked=["dense-one-scale"])
    assert not values["tried"][0]["verified"]
    assert values["tried"][0]["measured"]["steps"] > 16


@pytest.mark.parametrize(
    ("classes", "likely", "asked", "accepted"),
    [([500, 495], 500, True, 32), ([500, 495], 500, False, 5), ([500, 480], 500, True, 16), ([20, 20], 20, True, 16),
     ([500, 500], 0, True, 16)],
)  # fmt: skip
def test_probabilities_of_the_same_classes_may_move_further(classes, likely, asked, accepted):
    found = mend_proof.Measured(classes=classes, likely=likely)
    assert mend_proof.accepted_steps(dense_scale.MEND, found, asked=asked) == accepted


def test_probabilities_are_counted():
    runs = [mend_proof.Measured() for _ in range(2)]
    for found, values in zip(runs, ([0.3, 0.71], [0.6, 0.8]), strict=True):
        mend_proof._classes(found, np.array([values]), np.array([values]), None)
    assert [found.likely for found in runs] == [1, 0]


def test_steps_of_int16_are_256_times_smaller(tmp_path):
    values, written = run(tmp_path, made.dense(wide=True), ["dense-one-scale"])
    (row,) = values["tried"]
    assert 5 < row["measured"]["steps"] <= row["accepted_steps"] == 5 * 256
    assert row["verified"]
    assert written is not None


@pytest.mark.parametrize("wide", [False, True])
def test_outputs_that_are_floats_at_the_very_end_count_in_steps(tmp_path, wide):
    _, floats = run(tmp_path, made.dense(wide=wide), ["float-edges"])
    values, written = run(tmp_path, floats, ["dense-one-scale"])
    (row,) = values["tried"]
    assert row["verified"]
    assert row["measured"]["absolute"] > 0
    assert row["measured"]["steps"] <= 5
    assert row["measured"]["share"] == 0
    assert written is not None
    far = made.dense(scales=(5.0, 5.0, 0.001), seed=4)
    (row,) = run(tmp_path, run(tmp_path, far, ["float-edges"])[1], ["dense-one-scale"])[0]["tried"]
    assert not row["verified"]


def test_a_mend_whose_outputs_never_move_is_left_out(tmp_path):
    values, written = run(tmp_path, made.dense(scales=(1e-9, 2e-9, 3e-9)))
    assert not values["tried"][0]["verified"]
    assert not values["tried"][0]["measured"]["moved"]
    assert written is None


def test_a_batch_whose_samples_meet_is_not_fixed(tmp_path):
    values, written = run(tmp_path, made.centred_batch(), ["fixed-batch"])
    (row,) = values["tried"]
    assert "the samples of a batch change each other's answers (its output" in row["failure"]
    assert written is None


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_samples_are_real_numbers_or_what_the_input_stores(tmp_path, kind):
    stored = np.arange(-40, 40).reshape(10, 8).astype("int8")
    labels = np.arange(10) % 3
    np.savez(tmp_path / "s.npz", x=stored if kind == "int8" else stored * np.float32(0.1), y=labels)
    values, _ = run(tmp_path, made.dense(), samples=str(tmp_path / "s.npz"))
    found = values["whole"]
    assert (found["random"], found["given"]) == (500, 10)
    assert found["correct"][2] == 10


@pytest.mark.slow
def test_both_kinds_of_samples_say_the_same(tmp_path):
    stored = np.random.default_rng(1).integers(-128, 128, (30, 8)).astype("int8")
    seen = []
    for name, array in (("a", stored), ("b", (stored * 0.1).astype("float32"))):
        np.savez(tmp_path / f"{name}.npz", x=array, y=np.zeros(30, int))
        values, _ = run(tmp_path, made.dense(), samples=str(tmp_path / f"{name}.npz"))
        seen.append(values["whole"])
    assert seen[0] == seen[1]


def test_an_open_size_beside_the_batch_needs_samples(tmp_path):
    graph = Graph(made.transposed_mean())
    graph.main.tensors[graph.main.inputs[0]].shapeSignature = [1, -1, 6, 5]
    with pytest.raises(Problem) as caught:
        run(tmp_path, graph.pack())
    assert caught.value.name == "input-size-unknown"
    np.save(tmp_path / "s.npy", np.random.default_rng(1).random((3, 4, 6, 5), "float32"))
    values, _ = run(tmp_path, graph.pack(), samples=str(tmp_path / "s.npy"))
    assert [row["name"] for row in values["tried"]] == ["fixed-batch", "reduced-axes"]


def test_answers_of_the_file_before_are_kept_for_the_gate(tmp_path):
    from envdoctor.stages.workers import reference

    run(tmp_path, made.dense(), reference=str(tmp_path / "reference"))
    kept = reference.read(tmp_path / "reference")
    assert kept.calibration.samples.count == 20
    assert kept.calibration.samples.random
    before = litert_run.open_model(made.dense())
    sample = next(kept.calibration.samples.one_by_one())
    assert np.array_equal(kept.calibration.outputs["y0"][:1], before.predict(sample)["y0"])


def zipped_behind(data, method=zipfile.ZIP_STORED):
    stream = io.BytesIO(data)
    stream.seek(0, 2)
    with zipfile.ZipFile(stream, "a", method) as archive:
        archive.writestr("labels.txt", "cat\ndog\n" * 50)
        archive.writestr("vocabulary.txt", "one two")
        archive.comment = b"labels"
    return stream.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_files_behind_the_model_are_kept(tmp_path, method):
    values, written = run(tmp_path, zipped_behind(made.open_batch(), method))
    assert values["files_behind"] == 2
    with zipfile.ZipFile(tmp_path / "mended.tflite") as archive:
        assert archive.testzip() is None
        assert archive.read("labels.txt") == b"cat\ndog\n" * 50
        assert archive.comment == b"labels"
        offsets = [info.header_offset for info in archive.infolist()]
    assert all(written[offset : offset + 4] == b"PK\3\4" for offset in offsets)
    assert read_model(tmp_path / "mended.tflite").main.operators[0].name == "RESHAPE"


def test_an_archive_that_counts_from_its_own_beginning_is_moved_right():
    alone = zipped_behind(b"")
    found = zipped_files.find(b"model" * 20 + alone)
    moved = b"m" * 33 + found.at(33)
    with zipfile.ZipFile(io.BytesIO(moved)) as archive:
        assert archive.testzip() is None
        assert archive.infolist()[0].header_offset == 33


def test_a_damaged_directory_is_refused():
    data = bytearray(zipped_behind(made.open_batch()))
    data[data.index(b"PK\1\2")] = 0
    with pytest.raises(Problem, match="zipped behind"):
        zipped_files.find(bytes(data))


def test_no_archive_is_none():
    assert zipped_files.find(made.open_batch()) is None
    assert zipped_files.find(b"PK\5\6") is None


def test_a_mend_that_fails_is_left_out_and_the_others_are_applied(tmp_path, monkeypatch):
    def fail(graph, shapes):
        raise KeyError("tensor")

    broken = [dataclasses.replace(one, apply=fail) if one.name == "fixed-batch" else one for one in MENDS]
    monkeypatch.setattr(mend, "MENDS", broken)
    values, written = run(tmp_path, made.open_batch(signature=False))
    assert [(row["name"], row["verified"]) for row in values["tried"]] == [("fixed-batch", False), ("signature", True)]
    assert "KeyError" in values["tried"][0]["failure"]
    assert open_model(written).signatures


def test_a_mend_that_makes_a_file_that_does_not_run_is_left_out(tmp_path, monkeypatch):
    def spoil(graph, shapes):
        graph.main.operators[0].opcodeIndex = graph.operator_code("LSTM", 99)
        return ["spoilt it"]

    monkeypatch.setattr(mend, "MENDS", [dataclasses.replace(MENDS[0], apply=spoil)])
    values, written = run(tmp_path, made.dense(), [MENDS[0].name])
    assert not values["tried"][0]["verified"]
    assert "LSTM" in values["tried"][0]["failure"]
    assert written is None


def test_a_signature_touches_nothing_that_computes(tmp_path):
    constant = made.dense(scales=(1e-9,))
    values, _ = run(tmp_path, constant)
    assert values["tried"] == []
    graph = Graph(constant)
    graph.model.signatureDefs = None
    values, written = run(tmp_path, graph.pack())
    assert values["tried"][0]["verified"]
    assert open_model(written).signatures


def test_mends_that_together_go_too_far_write_nothing(tmp_path, monkeypatch):
    def other_weights(graph, shapes):
        graph.make_constant(int(graph.main.operators[0].inputs[1]), np.full((3, 8), 9, "int8"))
        return ["other weights"]

    lying = [dataclasses.replace(MENDS[0], apply=other_weights), MENDS[-1]]
    monkeypatch.setattr(mend, "MENDS", lying)
    graph = Graph(made.dense(scales=(0.01,)))
    graph.model.signatureDefs = None
    values, written = run(tmp_path, graph.pack(), [one.name for one in lying])
    assert [row["verified"] for row in values["tried"]] == [False, True]
    assert np.array_equal(Graph(written).constant(1), graph.constant(1))


def test_a_file_that_does_not_run_is_refused(tmp_path):
    graph = Graph(made.dense())
    graph.main.tensors[graph.main.inputs[0]].type = made.UINT8
    with pytest.raises(Problem) as caught:
        run(tmp_path, graph.pack())
    assert caught.value.name == "model-does-not-run"
