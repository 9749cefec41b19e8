"""Records a part of the user's package index, for tests that compare resolvers where there is no network.

What is kept of each project: the files of some versions, with tags, dates, Requires-Python and yanks as the index
has them, and the requirements of each version. Run it as `python tools/record_index.py tests/data/index/litert.json`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.availability.catalogue import Catalogue
from envdoctor.availability.metadata import MetadataReader
from envdoctor.index.access import open_index
from envdoctor.index.project import FileKind, IndexFile
from envdoctor.index.settings import load_settings

if TYPE_CHECKING:
    from packaging.version import Version

# The versions that are kept: those that resolvers choose now, and chose at the end of 2025; none named for all.
_PROJECTS: dict[str, tuple[str, ...]] = {
    "ai-edge-quantizer": (),
    "ai-edge-litert": (),
    "ai-edge-tensorflow": (),
    "absl-py": ("2.3.1", "2.5.1"),
    "backports-strenum": ("1.2.8", "1.3.1"),
    "flatbuffers": ("25.9.23", "25.12.19"),
    "immutabledict": ("4.2.2", "4.3.1"),
    "ml-dtypes": ("0.5.1", "0.5.4", "0.6.0"),
    "numpy": ("1.26.4", "2.2.6", "2.3.5", "2.4.6", "2.5.5"),
    "protobuf": ("6.33.2", "7.36.2"),
    "scipy": ("1.15.3", "1.16.3", "1.17.1", "1.18.1"),
    "tqdm": ("4.67.1", "4.70.1"),
    "typing-extensions": ("4.15.0", "4.16.0"),
}


def main(destination: Path) -> None:
    """Record everything into one file."""
    with tempfile.TemporaryDirectory() as folder:
        client = open_index(load_settings(), Path(folder))
        catalogue = Catalogue(client, MetadataReader(client))
        recorded = {name: _project(catalogue, name, kept) for name, kept in _PROJECTS.items()}
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _project(catalogue: Catalogue, name: str, kept: tuple[str, ...]) -> dict[str, Any]:
    releases = catalogue.releases(name)
    return {
        str(version): _release(catalogue, files, version)
        for version, files in releases.items()
        if not kept or str(version) in kept
    }


def _release(catalogue: Catalogue, files: tuple[IndexFile, ...], version: Version) -> dict[str, Any]:
    wheels = [file for file in files if file.kind is FileKind.WHEEL]
    smallest = min(wheels, key=lambda file: file.size or sys.maxsize, default=None)
    requires = catalogue.metadata(smallest).requires if smallest else ()
    print(version, len(files), file=sys.stderr)
    return {"requires": [str(one) for one in requires], "files": {file.filename: _said(file) for file in files}}


def _said(file: IndexFile) -> dict[str, Any]:
    said = {
        "requires_python": file.requires_python,
        "yanked": file.yanked,
        "upload_time": file.uploaded.isoformat() if file.uploaded else None,
    }
    return {name: value for name, value in said.items() if value is not None}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
