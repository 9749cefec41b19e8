"""The table of what kernels take is what they take: the tool that made it makes it again."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "envdoctor/compilers/litert/tflite-kernels.toml"


def test_the_table_is_what_the_tool_makes():
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")
    if importlib.metadata.version("ai-edge-litert") not in TABLE.read_text("utf-8"):
        pytest.skip("the table was measured with another version of ai-edge-litert")
    made = subprocess.run(
        [sys.executable, str(ROOT / "tools/make_kernel_table.py")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert made.stdout == TABLE.read_text("utf-8")
