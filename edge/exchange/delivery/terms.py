"""On what terms destinations are reached, and which kind each is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edge.exchange.delivery.address import SCHEME, Access
from edge.exchange.delivery.destination import Destination
from edge.exchange.delivery.folder import folder_at
from edge.exchange.delivery.mounts import MOUNTINFO
from edge.exchange.delivery.sftp import SftpFolder
from edge.exchange.files import Files


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms destinations are reached.

    Attributes:
        must_be_mounted: a folder of the unit's own disk is none.
        prepare: one that has no marker gets one, because somebody named it by hand.
        again: everything goes out, as to a new destination.
        mountinfo: what is mounted where, and on what kind of file system.
        access: how servers let us in.
        stick: see `edge.exchange.delivery.marker.cursor_of`.
        dialect: in which the rows go out beside the table, as in ``attlog``; empty for none.
    """

    must_be_mounted: bool = False
    prepare: bool = False
    again: bool = False
    mountinfo: Path = MOUNTINFO
    access: Access = field(default_factory=Access)
    stick: str = ""
    dialect: str = ""

    def destination(self, name: str, files: Files) -> Destination:
        """The folder or server of this name.

        Raises:
            SyncError: it is no address.
        """
        if name.startswith(SCHEME):
            return SftpFolder(name, access=self.access)
        return folder_at(name, files=files, must_be_mounted=self.must_be_mounted, mountinfo=self.mountinfo)
