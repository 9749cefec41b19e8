"""Does the user's own environment have what a stage needs?"""

from pathlib import Path

import pytest

from envdoctor.environments.own import OwnEnvironment, unmet
from envdoctor.environments.spec import environment_spec

TENSORFLOW = environment_spec("tensorflow")


@pytest.mark.parametrize(
    ("installed", "missing"),
    [
        ({"tensorflow": "2.21.0", "keras": "3.15.1"}, ()),
        ({"tensorflow-cpu": "2.18.0", "keras": "3.8.0"}, ()),
        ({"tensorflow": "2.22.0rc0", "keras": "3.15.1"}, ()),
        ({"tensorflow": "2.21.0+cu12", "keras": "3.15.1"}, ()),
        ({"tensorflow": "2.15.1", "keras": "2.15.0"}, ("tensorflow>=2.17", "keras>=3.8")),
        ({"tensorflow": "2.21.0"}, ("keras>=3.8",)),
        ({"tensorflow": "no version", "keras": "3.15.1"}, ("tensorflow>=2.17",)),
        ({"tensorflow": "", "keras": "3.15.1"}, ("tensorflow>=2.17",)),
        ({}, ("tensorflow>=2.17", "keras>=3.8")),
    ],
)
def test_one_requirement_of_each_group_must_be_met(installed, missing):
    assert unmet(TENSORFLOW, installed) == missing


def test_what_it_has_is_said():
    own = OwnEnvironment(
        python=Path("python"), distributions={"tensorflow-cpu": "2.21.0", "keras": "3.15.1", "six": "1"}
    )
    assert own.relevant(TENSORFLOW) == ("tensorflow-cpu 2.21.0", "keras 3.15.1")


def test_what_was_built_anew_is_another_though_its_version_is_the_same(tmp_path):
    def identity(**given):
        own = OwnEnvironment(
            python=Path("python"),
            distributions={"tensorflow": "2.21.0", "mine": "1"},
            metadata={"tensorflow": tmp_path, "mine": tmp_path / "gone"},
            **{"version": "3.11.7", **given},
        )
        return own.identity(TENSORFLOW)

    (tmp_path / "RECORD").write_text("tensorflow/a.py,sha256=1,1\n")
    first = identity()
    assert first == identity(editable=frozenset({"mine"}))
    assert first != identity(version="3.11.8")
    assert identity(editable=frozenset({"tensorflow"})) is None
    (tmp_path / "RECORD").write_text("tensorflow/a.py,sha256=2,1\n")
    assert identity() not in {first, None}
