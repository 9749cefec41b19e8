import pytest

from envdoctor.emulation.surroundings import collect_surroundings, wsl_version


@pytest.mark.parametrize(
    ("release", "version"),
    [("5.15.90.1-microsoft-standard-WSL2", 2), ("4.4.0-19041-Microsoft", 1), ("6.1.0-50-arm64", None), ("", None)],
)
def test_wsl(release, version):
    assert wsl_version(release) == version


def look(tmp_path, files):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return collect_surroundings(tmp_path)


@pytest.mark.parametrize(
    ("files", "container"),
    [
        ({}, ""),
        ({".dockerenv": ""}, "docker"),
        ({"run/.containerenv": "engine=podman"}, "podman"),
        ({"run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"),
        ({"proc/1/environ": "A=b\0container=lxc\0"}, "lxc"),
        ({"proc/1/environ": "container=\0"}, ""),
        ({"proc/1/cgroup": "0::/kubepods/pod1\n"}, "kubernetes"),
        ({"proc/1/cgroup": "0::/init.scope\n"}, ""),
    ],
)
def test_containers(tmp_path, files, container):
    found = look(tmp_path, files)
    assert found.container == container
    assert bool(found.proof) == bool(container)


def test_docker_desktop(tmp_path):
    found = look(tmp_path, {"proc/sys/kernel/osrelease": "6.6.12-linuxkit\n"})
    assert (found.docker_desktop, found.wsl) == (True, None)
    assert "6.6.12-linuxkit" in found.proof[0]


def test_a_chroot_has_another_root_than_the_first_process(tmp_path):
    assert collect_surroundings(tmp_path).chroot is None
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/root").symlink_to(tmp_path)
    assert collect_surroundings(tmp_path).chroot is False
    (tmp_path / "proc/1/root").unlink()
    (tmp_path / "proc/1/root").mkdir()
    assert collect_surroundings(tmp_path).chroot is True
