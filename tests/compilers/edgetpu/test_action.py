"""The last stage in every place, with the stand-in compiler; and what each of its failures becomes."""

import dataclasses
import json
import platform
import re
import shutil

import pytest

from envdoctor.action import StageFailed
from envdoctor.compilers.edgetpu.action import ACTION
from envdoctor.compilers.edgetpu.locate import read_compiler
from envdoctor.compilers.edgetpu.running import open_bench
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.finding import Severity
from envdoctor.emulation.proof import EMULATED
from envdoctor.support.hashing import hash_path
from envdoctor.tflite.reader import read_model
from needs import needing
from processes import SCRIPT_HEAD
from shared_data import shared
from ssh_server import client_of, ssh_server
from stages import stage_context
from standin import VERSION, build_standin
from tflite_bytes import model as packed
from tflite_bytes import pack, tensor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a folder with spaces")
    build_standin(folder)
    return folder


@pytest.fixture(scope="module")
def model():
    pairs = [json.loads(line) for line in shared("data/edgetpu/pairs.jsonl").read_text("utf-8").splitlines()]
    pair = next(pair for pair in pairs if pair["file"] and not pair["on_cpu"] and pair["ops_total"] > 50)
    path = shared("data/edgetpu") / pair["file"]
    return Artifact(kind=ArtifactKind.TFLITE_INT8, path=path, sha256=hash_path(path))


@pytest.fixture
def compile_it(bundle, model, tmp_path):
    def run(source=model, **options):
        context = stage_context(tmp_path / "stage", source, "edgetpu", **{"compiler": bundle, **options})
        return ACTION.run(context)

    return run


def failure(run, **options):
    with pytest.raises(StageFailed) as caught:
        run(**options)
    return caught.value


def test_here(compile_it, model, tmp_path):
    output = compile_it()
    assert output.path == tmp_path / "stage" / f"{model.path.stem}_edgetpu.tflite"
    assert [file.name for file in output.files] == [f"{model.path.stem}_edgetpu.log"]
    assert (output.summary["compiler"], output.summary["subgraphs"]) == (VERSION, 1)
    assert sum(row["count"] for row in output.summary["log_rows"]) == len(read_model(model.path).main.operators)
    assert sorted(path.name for path in (tmp_path / "stage").iterdir()) == sorted(
        [output.path.name, output.files[0].name]
    )


def test_segments(compile_it):
    output = compile_it(compiler_args=("-n", "2"))
    assert output.path.name.endswith("_segment_0_of_2_edgetpu.tflite")
    assert len(output.files) == 3


@needing("qemu-x86_64-static")
def test_explicitly_under_qemu_which_really_emulates(compile_it, bundle, model, tmp_path):
    native = compile_it().path.read_bytes()
    shutil.rmtree(tmp_path / "stage")
    output = compile_it(place="qemu")
    assert output.path.read_bytes() == native
    # An x86_64 kernel would run the program as it is: only the processor's own name tells.
    context = stage_context(tmp_path / "other", model, "edgetpu", compiler=bundle, place="qemu")
    assert f": {EMULATED}" in open_bench(context, tmp_path).run(["--standin_facts"]).printed


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the double of the engine runs the command right here")
def test_in_a_container(compile_it, bundle, tmp_path, monkeypatch):
    engine = tmp_path / "bin/docker"
    engine.parent.mkdir()
    engine.write_text(
        f"{SCRIPT_HEAD}import os, sys\nwords = sys.argv[1:]\nat = words.index('an-image')\n"
        "open(os.environ['NOTES'], 'w').write(repr(words))\n"
        "os.chdir(words[words.index('--workdir') + 1])\nos.execv(words[at + 1], words[at + 1:])\n",
    )
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{engine.parent}:/usr/bin:/bin")
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    monkeypatch.setenv("ENVDOCTOR_CONTAINER_IMAGE", "an-image")
    assert compile_it(place="docker").path.is_file()
    words = (tmp_path / "notes").read_text()
    library = read_compiler(bundle, origin="test").library_path
    assert f"{library}:{library}:ro" in words
    assert "linux/amd64" in words


@pytest.mark.parametrize("installed", [False, True])
def test_on_another_machine(compile_it, bundle, tmp_path, monkeypatch, installed):
    with ssh_server(tmp_path) as server:
        monkeypatch.setenv("PATH", f"{client_of(server, 'bigbox')}:/usr/bin:/bin")
        if installed:
            theirs = shutil.copytree(bundle, tmp_path / "theirs")  # the wrapper breaks on folders with spaces
            (tmp_path / "authorized_keys").write_text(
                f'environment="PATH={theirs}/usr/bin:/usr/bin:/bin" {(tmp_path / "client.pub").read_text()}',
            )
        output = compile_it(place="ssh", ssh_host="bigbox")
        assert output.summary["compiler"] == VERSION
        found = failure(compile_it, place="ssh", ssh_host="absent.invalid") if not installed else None
    if found:
        assert (found.finding.name, found.of_place) == ("ssh-failed", True)


