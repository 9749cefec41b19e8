"""Where compiled files end, by what they tell of themselves."""

import pytest

from compiled_files import blob, bmodel, cvimodel, dxnn, espdl, hef, kmodel3, kmodel4, real, rpk
from envdoctor.core.errors import UsageProblem
from envdoctor.doctor.model import inspect_model
from keras_files import DATA

ENDED = {
    "a.blob": blob(), "a.kmodel": kmodel3(), "b.kmodel": kmodel4(), "a.bmodel": bmodel(), "a.hef": hef(1),
    "a.espdl": espdl(), "a.dxnn": dxnn(), "a.rpk": rpk(), "cpu.blob": real("tiny_cpu.blob"),
    "qnn.bin": real("qnn_0_ctx_qnn.bin"), "m.pte": (DATA / "executorch" / "xnnpack.pte").read_bytes(),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDED)
def test_what_follows_the_end_is_told(name, put):
    assert "no part of it" not in (inspect_model(put(name, ENDED[name] + bytes(8))).file.checked)
    found = inspect_model(put(name, ENDED[name] + b"\1" * 600)).file
    assert found.checked.endswith("bytes, is no part of it")


def test_a_cvimodel_is_held_by_its_sum(put):
    changed = bytearray(cvimodel())
    changed[-3] ^= 1
    with pytest.raises(UsageProblem, match="MD5 sum that its header names"):
        inspect_model(put("m.cvimodel", bytes(changed)))
