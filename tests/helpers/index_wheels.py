"""Wheels for an index double: real archives of a few hundred bytes with the tags and requirements that a test names."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile


def wheel(name, version, tag="py3-none-any", *, requires=(), requires_python=None, extras=(), files=None):
    """File name and content; `files` is path -> bytes, by default one empty package."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    python, abi, platform = tag.split("-")
    tags = [f"{p}-{a}-{o}" for p in python.split(".") for a in abi.split(".") for o in platform.split(".")]
    members = dict(files or {f"{module}/__init__.py": b""})
    members[f"{info}/METADATA"] = metadata(
        name, version, requires=requires, requires_python=requires_python, extras=extras
    )
    lines = ["Wheel-Version: 1.0", "Generator: test", "Root-Is-Purelib: true", *(f"Tag: {one}" for one in tags), ""]
    members[f"{info}/WHEEL"] = "\n".join(lines).encode()
    members[f"{info}/RECORD"] = _record(members, f"{info}/RECORD")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return f"{module}-{version}-{tag}.whl", buffer.getvalue()


def metadata(name, version, *, requires=(), requires_python=None, extras=()):
    """The METADATA file."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {line}" for line in requires]
    return ("\n".join(lines) + "\n").encode()


def publish(server, name, version, tag="py3-none-any", *, yanked=False, uploaded=None, beside=True, **said):
    """Put a wheel on an `IndexServer`; `beside`: with its metadata beside it (PEP 658)."""
    filename, content = wheel(name, version, tag, **said)
    given = {key: said[key] for key in ("requires", "requires_python", "extras") if key in said}
    server.add(
        name,
        filename,
        content,
        metadata=metadata(name, version, **given) if beside else None,
        requires_python=said.get("requires_python"),
        yanked=yanked,
        upload_time=uploaded,
    )


def publish_sdist(server, name, version, **said):
    """Put a source distribution there, whose content nobody looks at."""
    server.add(name, f"{name.replace('-', '_')}-{version}.tar.gz", b"source", **said)


def _record(members, record):
    rows = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()},{len(content)}"
        for path, content in members.items()
    ]
    return "\n".join([*rows, f"{record},,", ""]).encode()
