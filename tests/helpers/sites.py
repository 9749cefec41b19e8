"""Folders of installed distributions as installers leave them, to be broken by a test in the way that matters."""

import base64
import hashlib
import json

from envdoctor.core.request import Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.python import Python
from envdoctor.facts.python.search_path import Origin, SearchFolder

#: What the wheels of these tests were built for, unless they say otherwise.
ANY = "py3-none-any"


class Site:
    """One folder of installed distributions."""

    def __init__(self, path, origin=Origin.SITE):
        self.path = path
        self.origin = origin
        path.mkdir(parents=True, exist_ok=True)

    @property
    def searched(self):
        return SearchFolder(path=str(self.path), origin=self.origin)

    def install(self, name, version="1.0", files=None, *, requires=(), python="", installer="pip", tags=(ANY,)):
        """Install a distribution: its files, its .dist-info folder, its RECORD.

        Returns:
            The .dist-info folder.
        """
        module = name.replace("-", "_")
        files = {f"{module}/__init__.py": f"VERSION = {version!r}\n"} if files is None else files
        info = f"{module}-{version}.dist-info"
        header = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
        header += [f"Requires-Python: {python}"] if python else []
        header += [f"Requires-Dist: {one}" for one in requires]
        kept = {
            f"{info}/METADATA": "\n".join([*header, "", "Name: of the description\n"]),
            f"{info}/WHEEL": "Wheel-Version: 1.0\n" + "".join(f"Tag: {tag}\n" for tag in tags),
        }
        kept |= {f"{info}/INSTALLER": f"{installer}\n"} if installer else {}
        rows = [self.write(path, content) for path, content in {**files, **kept}.items()]
        rows += [
            f"{path[:-3].replace('/', '/__pycache__/', 1)}.cpython-311.pyc,," for path in files if path.endswith("y")
        ]
        self.write(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,", ""]))
        return self.path / info

    def write(self, path, content):
        """Write a file and give the line that a RECORD has for it."""
        data = content.encode() if isinstance(content, str) else content
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        return f'"{path}",sha256={digest},{len(data)}' if "," in path else f"{path},sha256={digest},{len(data)}"

    def install_editable(self, name, project, version="1.0"):
        """Install a distribution whose code stays in `project`, as PEP 660 has it."""
        info = self.install(name, version, {f"__editable__.{name}-{version}.pth": f"{project}\n"})
        record = {"url": project.as_uri(), "dir_info": {"editable": True}}
        (info / "direct_url.json").write_text(json.dumps(record))
        return info


def facts_of(*sites, **python):
    """The facts of a Python that searches these folders."""
    described = Python(search_path=tuple(site.searched for site in sites), **python)
    return Facts(Request(), LocalExecutor(), python=described)
