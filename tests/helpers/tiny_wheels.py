"""Real wheels of a few hundred bytes, and specifications of environments made of them."""

import base64
import hashlib
import io
import sys
import zipfile

from envdoctor.environments.interpreters import Interpreters
from envdoctor.environments.spec import EnvironmentSpec, PlatformNeed
from envdoctor.executors.local import LocalExecutor

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def tiny_wheel(name="tiny", version="1.0", files=None):
    """File name and content of a pure wheel; `files` is path -> bytes, by default one module of the same name."""
    files = {f"{name}.py": f"VERSION = {version!r}\n".encode()} if files is None else dict(files)
    info = f"{name}-{version}.dist-info"
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = [f"{path},sha256={_digest(content)},{len(content)}" for path, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), content)
    return f"{name}-{version}-py3-none-any.whl", buffer.getvalue()


def pin(name, version, content):
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(content).hexdigest()}\n"


def tiny_spec(lock, *, platform, name="tiny", **rest):
    """A specification whose pins stand in the file `lock`."""
    need = PlatformNeed(download=1000, installed=1000)
    given = {
        "title": "Tiny 1.0",
        "purpose": "tests",
        "pythons": (HERE,),
        "imports": ("tiny",),
        "own": (("tiny==1.0",),),
        "platforms": {platform: need},
    } | rest
    return EnvironmentSpec(name=name, lock=lock, **given)


def platform_here():
    """What this machine's platform is called."""
    return Interpreters(executor=LocalExecutor()).own().platform


def _digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
