"""Runs inside the aarch64 machine: takes envdoctor through every state, and prints what it says and a summary as JSON.

The states are made by hand, as binfmt_misc's register file takes them, since nothing else is installed in the machine.
"""

import contextlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from envdoctor.cli import main

LAB = Path("/lab")
TABLE = Path("/proc/sys/fs/binfmt_misc")
MODEL = str(next(LAB.glob("*.tflite")))
MAGIC = "7f454c4602010100000000000000000002003e00"
MASK = "fffffffffffefefcfffffffffffffffffeffffff"
STORE = Path.home() / ".local" / "share" / "envdoctor" / "toolchains"
QEMU = Path("/opt/qemu-x86_64-static")
CRASHING = """#!/bin/bash
case "$*" in *.tflite*)
    echo "qemu: uncaught target signal 11 (Segmentation fault) - core dumped" >&2
    kill -SEGV $$
esac
exec {qemu} "$@"
"""
summary = {}


def call(*words):
    """A command of envdoctor's; returns its exit code and what it printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main([str(word) for word in words])
    return int(code), out.getvalue()


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def show(title, *words):
    code, text = call(*words)
    say(f"\n##### {title}\n$ envdoctor {' '.join(map(str, words))}   -> exit code {code}\n{text.rstrip()}")


def findings():
    _, text = call("check", "--to", "edgetpu", "--only", "EMU", "--only", "TCH", "--json")
    report = json.loads(text[text.index("{") :])
    found = [one for probe in report["probes"] for one in probe["findings"]]
    return {one["code"]: one for one in found}


def routes():
    code, text = call("routes", MODEL, "--to", "edgetpu", "--json")
    report = json.loads(text[text.index("{") :])
    return {"code": code, "routes": [route["name"] for route in report["routes"]], "notes": report["notes"]}


def build(name, *words):
    out = Path("/tmp") / name
    start = time.monotonic()
    code, text = call("build", MODEL, "--to", "edgetpu", "--out", out, "--json", *words)
    seconds = time.monotonic() - start
    report = json.loads(text[text.index("{") : text.rindex("}") + 1])
    attempts = [[a["route"]["name"], [r["status"] for r in a["results"]]] for a in report["attempts"]]
    results = [result for attempt in report["attempts"] for result in attempt["results"]]
    say(f"\n##### build {name}: exit code {code}, {seconds:.1f} s in all: {json.dumps(attempts)}")
    for result in results:
        say(f"  {' '.join(result['commands'][0])}")
        say(f"  {result['seconds']:.2f} s, and {result['overhead']:.2f} s of envdoctor's own")
        for one in result["findings"]:
            say(f"  {one['code']} {one['message']}")
    made = sorted(path.name for path in out.glob("*_edgetpu.tflite"))
    say(f"  made {made}")
    summary[name] = {"code": code, "attempts": attempts, "made": made, "overhead": [r["overhead"] for r in results]}


def escape(text):
    return "".join(f"\\x{text[at : at + 2]}" for at in range(0, len(text), 2))


def register(name="qemu-x86_64", *, magic=MAGIC, mask=MASK, interpreter=QEMU, flags="F"):
    (TABLE / "register").write_text(f":{name}:M:0:{escape(magic)}:{escape(mask)}:{interpreter}:{flags}")


def clear():
    (TABLE / "status").write_text("-1")


def words_of_the_shell():
    """What a user sees who starts the compiler's wrapper."""
    wrapper = next(STORE.rglob("usr/bin/edgetpu_compiler"))
    done = subprocess.run(["bash", str(wrapper), "--version"], check=False, capture_output=True, text=True)
    return done.returncode, (done.stdout + done.stderr).strip().replace(str(STORE), "...")


def state(name):
    code, said = words_of_the_shell()
    found = findings()
    summary["states"][name] = {key: one["severity"] for key, one in found.items()}
    say(f"\n----- {name}: the wrapper ends with {code}: {said.splitlines()[0] if said else ''}")
    for key, one in found.items():
        say(f"  {key} ({one['severity']}) {one['message']}")
        for command in (one["fix"] or {}).get("commands", []):
            say(f"      fix: {' '.join(command)}")


def mend(code):
    """Have `fix` mend a finding as root, which this is; what became of it, and whether the wrapper runs then."""
    start = time.monotonic()
    ended, text = call("fix", code, "--to", "edgetpu", "--yes", "--json")
    told = json.loads(text[text.index("\n{") if not text.startswith("{") else 0 : text.rindex("}") + 1])
    became = {one["finding"]["code"]: one["mending"] for one in told["mended"]}
    commands = [command for step in told["plan"]["steps"] for command in step["commands"]]
    results = [f"{one['state']} {one['words']}".strip() for one in told["results"]]
    say(f"  fix {code}: exit code {ended}, {became} by {commands}, {results} ({time.monotonic() - start:.0f} s)")
    summary.setdefault("mended", {})[code] = became.get(code, "nothing was done")


