"""Our verdicts against plain uv's, cell by cell, on a recorded part of a real index."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

import plain_uv
from envdoctor.availability.catalogue import Catalogue
from envdoctor.availability.cells import Asked, Cells
from envdoctor.availability.metadata import MetadataReader
from envdoctor.availability.uv import Question, UvResolver
from envdoctor.core.availability import CellVerdict
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.access import open_index
from envdoctor.index.settings import IndexSettings
from index_server import IndexServer
from thoroughness import amount

VERSIONS = list(json.loads(plain_uv.RECORDED.read_text(encoding="utf-8"))["ai-edge-quantizer"])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agreement")
    with IndexServer() as server:
        server.manners.cache_control = "max-age=600"
        plain_uv.serve_recorded(server)
        yield IndexSettings(index_url=server.simple), folder


@pytest.mark.slow
@pytest.mark.parametrize("as_of", [None, datetime(2025, 12, 21, tzinfo=timezone.utc)], ids=["now", "as-of"])
def test_every_verdict_and_every_pin_is_uvs(world, target, as_of):
    settings, folder = world
    client = open_index(settings, folder / "index")
    resolver = UvResolver(LocalExecutor(), settings, folder / "resolver")
    cells = Cells(resolver, Catalogue(client, MetadataReader(client), as_of))
    disagreements, good = [], 0
    for version, platform, python in plain_uv.cells(VERSIONS, amount(70), seed=3):
        line = f"ai-edge-quantizer=={version}"
        question = Question(requirements=(line,), target=target(f"{platform}-{python}"), as_of=as_of)
        ours = cells.one(Asked(version=version, question=question))
        moment = as_of.strftime("%Y-%m-%dT%H:%M:%SZ") if as_of else None
        theirs = plain_uv.resolves(settings, folder / "plain", line, (platform, python), moment)
        if (ours.verdict is CellVerdict.RESOLVES, tuple(map(str, ours.pins))) != theirs:
            disagreements.append((version, platform, python, ours.verdict, theirs))
        good += theirs[0]
        assert ours.verdict is not CellVerdict.UNKNOWN
    assert disagreements == []
    assert 0 < good < amount(70)


@pytest.mark.slow
def test_each_pin_has_the_wheel_that_an_installer_takes(world, target):
    settings, folder = world
    client = open_index(settings, folder / "index")
    resolver = UvResolver(LocalExecutor(), settings, folder / "resolver")
    question = Question(requirements=("ai-edge-quantizer==0.6.0",), target=target("macos-arm64-cp311"))
    cell = Cells(resolver, Catalogue(client, MetadataReader(client))).one(Asked(version="0.6.0", question=question))
    wheels = {pin.name: pin.filename for pin in cell.pins}
    assert wheels["ai-edge-litert"] == "ai_edge_litert-2.1.4-cp311-cp311-macosx_12_0_arm64.whl"
    assert all(wheels.values())


@pytest.mark.slow
def test_a_wheel_for_macos_that_only_a_candidate_has(world, target):
    settings, folder = world
    client = open_index(settings, folder / "index")
    resolver = UvResolver(LocalExecutor(), settings, folder / "resolver")
    question = Question(requirements=("ai-edge-quantizer==0.4.1",), target=target("macos-arm64-cp311"))
    cell = Cells(resolver, Catalogue(client, MetadataReader(client))).one(Asked(version="0.4.1", question=question))
    assert cell.verdict is CellVerdict.NO_WHEEL
    (reason,) = cell.reasons
    assert "2.1.0 exists; the only 2.1.0 with such a wheel is 2.1.0rc1" in reason.message
    assert reason.path == ("ai-edge-quantizer==0.4.1", "ai-edge-litert==2.1.0")
