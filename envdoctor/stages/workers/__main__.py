"""Start one task: `python -I -X faulthandler .../workers/__main__.py REQUEST.json`.

-I keeps the current folder, PYTHONPATH and the user's site-packages out of the stage's environment; this folder is
therefore loaded by its path, under the name that it has in envdoctor and without the rest of it. A folder of a
compiler's own tasks (`tasks` in the request) is loaded beside it in the same way: its modules can import these.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import threading
from pathlib import Path
from types import ModuleType

PACKAGE = "envdoctor.stages.workers"
OWN = "envdoctor_tasks"


def load_package(folder: Path, name: str = PACKAGE) -> ModuleType:
    """The folder as a package, so that its modules can import each other."""
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} is no package")
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)
    return package


def main(request_file: Path) -> int:
    """Carry out the request in a file; gives the exit status."""
    for name in ("envdoctor", "envdoctor.stages"):
        sys.modules[name] = ModuleType(name)
    load_package(Path(__file__).resolve().parent)
    stage = importlib.import_module(f"{PACKAGE}.stage")
    tasks = json.loads(request_file.read_text(encoding="utf-8")).get("tasks")
    if tasks is not None:
        load_package(Path(tasks), OWN)
    package = PACKAGE if tasks is None else OWN
    status: int = stage.run_task(request_file, lambda name: importlib.import_module(f"{package}.{name}").run)
    return status


if __name__ == "__main__":
    exit_status = main(Path(sys.argv[1]))
    if threading.active_count() > 1:  # started by somebody's code, and never ended: Python would wait for them
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_status)
    sys.exit(exit_status)
