"""What a request may name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.core.request import BuildOptions
from envdoctor.doctor.routes import make_request, places
from keras_files import write_keras


def test_a_compiler_that_is_none_is_refused_before_anything_is_started(tmp_path):
    model = write_keras(tmp_path / "m.keras")
    with pytest.raises(UsageProblem, match=r"absent \(--compiler\) does not exist"):
        make_request(model, "edgetpu", BuildOptions(compiler=tmp_path / "absent"))
    (tmp_path / "text").write_text("hello")
    with pytest.raises(UsageProblem, match="can't be read as edgetpu_compiler"):
        make_request(model, "edgetpu", BuildOptions(compiler=tmp_path / "text"))


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_a_name_that_no_manifest_can_hold_is_refused(tmp_path):
    odd = Path(os.fsdecode(b"m\xff.keras"))
    with pytest.raises(UsageProblem, match="not in the encoding of this system; rename it"):
        make_request(odd, "tflite-int8", BuildOptions())
    with pytest.raises(UsageProblem, match="rename it"):
        make_request(write_keras(tmp_path / "m.keras"), "tflite-int8", BuildOptions(calibration=odd))


def test_without_a_model_the_places_of_the_last_stage_are_told():
    report = places("edgetpu", options=BuildOptions(ssh_host="me@bigbox"))
    assert {route.stages[0].action for route in report.routes} == {"edgetpu"}
    assert {"local", "ssh", "notebook"} <= {route.stages[0].place for route in report.routes}
    assert [route.verdict for route in report.routes] == sorted(route.verdict for route in report.routes)
    assert report.source is None
    with pytest.raises(UsageProblem):
        places("nowhere")
