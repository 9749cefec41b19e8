"""More of what the campaign damages: compiled files, exported programs, ONNX, what users and runs write."""

from __future__ import annotations

import gzip
import json
import lzma
import sqlite3
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import mutations
from mutations import Seed
from target import JUDGE, Target

import onnx_bytes
import pt2_files
from compiled_files import BUILT
from envdoctor.core.errors import EnvDoctorError, Unreadable, UsageProblem

if TYPE_CHECKING:
    import random

_ENTRIES = 920
_DATA = Path(__file__).resolve().parents[1] / "data"
#: Bytes at the end of a file that may be missing without harm: padding, the last end of line.
_PADDING = 8
#: What two of the files need beside them.
_BESIDE = ("tiny.bin", "qnn_0_ctx_qnn.bin")
_LOCK = """
lock-version = "1.0"
requires-python = ">=3.10"
created-by = "x"
[[packages]]
name = "six"
version = "1.16.0"
marker = "python_version >= '3.10'"
requires-python = ">=2.7"
wheels = [{name = "six-1.16.0-py2.py3-none-any.whl", url = "https://index.test/six-1.16.0-py2.py3-none-any.whl", \
upload-time = 2021-05-05T14:18:17Z, size = 11053, hashes = {sha256 = "ab"}}]
[[packages]]
name = "here"
directory = {path = "../here", editable = true}
[tool.x]
y = [1, 2.5, "z"]
"""
_REQUIREMENTS = b"""# all
--index-url https://index.test/simple
numpy>=1.23,<3 ; python_version >= "3.10"  # why
torch[opt]==2.1.0 --hash=sha256:abcd \\
    --hash=sha256:ef01
-c other.txt
-r other.txt
x @ file:///tmp/x.whl
-e .
"""
_PROJECT = b"""[project]
name = "p"
version = "1"
dependencies = ["numpy>=1", "six"]
[project.optional-dependencies]
gpu = ["torch", "p[cpu]"]
cpu = ["onnx"]
[dependency-groups]
dev = ["pytest", {include-group = "lint"}]
lint = ["ruff"]
[tool.envdoctor]
select = ["PYT", "PKG"]
goal = "ethos-u55-128"
max-drop = "2%"
max-download = 1000
[[tool.envdoctor.ignore]]
code = "PKG001"
reason = "known"
until = 2027-03-31
"""
_PIP = b"""[global]
index-url = https://u:p@index.test/simple
timeout = 5
trusted-host =
    a.test
    b.test
[install]
retries = 2
"""


@cache
def compiled() -> list[Seed]:
    """One file of each format, by its own tool where that can be had, and compiled .tflite files."""
    found = dict(BUILT)
    for path in (*(_DATA / "compiled").iterdir(), *(_DATA / "executorch").iterdir(), *(_DATA / "qualcomm").iterdir()):
        if path.is_file() and path.name not in _BESIDE:
            opened = {".gz": gzip.decompress, ".xz": lzma.decompress}.get(path.suffix, bytes)
            found[path.name] = opened(path.read_bytes())
    found.pop("qnn_0_ctx_qnn.bin.gz")
    return [Seed(data, ((0, min(len(data), 600)),)) for data in found.values()]


def _identify(data: bytes, folder: Path) -> object:
    from envdoctor.doctor.model import inspect_model

    for name in _BESIDE:
        if not (folder / name).exists():
            packed = _DATA / "compiled" / f"{name}.gz"
            content = (
                gzip.decompress(packed.read_bytes()) if packed.exists() else (_DATA / "compiled" / name).read_bytes()
            )
            (folder / name).write_bytes(content)
    path = folder / "tiny.xml"
    path.write_bytes(data)
    return inspect_model(path)


def _is_cut(data: bytes, _sound: object, report: object, _folder: Path) -> str:
    """A file that is the beginning of a sound one is not whole."""
    whole = report.complete and not report.problems
    cut = any(seed.data.startswith(data) and len(seed.data) - len(data) > _PADDING for seed in compiled())
    return "a file that was cut short reads as whole" if whole and cut else ""


