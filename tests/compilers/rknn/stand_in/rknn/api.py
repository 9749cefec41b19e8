"""The part of rknn.api that the stage calls, as recorded from rknn-toolkit2 2.5.0: each step returns 0 for success."""

import os
from pathlib import Path

#: What the steps do: `prints` and `returns` by step, `raises`, `writes` (the file's content, None for no file).
PLAN = {}


class RKNN:
    def __init__(self, **options):
        self.options = options
        self.calls = PLAN.setdefault("calls", [])

    def _step(self, name, **given):
        self.calls.append((name, given))
        for line in PLAN.get("prints", {}).get(name, ()):
            os.write(2, f"{line}\n".encode())
        if name in PLAN.get("raises", {}):
            raise PLAN["raises"][name]
        return PLAN.get("returns", {}).get(name, 0)

    def config(self, **given):
        return self._step("config", **given)

    def load_onnx(self, **given):
        return self._step("load_onnx", **given)

    def build(self, **given):
        return self._step("build", **given)

    def export_rknn(self, path):
        if PLAN.get("writes") is not None:
            Path(path).write_bytes(PLAN["writes"])
        return self._step("export_rknn", path=path)

    def init_runtime(self):
        raise RuntimeError("the stand-in has no simulator")

    def release(self):
        self.calls.append(("release", {}))
