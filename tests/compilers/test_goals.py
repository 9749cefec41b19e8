"""Every goal is whole: a route, a gate, a name for its file, a reader, words; told by builds with stage doubles."""

import dataclasses
import gzip
import lzma

import pytest

import onnx_bytes
from compiled_files import rknn
from compiled_models import compiled_model, float_model, int8_model, int16x8_model, weight_only_model
from envdoctor import planner, registry
from envdoctor.action import Place, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.data import compiler_folders, load_file, load_table
from envdoctor.core.finding import FAMILIES
from envdoctor.core.goal import goal_names, parse_goal
from envdoctor.core.request import BuildOptions
from envdoctor.core.route import Verdict
from envdoctor.doctor import build as building
from envdoctor.doctor.explain import explain
from envdoctor.doctor.model import inspect_model
from envdoctor.doctor.routes import make_request
from envdoctor.environments.choice import Choice
from envdoctor.environments.spec import environment_names, environment_spec
from envdoctor.pipeline.sources import identify
from envdoctor.stages.requirements import no_foreign_operators
from envdoctor.tflite.readers import find_reader
from envdoctor.toolchains.catalogue import catalogue
from keras_files import DATA
from tflite_bytes import model, pack, tensor


def custom_model():
    """A model that is one operator of somebody's own."""
    given = [tensor([1, 4], 0, name=b"x"), tensor([1, 4], 0, name=b"y")]
    return pack(
        model(
            tensors=given,
            operators=[(0, [0], [1], 0, None)],
            codes=[(32, 1, b"example.norm")],
            inputs=[0],
            outputs=[1],
        )
    )


#: Of compilers that make no .tflite file: what the real one made, by goal.
REAL = {
    "executorch-xnnpack": DATA / "executorch/xnnpack.pte",
    "executorch-ethos-u55-128": DATA / "executorch/ethos-u55-128.pte",
    "qualcomm-sm8750": DATA / "qualcomm/sm8750.onnx.xz",
    "iree-riscv32": DATA / "compiled/tiny_riscv32.vmfb.gz",
    "iree-riscv64": DATA / "compiled/tiny_riscv64.vmfb.gz",
    "iree-aarch64": DATA / "compiled/tiny_aarch64.vmfb.gz",
    "iree-x86_64": DATA / "compiled/tiny_flat.vmfb.gz",
}
UNPACK = {".xz": lzma.decompress, ".gz": gzip.decompress}
ALL_GOALS = [parse_goal(name) for name in goal_names()]
FROM_TFLITE = [
    goal for goal in ALL_GOALS if ArtifactKind.TFLITE_FLOAT in planner.kinds_that_lead_to(goal, registry.actions())
]
GOALS = [goal for goal in ALL_GOALS if goal in FROM_TFLITE or goal.name in REAL or goal.compiler == "rknn"]
#: Two goals whose compiler makes the same kind of file.
SEVERAL = [
    tuple(map(parse_goal, pair))
    for pair in (("ethos-u55-128", "ethos-u65-256"), ("rknn-rk3588", "rknn-rk3566"), ("iree-riscv32", "iree-aarch64"))
]
COMPILERS = registry.compilers()
MADE = {
    ArtifactKind.TFLITE_FLOAT: float_model,
    ArtifactKind.TFLITE_INT8: int8_model,
    ArtifactKind.TFLITE_INT16X8: int16x8_model,
    "tflite-custom-ops": custom_model,
    "tflite-dynamic": (DATA / "tflite/flatten_dynamic_range.tflite").read_bytes,
    "tflite-weight-only": weight_only_model,
    "tflite-mixed": weight_only_model,
    "tflite-float16": (DATA / "tflite/flatten_float16.tflite").read_bytes,
    "tflm-tflite": float_model,
}
#: What no gate of a goal may let through; for most a model in floats.
WRONG = {"tflm-tflite": int16x8_model}


@pytest.fixture
def without_environments(tmp_path, monkeypatch):
    """No interpreter is there to run what a double wrote, none is fetched, and no Python is there to make one with."""
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("envdoctor.environments.making.choose", lambda *_: Choice(reason="no Python fits"))


def folder_of(compiler):
    return next(folder for folder in compiler_folders() if folder.name == compiler)


def content_of(goal, kind):
    """What a stage double writes: a model of that kind, or the file that the goal's compiler would make."""
    if kind in MADE:
        return MADE[kind]()
    if goal.compiler == "rknn":  # the real one brings 5.6 GB along
        return rknn(goal.accelerator.encode())
    if goal.name in REAL:
        return UNPACK.get(REAL[goal.name].suffix, bytes)(REAL[goal.name].read_bytes())
    (custom_code, *_) = load_file(folder_of(goal.compiler) / "compiled-files.toml")
    return compiled_model(custom_code)