def onnx_files() -> list[Seed]:
    """Models with weights in them and beside them, graphs in graphs, functions."""
    node, weight, value, model = onnx_bytes.node, onnx_bytes.weight, onnx_bytes.value, onnx_bytes.model
    made = [
        model(node("Conv"), node("If", "", onnx_bytes.subgraph(node("Relu"))), weight("w"), value("x", 1, 3, "h", 8)),
        model(node("Add"), weight("w", "beside.bin"), weight("v", "beside.bin", 8), value("x", "N", 4)),
        model(node("Own", "lib.test"), value("x", 1, kind=8)),
    ]
    return [Seed(data) for data in made]


def _onnx(data: bytes, folder: Path) -> object:
    from envdoctor.pipeline.sources import identify, model_inputs

    (folder / "beside.bin").write_bytes(bytes(64))
    path = folder / "model.onnx"
    path.write_bytes(data)
    artifact = identify(path, given="")
    return artifact, model_inputs(artifact)


def exported_programs() -> list[Seed]:
    """The JSON of an exported program; the archive around it is made anew."""
    spec = json.dumps([1, {"type": "builtins.tuple", "context": "null", "children_spec": []}])
    shape = ("Symbol('s7', integer=True)", 3, 8, 8)
    made = pt2_files.program("torch.ops.aten.relu.default", shape=shape, guards=["L['x'].size()[0] >= 2"], spec=spec)
    return [Seed(json.dumps(made).encode())]


def _exported(data: bytes, folder: Path) -> object:
    return _program(pt2_files.pack(folder, pt2_files.parts() | {"models/m0.json": data}))


def exported_archives() -> list[Seed]:
    """The whole archive of an exported program."""
    with tempfile.TemporaryDirectory() as folder:
        data = pt2_files.write(Path(folder), "torch.ops.aten.relu.default").read_bytes()
    return [Seed(data, ((data.index(b"PK\1\2"), len(data)),)), Seed(data)]


def _archived(data: bytes, folder: Path) -> object:
    path = folder / "net.pt2"
    path.write_bytes(data)
    return _program(path)


def _program(path: Path) -> object:
    from envdoctor.pipeline.sources import identify, model_inputs

    artifact = identify(path, trust_code=True)
    return artifact, model_inputs(artifact)


def _lock(data: bytes, folder: Path) -> object:
    from envdoctor.locks.reading import read_lock, select
    from wheel_files import LINUX

    path = folder / "pylock.toml"
    path.write_bytes(data)
    return select(read_lock(path), LINUX, folder)


def _requirements(data: bytes, folder: Path) -> object:
    from envdoctor.locks.asked import read_asked

    (folder / "other.txt").write_text("six\n")
    path = folder / "requirements.txt"
    path.write_bytes(data)
    return read_asked(path)


def _project(data: bytes, folder: Path) -> object:
    from envdoctor.configuration.reading import read_configuration
    from envdoctor.locks.asked import read_asked

    path = folder / "pyproject.toml"
    path.write_bytes(data)
    return read_configuration(folder, {}), read_asked(path, ["gpu"], ["dev"])


def _pip(data: bytes, folder: Path) -> object:
    from envdoctor.index.settings import load_settings

    path = folder / "pip.conf"
    path.write_bytes(data)
    return load_settings(environ={"PIP_CONFIG_FILE": str(path), "HOME": str(folder)}, prefix=folder)


def histories() -> list[Seed]:
    """A history with two rows."""
    from envdoctor.core.sweep import Ending, Judgment, State, SweepRow
    from envdoctor.sweeps.database import open_database

    told = {
        "kind": "wheels",
        "item": "pkg.whl",
        "ending": Ending.JUDGED,
        "measured": "2026-01-01T00:00:00.000000+00:00",
    }
    found = Judgment(subject="pkg", version="1.0", target="t", verdict="BROKEN", state=State.BROKEN, message="why")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "history.sqlite")
        with open_database(file, write=True) as database:
            database.add(SweepRow(key=key, found=found, is_new=False, **told) for key in "ab")
        data = file.read_bytes()
    return [Seed(data, ((0, 200), (len(data) - 600, len(data))))]


def _history(data: bytes, folder: Path) -> object:
    from envdoctor.sweeps.database import open_database

    path = folder / "history.sqlite"
    for each in folder.glob("history.sqlite*"):
        each.unlink()
    path.write_bytes(data)
    with open_database(path, write=False) as database:
        return database.about()


