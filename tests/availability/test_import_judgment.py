"""All that is said of what imports ask of others."""

from envdoctor.availability.import_judgment import import_reasons
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.contents import read_contents
from envdoctor.wheels.external_imports import external_imports
from index_wheels import wheel as packed
from wheel_files import LINUX


def test_every_kind_of_statement_is_made():
    described = [("app", {"app.py": "import gone, lib"}, ["lib"]), ("lib", {"lib.py": "from sys import maxint"}, [])]
    described.append(("empty", {"data.txt": ""}, []))
    wheels, texts = [], {}
    for name, files, requires in described:
        content = {path: text.encode() for path, text in files.items()}
        wheels.append(read_contents(MemoryBytes(packed(name, "1.0", files=content, requires=requires)[1])))
        texts |= files
    reasons = import_reasons(
        wheels,
        LINUX,
        lambda contents, package: external_imports(contents, package, texts.__getitem__, LINUX),
        lambda _, member: texts[member],
    )
    assert [reason.message.partition(":")[2][:50].strip() or reason.subject for reason in reasons] == [
        "`import app` fails: app imports gone, which no wh",
        "`import lib` fails: lib asks for sys.maxint, whic",
        "empty 1.0",
    ]
