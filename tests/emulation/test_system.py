from envdoctor.emulation.binfmt import InterpreterState
from envdoctor.emulation.system import collect_binfmt

MOUNT = "98 35 0:39 / {} rw,nosuid shared:2 - binfmt_misc binfmt_misc rw\n"
ENTRY = "enabled\ninterpreter {}\nflags: {}\noffset 0\nmagic 7f454c46\n"


def machine(root, point="/proc/sys/fs/binfmt_misc", **entries):
    folder = root / point.lstrip("/")
    folder.mkdir(parents=True)
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/self/mountinfo").write_text(MOUNT.format(point))
    (folder / "status").write_text("enabled\n")
    (folder / "register").write_text("")
    for name, text in entries.items():
        (folder / name).write_text(text)
    return collect_binfmt(root)


def test_a_kernel_without_it_and_one_that_has_not_mounted_it(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/filesystems").write_text("nodev\tproc\n\text4\n")
    assert (collect_binfmt(tmp_path).known, collect_binfmt(tmp_path).enabled) == (False, None)
    (tmp_path / "proc/filesystems").write_text("nodev\tproc\nnodev\tbinfmt_misc\n")
    assert (collect_binfmt(tmp_path).known, collect_binfmt(tmp_path).mount_points) == (True, ())


def test_entries_and_the_state_of_their_interpreters(tmp_path):
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/fine").touch(mode=0o755)
    (tmp_path / "usr/bin/plain").touch(mode=0o644)
    found = machine(
        tmp_path,
        a=ENTRY.format("/usr/bin/fine", "F"),
        b=ENTRY.format("/usr/bin/plain", ""),
        c=ENTRY.format("/usr/bin/absent", "OC"),
        d="not what a kernel writes",
    )
    assert (found.known, found.enabled) == (True, True)
    assert {entry.name: entry.interpreter_state for entry in found.entries} == {
        "a": InterpreterState.FINE,
        "b": InterpreterState.NOT_EXECUTABLE,
        "c": InterpreterState.MISSING,
    }
    assert found.unreadable == ("d: binfmt_misc entry d: starts with neither 'enabled' nor 'disabled'",)


def test_mounted_somewhere_else(tmp_path):
    found = machine(tmp_path, point="/mnt/binfmt", a=ENTRY.format("/bin/x", ""))
    assert (found.mount_points, len(found.entries)) == (("/mnt/binfmt",), 1)
