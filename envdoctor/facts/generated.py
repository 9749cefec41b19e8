"""Modules that the protocol buffer compiler made, and that the installed protobuf refuses to import.

What it makes begins with a comment that names its source, and since 5.27 with a call that compares versions; see
`envdoctor.imports.generated_code`.
"""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.imports.generated_code import PROTOBUF, keeps_in_c, needed_version
from envdoctor.support.files import read_head

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.records import Record

_NAME = re.compile(r".*_pb2\w*\.py")
_SOURCE = re.compile(rb"^# source: (\S+)", re.MULTILINE)
_COMPARED = re.compile(rb"ValidateProtobufRuntimeVersion\(\s*[\w.]+,\s*(\d{1,4}),\s*(\d{1,4}),\s*(\d{1,4}),\s*''")
_BY_HAND = re.compile(rb"\b_descriptor\.(?:FieldDescriptor|EnumDescriptor|EnumValueDescriptor|Descriptor)\(")
_HEAD, _MOST_BYTES = 4 << 10, 256 << 10
#: Modules of one distribution that are looked at: one compiler mostly made them all; where one is refused, all are.
_SAMPLED, _MOST_MODULES, _MOST_TEXTS = 12, 2000, 1000


@frozen
class Refused:
    """A distribution with generated modules that can't be imported.

    Attributes:
        modules: their paths.
        needed: the versions of protobuf that would take the first of them, as a specifier.
        protobuf: what is installed.
        importer: path of a module that imports one of them, of the distribution or of one that requires it; "" where
            none was found among those that were looked at.
    """

    distribution: Distribution
    modules: tuple[str, ...]
    needed: str
    protobuf: Distribution
    importer: str = ""


@frozen
class Generated:
    """All of them."""

    refused: tuple[Refused, ...] = ()


def derive(facts: Facts) -> Generated:
    """Look at the heads of generated modules; none is run.

    What a distribution also has of the same source in a form that is taken is fine: code chooses among such. So is what
    says in its metadata that it wants another protobuf: that is told already.

    Raises:
        FactUnavailable: the distributions or their RECORDs could not be looked at.
    """
    protobuf = facts.packages.find(PROTOBUF)
    if protobuf is None:
        return Generated()
    active = {one.metadata for one in facts.packages.active().values()}
    told = {unmet.by.metadata for unmet in facts.requirements.unmet if unmet.name == PROTOBUF}
    in_c = keeps_in_c(protobuf.version) and any("/google/_upb/_message." in one.path for one in facts.natives.files)
    refused = []
    for record in facts.records.records:
        one = record.distribution
        if one.metadata not in active - told - {protobuf.metadata}:
            continue
        paths = [os.path.join(one.root, path) for path in record.paths if _NAME.fullmatch(path)][:_MOST_MODULES]
        modules = _refused(paths, protobuf.version, in_c=in_c)
        if modules:
            needed = next(iter(modules.values()))
            by = {each.metadata for each, _ in facts.requirements.wanted.get(one.key, ())} | {one.metadata}
            importer = _importer(
                [*modules], [each for each in facts.records.records if each.distribution.metadata in by]
            )
            refused.append(
                Refused(distribution=one, modules=(*modules,), needed=needed, protobuf=protobuf, importer=importer)
            )
    return Generated(refused=tuple(refused))


def _importer(modules: Sequence[str], records: Sequence[Record]) -> str:
    """The first text of these distributions, none that is generated, with a line that imports one of the modules."""
    names = b"|".join(re.escape(os.path.basename(path).removesuffix(".py").encode()) for path in modules)
    line = re.compile(rb"^(?:from|import)\b[^#\n]*\b(?:" + names + rb")\b", re.MULTILINE)
    places = ((record.distribution.root, path) for record in records for path in record.paths)
    texts = (os.path.join(root, path) for root, path in places if path.endswith(".py") and not _NAME.fullmatch(path))
    for path in itertools.islice(texts, _MOST_TEXTS):
        try:
            if line.search(read_head(path, _MOST_BYTES)):
                return path
        except OSError:
            continue
    return ""


def _refused(paths: Sequence[str], runtime: str, *, in_c: bool) -> dict[str, str]:
    """The modules of a distribution that are refused, and what each needs."""
    step = max(1, len(paths) // _SAMPLED)
    if not any(needed for _, _, needed in _looked_at(paths[::step], runtime, in_c=in_c)):
        return {}
    every = [*_looked_at(paths, runtime, in_c=in_c)]
    fine = {source for _, source, needed in every if not needed}
    return {path: needed for path, source, needed in every if needed and source not in fine}


def _looked_at(paths: Sequence[str], runtime: str, *, in_c: bool) -> Iterator[tuple[str, bytes, str]]:
    """Of each generated module its path, its source and the versions that it needs; "" where the installed one does."""
    for path in paths:
        try:
            head = read_head(path, _HEAD)
            source = _SOURCE.search(head)
            if source is None:
                continue
            compared = _COMPARED.search(head)
            if compared:
                needed = needed_version((int(compared[1]), int(compared[2]), int(compared[3])), runtime)
            else:
                is_old = in_c and b"FileDescriptor(" in head and _BY_HAND.search(read_head(path, _MOST_BYTES))
                needed = "<4" if is_old else ""
        except OSError:
            continue
        yield path, source[1], needed
