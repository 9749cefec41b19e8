"""Configurations that Keras wrote, with a value of another type at each place: read, or refused in a sentence."""

import contextlib
import copy
import json
import random

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.pipeline.sources import identify, model_inputs
from keras_files import recorded, write_keras
from thoroughness import amount

NAMES = ["conv", "multi", "dicts", "lstm", "anysize", "k2conv", "k2oplambda", "custom", "lambda", "subclass"]
OTHERS = [None, 3, -5, 2.5, True, "text", "", [], ["a"], [None, {"a": 1}, -5], {}, {"class_name": "Lambda"}, [[[]]]]


def places(value, path=()):
    """The path of every value inside a value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def changed(config, path, other):
    config = copy.deepcopy(config)
    if not path:
        return other
    inner = config
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = other
    return config


def read(path):
    """What `routes`, `report` and `build` begin with; any other exception than a sentence is a bug."""
    for trust in (True, False):
        with contextlib.suppress(UsageProblem):
            model_inputs(identify(path, trust_code=trust))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_another_type_at_any_place(tmp_path, name):
    config, chance = recorded(name)["config"], random.Random(name)
    everywhere = list(places(config))
    for path in chance.sample(everywhere, min(len(everywhere), amount(60))):
        members = {"config.json": json.dumps(changed(config, path, chance.choice(OTHERS)))}
        read(write_keras(tmp_path / "m.keras", name, members=members))


@pytest.mark.parametrize(
    "metadata", ["[]", "3", '{"keras_version": 3}', '{"keras_version": "²"}', '{"keras_version": []}']
)
def test_other_metadata(tmp_path, metadata):
    read(write_keras(tmp_path / "m.keras", members={"metadata.json": metadata}))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"class_name": ["A"], "module": "keras"}, 'class_name is ["A"], no text'),
        ({"class_name": "A", "module": 3}, "module is 3, no text"),
        ({"class_name": "Dense", "config": {"activation": ["a"]}}, "Dense: Expected"),
        ({"class_name": "InputLayer", "config": {"batch_shape": [None, {"a": 1}]}}, "InputLayer: Expected"),
        ({"class_name": "InputLayer", "config": {"batch_shape": [None, -5]}}, "a size of its input is negative"),
        ({"class_name": "Sequential", "config": {"layers": "none"}}, "Sequential: Expected"),
    ],
)
def test_what_is_refused_says_where(tmp_path, config, words):
    with pytest.raises(UsageProblem) as caught:
        identify(write_keras(tmp_path / "m.keras", members={"config.json": json.dumps(config)}))
    assert words in str(caught.value)


def test_a_configuration_without_an_end(tmp_path):
    deep = '{"class_name": "A", "config": ' * 100_000
    for text in (deep, deep + "{}" + "}" * 100_000):
        with pytest.raises(UsageProblem):
            identify(write_keras(tmp_path / "m.keras", members={"config.json": text}))
