"""What loading an archive of torch.export.save would do beyond computing: told by everything in it that torch acts on.

torch.export.load (torch/export/pt2_archive/_package.py, torch/_export/serde/serialize.py) unpickles members by their
names, loads compiled libraries below data/aotinductor, falls back to an older layout of pickles where the newer one
fails, finds members without regard to case, takes any function of torch's, gives sizes to sympy, which evaluates them,
makes Python code of guards and of names, and imports the modules that the structure of inputs names. So what is not
known to be harmless is told, never the other way round.
"""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Inside the one folder of an archive, what is text, bytes of tensors, or left out by the stage (sample inputs).
_MEMBER = re.compile(
    r"archive_format|archive_version|byteorder|version|\.data/(version|serialization_id)|models/[^/]+\.json|extra/.+"
    r"|data/weights/([^/]+_weights_config\.json|weight_\d+)|data/constants/([^/]+_constants_config\.json|tensor_\d+)"
    r"|data/sample_inputs/[^/]+\.pt"
)
#: Functions that compute and do nothing else.
_HARMLESS = re.compile(r"torch\.ops\.(aten|prims|higher_order)\.\w+(\.\w+)?|(_operator|math)\.\w+")
OWN_OPERATOR = re.compile(r"torch\.ops\.(?!aten\.|prims\.|higher_order\.)([\w.]+)")
_ON_FILES = re.compile(r"from_file|\b(load|save)")
#: Texts that stay texts. Any other becomes a name in the Python code that torch.fx writes, and runs.
_FREE = frozenset({"metadata", "as_string", "as_strings", "in_spec", "out_spec", "guards_code"})
_NAME = re.compile(r"[\w.:/+<>@ -]*")
#: What sizes and the guards of sizes are made of (torch/fx/experimental/symbolic_shapes.py, SYMPY_INTERP).
_NODES = (
    *(ast.Expression, ast.Compare, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Subscript, ast.Attribute, ast.Call),
    *(ast.Name, ast.Constant, ast.keyword, ast.Load, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)
_CALLED = {
    "Symbol", "Integer", "Rational", "Float", "Add", "Mul", "Pow", "Mod", "PythonMod", "FloorDiv", "CeilDiv",
    "CleanDiv", "ModularIndexing", "Max", "Min", "Abs", "And", "Or", "Not", "Eq", "Ne", "Lt", "Le", "Gt", "Ge",
    "Where", "Identity", "PowByNatural", "FloatPow", "FloatTrueDiv", "IntTrueDiv", "TruncToInt", "CeilToInt",
    "FloorToInt", "RoundToInt", "RoundDecimal", "TruncToFloat", "ToFloat", "size", "stride", "storage_offset",
    "dim", "isnan", "sqrt", "floor", "ceil",
}  # fmt: skip
_LONGEST = 4000
_PHRASE = 60
#: Words in the structure of inputs and outputs that have a module imported (torch/utils/_pytree.py).
_IMPORTING = frozenset({"__enum__", "default_factory_module"})


def code_of_members(names: Sequence[str]) -> Iterator[str]:
    """A phrase for each member of an archive that loading may run."""
    root = names[0].partition("/")[0] if names else ""
    for name in names:
        if not name.endswith("/") and (not name.startswith(f"{root}/") or not _MEMBER.fullmatch(name[len(root) + 1 :])):
            yield f"the file '{name}', which may be code"


def code_of_program(program: Mapping[str, Any], operators: Sequence[str]) -> Iterator[str]:
    """A phrase for each thing in a program that loading or running it would do."""
    for name in operators:
        if (not _HARMLESS.fullmatch(name) and not OWN_OPERATOR.fullmatch(name)) or _ON_FILES.search(name):
            yield f"a call of {name}"
    calls = [call.get("signature") or {} for call in program["graph_module"].get("module_call_graph") or ()]
    texts = [*_texts(program), *(found for call in calls for found in _texts(_opened(call.get("in_spec"))))]
    expressions = (text for key, text in texts if key == "expr_str")
    for text in (*expressions, *(program.get("guards_code") or ())):
        if not _only_computes(text):
            yield f"the expression {text[:_PHRASE]!r}, which is evaluated"
    for key, text in texts:
        if key != "expr_str" and not _NAME.fullmatch(text):
            yield f"the name {text[:_PHRASE]!r}, which is code"
    for call in calls:
        yield from _imports(_opened(call))


def code_of_payloads(payloads: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A phrase for each tensor that is stored as a pickle."""
    for payload in payloads:
        for name, entry in payload["config"].items():
            if entry["use_pickle"] or not entry["tensor_meta"]:
                yield f"a pickle of '{name}'"


def _texts(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text that torch acts on with the name of the entry that holds it, and the names of entries."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield "", name
            yield from _texts(each, name) if name not in _FREE else ()
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, key)


def _only_computes(text: str) -> bool:
    """Whether an expression computes with sizes and does nothing else: it becomes the text of a function, too."""
    if len(text) > _LONGEST:
        return False
    try:
        nodes = list(ast.walk(ast.parse(text, mode="eval")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(isinstance(node, _NODES) and _is_known(node) for node in nodes)


def _is_known(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name in _CALLED
    if isinstance(node, ast.Attribute):
        return node.attr in _CALLED
    if isinstance(node, ast.Name):
        return not node.id.startswith("_")
    return not isinstance(node, ast.Constant) or re.fullmatch(r"[-+.\w]{1,80}", str(node.value)) is not None


def _opened(spec: object) -> object:
    """The structures are JSON in a text, and what they say of a container is again one in theirs."""
    if isinstance(spec, str) and spec.startswith(("[", "{")):
        return _opened(json.loads(spec))
    if isinstance(spec, dict):
        return {name: _opened(each) for name, each in spec.items()}
    return [_opened(each) for each in spec] if isinstance(spec, list) else spec


def _imports(spec: object) -> Iterator[str]:
    if isinstance(spec, dict):
        for word in _IMPORTING & spec.keys():
            yield f"an import ({word}: {str(spec[word])[:_PHRASE]})"
    for each in spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ():
        yield from _imports(each)
