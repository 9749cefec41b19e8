"""A factory is told from its file's text; nothing in the file is run."""

from pathlib import Path

import pytest

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import UsageProblem
from envdoctor.pipeline.sources import identify, model_inputs

RUINOUS = "import os\nos.abort()\n"


def write(folder, text, name="net.py"):
    (folder / name).write_text(text)
    return folder / name


def refused(path, **options):
    with pytest.raises(UsageProblem) as caught:
        identify(path, **options)
    message = str(caught.value)
    assert message.endswith((".", "?"))
    assert "\n" not in message
    return message


def test_a_function_in_a_file_is_a_source_and_is_not_run(tmp_path):
    file = write(tmp_path, f"{RUINOUS}def make_model(): raise SystemExit")
    artifact = identify(Path(f"{file}:make_model"), given="1x3x8x8,mask=1x4:int64")
    assert (artifact.kind, artifact.path, artifact.factory) == (ArtifactKind.TORCH, file, "make_model")
    assert artifact.inputs == ("'input_0' (float32, (N, 3, 8, 8))", "'mask' (int64, (N, 4))")
    assert [spec.shape for spec in model_inputs(artifact)] == [(1, 3, 8, 8), (1, 4)]


def test_without_inputs_nothing_is_known_of_them(tmp_path):
    artifact = identify(Path(f"{write(tmp_path, 'def f(): pass')}:f"))
    assert artifact.inputs == ()
    assert model_inputs(artifact) is None


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("def make(width): ...", "make", "needs arguments (width)"),
        ("def make(*, width, depth=2): ...", "make", "needs arguments (width)"),
        ("class Net:\n def __init__(self, width): ...", "Net", "needs arguments (width)"),
        ("async def make(): ...", "make", "coroutine"),
        ("def other(): ...", "make", "defines no 'make' at its top level; it defines other"),
        ("x = 1", "make", "it defines no function"),
        ("def make(:", "make", "no valid Python: line 1"),
        ("a\0b", "make", "no valid Python"),
        ("def make(): ...", "", "net.py:make."),
        ("def make_model(): ...\ndef main(): ...", "", "net.py:make_model."),
        ("x = 1", "", "write a function without arguments"),
        ("def make_model(): ...", "make_modle", "did you mean {file}:make_model?"),
        ("def make_model(): ...", "Make_Model", "did you mean {file}:make_model?"),
        ("from blocks import *", "net.make", "defines no 'net.make'"),
        ("def other():\n for name in 'ab':\n  setattr(other, name, 1)", "make", "it defines other"),
        ("class Net:\n def __getattr__(self, name): ...", "make", "it defines Net"),
    ],
)
def test_what_is_no_factory_is_said(tmp_path, text, name, words):
    file = write(tmp_path, text)
    message = refused(Path(f"{file}:{name}") if name else file)
    assert words.format(file=file) in message


@pytest.mark.parametrize(
    "text",
    [
        "def make(width=8, *rest, **more): ...",
        "class make:\n def __init__(self, width=8): ...",
        "import functools\nmake = functools.partial(print, 1)",
        "from blocks import *",
        "from blocks import make",
        "try:\n import torch\nexcept ImportError:\n pass\nelse:\n def make(): ...",
        "if True:\n def make(): ...",
        "@wrapped(4)\ndef make(width): ...",
        "globals()['make'] = print",
        "def register():\n globals()['make'] = print\nregister()",
        "other, make = print, print",
        "for name in 'ab':\n  make = print",
    ],
)
def test_what_may_be_a_factory_is_left_to_its_stage(tmp_path, text):
    assert identify(Path(f"{write(tmp_path, text)}:make")).factory == "make"


@pytest.mark.parametrize("name", ["package.net:make", "package/net:make", "package/net.py::make", "package:make"])
def test_a_module_that_is_named_otherwise_than_by_its_file_is_found(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "package").mkdir()
    file = write(tmp_path / "package", "def make(): ...", "__init__.py" if name == "package:make" else "net.py")
    assert refused(Path(name)).endswith(f"did you mean {file.relative_to(tmp_path)}:make?")


def test_a_file_that_is_there_under_the_whole_name_is_meant(tmp_path):
    file = write(tmp_path, "no model", "net.py:make")
    assert "text file" in refused(file)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "does not exist"),
        ("axbxc", "says no shape"),
        ("8x3x4x4", "has a batch of 8"),
        ("1x0x4", "no input can have"),
        ("1x3:float128", "no element type"),
        ("a=1x3,a=1x3", "same name"),
        ("1x3,", "says no shape"),
    ],
)
def test_inputs_that_say_nothing(tmp_path, given, words):
    file = tmp_path / "missing.py" if not given else write(tmp_path, "def make(): ...")
    assert words in refused(Path(f"{file}:make"), given=given)


def test_other_sources_say_themselves_what_they_take(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"")
    assert "--inputs" in refused(tmp_path / "m.onnx", given="1x3")