def machine():
    features = Path("/proc/cpuinfo").read_text()
    summary["machine"] = platform.machine()
    summary["page_size"] = os.sysconf("SC_PAGE_SIZE")
    part = re.search(r"CPU part\s*: (\S+)", features).group(1)
    say(f"{platform.machine()}, CPU part {part}, kernel {platform.release()}, pages of {summary['page_size']} bytes")


def installing():
    show("nothing is here", "routes", MODEL, "--to", "edgetpu")
    summary["bare"] = routes()
    summary["bare_findings"] = sorted(findings())
    show("the check", "check", "--to", "edgetpu", "--only", "EMU", "--only", "TCH")
    show("the compiler", "toolchain", "install", "edgetpu-compiler", "--from", next(LAB.glob("edgetpu-compiler*.deb")))
    show("with the compiler", "routes", MODEL, "--to", "edgetpu")
    summary["with_compiler"] = routes()
    show("QEMU, unpacked", "toolchain", "install", "qemu-x86_64", "--from", next(LAB.glob("qemu-user*.deb")))
    show("with both", "routes", MODEL, "--to", "edgetpu")
    summary["with_both"] = routes()
    show("what is installed", "toolchain", "list")


def walk_through_the_states():
    if not Path("/bin/sh").exists():  # fixes that write into /proc ask it
        Path("/bin/sh").symlink_to("bash")
    shutil.copy2(next(path for path in STORE.rglob("usr/bin/qemu-x86_64*") if path.is_file()), QEMU)
    summary["states"] = {}
    state("not mounted")
    mend("EMU003")
    state("no handler")
    register(magic=MAGIC[:36] + "1500")  # a 64-bit PowerPC's
    state("wrong magic")
    clear()
    register(mask=MASK[:14] + "ff" + MASK[16:])
    state("a mask without the loader")
    clear()
    register(interpreter="/opt/absent", flags="")
    state("interpreter missing, no F")
    clear()
    QEMU.chmod(0o644)
    register(flags="OC")
    state("interpreter not executable, no F")
    QEMU.chmod(0o755)
    clear()
    register(interpreter="/usr/bin/false")
    state("interpreter is no emulator")
    register("qemu-good")
    register("other", interpreter="/usr/bin/false")
    state("another handler before it")
    clear()
    register()
    (TABLE / "qemu-x86_64").write_text("0")
    state("handler disabled")
    mend("EMU006")
    (TABLE / "status").write_text("0")
    state("all switched off")
    (TABLE / "status").write_text("1")
    QEMU.rename("/opt/moved")
    state("F, and the interpreter is deleted")
    Path("/opt/moved").rename(QEMU)
    clear()
    register(flags="PF")
    Path("/etc/binfmt.d").mkdir(exist_ok=True)
    Path("/etc/binfmt.d/qemu-x86_64.conf").write_text(f":qemu-x86_64:M:0:{escape(MAGIC)}:{escape(MASK)}:{QEMU}:PF\n")
    state("all set up")
    show("all set up", "routes", MODEL, "--to", "edgetpu")
    summary["all_set_up"] = routes()
    build("by-the-handler", "--route", "binfmt")


def fall_back():
    """A QEMU that answers, but crashes on the compiler: the kernel's handler, which has the real one, takes over."""
    show("QEMU goes", "toolchain", "remove", "qemu-x86_64")
    crashing = Path("/usr/local/bin/qemu-x86_64-static")
    crashing.parent.mkdir(parents=True, exist_ok=True)
    crashing.write_text(CRASHING.format(qemu=QEMU))
    crashing.chmod(0o755)
    os.environ["PATH"] = f"/usr/local/bin:{os.environ['PATH']}"
    build("fall-back")


def unmounted():
    subprocess.run(["umount", TABLE], check=True)
    subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", TABLE], check=True)
    state("after an umount")
    subprocess.run(["umount", TABLE], check=True)
    Path("/tmp/elsewhere").mkdir()
    subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", "/tmp/elsewhere"], check=True)
    Path("/tmp/elsewhere/register").write_text(f":q:M:0:{escape(MAGIC)}:{escape(MASK)}:{QEMU}:F")
    state("mounted elsewhere")


os.environ["COLUMNS"] = "110"
machine()
installing()
build("under-qemu")
if "--short" not in Path("/lab/options").read_text():
    walk_through_the_states()
    fall_back()
    unmounted()
say(f"\nSUMMARY {json.dumps(summary)}")
