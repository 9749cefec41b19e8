"""Files of compilers that no goal here leads to: what they are, told from their content.

One module is one family of formats; the words that are the same for all files of a format are in file-formats.toml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.compiler import Compiler

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envdoctor.action import Action
    from envdoctor.core.file_identity import FileIdentity


def _actions() -> Iterable[Action]:
    return ()


def _identify(path: Path) -> FileIdentity | None:
    from envdoctor.compilers.foreign.catalogue import FILES
    from envdoctor.compilers.foreign.coreml import read_folder
    from envdoctor.stages.file_readers import identify_by

    return read_folder(path) if path.is_dir() else identify_by(path, FILES)


COMPILER = Compiler(name="foreign", title="compilers of others", products=(), actions=_actions, identify=_identify)
