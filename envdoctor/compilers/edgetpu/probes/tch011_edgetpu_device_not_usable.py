"""Whether this user may use the Edge TPU that is attached."""

from __future__ import annotations

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
        return _denied(device, devices)
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


def _denied(device: Device, devices: Devices) -> tuple[str, Fix]:
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
            commands=(("sudo", "udevadm", "control", "--reload-rules"), ("sudo", "udevadm", "trigger")),
        )
    return f"{device.node} belongs to {device.group}, and no udev rule gives it to another group", Fix(
        text="Install libedgetpu1-std, which brings the rule for 1a6e:089a and 18d1:9302."
        if device.bus == "usb"
        else 'Add the rule SUBSYSTEM=="apex", MODE="0660", GROUP="apex" under /etc/udev/rules.d, and join that group.',
    )
