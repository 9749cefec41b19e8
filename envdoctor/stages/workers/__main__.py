"""Start one task: `python -I -X faulthandler .../workers/__main__.py REQUEST.json`.

-I keeps the current folder, PYTHONPATH and the user's site-packages out of the stage's environment; this folder is
therefore loaded by its path, under a name that no distribution has.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

PACKAGE = "envdoctor_workers"


def load_package(folder: Path) -> ModuleType:
    """The folder as a package, so that its modules can import each other."""
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} is no package")
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    return package


if __name__ == "__main__":
    load_package(Path(__file__).resolve().parent)
    stage = importlib.import_module(f"{PACKAGE}.stage")
    sys.exit(stage.run_task(Path(sys.argv[1]), lambda name: importlib.import_module(f"{PACKAGE}.{name}").run))
