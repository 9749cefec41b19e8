"""What a file of torch.save or torch.jit.save holds, told from the names in its pickle; nothing of it is loaded.

torch.save writes a zip archive with `data.pkl` (torch/serialization.py, from 1.6 on), or several pickles one after the
other; torch.jit.save adds `code/`.
"""

from __future__ import annotations

import io
import pickletools
import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.bounded import open_zip
from envdoctor.support.files import read_head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LARGEST = 8 << 20
#: Pickles before the object in a file that is no archive: a magic number, a protocol and the sizes of numbers.
_MOST_PICKLES = 4
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
#: Names that only weights take.
_OF_WEIGHTS = re.compile(
    r"collections OrderedDict|torch\._utils \w+|torch (\w+Storage|Size|device|\w+\d+)|torch\.storage \w+|"
    r"torch\.serialization \w+|torch\.nn\.parameter (Parameter|Buffer)|numpy (ndarray|dtype)|_codecs encode|"
    r"numpy\.\S*multiarray (_reconstruct|scalar)|(builtins|__builtin__) (set|dict|int|float|complex|bytearray|slice)"
)
_FACTORY = "and start from net.py:make_model"
_TORCHSCRIPT = (
    "is a TorchScript archive, which torch.export does not take; write a function in a .py file that makes the module "
    f"it was scripted or traced from, {_FACTORY}"
)
_WEIGHTS = (
    "is a PyTorch file of weights without a model; write a function in a .py file that makes the model and loads them "
    f"(torch.load with weights_only=True, load_state_dict), {_FACTORY}"
)


def looks_pickled(head: bytes) -> bool:
    """True for the beginning of a pickle of protocol 2 to 5."""
    return _PICKLE.match(head) is not None


def explain_torch(path: Path) -> str:
    """What is in the file and where to go from there, as the end of a sentence."""
    try:
        names, scripted = _names_in(path)
    except (Unreadable, ValueError, IndexError, EOFError, OSError):
        return "is a damaged PyTorch file; get a whole copy of it"
    if scripted:
        return _TORCHSCRIPT
    code = [name for name in names if not _OF_WEIGHTS.fullmatch(name)]
    if not code:
        return _WEIGHTS
    return (
        f"is a PyTorch pickle of whole objects ({code[0].replace(' ', '.')}), which runs code when it is loaded; write "
        f"a function in a .py file that makes the model and loads its weights, {_FACTORY}"
    )


def _names_in(path: Path) -> tuple[list[str], bool]:
    """The names that loading would look up, and whether the file holds TorchScript."""
    if looks_pickled(read_head(path, 2)):
        return list(dict.fromkeys(_globals(read_head(path, _LARGEST)))), False
    with open_zip(path) as archive:
        members = [member.filename for member in archive.members]
        if any("/code/" in f"/{name}" for name in members):
            return [], True
        data = next(name for name in members if name.rpartition("/")[2] == "data.pkl")
        return list(dict.fromkeys(_globals(archive.read(data, _LARGEST)))), False


def _globals(data: bytes) -> Iterator[str]:
    stream = io.BytesIO(data)
    for _ in range(_MOST_PICKLES):
        texts: list[str] = []
        if not data[stream.tell() :].startswith(b"\x80"):
            return
        for code, argument, _ in pickletools.genops(stream):
            if isinstance(argument, str) and code.name != "GLOBAL":
                texts = [*texts[-1:], argument]
            if code.name == "GLOBAL":
                yield str(argument)
            elif code.name == "STACK_GLOBAL":
                yield " ".join(texts)
