"""Files of compilers to look at."""

import pytest

from compiled_files import real


@pytest.fixture
def put(tmp_path):
    """Writes a file, and what belongs beside it."""
    (tmp_path / "qnn_0_ctx_qnn.bin").write_bytes(real("qnn_0_ctx_qnn.bin"))
    (tmp_path / "tiny.bin").write_bytes(real("tiny.bin"))

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write
