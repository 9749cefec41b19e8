"""Whether this user may use the Edge TPU that is attached."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.runtime import runtime_of
from envdoctor.compilers.edgetpu.runtime.devices import Access
from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.compilers.edgetpu.runtime.devices import Device, Devices
    from envdoctor.facts import Facts

_GROUPS = {"usb": "plugdev", "pci": "apex"}
_RULES_FILE = "/etc/udev/rules.d/60-edgetpu.rules"
#: How a rule knows the devices: an accelerator has one number before its first use, and another after it.
_MATCHES = {
    "usb": [
        f'SUBSYSTEM=="usb", ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}"'
        for vendor, product in (("1a6e", "089a"), ("18d1", "9302"))
    ],
    "pci": ['SUBSYSTEM=="apex"'],
}
_RELOAD = (("sudo", "udevadm", "control", "--reload-rules"), ("sudo", "udevadm", "trigger"))


@probe("TCH011", topic="edgetpu")
def check(facts: Facts) -> Iterator[Finding]:
    """An Edge TPU is attached, and this user can't use it.

    A USB Accelerator is opened through /dev/bus/usb, which belongs to root until libedgetpu's udev rule gives it to the
    group plugdev; it shows up as 1a6e:089a, and as 18d1:9302 after its first use, so that a rule, a container or a
    virtual machine needs both. A PCIe or M.2 module needs the kernel's gasket and apex drivers, which make /dev/apex_0.
    """
    runtime = runtime_of(facts)
    if not runtime.devices.attached:
        raise DoesNotApply("no Edge TPU is attached to this machine")
    for device in runtime.devices.attached:
        if device.access is Access.USABLE:
            continue
        message, fix = _problem(device, runtime.devices, facts.host.container)
        yield Finding(
            severity=Severity.ERROR,
            subject=device.node,
            message=f"The Edge TPU {device.identity} can't be used: {message}.",
            evidence=(
                Evidence(source=device.place, excerpt=f"{device.identity}, node {device.node}: {device.access.value}"),
                *(Evidence(source=path, excerpt=line) for path, line in runtime.devices.rules[:3]),
            ),
            fix=fix,
        )


def _problem(device: Device, devices: Devices, container: str) -> tuple[str, Fix]:
    if device.access is Access.DENIED:
        return _denied(device, devices, container)
    if container:
        option = "--device /dev/bus/usb" if device.bus == "usb" else f"--device {device.node}"
        return f"{device.node} does not exist in this container", Fix(text=f"Start the container with '{option}'.")
    if device.bus == "usb":
        return f"{device.node} does not exist", Fix(text="Unplug it and plug it in again; see whether lsusb lists it.")
    if devices.driver:
        text = "The apex driver is loaded and made no device: look for 'apex' in the output of dmesg, and cold-start."
        return f"{device.node} does not exist although the driver is loaded", Fix(text=text)
    return f"{device.node} does not exist, since the apex driver is not loaded", Fix(
        text="Install gasket-dkms with the kernel's headers (from source for Linux 6.4 and newer), then restart.",
        link="https://github.com/google/gasket-driver",
    )


def _denied(device: Device, devices: Devices, container: str) -> tuple[str, Fix]:
    wanted = _GROUPS[device.bus]
    if device.group == wanted and wanted not in devices.groups:
        return f"{devices.user} is not in the group {wanted}, which {device.node} belongs to", Fix(
            text=f"Join the group {wanted}, then log in again.",
            commands=(("sudo", "usermod", "-aG", wanted, devices.user),),
        )
    ids = '"18d1"' if device.bus == "usb" else "apex"
    if any(ids in line for _, line in devices.rules):
        return f"the udev rule was not applied to {device.node}, which belongs to {device.group}", Fix(
            text="Load the udev rules, then plug the device in again.",
            commands=_RELOAD,
        )
    return f"{device.node} belongs to {device.group}, and no udev rule gives it to another group", Fix(
        text="On the host, write a udev rule (libedgetpu1-std brings one), then start the container anew."
        if container
        else f"Write a udev rule (libedgetpu1-std brings one, too), join the group {wanted}, then log in again. "
        f"To take it back, remove {_RULES_FILE}.",
        commands=() if container else tuple(_rule_commands(device.bus, devices)),
    )


def _rule_commands(bus: str, devices: Devices) -> Iterator[tuple[str, ...]]:
    group = _GROUPS[bus]
    rules = [f'{which}, MODE="0660", GROUP="{group}", TAG+="uaccess"' for which in _MATCHES[bus]]
    yield "sudo", "groupadd", "--system", "--force", group
    yield "sudo", "sh", "-c", f"printf '%s\\n' {' '.join(map(shlex.quote, rules))} > {_RULES_FILE}"
    yield from _RELOAD
    if group not in devices.groups:
        yield "sudo", "usermod", "-aG", group, devices.user
