"""Archives of torch.export.save, told without torch."""

import contextlib
import json

import pytest

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import UsageProblem
from envdoctor.pipeline.sources import identify, model_inputs
from envdoctor.pipeline.sources.pt2 import read_pt2
from pt2_files import pack, parts, program, spec, write


def test_the_inputs_are_those_of_the_user(tmp_path):
    artifact = identify(write(tmp_path, "torch.ops.aten.relu.default"))
    assert artifact.kind == ArtifactKind.PT2
    assert artifact.inputs == ("'x' (float32, (N, 3, 8, 8))",)
    assert model_inputs(artifact)[0].shape == (None, 3, 8, 8)
    assert "open-sizes" not in artifact.traits


def test_an_open_size_is_open(tmp_path):
    artifact = identify(write(tmp_path, shape=("s77", 3, "s12", 8)))
    assert artifact.inputs == ("'x' (float32, (N, 3, any, 8))",)
    assert "open-sizes" in artifact.traits


@pytest.mark.parametrize(
    "rest",
    [
        {"targets": ("torch.load",)},
        {"targets": ("torch.hub.load",)},
        {"targets": ("torch.ops.load_library",)},
        {"targets": ("torch.ops.aten.from_file.default",)},
        {"targets": ("#torchvision:read",)},
        {"targets": ("torch.ops.aten.save.default",)},
        {"spec": spec(["x=__import__('os').abort()"])},
        {"shape": ("__import__('os').abort()", 3)},
        {"shape": ("Symbol(__import__('os').abort(), integer=True)", 3)},
        {"shape": ("S('__import__(chr(111)).abort()')", 3)},
        {"pickled": True},
        {"guards": ["L['x'].size()[0] >= __import__('os').abort()"]},
        {"guards": ["L['\"); evil(); (\"'].size()[0] == 1"]},
        {"guards": ["L.__class__ == 1"]},
        {"guards": ["[x for x in L] == 1"]},
        {"spec": spec({"__enum__": True, "fqn": "os:abort", "name": "x"})},
        {"spec": spec({"default_factory_module": "os", "default_factory_name": "abort", "dict_context": []})},
        {"members": ["net/data/weights/m.pt"]},
        {"members": ["net/data/constants/m.pt"]},
        {"members": ["net/data/constants/custom_obj_0"]},
        {"members": ["net/data/aotinductor/m/a.so"]},
        {"members": ["net/Data/sample_inputs/n.pt"]},
        {"members": ["net/models/n.JSON"]},
        {"members": ["version", "serialized_exported_program.json", "serialized_state_dict.pt"]},
        {"members": ["other/archive_format"]},
    ],
)
def test_what_would_run_is_not_loaded_untrusted(tmp_path, rest):
    path = write(tmp_path, *rest.pop("targets", ()), **rest)
    with pytest.raises(UsageProblem, match="--trust-code"):
        identify(path)
    assert identify(path, trust_code=True).kind == ArtifactKind.PT2


CODE = "a=__import__('os').abort(), b"


@pytest.mark.parametrize("handed", ["torch.os.system", "torch.ops.aten.from_file.default"])
def test_a_function_that_is_handed_on_is_held_like_one_that_is_called(tmp_path, handed):
    made = program("torch.ops.higher_order.wrap")
    made["graph_module"]["graph"]["nodes"][0]["inputs"] += [{"name": "", "arg": {"as_operator": handed}, "kind": 1}]
    with pytest.raises(UsageProblem, match=rf"a call of {handed}.*--trust-code"):
        identify(write(tmp_path, text=json.dumps(made)))


@pytest.mark.parametrize("name", ["w", "x"])
def test_a_name_that_becomes_code_is_code(tmp_path, name):
    found = parts("torch.ops.aten.relu.default")
    for member in ("models/m0.json", "data/weights/m0_weights_config.json"):
        found[member] = found[member].replace(f'"{name}"', json.dumps(CODE))
    with pytest.raises(UsageProblem, match=r"which is code.*--trust-code"):
        identify(pack(tmp_path, found))


def test_the_name_of_an_argument_that_becomes_code_is_code(tmp_path):
    made = program("torch.ops.higher_order.wrap")
    made["graph_module"]["graph"]["nodes"][0]["inputs"][0]["name"] = CODE
    with pytest.raises(UsageProblem, match=r"which is code.*--trust-code"):
        identify(write(tmp_path, text=json.dumps(made)))


def test_texts_of_the_user_are_no_code(tmp_path):
    made = program("torch.ops.aten.einsum.default")
    taken = made["graph_module"]["graph"]["nodes"][0]
    taken["inputs"][0]["arg"] = {"as_string": "ij,kj->ik('\"=;"}
    taken["metadata"] = {"stack_trace": 'File "a.py", line 1, in forward(x=1)'}
    assert read_pt2(write(tmp_path, text=json.dumps(made))).code == ()


def test_what_torch_writes_by_itself_needs_no_trust(tmp_path):
    open_sizes = ("Symbol('s77', positive=True, integer=True)", 3, "s12", "Mul(Integer(2), s12)")
    guards = ["L['x'].size()[0] >= 2", "Eq(Mod(L['x'].size()[2], 2), 0)", "not math.isnan(L['n'])"]
    members = [
        "net/data/constants/tensor_0",
        "net/extra/labels/a.txt",
        "net/.data/serialization_id",
    ]
    path = write(tmp_path, shape=open_sizes, guards=guards, members=members, spec=spec(["a", "b"]))
    assert identify(path).inputs == ("'x' (float32, (N, 3, any, any))",)


@pytest.mark.parametrize("name", ["net/data/weights/m0_weights_config.json", "net/Models/M0.json"])
def test_a_file_that_is_in_it_twice_is_damage(tmp_path, name):
    with pytest.warns(UserWarning, match="Duplicate") if "weights" in name else contextlib.nullcontext():
        path = write(tmp_path, members=[name])
    with pytest.raises(UsageProblem, match="twice"):
        identify(path)


def test_operators_of_somebodys_own(tmp_path):
    assert "own-operators" not in identify(write(tmp_path, "torch.ops.aten.relu.default")).traits
    assert "own-operators" in identify(write(tmp_path, "torch.ops.mylib.norm.default")).traits
    read = read_pt2(write(tmp_path, "torch.ops.aten.relu.default", "torch.ops.mylib.norm.default", "_operator.add"))
    assert read.custom_operators == ("mylib.norm.default",)
    assert read.code == ()


@pytest.mark.parametrize(
    "rest", [{"models": 0}, {"models": 2}, {"text": "{}"}, {"text": "{"}, {"dtype": 99}, {"shape": ({}, 3)}]
)
def test_a_damaged_archive_is_one_sentence(tmp_path, rest):
    with pytest.raises(UsageProblem) as caught:
        identify(write(tmp_path, **rest))
    assert str(caught.value).endswith("get a whole copy of it.")
