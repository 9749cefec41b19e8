"""Makes codes.html where envdoctor is built: into the wheel, or into the folder of an editable install."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CodesPage(BuildHookInterface):  # type: ignore[type-arg,misc]
    """The hook that pyproject.toml names."""

    folder: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the page to what is built."""
        root = Path(self.root)
        sys.path[:0] = [str(root / name) for name in (".", "probes", "reports", "tools")]
        from codes_page import PAGE, codes_page

        if version == "editable":
            PAGE.write_bytes(codes_page().encode())
        else:
            self.folder = Path(tempfile.mkdtemp())
            page = self.folder / PAGE.name
            page.write_bytes(codes_page().encode())
            build_data["force_include"][str(page)] = f"envdoctor_reports/{PAGE.name}"

    def finalize(self, *_: object) -> None:
        """Remove what was only needed while it was built."""
        if self.folder is not None:
            shutil.rmtree(self.folder)