def source_of(goal, folder):
    """A model that leads to a goal, and what has to be said of it."""
    options = {"random_calibration": True}
    if goal in FROM_TFLITE:
        source = folder / "m.tflite"
        source.write_bytes(float_model())
        return source, BuildOptions(**options)
    if ArtifactKind.ONNX in planner.kinds_that_lead_to(goal, registry.actions()):
        (folder / "m.onnx").write_bytes(onnx_bytes.model(onnx_bytes.value("x", 1, 4), onnx_bytes.node("Relu")))
        return folder / "m.onnx", BuildOptions(**options)
    (folder / "m.py").write_text("def make():\n    return None\n")
    return folder / "m.py:make", BuildOptions(inputs="1x3x32x32", **options)


def doubled(action, goal):
    """The action with a double for its work, and nothing that it needs on this machine."""

    def run(context):
        target = context.folder / f"{action.name}.bin"
        target.write_bytes(content_of(goal, action.produces))
        return StageOutput(path=target)

    return dataclasses.replace(action, run=run, environment=None, requires=(), places=(Place(),), tool=None)


@pytest.mark.slow
@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.name)
@pytest.mark.usefixtures("without_environments")
def test_a_goal_is_built_judged_and_named(goal, tmp_path, monkeypatch):
    actions = [doubled(one, goal) for one in registry.actions()]
    monkeypatch.setattr(registry, "actions", lambda: actions)
    source, options = source_of(goal, tmp_path)
    request = make_request(source, goal.name, options, offline=True)
    report = building.build(request, building.BuildPlan(out=tmp_path / "out"), lambda _: None)
    assert report.attempts[-1].succeeded, report.attempts[-1].results[-1].findings
    made = report.artifacts[0]
    assert made.kind == goal.kind
    suffix = registry.products()[goal.kind].suffix
    assert made.path.name.endswith(suffix)
    assert made.path.name.removesuffix(suffix) in {"m", f"m_{(goal.accelerator or '').lower()}"}
    assert made.path.is_file()
    judged = report.attempts[-1].results[-1]
    assert judged.summary or judged.findings, "no gate looked at it"


@pytest.mark.slow
@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.name)
@pytest.mark.usefixtures("without_environments")
def test_a_file_of_which_nothing_is_the_goals_is_refused(goal, tmp_path, monkeypatch):
    actions = [doubled(one, goal) for one in registry.actions()]
    monkeypatch.setattr(registry, "actions", lambda: actions)
    monkeypatch.setitem(MADE, goal.kind, WRONG.get(goal.kind, float_model))
    source, options = source_of(goal, tmp_path)
    request = make_request(source, goal.name, options, offline=True)
    report = building.build(request, building.BuildPlan(out=tmp_path / "out"), lambda _: None)
    assert not report.artifacts


@pytest.mark.slow
@pytest.mark.usefixtures("without_environments")
def test_what_is_made_of_a_16x8_file_is_called_so(tmp_path, monkeypatch):
    goal = parse_goal("ethos-u55-128")
    actions = [doubled(one, goal) for one in registry.actions()]
    monkeypatch.setattr(registry, "actions", lambda: actions)
    source = tmp_path / "m.tflite"
    source.write_bytes(int16x8_model())
    request = make_request(source, goal.name, BuildOptions())
    report = building.build(request, building.BuildPlan(out=tmp_path / "out"), lambda _: None)
    assert report.artifacts[0].path.name == "m_ethos-u55-128_int16x8_vela.tflite"


@pytest.mark.slow
@pytest.mark.parametrize("pair", SEVERAL, ids=lambda pair: pair[0].kind)
@pytest.mark.usefixtures("without_environments")
def test_two_goals_of_one_compiler_do_not_take_each_others_files(pair, tmp_path, monkeypatch):
    names = []
    for goal in pair:
        actions = [doubled(one, goal) for one in registry.actions()]
        monkeypatch.setattr(registry, "actions", lambda actions=actions: actions)
        source, options = source_of(goal, tmp_path)
        request = make_request(source, goal.name, options, offline=True)
        report = building.build(request, building.BuildPlan(out=tmp_path / "out"), lambda _: None)
        names.append(report.artifacts[0].path.name)
        assert goal.accelerator.lower() in names[-1]
    assert len(set(names)) == len(pair)
    assert all((tmp_path / "out" / name).is_file() for name in names)