def _sqlite_refuses(data: bytes, _sound: object, _read: object, folder: Path) -> str:
    del data
    held = sqlite3.connect(folder / "history.sqlite")
    try:
        (word,) = held.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as error:
        word = str(error)
    finally:
        held.close()
    return "" if word == "ok" else f"{JUDGE} sqlite finds damage in what was not asked for"


def _build(data: bytes, folder: Path) -> object:
    from envdoctor.pipeline.past import read_build

    (folder / "manifest.json").write_bytes(data)
    return read_build(folder)


def checkpoints() -> list[Seed]:
    """The index of a checkpoint; its entries are its first block."""
    data = (_DATA / "saved_model/variables/variables.index").read_bytes()
    return [Seed(data, ((0, _ENTRIES),))]


def _sealed(seed: Seed, chance: random.Random) -> bytes:
    """Damaged, mostly with a checksum that is right, so that what lies behind it is reached."""
    from envdoctor.pipeline.sources.checkpoint import masked_crc

    data = mutations.mutate(seed, chance)
    if chance.random() < 0.2 or len(data) < _ENTRIES + 5:
        return data
    return data[: _ENTRIES + 1] + masked_crc(data[: _ENTRIES + 1]).to_bytes(4, "little") + data[_ENTRIES + 5 :]


def _checkpoint(data: bytes, folder: Path) -> object:
    from envdoctor.pipeline.sources.checkpoint import require_whole

    shard = "variables.data-00000-of-00001"
    (folder / shard).write_bytes((_DATA / "saved_model/variables" / shard).read_bytes())
    (folder / "variables.index").write_bytes(data)
    return require_whole(folder)


def manifests() -> list[Seed]:
    """What a build wrote."""
    file = {"path": "a.tflite", "sha256": "ab" * 32, "kind": "tflite-int8"}
    stage = {"action": "tf-int8", "place": "local", "status": "done", "seconds": 1.5, "peak_memory": None}
    stage |= {"output": file, "environment": {"numpy": "2.0"}, "gate_environment": {}, "commands": [["python", "-c"]]}
    stage |= {"summary": {"x": 1}, "findings": []}
    tried = [{"route": "tf-int8", "succeeded": True, "stages": [stage]}]
    written = {"schema": 1, "envdoctor": "0.1.0", "created": "2026-01-01T00:00:00Z", "goal": "tflite-int8"}
    written |= {"route": "tf-int8", "options": {}, "inputs": [file], "outputs": [file], "attempts": tried}
    return [Seed(json.dumps(written).encode())]


def texts(*contents: bytes | str):
    """Seeds of these texts."""
    return lambda: [Seed(each if isinstance(each, bytes) else each.encode()) for each in contents]


def _half(seed: Seed, chance: random.Random) -> bytes:
    """Every fifth file is cut anywhere, the others are damaged."""
    return seed.data[: chance.randrange(len(seed.data))] if chance.random() < 0.2 else mutations.mutate(seed, chance)


_TEXT, _JSON = mutations.mutate_text, mutations.mutate_json
_REFUSED = (Unreadable, UsageProblem)
LATER = {
    "checkpoint": Target(checkpoints, _checkpoint, _sealed),
    "compiled": Target(compiled, _identify, _half, _REFUSED, _is_cut),
    "onnx": Target(onnx_files, _onnx, errors=_REFUSED),
    "exported": Target(exported_programs, _exported, _JSON, _REFUSED),
    "exported-file": Target(exported_archives, _archived, errors=_REFUSED),
    "lock": Target(texts(_LOCK), _lock, _TEXT, _REFUSED),
    "requirements": Target(texts(_REQUIREMENTS), _requirements, _TEXT, _REFUSED),
    "project": Target(texts(_PROJECT), _project, _TEXT, _REFUSED),
    "pip-settings": Target(texts(_PIP), _pip, _TEXT, _REFUSED),
    "manifest": Target(manifests, _build, _JSON, _REFUSED),
    "history": Target(histories, _history, errors=(EnvDoctorError,), dispute=_sqlite_refuses),
}
