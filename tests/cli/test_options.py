"""What the commands share: shares and sizes as typed, and printing without secrets."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
from pathlib import Path

import click
import pytest

import sample_reports as samples
from compiled_models import int8_model
from envdoctor.cli import _build_options, _options, build, main, routes
from envdoctor.core.errors import ExitCode


@pytest.mark.parametrize(("text", "expected"), [("95%", 0.95), ("0.95", 0.95), (" 100 %", 1.0), ("0", 0.0)])
def test_shares(text, expected):
    assert _options.percent(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("models/../b/m.keras", "b/m.keras"),
        ("./models//../b", "b"),
        ("../b", "../b"),
        ("models/..", "models/.."),
        ("link/../b", "link/../b"),
        ("gone/../b", "b"),
        ("m.py:make", "m.py:make"),
        ("-", "-"),
    ],
)
def test_a_path_has_no_steps_that_lead_back_unless_a_link_makes_that_another_place(
    typed, expected, tmp_path, monkeypatch
):
    (tmp_path / "here" / "models").mkdir(parents=True)
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "here" / "link").symlink_to(tmp_path / "far" / "away")
    monkeypatch.chdir(tmp_path / "here")
    assert _options.FILE.convert(typed, None, None) == Path(expected)


@pytest.mark.parametrize(
    ("text", "expected"), [("5", 0.05), ("5%", 0.05), ("0.5%", 0.005), ("0", 0.0), ("1", 0.01), (" 12.5 ", 0.125)]
)
def test_points(text, expected):
    assert _options.points(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.5", r"'0.5' is unclear; write 0.5% for 0.5 points, or 50% for 50"),
        ("five", "write 5 or 5%"),
        ("-1", "write 5 or 5%"),
        ("101", "write 5 or 5%"),
        ("nan%", "write 5 or 5%"),
        ("", "write 5 or 5%"),
    ],
)
def test_what_is_no_number_of_points(text, words):
    with pytest.raises(click.BadParameter, match=words):
        _options.points(text)


@pytest.mark.parametrize("text", ["95", "-1%", "101%", "all", "", "nan"])
def test_what_is_no_share(text):
    with pytest.raises(click.BadParameter):
        _options.percent(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("4G", 4 << 30), ("512M", 512 << 20), ("1.5k", 1536), ("2GiB", 2 << 30), ("100", 100), ("64MB", 64 << 20)],
)
def test_sizes(text, expected):
    assert _options.size(text) == expected


@pytest.mark.parametrize("text", ["", "G", "0", "-1M", "lots", "inf", "nan"])
def test_what_is_no_size(text):
    with pytest.raises(click.BadParameter):
        _options.size(text)


@pytest.mark.parametrize(("read", "text", "number"), [("seconds", "0.5", 0.5), ("cosine", "-1", -1.0)])
def test_numbers(read, text, number):
    assert getattr(_options, read)(text) == number


@pytest.mark.parametrize(
    ("read", "text"),
    [("seconds", "0"), ("seconds", "nan"), ("seconds", "inf"), ("seconds", "1h"), ("cosine", "nan"), ("cosine", "1.1")],
)
def test_a_number_that_would_switch_a_limit_off_is_refused(read, text):
    with pytest.raises(click.BadParameter, match=f"'{text}' is no"):
        getattr(_options, read)(text)


@pytest.mark.parametrize("as_json", [True, False])
def test_secrets_are_printed_nowhere_and_paths_as_they_are(as_json, monkeypatch, capsys):
    monkeypatch.setenv("INDEX_TOKEN", "opensesame")
    report = dataclasses.replace(samples.broken(), notes=("index https://me:hunter2@index.test/ with opensesame",))
    _options.show(report, as_json=as_json)
    out = capsys.readouterr().out
    assert "https://****@index.test/ with ****" in out
    assert "/home/alice/venv" in out
    if as_json:
        assert json.loads(out)["command"] == "check"


def test_a_text_is_printed_whatever_the_encoding(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", newline="")
    monkeypatch.setattr(sys, "stdout", stream)
    _options.write_safe("ok ✓\n")
    stream.flush()
    assert stream.buffer.getvalue() == b"ok \\u2713\n"


def test_a_report_with_a_problem_is_no_success():
    assert samples.fine().summary.exit_code == ExitCode.OK
    assert samples.broken().summary.exit_code == ExitCode.PROBLEMS


def test_the_command_to_build_has_the_options_that_were_given():
    words = ["m.keras", "--to", "edgetpu", "--require-mapped", "95%", "--trust-code", "--compiler-arg", "-a"]
    words += ["--compiler-arg", "x y", "--stage-memory", "2G", "-v", "--json", "--export"]
    lacking = {"verbose", "as_json", "export"}
    with routes.command.make_context("routes", words) as ctx:
        said = _build_options.build_command(ctx)
    with build.command.make_context("build", list(said[2:])) as again:
        assert {name: again.params.get(name) for name in ctx.params if name not in lacking} == {
            name: value for name, value in ctx.params.items() if name not in lacking
        }
    assert said[:3] == ("envdoctor", "build", "m.keras")
    assert not {"-v", "--verbose", "--json", "--io", "--export"} & set(said)


@pytest.mark.parametrize("name", ["check", "model"])
def test_the_name_of_before_is_taken_and_not_shown(name, tmp_path, capsys):
    assert main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--to GOAL" in shown
    assert "--for " not in shown
    path = str(tmp_path / "absent.tflite")
    words = {"check": ["check", "--for", "nosuchgoal"], "model": ["model", path, "--for", "nosuchgoal"]}[name]
    assert main(words) == 2
    assert "'nosuchgoal'" in capsys.readouterr().err


@pytest.mark.slow
def test_a_model_is_asked_about_for_readers_and_goals(tmp_path, capsys):
    path = tmp_path / "m.tflite"
    path.write_bytes(int8_model())
    for word, reader in (
        ("litert", "LiteRT 2.3"),
        ("tflite-int8", "LiteRT 2.3"),
        ("tf-2.5", "TensorFlow 2.5"),
        ("tflite-runtime-2.14", "tflite-runtime 2.14"),
        ("edgetpu-15", "edgetpu_compiler 15.0"),
    ):
        main(["model", str(path), "--to", word])
        assert reader in " ".join(capsys.readouterr().out.split())