@pytest.mark.parametrize("goal", ALL_GOALS, ids=lambda goal: goal.name)
def test_a_goal_has_a_route_and_a_product(goal):
    compiler = registry.compiler_of(goal)
    assert goal.title
    assert goal.kind in {product.kind for product in compiler.products}
    assert planner.kinds_that_lead_to(goal, registry.actions())


@pytest.mark.slow
@pytest.mark.parametrize("goal", FROM_TFLITE, ids=lambda goal: goal.name)
def test_a_goal_is_known_by_every_command(goal, tmp_path, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))  # no compiler is there to be asked
    compiler = registry.compiler_of(goal)
    assert ArtifactKind.TFLITE_FLOAT in planner.kinds_that_lead_to(goal, registry.actions())
    assert find_reader(goal.name).compiler == compiler.name
    source = tmp_path / "m.tflite"
    source.write_bytes(int8_model())
    assert identify(source).kind == ArtifactKind.TFLITE_INT8
    assert inspect_model(source, goal=goal.name).models


@pytest.mark.parametrize("compiler", COMPILERS.values(), ids=lambda one: one.name)
def test_a_compilers_folder_is_whole(compiler):
    folder = folder_of(compiler.name)
    assert folder.name == compiler.name
    assert compiler.goals or compiler.identify
    for action in compiler.actions():
        assert action.produces in {product.kind for product in compiler.products}
        assert action.environment is None or environment_spec(action.environment).lock.is_file()
    for table in (
        "environments",
        "stage-problems",
        "toolchains",
        "goals",
        "tflite-readers",
        "compiled-files",
        "file-formats",
    ):
        file = folder / f"{table}.toml"
        own = load_file(file) if file.is_file() else {}
        assert own.keys() <= load_table(table).keys()
        if table == "goals":
            assert {row["compiler"] for row in own.values()} <= {compiler.name}
    assert compiler.toolchains.keys() <= catalogue().keys()
    probes = [one for one in registry.probes(None, compiler.topics) if one.topic in compiler.topics]
    assert {one.code[:3] for one in probes} <= FAMILIES.keys()


@pytest.mark.slow
def test_all_environments_have_pins_and_all_stage_problems_are_explained():
    for name in environment_names():
        assert environment_spec(name).lock.is_file()
    for name, row in load_table("stage-problems").items():
        assert row["code"] in {one.code for one in explain(name)}


def test_no_common_module_names_a_compiler():
    """What belongs to one compiler lies in its folder: adding one touches nothing else."""
    root = folder_of("edgetpu").parents[1]
    rooms = ("core", "support", "tflite", "toolchains", "stages", "facts")
    files = [file for room in rooms for file in (root / room).rglob("*.py")]
    files += [root / name for name in ("planner.py", "registry.py", "probing.py")]
    named = [
        str(file.relative_to(root))
        for file in files
        if "envdoctor.compilers." in (text := file.read_text("utf-8")) or '"edgetpu-tflite"' in text
    ]
    assert named == []


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("STFT", [(Verdict.BLOCKED, "RUN302")]),
        ("NonMaxSuppression", [(Verdict.UNKNOWN, "RUN304")]),
        ("Relu", []),
    ],
)
def test_an_operator_that_iree_is_known_to_fail_with_is_told_before(kind, told, tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(onnx_bytes.model(onnx_bytes.value("x", 1, 4), onnx_bytes.node(kind)))
    (action,) = (one for one in registry.actions() if one.name == "iree-from-onnx")
    asked = make_request(path, "iree-x86_64", BuildOptions())
    reasons = [reason for one in action.requires[1:] for reason in one(None, asked) if "IREE" in reason.text]
    assert [(reason.verdict, reason.code) for reason in reasons] == told


@pytest.mark.parametrize(("domain", "blocked"), [("acme", True), ("com.microsoft", False), ("", True)])
@pytest.mark.parametrize("name", ["iree-from-onnx", "qualcomm-context", "rknn"])
def test_an_operator_of_a_foreign_domain_blocks_what_reads_onnx_itself(name, domain, blocked, tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(onnx_bytes.model(onnx_bytes.value("x", 1, 4), onnx_bytes.node("MyOp", domain)))
    (action,) = (one for one in registry.actions() if one.name == name)
    assert no_foreign_operators in action.requires
    reasons = no_foreign_operators(None, make_request(path, "iree-x86_64", BuildOptions()))
    told = [reason.verdict for reason in reasons if "MyOp" in reason.text]
    assert told == ([Verdict.BLOCKED] if blocked else [])
