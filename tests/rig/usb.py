"""What is plugged into a machine, and pulled out of it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from rig.inside import Inside
from rig.parts import call
from rig.wire import WireError


class Usb(Inside):
    """The USB ports of a machine; `rig.machine.Machine` has them."""

    def monitor(self, command: str, **arguments: Any) -> Any:
        """Ask QEMU; the machine's own."""
        raise NotImplementedError

    def plug(self, image: Path, *, name: str = "stick", read_only: bool = False, bytes_per_s: int | None = None) -> None:
        """Put a USB stick in.

        Args:
            image: what it holds, as raw bytes.
            name: of the stick; several can be in.
            read_only: as by the switch that some have.
            bytes_per_s: no faster than that.
        """
        file = {"driver": "file", "filename": str(image)}
        disk: dict[str, Any] = {"driver": "raw", "read-only": read_only, "file": file}
        if bytes_per_s:
            with contextlib.suppress(WireError):  # it is there from the last time
                self.monitor("object-add", qom_type="throttle-group", id="slow", limits={"bps-total": bytes_per_s})
            disk = {"driver": "throttle", "read-only": read_only, "throttle-group": "slow", "file": disk}
        self.monitor("blockdev-add", node_name=name, **disk)
        self.monitor(
            "device_add", driver="usb-storage", id=f"usb-{name}", bus="usb.0", drive=name, serial=f"RIG-{name}", removable=True
        )

    def carry(self, folder: Path, into: str) -> None:
        """Bring files into the guest: as a tar archive on a disk that holds no file system."""
        archive = self.folder / "carried.tar"
        call("tar", "-cf", archive, "-C", folder, ".")
        self.plug(archive, name="carried")
        self.wait(
            "the carried disk is there", lambda: self.run("test -b /dev/disk/by-id/usb-*RIG-carried*").code == 0, limit_s=60
        )
        self.must(f"mkdir -p {into} && tar -xf /dev/disk/by-id/usb-*RIG-carried* -C {into}", limit_s=180)
        self.unplug(name="carried")

    def unplug(self, *, name: str = "stick") -> None:
        """Pull it out, whatever is being written."""
        self.monitor("device_del", id=f"usb-{name}")
        self.wait(f"{name} is out", lambda: self._let_go(name), limit_s=20)

    def n_written(self, name: str) -> int:
        """How many bytes the guest has written to a stick so far."""
        of = [each["stats"] for each in self.monitor("query-blockstats") if f"usb-{name}" in each.get("qdev", "")]
        return int(of[0]["wr_bytes"]) if of else 0

    def _let_go(self, name: str) -> bool:
        try:
            self.monitor("blockdev-del", node_name=name)
        except WireError:
            return False
        return True
