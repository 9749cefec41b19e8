"""The workers with stand-ins for the interpreters: numbers that kernels refuse, or see in two ways."""

import os
import sys
import types

import pytest

from envdoctor.compilers.tflm.workers import run_litert, run_micro

np = pytest.importorskip("numpy")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="TensorFlow Lite Micro's worker forks; Linux only")


def detail(name="x", kind="int8", zero=-7):
    return {
        "name": name,
        "index": 0,
        "dtype": np.dtype(kind),
        "shape": [1, 50],
        "quantization": (0.5, zero),
        "quantization_parameters": {"scales": [0.5], "zero_points": [zero]},
    }


class Root:
    """TensorFlow Lite Micro's interpreter on a root of its input: it ends the run at what is not above `least`."""

    least = -7

    def __init__(self):
        self.given = None

    @classmethod
    def from_bytes(cls, data, arena_size):
        del data
        if arena_size < 1000:
            raise RuntimeError("Failed to allocate")
        return cls()

    def get_input_details(self, number):
        if number:
            raise IndexError
        return detail()

    def set_input(self, values, number):
        del number
        self.given = values

    def invoke(self):
        if not (self.given > self.least).all():
            raise RuntimeError("Rsqrt is only defined for positive values")

    def get_output(self, number):
        if number:
            raise IndexError
        return self.given

    def print_allocations(self):
        lines = [f"[RecordingMicroAllocator] Arena allocation {part} 900 bytes" for part in ("total", "head", "tail")]
        os.write(2, "\n".join(lines).encode())


@pytest.fixture
def micro(monkeypatch, tmp_path):
    def run(interpreter):
        module = types.ModuleType("tflite_micro")
        module.runtime = types.SimpleNamespace(Interpreter=interpreter)
        monkeypatch.setitem(sys.modules, "tflite_micro", module)
        (tmp_path / "m.tflite").write_bytes(b"")
        request = {"model": tmp_path / "m.tflite", "said": tmp_path / "said", "samples": tmp_path / "samples.npz"}
        return run_micro.run(request)

    return run


@pytest.mark.slow
def test_a_root_is_run_with_numbers_that_it_is_defined_for(micro, tmp_path):
    assert micro(Root)["refused"] == ""
    with np.load(tmp_path / "samples.npz") as stored:
        assert stored["in_0"].min() > Root.least
        assert stored["in_0"].dtype == np.int8


def test_what_no_number_passes_is_refused_in_the_interpreters_words(micro):
    assert "only defined for positive" in micro(type("Never", (Root,), {"least": 1000}))["refused"]


def test_positive_numbers_are_positive_in_every_type():
    assert run_micro._positive(detail(kind="float32"), 1).min() > 0
    assert run_micro._positive(detail(kind="int16", zero=0), 1).min() > 0
    plain = detail() | {"quantization_parameters": {"scales": [], "zero_points": []}}
    assert set(run_micro._positive(plain, 1).flat) <= {0, 1}


@pytest.fixture
def litert(monkeypatch, tmp_path):
    """LiteRT's interpreter with these answers of its reference and of its optimized kernels."""

    def run(answers):
        class Interpreter:
            def __init__(self, model_content, experimental_op_resolver_type):
                del model_content
                self.answer = answers[experimental_op_resolver_type]

            def allocate_tensors(self):
                int(str(self.answer))  # of None a ValueError, which stands for an operator without a kernel

            def get_input_details(self):
                return [detail()]

            get_output_details = get_input_details

            def set_tensor(self, index, values):
                pass

            def invoke(self):
                pass

            def get_tensor(self, index):
                del index
                return np.array([self.answer], dtype=np.int8)

        kinds = types.SimpleNamespace(BUILTIN_REF=0, BUILTIN_WITHOUT_DEFAULT_DELEGATES=1)
        package = types.ModuleType("ai_edge_litert")
        package.interpreter = types.SimpleNamespace(Interpreter=Interpreter, OpResolverType=kinds)
        monkeypatch.setitem(sys.modules, "ai_edge_litert", package)
        (tmp_path / "m.tflite").write_bytes(b"")
        np.savez(tmp_path / "s.npz", in_0=np.zeros((2, 1), np.int8), out_0=np.full((2, 1), 127, np.int8))
        (made,) = run_litert.run({"model": tmp_path / "m.tflite", "samples": tmp_path / "s.npz"})["outputs"]
        return made["kernels"], made["steps"]

    return run


@pytest.mark.parametrize(
    ("answers", "nearest"),
    [
        ([127, 0], ("reference", 0)),
        ([-1, 127], ("optimized", 0)),
        ([-1, -1], ("reference", 128)),
        ([None, 126], ("optimized", 1)),
        ([126, None], ("reference", 1)),
    ],
)
def test_what_one_of_litert_s_kernels_gives_is_no_difference(litert, answers, nearest):
    assert litert(answers) == nearest
