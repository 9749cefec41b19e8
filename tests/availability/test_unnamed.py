"""What a set needs though no metadata names it: a backend of Keras, the .NET run time."""

import json

import pytest

from envdoctor.availability.unnamed import backend_reasons, runtime_reasons
from wheel_files import contents_of

CONFIG = {"runtimeOptions": {"framework": {"name": "Microsoft.NETCore.App", "version": "7.0.0"}}}
KERAS = {"keras/__init__.py": ""}


def program(config, *others):
    text = config if isinstance(config, str) else json.dumps(config)
    files = {"pkg/__init__.py": "", "pkg/Tool.runtimeconfig.json": text, **dict.fromkeys(others, b"x" * 99)}
    return [reason.condition for reason in runtime_reasons(contents_of(files), lambda _: text)]


@pytest.mark.parametrize(
    ("version", "beside", "told"),
    [("3.5.0", "numpy", True), ("3.5.0", "torch", False), ("3.5.0", "jax", False), ("2.15.0", "numpy", False)],
)
def test_keras_takes_one_of_several_backends(version, beside, told):
    wheels = [
        contents_of(KERAS, name="keras", version=version),
        contents_of({f"{beside}/__init__.py": ""}, name=beside),
    ]
    found = [reason.condition for reason in backend_reasons(wheels)]
    assert found == (["a backend is there: tensorflow, jax, torch or openvino"] if told else [])


def test_a_program_for_dotnet_asks_for_its_run_time():
    assert program(CONFIG) == ["the .NET run time 7.0.0 is there"]
    assert program({"runtimeOptions": {"frameworks": [{"name": "x", "version": "8.0.1"}]}}) == [
        "the .NET run time 8.0.1 is there"
    ]


@pytest.mark.parametrize(
    "config", [{"runtimeOptions": {"includedFrameworks": []}}, {}, [], "{", {"runtimeOptions": {"frameworks": [3]}}]
)
def test_a_configuration_that_asks_for_nothing_is_no_case(config):
    assert program(config) == []


def test_a_program_that_brings_its_run_time_is_no_case():
    assert program(CONFIG, "pkg/libhostfxr.so") == []
