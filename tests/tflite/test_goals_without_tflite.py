"""Goals whose compiler starts from something else than a .tflite file."""

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.tflite.readers import find_reader, reader_names, reads_tflite


def test_they_are_no_readers():
    assert reads_tflite("ethos-u55-128")
    assert not reads_tflite("executorch-xnnpack")
    assert "executorch-xnnpack" not in reader_names()
    with pytest.raises(UsageProblem, match=r"no \.tflite file leads"):
        find_reader("executorch-xnnpack")
