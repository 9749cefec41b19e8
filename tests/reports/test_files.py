"""What a file is and what it takes of a device, in every format that a person reads."""

from __future__ import annotations

import dataclasses

import pytest

import sample_pages
from envdoctor.core.file_identity import identity_of
from envdoctor_reports import html, markdown

FORMATS = {"markdown": markdown.render, "html": html.render}


@pytest.mark.parametrize("render", FORMATS.values(), ids=FORMATS)
def test_what_a_model_takes_of_a_device_is_told(render):
    report = sample_pages.model()
    needs = {"arena": 4816, "operators": "CONV, SOFTMAX"}
    shown = render(dataclasses.replace(report, models=(dataclasses.replace(report.models[0], needs=needs),)))
    assert "4,816 bytes" in shown
    assert "CONV, SOFTMAX" in shown
    assert "4,816 bytes" not in render(report)


@pytest.mark.parametrize("render", FORMATS.values(), ids=FORMATS)
def test_what_a_compiled_file_is_is_told(render):
    report = dataclasses.replace(sample_pages.model(), models=(), ops=())
    file = identity_of("rknn", chip="RK3588", inputs=("x int8",), unknown=("<b>what</b>",))
    shown = render(dataclasses.replace(report, file=file))
    assert "RK3588" in shown
    assert "x int8" in shown
    assert "<b>what</b>" not in shown
    assert "b&gt;what" in shown
    assert "RK3588" not in render(report)