def test_a_person_runs_the_notebook(compile_it, model, tmp_path):
    waits = failure(compile_it, place="notebook")
    assert (waits.finding.name, waits.of_place) == ("notebook-waits", True)
    assert (tmp_path / f"{model.path.stem}_edgetpu.ipynb").is_file()
    shutil.rmtree(tmp_path / "stage")
    made = compile_it().path.rename(tmp_path / "from-colab.tflite")
    shutil.rmtree(tmp_path / "stage")
    assert compile_it(place="notebook", resume=made).path.read_bytes() == made.read_bytes()
    shutil.rmtree(tmp_path / "stage")
    wrong = failure(compile_it, place="notebook", resume=model.path)
    assert (wrong.finding.name, wrong.of_place) == ("resumed-file-wrong", False)


FAILURES = {
    "internal": "edgetpu-internal-error",
    "exception": "edgetpu-internal-error",
    "silent": "edgetpu-internal-error",
    "crash": "edgetpu-internal-error",
    "large": "edgetpu-large-activations",
}


@pytest.mark.parametrize("trigger", FAILURES)
def test_what_fails_whatever_is_tried(compile_it, monkeypatch, trigger):
    monkeypatch.setenv("EDGETPU_STANDIN_FAIL", trigger)
    found = failure(compile_it)
    assert (found.finding.name, found.finding.severity) == (FAILURES[trigger], Severity.ERROR)
    assert not found.of_place


@pytest.mark.parametrize("broken", [0, 5, 17, 60])
def test_an_internal_error_is_traced_to_the_operator(compile_it, monkeypatch, broken):
    monkeypatch.setenv("EDGETPU_STANDIN_FAIL", f"internal@{broken}")
    message = failure(compile_it).finding.message
    found = re.search(r"gives up at (?:operator (\d+)|one of the operators (\d+) to (\d+))", message)
    one, first, last = found.groups()
    assert int(one or first) <= broken <= int(one or last)
    assert int(one or last) - int(one or first) < 8


def test_large_activations_are_compiled_in_part(compile_it, monkeypatch):
    monkeypatch.setenv("EDGETPU_STANDIN_FAIL", "large@40")
    output = compile_it()
    assert [one.name for one in output.findings] == ["edgetpu-searched"]
    assert any(row["status"] != "Mapped to Edge TPU" for row in output.summary["log_rows"])


def test_a_time_out_gets_a_longer_limit(compile_it, monkeypatch, bundle):
    monkeypatch.setenv("EDGETPU_STANDIN_FAIL", "slow@3")
    found = compile_it(compiler=impatient(bundle))
    assert [one.name for one in found.findings] == ["edgetpu-took-longer"]


def impatient(bundle):
    """A script that sets a limit of one second unless it is told another: the usual 180 would take long to test."""
    folder = bundle.with_name("impatient")
    folder.mkdir()
    (folder / "inner").symlink_to(bundle / "usr/bin/edgetpu_compiler_bin")
    start = "./ld-linux-x86-64.so.2 --library-path . ./edgetpu_compiler".replace("./", f"{folder}/inner/")
    start = start.replace("path .", f"path {folder}/inner")
    (folder / "edgetpu_compiler").write_text(
        f'#!/bin/sh\ncase "$*" in *--timeout_sec*) exec {start} "$@";; esac\nexec {start} --timeout_sec 1 "$@"\n',
    )
    (folder / "edgetpu_compiler").chmod(0o755)
    return folder / "edgetpu_compiler"


def test_models_that_the_compiler_refuses(compile_it, tmp_path):
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(b"x" * 100)
    artifact = Artifact(kind=ArtifactKind.TFLITE_INT8, path=damaged, sha256="")
    assert failure(compile_it, source=artifact).finding.name == "model-refused"


def test_a_compiler_that_is_gone(compile_it, tmp_path):
    found = failure(compile_it, compiler=tmp_path / "absent")
    assert (found.finding.name, found.of_place) == ("compiler-missing", True)


def test_options_that_are_envdoctors(compile_it):
    assert failure(compile_it, compiler_args=("-o", "/tmp")).finding.name == "tool-refused-arguments"


@pytest.mark.parametrize(
    ("left", "words"), [(None, ""), ("the model itself", "was not made by"), ("one of another model", "has other")]
)
def test_a_log_that_does_not_say_how_it_ended_leaves_it_to_the_file(bundle, model, tmp_path, left, words):
    context = stage_context(tmp_path / "stage", model, "edgetpu", compiler=bundle)

    def run(command):
        result = context.run(command)
        for made in command.cwd.glob("*_edgetpu.tflite"):
            if left == "the model itself":
                shutil.copyfile(model.path, made)
            elif left:
                operators, codes = [(0, [0], [0], 0, None)], [(32, 1, b"edgetpu-custom-op")]
                made.write_bytes(pack(packed(tensors=[tensor([1])], operators=operators, codes=codes)))
        context.log.write_text("")  # of a compiler that says nothing
        return result

    if not left:
        assert ACTION.run(dataclasses.replace(context, run=run)).path.is_file()
        return
    with pytest.raises(StageFailed) as caught:
        ACTION.run(dataclasses.replace(context, run=run))
    assert caught.value.finding.name == "compiled-file-wrong"
    assert words in caught.value.finding.message
