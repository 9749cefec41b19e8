"""A real sshd on loopback with keys that were made a moment ago and are thrown away afterwards."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from needs import needs


@dataclass(kw_only=True)
class SshServer:
    """A running server; `options` are what a client needs to know it, `strangers` what it needs to be refused."""

    port: int
    folder: Path
    process: subprocess.Popen

    @property
    def host(self):
        return f"{getpass.getuser()}@127.0.0.1"

    def options(self, key="client", known_hosts="known_hosts"):
        return (
            *("-F", "none", "-o", f"Port={self.port}"),
            *("-o", f"IdentityFile={self.folder / key}", "-o", "IdentitiesOnly=yes"),
            *("-o", f"UserKnownHostsFile={self.folder / known_hosts}", "-o", "GlobalKnownHostsFile=none"),
        )

    @property
    def left_there(self):
        """What is left in the far side's folder for temporary files."""
        return list((self.folder / "far").iterdir())

    def drop_connections(self):
        """End every session, as a cable that is pulled would; the server goes on."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), 9)


@contextlib.contextmanager
def ssh_server(folder):
    """Start a server; skips the test where there is no sshd."""
    sshd = needs("sshd", "ssh", "scp", "ssh-keygen")
    if os.getuid() != 0 and not _gives_terminals():
        pytest.skip("sshd of a user has no terminals here, which are not of the group tty")
    for name in ("host", "client", "stranger"):
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name)
    shutil.copy(folder / "client.pub", folder / "authorized_keys")
    (folder / "far").mkdir()  # and no start-up file of the user's shell beside it
    port = _free_port()
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized_keys\n"
        f"PidFile {folder}/pid\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        f"Subsystem sftp internal-sftp\nPermitRootLogin prohibit-password\nSetEnv TMPDIR={folder}/far HOME={folder}\n"
        "PermitUserEnvironment yes\nKexAlgorithms curve25519-sha256\n",  # the newest take ten times as long
    )
    for name, key in (("known_hosts", "host.pub"), ("changed_hosts", "stranger.pub")):
        (folder / name).write_text(f"[127.0.0.1]:{port} {(folder / key).read_text()}")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    argv = [sshd, "-D", "-e", "-f", str(folder / "sshd_config")]
    with (folder / "sshd.log").open("wb") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
        try:
            _wait_for(port, process, folder)
            yield SshServer(port=port, folder=folder, process=process)
        finally:
            process.terminate()


def client_of(server, name):
    """A folder with an ssh and an scp that know the server by a name, as a user's own configuration would."""
    tools = server.folder / "tools"
    tools.mkdir()
    pairs = (server.options()[at + 1].partition("=") for at in range(2, len(server.options()), 2))
    lines = "\n".join(f"{key} {value}" for key, _, value in pairs)
    (tools / "config").write_text(f"Host {name}\nHostName 127.0.0.1\n{lines}\n")
    for program in ("ssh", "scp"):
        (tools / program).write_text(f'#!/bin/sh\nexec {shutil.which(program)} -F {tools}/config "$@"\n')
        (tools / program).chmod(0o755)
    return tools


def _gives_terminals():
    """Whether a new terminal has the group that sshd asks for, which root alone can give it (`gid=5` of devpts)."""
    import grp  # not on Windows

    ends = os.openpty()
    try:
        return os.fstat(ends[1]).st_gid == grp.getgrnam("tty").gr_gid
    except KeyError:
        return True
    finally:
        for end in ends:
            os.close(end)


def _wait_for(port, process, folder):
    for _ in range(100):
        if process.poll() is not None:
            pytest.skip(f"sshd does not start here: {(folder / 'sshd.log').read_text()[-300:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail("sshd did not answer")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _run(*argv):
    subprocess.run(argv, check=True, capture_output=True)
