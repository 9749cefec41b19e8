"""What torch.export.save wrote (.pt2), read as the zip archive that it is: inputs, and what loading it would run.

The layout is that of torch/csrc/export/pt2_archive_constants.h (models/NAME.json, data/weights, data/constants,
data/sample_inputs), the JSON that of torch/_export/serde/schema.py, version 8. What loading it would run is told by
pt2_code, to be trusted or not; the stage that loads it leaves the sample inputs, a pickle, out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.pipeline.sources.pt2_code import OWN_OPERATOR, code_of_members, code_of_payloads, code_of_program
from envdoctor.pipeline.sources.pt2_whole import require_whole
from envdoctor.stages.workers.arrays import InputSpec
from envdoctor.stages.workers.custom_ops import STANDARD
from envdoctor.support.bounded import open_zip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LARGEST = 256 << 20
#: torch/_export/serde/schema.py, ScalarType.
_TYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    12: "bool",
    13: "bfloat16",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedProgram:
    """What an archive says.

    Attributes:
        inputs: what the program takes.
        code: what loading or running it would do beyond computing, a phrase each.
        operators: the functions that it calls, in order of appearance.
    """

    inputs: tuple[InputSpec, ...]
    code: tuple[str, ...]
    operators: tuple[str, ...]

    @property
    def custom_operators(self) -> tuple[str, ...]:
        """Operators that are not torch's own."""
        found = (match[1] for name in self.operators if (match := OWN_OPERATOR.fullmatch(name)))
        return tuple(name for name in found if name.partition(".")[0] not in STANDARD)


def read_pt2(path: Path) -> ExportedProgram:
    """Read the archive.

    Raises:
        Unreadable: it is damaged, holds no program or several, or was written in another way.
    """
    with open_zip(path) as archive:
        names = [member.filename for member in archive.members]
        if len({name.casefold() for name in names}) < len(names):
            raise Unreadable(f"{path} is damaged: it holds a file twice")
        models = [name for name in names if re.fullmatch(r"[^/]+/models/[^/]+\.json", name)]
        if len(models) != 1:
            raise Unreadable(f"{path} holds {len(models)} exported programs, and a build takes one")
        configs = [name for name in names if re.fullmatch(r"[^/]+/data/(weights|constants)/[^/]+_config\.json", name)]
        texts = [archive.read(name, _LARGEST) for name in (models[0], *configs)]
        try:
            program, *payloads = map(json.loads, texts)
            module = program["graph_module"]
            operators = tuple(dict.fromkeys(_targets(module)))
            code = (*code_of_members(names), *code_of_program(program, operators), *code_of_payloads(payloads))
            inputs = tuple(_inputs(module))
            require_whole(archive, models[0], module, dict(zip(configs, payloads, strict=True)))
        except Unreadable as error:
            told = str(error)
            raise Unreadable(told if told.startswith(str(path)) else f"{path} is damaged: {told}") from None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise Unreadable(
                f"{path} is damaged, or of a version that envdoctor can't read ({type(error).__name__}: {error})"
            ) from None
    return ExportedProgram(inputs=inputs, code=tuple(dict.fromkeys(code)), operators=operators)


def _inputs(module: Mapping[str, Any]) -> Iterator[InputSpec]:
    values = module["graph"]["tensor_values"]
    for spec in module["signature"]["input_specs"]:
        if "user_input" not in spec:
            continue
        name = spec["user_input"]["arg"].get("as_tensor", {}).get("name")
        if name is None:
            continue  # a number that was fixed when it was exported
        shape = tuple(size.get("as_int") for size in values[name]["sizes"])
        if not isinstance(name, str) or not all(size is None or (type(size) is int and size >= 0) for size in shape):
            raise ValueError(f"an input of the sizes {shape}")
        yield InputSpec(name, (None, *shape[1:]) if shape[:1] == (1,) else shape, _TYPES[values[name]["dtype"]])


def _targets(value: object) -> Iterator[str]:
    """The functions that a graph calls, those of the graphs inside it included."""
    if isinstance(value, dict):
        target = value.get("target")
        if isinstance(target, str) and "inputs" in value:
            yield target
        handed = value.get("as_operator")
        if isinstance(handed, str):
            yield handed
        for each in value.values():
            yield from _targets(each)
    elif isinstance(value, list):
        for each in value:
            yield from _targets(each)
