"""What the worker says where ExecuTorch is broken, does not quantize or does not run its own file; with stand-ins."""

import os
import sys
import types
from pathlib import Path

import pytest

from envdoctor.compilers.executorch.workers import lower
from envdoctor.stages.problems import problem_kinds
from envdoctor.stages.workers.components import Components
from envdoctor.stages.workers.stage import Problem


def refused(call):
    with pytest.raises(Problem) as caught:
        call()
    return problem_kinds()[caught.value.name].code, caught.value.message


@pytest.fixture
def components(tmp_path):
    return Components(tmp_path / "rows.json", lower.KNOWN)


def test_what_does_not_import_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "executorch", None)
    code, words = refused(lambda: lower.run({"components": str(tmp_path / "rows.json")}))
    assert code == "RUN260"
    assert "executorch" in words


def test_what_is_not_quantized_is_told_in_the_words_of_the_quantizer(components, monkeypatch):
    arm = types.ModuleType("executorch.backends.arm.ethosu")

    def refuse(accelerator):
        raise ValueError(f"no such target: {accelerator}")

    arm.EthosUCompileSpec = refuse
    quantizer = types.ModuleType("executorch.backends.arm.quantizer")
    quantizer.EthosUQuantizer = quantizer.get_symmetric_quantization_config = None
    recipe = types.ModuleType("torchao.quantization.pt2e.quantize_pt2e")
    recipe.convert_pt2e = recipe.prepare_pt2e = None
    for module in (arm, quantizer, recipe):
        monkeypatch.setitem(sys.modules, module.__name__, module)
        for depth in range(1, module.__name__.count(".") + 1):
            parent = ".".join(module.__name__.split(".")[:depth])
            monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
    code, words = refused(lambda: lower._quantize(None, "ethos-u55-128", None, None, components))
    assert code == "RUN261"
    assert "no such target: ethos-u55-128" in words


def test_a_kernel_that_the_runtime_lacks_is_named(tmp_path, components, monkeypatch):
    class Runtime:
        @classmethod
        def get(cls):
            return cls()

        def load_program(self, path):
            os.write(2, b"E 00:00 method.cpp] Missing operator: kernel 'aten::foo.out' not found.\n")
            raise RuntimeError(f"loading {Path(path).name} failed with error 0x14")

    module = types.ModuleType("executorch.runtime")
    module.Runtime = Runtime
    monkeypatch.setitem(sys.modules, "executorch", types.ModuleType("executorch"))
    monkeypatch.setitem(sys.modules, "executorch.runtime", module)
    code, words = refused(lambda: lower._runner(tmp_path / "net.pte", None, components))
    assert code == "RUN263"
    assert "error 0x14" in words
    assert "kernel 'aten::foo.out' not found" in words
