"""The user's own environment if it is proven to serve, else one that is made."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from envdoctor.core.artifact import Artifact
from envdoctor.environments.own import OwnEnvironment
from envdoctor.environments.proof import isolated
from envdoctor.environments.provide import Origin, provide
from envdoctor.executors.local import LocalExecutor

RUN = LocalExecutor()


@pytest.fixture
def own(tmp_path, monkeypatch):
    """An environment with tiny 1.0 in a folder on PYTHONPATH; call it with the module's code."""

    def have(code, version="1.0"):
        (tmp_path / "tiny.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return OwnEnvironment(python=Path(sys.executable), distributions={"tiny": version, "other": "2"})

    return have


@pytest.mark.slow
def test_the_users_own_is_taken_as_it_is(spec, request_, index, own):
    provided = provide(spec, request_, own(""), RUN, [].append)
    assert (provided.origin, provided.python) == (Origin.OWN, Path(sys.executable))
    assert dict(provided.distributions) == {"tiny": "1.0", "other": "2"}
    assert dict(provided.variables) == {}
    assert provided.identity == own("").identity(spec)
    assert index.seen == []


@pytest.mark.slow
def test_the_wrong_version_has_one_made(spec, request_, index, own):
    said = []
    provided = provide(spec, request_, own("", version="2.0"), RUN, said.append)
    assert provided.origin is Origin.MANAGED
    assert dict(provided.distributions) == {"tiny": "1.0"}
    assert provided.identity.startswith(f"{spec.key}-3.")
    assert provided.variables == isolated()
    assert not any("your own environment" in line for line in said)


@pytest.mark.slow
def test_what_does_not_import_is_said_and_one_is_made(spec, request_, was_made, own):
    said = []
    provided = provide(spec, request_, own("raise OSError('no AVX')"), RUN, said.append)
    assert provided.origin is Origin.MANAGED
    assert said[0] == ("your own environment has tiny 1.0, but importing tiny exited with status 1: OSError: no AVX")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "origin"), [("torch", Origin.OWN), ("onnx", Origin.MANAGED)])
@pytest.mark.usefixtures("was_made")
def test_of_the_users_own_less_is_asked_where_the_model_is_code(spec, request_, own, kind, origin):
    needing = replace(spec, imports=("tiny", "no_such_module"), own_imports=("tiny",))
    source = Artifact(kind=kind, path=Path("net"), sha256="0")
    assert provide(needing, replace(request_, source=source), own(""), RUN, [].append).origin is origin


@pytest.mark.slow
def test_without_a_look_at_the_users_own_one_is_made(spec, request_, was_made):
    assert provide(spec, request_, None, RUN, [].append).origin is Origin.MANAGED


def test_a_relative_interpreter_works_in_other_folders_too(spec, request_, was_made, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    provided = provide(spec, request_, None, RUN, [].append)
    assert provided.python.is_absolute()
    assert os.access(provided.python, os.X_OK)
