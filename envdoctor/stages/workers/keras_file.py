"""A Keras file before anything of it is loaded: what of it would run, and which other files it points to."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import zipfile
import zlib
from typing import TYPE_CHECKING

from . import stored_code
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .stored_code import Names
    from .untyped import H5Group, Json

#: The member of a .keras file that holds the layers.
CONFIG = "config.json"


def copied(path: Path, copy: Path) -> Path:
    """Copy a regular file, which another or a pipe may replace later.

    Raises:
        Problem: it can't be read, or is no regular file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as source, copy.open("wb") as target:
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
            if is_file:
                shutil.copyfileobj(source, target)
    except OSError as error:
        raise Problem("keras-file-unreadable", f"{path.name} can't be read: {error.strerror or error}.") from None
    if not is_file:
        raise Problem("keras-file-unreadable", f"{path.name} is no regular file.")
    return copy


def refuse_code(path: Path, names: Names) -> None:
    """Look at every configuration that Keras could take from a file, as Keras reads it.

    Keras' own safe mode is no help: that of Keras 2 does not look at .h5 files, and none looks at all that runs.

    Raises:
        Problem: it can't be read, holds code, or points to other files.
    """
    try:
        nodes = [node for config in _stored_configs(path) for node in stored_code.nodes_of(config)]
        outside = [f"weights in another file, {file}" for file in _files_outside(path)]
    except (ValueError, TypeError, KeyError, OSError, RecursionError, zipfile.BadZipFile, zlib.error) as error:
        raise Problem("keras-file-unreadable", f"the configuration in {path.name} can't be read: {error}.") from None
    found = (*stored_code.code_in(nodes, names), *stored_code.foreign_in(nodes, names), *outside)
    if found:
        raise Problem(
            "code-not-trusted",
            f"{path.name} holds {'; '.join(found)}: loading it would run or read that, so it was not loaded.",
        )


def _stored_configs(path: Path) -> Iterator[Json]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if archive.namelist().count(CONFIG) > 1:
                raise ValueError(f"it holds {CONFIG} more than once")
            yield json.loads(archive.read(CONFIG))
    import h5py

    if h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            text = file.attrs["model_config"]
        yield json.loads(text)


def _files_outside(path: Path) -> tuple[str, ...]:
    """The files beside a Keras file that its HDF5 groups and data point to."""
    import h5py

    if h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            return tuple(dict.fromkeys(_pointed_to(file)))
    found: dict[str, None] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".h5"):
                with io.BytesIO(archive.read(name)) as stream, h5py.File(stream, "r") as file:
                    found.update(dict.fromkeys(_pointed_to(file)))
    return tuple(found)


def _pointed_to(file: H5Group) -> Iterator[str]:
    import h5py

    waiting, seen = [file], set()
    while waiting:
        group = waiting.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                yield str(link.filename)
            if not isinstance(link, h5py.HardLink):
                continue
            entry = group[name]
            if isinstance(entry, h5py.Dataset):
                yield from (str(each[0]) for each in entry.external or ())
                yield from (source.file_name for source in entry.virtual_sources()) if entry.is_virtual else ()
            elif isinstance(entry, h5py.Group) and entry.id not in seen:
                seen.add(entry.id)
                waiting.append(entry)
