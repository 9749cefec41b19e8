"""Whether an archive of torch.export.save is whole: what torch.export.load would stop at, told without torch.

Source: torch/_export/serde/schema.py (schema version 8), torch/export/pt2_archive/_package.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.support.bounded import open_inner_zip
from envdoctor.support.packing import convert

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.support.bounded import ZipReader

_SMALL = 64
#: The members without which torch reads no archive, and what must be in them.
_MARKS = {"archive_format": "pt2", "archive_version": "0", ".data/version": "[1-9][0-9]?"}
_BYTE_ORDER = "byteorder"
_SAMPLES = re.compile(r"[^/]+/data/sample_inputs/[^/]+\.pt")
#: The bytes of an element, by ScalarType.
_WIDTHS = {
    **dict.fromkeys((1, 2, 12, 29, 30, 31, 32, 33), 1), **dict.fromkeys((3, 6, 13, 28), 2),
    **dict.fromkeys((4, 7, 9, 34), 4), **dict.fromkeys((5, 8, 10, 35), 8), 11: 16,
}  # fmt: skip
#: What an argument of one of these kinds is made of; what is not listed is not looked at.
_ARGUMENTS: Mapping[str, type] = {
    "as_int": int, "as_bool": bool, "as_string": str, "as_name": str, "as_tensor": dict, "as_tensors": list,
    "as_ints": list, "as_floats": list, "as_bools": list, "as_strings": list, "as_sym_int": dict, "as_sym_ints": list,
    "as_optional_tensors": list, "as_scalar_type": int, "as_memory_format": int, "as_layout": int, "as_device": dict,
    "as_graph": dict, "as_expr": dict,
}  # fmt: skip
_TENSOR_NAMES = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}


@dataclass(frozen=True, slots=True)
class _Expression:
    expr_str: str


@dataclass(frozen=True, slots=True)
class _Size:
    as_int: int | None = None
    as_expr: _Expression | None = None


@dataclass(frozen=True, slots=True)
class _Device:
    type: str


@dataclass(frozen=True, slots=True)
class _Tensor:
    dtype: int
    sizes: list[_Size]
    requires_grad: bool
    device: _Device
    strides: list[_Size]
    storage_offset: _Size
    layout: int

    def last_byte(self) -> int:
        """How many bytes of its storage it needs."""
        numbers = [each.as_int for each in (*self.sizes, *self.strides, self.storage_offset)]
        sizes, strides = numbers[: len(self.sizes)], numbers[len(self.sizes) : -1]
        if self.dtype not in _WIDTHS or len(sizes) != len(strides) or any(each is None or each < 0 for each in numbers):
            raise Unreadable("a stored tensor has an unknown type or no sizes")
        if 0 in sizes:
            return 0
        steps = sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True) if size and stride)
        return (steps + (numbers[-1] or 0) + 1) * _WIDTHS[self.dtype]


@dataclass(frozen=True, slots=True)
class _Argument:
    name: str
    arg: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Node:
    target: str
    inputs: list[_Argument]
    outputs: list[dict[str, Any]]
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Graph:
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    nodes: list[_Node]
    tensor_values: dict[str, _Tensor]


@dataclass(frozen=True, slots=True)
class _Payload:
    path_name: str
    use_pickle: bool
    tensor_meta: _Tensor | None = None


def require_whole(archive: ZipReader, model: str, module: Mapping[str, Any], lists: Mapping[str, Any]) -> None:
    """Refuse an archive that lost something.

    Args:
        archive: it.
        model: the member that is the program.
        module: what the program says of its graph.
        lists: the lists of what is stored, by the names of their members.

    Raises:
        Unreadable: a member is missing or damaged, or the program uses what is not there.
    """
    archive.verify()
    names = {member.filename: member.file_size for member in archive.members}
    _require_samples(archive, names)
    folder, _, model = model.removesuffix(".json").partition("/models/")
    _require_marks(archive, folder, names)
    stored = set[str]()
    for kind in ("weights", "constants"):
        config = f"{folder}/data/{kind}/{model}_{kind}_config.json"
        if config in lists:
            stored |= _stored(f"{folder}/data/{kind}/", lists[config]["config"], names)
        elif f"{folder}/data/{kind}/{model}.pt" not in names:
            raise Unreadable(f"it has no {config}")
        else:
            return  # the older way: names are in a pickle
    for spec in module["signature"]["input_specs"]:
        for kind, key in _TENSOR_NAMES.items():
            if kind in spec and spec[kind][key] not in stored:
                raise Unreadable(f"{spec[kind][key]!r} is used and not stored")
    _require_flow(module["graph"])


def _require_samples(archive: ZipReader, names: Mapping[str, int]) -> None:
    """Looks at what torch.save wrote into it, an archive itself, whose code is told by pt2_code."""
    for name, size in names.items():
        if _SAMPLES.fullmatch(name) and archive.head(name, 2) == b"PK":
            with open_inner_zip(archive.read(name, size), Path(name)) as samples:
                samples.verify()


def _require_marks(archive: ZipReader, folder: str, names: Mapping[str, int]) -> None:
    marks = _MARKS | ({_BYTE_ORDER: "little|big"} if f"{folder}/{_BYTE_ORDER}" in names else {})
    for name, pattern in marks.items():
        text = archive.read(f"{folder}/{name}", _SMALL).decode("utf-8", "replace")
        if not re.fullmatch(pattern, text.strip()):
            raise Unreadable(f"its {name} says {text!r}")


def _stored(folder: str, config: object, names: Mapping[str, int]) -> set[str]:
    """The tensors that a list names."""
    payloads = convert(config, dict[str, _Payload])
    for name, payload in payloads.items():
        member = folder + payload.path_name
        if member not in names:
            raise Unreadable(f"{name} is not there: it has no {member}")
        if payload.tensor_meta is None or payload.use_pickle:
            continue  # bytes of a pickle, as of a tensor that torchao quantized, are not those of its values
        needed, size = payload.tensor_meta.last_byte(), names[member]
        if needed > size or size % _WIDTHS[payload.tensor_meta.dtype]:  # torch fills what is empty with zeros
            raise Unreadable(f"{member} has {size} bytes, where {needed} are needed")
    return set(payloads)


def _require_flow(value: object) -> None:
    """Refuse a graph that uses a tensor before something gives it."""
    graph = convert(value, _Graph)
    known = {name for each in graph.inputs for name in _tensors(each)}
    for node in graph.nodes:
        _require_known(known, [each.arg for each in node.inputs], node.target)
        known |= {name for each in node.outputs for name in _tensors(each)}
    _require_known(known, graph.outputs, "the end")


def _require_known(known: set[str], arguments: list[dict[str, Any]], user: str) -> None:
    for argument in arguments:
        if len(argument) != 1:
            raise Unreadable(f"an argument of {user} has {len(argument)} values")
        lost = set(_tensors(argument)) - known
        if lost:
            raise Unreadable(f"{min(lost)} is used by {user}, and nothing gives it")


def _tensors(argument: Mapping[str, Any]) -> Iterator[str]:
    """The names of the tensors in an argument; graphs in it are looked at by themselves."""
    for kind, value in argument.items():
        expected = _ARGUMENTS.get(kind)
        if expected is not None and type(value) is not expected:
            raise Unreadable(f"an argument {kind} is {str(value)[:40]!r}")
        if kind == "as_graph":
            _require_flow(value["graph"])
        elif kind == "as_tensor":
            yield convert(value, _Named).name
        elif kind == "as_tensors":
            yield from (convert(each, _Named).name for each in value)
        elif kind == "as_optional_tensors":
            for each in value:
                yield from _tensors(each)


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
