"""What it costs to look into wheels: bytes and requests over HTTP, seconds, memory; each wheel in a process of its own.

    python benchmarks/wheel_reading.py [NAME WORD[,WORD...] ...]

A wheel is named by its project and words of its file name; without any, the wheels whose budgets the tests hold. The
index is the one that pip would use. The numbers are of cold reads: nothing is cached.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

WHEELS = (
    ("ai-edge-litert", "2.3.0-cp311,macosx"),
    ("ai-edge-litert", "2.3.0-cp311,manylinux,x86_64"),
    ("ai-edge-litert", "2.3.0-cp311,win_amd64"),
    ("numpy", "2.3.4-cp311-cp311-manylinux,x86_64"),
    ("scipy", "1.16.3-cp311-cp311-manylinux,x86_64"),
    ("tensorflow", "2.21.0-cp311,manylinux,x86_64"),
)


def measure(project: str, words: str) -> dict[str, object]:
    """One wheel, in this process."""
    from envdoctor.index.access import open_index, opened
    from envdoctor.index.settings import load_settings
    from envdoctor.wheels.contents import read_contents

    client = open_index(load_settings(), None)
    wheels = [file for file in client.project(project).files if file.filename.endswith(".whl")]
    file = next(each for each in wheels if all(word in each.filename for word in words.split(",")))
    begin = time.perf_counter()
    with opened(client.session, file) as source:
        contents = read_contents(source)
    seconds = time.perf_counter() - begin
    return {
        "wheel": file.filename,
        "bytes": contents.effort.bytes_read,
        "share": contents.effort.bytes_read / contents.effort.size,
        "requests": contents.effort.reads,
        "seconds": seconds,
        "memory": _peak(),
        "natives": len(contents.natives),
    }


def _peak() -> int:
    """The most memory that this process ever had, in MiB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1024 * 1024)


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        print(json.dumps(measure(*arguments[1:])))
        return
    chosen = tuple(zip(arguments[::2], arguments[1::2], strict=True)) or WHEELS
    print(f"{'MB':>7} {'share':>6} {'reads':>6} {'s':>6} {'MiB':>5} {'files':>6}  wheel")
    for project, words in chosen:
        command = [sys.executable, __file__, "--one", project, words]
        result = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        numbers = f"{result['bytes'] / 1e6:7.2f} {result['share']:6.1%} {result['requests']:6} {result['seconds']:6.2f}"
        print(f"{numbers} {result['memory']:5} {result['natives']:6}  {result['wheel']}")


if __name__ == "__main__":
    main(sys.argv[1:])
