"""Which mends a build asks for."""

from pathlib import Path

import pytest

from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.pipeline.actions import mend
from stages import stage_context

EDGES = {"uint8-edges", "float-edges"}


@pytest.mark.parametrize(
    ("asked", "edges"), [("int8", set()), ("uint8", {"uint8-edges"}), ("float32", {"float-edges"})]
)
def test_edges_of_the_type_that_is_asked_for(tmp_path, monkeypatch, asked, edges):
    wanted = []

    def double(_, output, names, *__):
        wanted.extend(names)
        output.write_bytes(b"")
        return {"tried": []}

    monkeypatch.setattr(mend, "mend", double)
    source = Artifact(kind=ArtifactKind.TFLITE_INT8, path=Path("m.tflite"), sha256="0")
    mend.run(stage_context(tmp_path, source=source, io_type=asked))
    assert {"integer-edges", "fixed-batch"} < set(wanted)
    assert set(wanted) & EDGES == edges
