"""What the campaign damages: for each format its seeds, how they are damaged, who reads them, and who knows better."""

from __future__ import annotations

import contextlib
import shutil
import struct
import zipfile
from typing import TYPE_CHECKING

import mutations
import oracles
import seeds
from later_targets import LATER
from target import JUDGE, Target

from envdoctor.core.errors import EnvDoctorError, Unreadable, UsageProblem
from envdoctor.support.bytes import MemoryBytes

if TYPE_CHECKING:
    from pathlib import Path


def _native(data: bytes, _: Path) -> object:
    from envdoctor.binaries.native import read_native

    return read_native(MemoryBytes(data))


def _library(data: bytes, folder: Path) -> object:
    """What `elf` reads, with the defined versions; an installed file's relocations are looked at too."""
    from envdoctor.binaries.elf import read_version_definitions
    from envdoctor.binaries.elf_relocations import check_relocations

    library = _native(data, folder)
    check_relocations(MemoryBytes(data))
    return library, read_version_definitions(MemoryBytes(data))


def _loader_refuses(data: bytes, sound: tuple, read: tuple, folder: Path) -> str:
    """A file for this machine that asks nothing that the sound one does not ask must load."""
    (library, _), (expected, _), original = read, sound[0], sound[1]
    unlike = library.architectures != expected.architectures or library.is_program or library.executable_stack
    asks_more = not (set(library.needed) <= set(expected.needed) and set(library.versions) <= set(expected.versions))
    if unlike or asks_more or not library.loads_with_page_size(4096):
        return ""
    refusal = oracles.dlopen_refusal(_written(folder / "libfuzz.so.1", data))
    if refusal and not oracles.dlopen_refusal(_written(folder / "libfuzz.so.1", _healed(data, original))):
        return f"{JUDGE} symbols, relocations or code: {refusal}"
    if refusal.startswith("the loader died") and _code_places(data) != _code_places(original.data):
        return f"{JUDGE} other bytes run as code: {refusal}"
    if "cannot be dlopen()ed" in refusal:  # DF_1_NOOPEN: a library that is needed loads
        return f"{JUDGE} no module, but a library for others: {refusal}"
    return refusal


def _code_places(data: bytes) -> list[bytes]:
    """The program headers of the segments that may be run (ELF-64, little-endian)."""
    start, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    headers = [data[start + 56 * number : start + 56 * (number + 1)] for number in range(count)]
    return [header for header in headers if len(header) == 56 and header[4] & 1]


def _healed(data: bytes, original: mutations.Seed) -> bytes:
    """The damaged file with all that the reader does not look at as it was: code, symbols, relocations."""
    healed = bytearray((original.data + data[len(original.data) :])[: len(data)])
    for start, end in original.zones[: seeds.READ_ZONES]:
        healed[start:end] = data[start:end]
    return bytes(healed)


def _macho(data: bytes, folder: Path) -> object:
    from envdoctor.binaries.macho_symbols import with_symbols

    return with_symbols(_native(data, folder), MemoryBytes(data))


def _macholib_differs(data: bytes, _sound: object, read: object, folder: Path) -> str:
    theirs = oracles.macho_needs(_written(folder / "file.dylib", data))
    if theirs is None:
        return f"{JUDGE} macholib refuses it"
    ours = [[need.name for need in part.needed] for part in (read.slices or (read,))]
    return "" if sorted(theirs) == sorted(ours) else f"{JUDGE} macholib sees other needs: {theirs} against {ours}"[:300]


def _pefile_differs(data: bytes, _sound: object, read: object, _folder: Path) -> str:
    theirs = oracles.pe_needs(data)
    if theirs is None:
        return f"{JUDGE} pefile refuses it"
    ours = [need.name for need in read.needed if need.kind.value == "required"]
    return "" if theirs == ours else f"{JUDGE} pefile sees other imports: {theirs} against {ours}"[:300]


def _wheel(data: bytes, _: Path) -> object:
    """What `inspect` reads of a wheel on the disk: every member."""
    from envdoctor.wheels.archive import WheelArchive
    from envdoctor.wheels.contents import read_contents
    from envdoctor.wheels.review import review

    contents = read_contents(MemoryBytes(data))
    review(WheelArchive(MemoryBytes(data)), contents, "pkg-1.0-py3-none-any.whl", is_whole=True)
    return contents


def _zipfile_refuses(data: bytes, _sound: object, read: object, _folder: Path) -> str:
    found = oracles.zip_refusals(data)
    if found is None:
        return "zipfile refuses the directory"
    names, refusals = found
    if set(read.members) != names:
        return "zipfile sees other names"
    unread = set(refusals) - {each.member for each in read.natives if each.problem}
    return "" if read.damage or not unread else f"zipfile refuses {min(unread)}: {refusals[min(unread)]}"


def _record(data: bytes, folder: Path) -> object:
    """The texts' own reader, and the check of an installed distribution, which must take anything."""
    from envdoctor.wheels.metadata import parse_record

    site = _site(folder)
    site.write("pkg-1.0.dist-info/RECORD", data)
    _look(site)
    return parse_record(data.decode("utf-8", "surrogateescape"))


def _metadata(data: bytes, folder: Path) -> object:
    from envdoctor.facts.packages.metadata import parse_metadata
    from envdoctor.wheels.metadata import parse_fields

    site = _site(folder)
    site.write("pkg-1.0.dist-info/METADATA", data)
    _look(site)
    return parse_metadata(data), parse_fields(data.decode("utf-8", "surrogateescape"))


