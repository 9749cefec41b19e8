import pytest

from envdoctor.compilers.tflm.refusals import crash, refusal
from envdoctor.core.finding import Evidence, Severity
from envdoctor.stages.problems import finding

WORDS = {
    "tflm-values": "elementwise.cc Rsqrt is only defined for positive values Node RSQRT (number 0) failed to invoke",
    "tflm-ended": "signal 6 ended it while the model was set up",
    "tflm-operator-missing": "Didn't find op for builtin opcode 'TILE' Failed to get registration from op code TILE",
    "tflm-hybrid": "conv_common.cc Hybrid models are not supported on TFLite Micro. Node CONV_2D (number 0) failed",
    "tflm-dynamic": "Op#0 (RESHAPE) of subgraph 0 has dynamic tensor #2 Dynamic tensors are not supported",
    "tflm-type": "Type UINT8 not currently supported by Pad. Node PAD (number 0) failed to invoke with status 1",
    "tflm-arena-unbounded": "Failed to allocate tail memory. Requested: 96, available 8, missing: 88",
    "tflm-refused": "Node SVDF (number 3) failed to prepare with status 1",
}


@pytest.mark.parametrize("name", WORDS)
def test_the_interpreters_words_are_kept_and_told_apart(name):
    found = refusal(WORDS[name], "m.tflite")
    assert found.name == name
    assert found.severity is Severity.ERROR
    assert WORDS[name] in found.message
    assert found.evidence[0].excerpt == WORDS[name]
    assert found.fix.text


def test_a_crash_says_how_the_process_ended():
    proof = (Evidence(source="argv", excerpt="was killed by SIGABRT"),)
    ended = finding("stage-crashed", "x", proof, title="T", failure="F")
    found = crash("", ended, "m.tflite")
    assert found.name == "tflm-crashed"
    assert ended.message in found.message
    assert "it printed nothing" in found.message