def _site(folder: Path) -> object:
    from sites import Site

    site = Site(folder / "site")
    if not (site.path / "pkg").exists():
        site.install("pkg")
    return site


def _look(site: object) -> None:
    """Every check of what is installed; one that crashes raises its error."""
    from envdoctor.core.errors import FactUnavailable
    from sites import facts_of

    facts = facts_of(site)
    for group in ("packages", "records"):
        with contextlib.suppress(FactUnavailable):
            getattr(facts, group)


def _tflite(data: bytes, _: Path) -> object:
    from envdoctor.tflite import macs, quantization, structure
    from envdoctor.tflite.reader import open_model

    model = open_model(data)
    for subgraph in model.subgraphs:
        structure.dynamic_tensors(subgraph)
        for operator in subgraph.operators:
            dict(operator.options)
            macs.multiply_adds(subgraph, operator)
    for question in (quantization.classify, quantization.float_islands):
        question(model)
    structure.compiled_contents(model)
    return model


def _identified(data: bytes, folder: Path) -> object:
    from envdoctor.pipeline.sources import identify, model_inputs

    artifact = identify(_written(folder / "model.bin", data), trust_code=True)
    return artifact, model_inputs(artifact)


def _keras_configuration(data: bytes, folder: Path) -> object:
    with zipfile.ZipFile(folder / "model.bin", "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.4.0"}')
        archive.writestr("config.json", data)
        archive.write(seeds.WEIGHTS, "model.weights.h5")
    return _identified((folder / "model.bin").read_bytes(), folder)


def _saved_model(data: bytes, folder: Path) -> object:
    from envdoctor.pipeline.sources import identify, model_inputs

    model = folder / "saved"
    if not model.exists():
        shutil.copytree(seeds.VARIABLES, model / "variables")
    _written(model / "saved_model.pb", data)
    artifact = identify(model, trust_code=True)
    return artifact, model_inputs(artifact)


def _bundle(data: bytes, folder: Path) -> object:
    from envdoctor.tflite.containers import read_models, sniff

    path = _written(folder / "model.task", data)
    return sniff(path), [model.subgraphs for model in read_models(path)]


def _log(data: bytes, _: Path) -> object:
    from envdoctor.compilers.edgetpu.log import parse_log

    return parse_log(data.decode("utf-8", "replace"))


def _html(data: bytes, _: Path) -> object:
    from envdoctor.index.pages import parse_page

    return parse_page(data, "text/html", "https://index.test/simple/pkg/")


def _json(data: bytes, _: Path) -> object:
    from envdoctor.index.pages import JSON_TYPE, parse_page, parse_upload_times

    with contextlib.suppress(Unreadable):
        parse_upload_times(data, "https://index.test/pypi/pkg/json")
    return parse_page(data, JSON_TYPE, "https://index.test/simple/pkg/")


def _archive(data: bytes, folder: Path) -> object:
    from envdoctor.toolchains.unpack import Limits, unpack

    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    return unpack(_written(folder / "archive", data), out, limits=Limits(size=64 << 20, members=1000))


def _deb(data: bytes, folder: Path) -> object:
    from envdoctor.toolchains.deb import read_control, version_key

    fields = read_control(_written(folder / "archive", data))
    version_key(fields.get("Version", ""))
    return fields, _archive(data, folder)


def _loader_cache(data: bytes, _: Path) -> object:
    from envdoctor.binaries.ldcache import read_ld_cache

    return read_ld_cache(MemoryBytes(data), "x86_64")


def _written(path: Path, data: bytes) -> Path:
    """A new file each time: a loader may still have the old one."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    return path


_TEXT, _JSON = mutations.mutate_text, mutations.mutate_json
_REFUSED = (Unreadable, UsageProblem)
TARGETS = {
    "elf": Target(seeds.libraries, _library, dispute=_loader_refuses),
    "elf-foreign": Target(seeds.elves, _library),
    "macho": Target(seeds.machos, _macho, dispute=_macholib_differs),
    "pe": Target(seeds.dlls, _native, dispute=_pefile_differs),
    "zip": Target(seeds.wheels, _wheel, dispute=_zipfile_refuses),
    "record": Target(seeds.records, _record, _TEXT),
    "metadata": Target(seeds.metadata, _metadata, _TEXT),
    "tflite": Target(seeds.tflites, _tflite),
    "tflite-file": Target(seeds.tflites, _identified, errors=_REFUSED),
    "keras": Target(seeds.keras_archives, _identified, errors=_REFUSED),
    "keras-config": Target(seeds.keras_configurations, _keras_configuration, _JSON, _REFUSED),
    "h5": Target(seeds.hdf5, _identified, errors=_REFUSED),
    "saved-model": Target(seeds.saved_models, _saved_model, errors=_REFUSED),
    "bundle": Target(seeds.bundles, _bundle),
    "log": Target(seeds.logs, _log, _TEXT, ()),
    "page-html": Target(seeds.html_pages, _html, _TEXT, (EnvDoctorError,)),
    "page-json": Target(seeds.json_pages, _json, _JSON, (EnvDoctorError,)),
    "tar": Target(seeds.tarballs, _archive),
    "deb": Target(seeds.debs, _deb),
    "ld-cache": Target(seeds.loader_caches, _loader_cache),
    **LATER,
}
