"""Every error that Muster raises on purpose, with the exit code that the command line gives it (sysexits.h).

::

    MusterError
    ├── ConfigError     78  a key is unknown or its value cannot be used; lists every fault at once
    ├── DeviceError     69  camera, accelerator, panel or stick: missing, busy or gone
    ├── ModelError      65  a network's file is missing, altered, or not what the manifest says; all templates are another model's
    ├── StoreError      74  the database is locked, damaged or cannot be written
    │   └── NewerDatabaseError  78  the database was made by a newer Muster
    ├── EnrolError      65  the folder, or one photograph in it, cannot be enrolled
    ├── CorrectionError 65  a row of the ledger cannot be put right in this way
    ├── BackupError     65  a backup cannot be used, or must not take the place of what is there
    ├── StickError      77  the stick is not one that this unit knows, or is not what it says that it is
    └── SyncError       75  a destination could not be written; nothing is lost, try again

An expected absence (no face, nobody known) is a value and not an error. Every message says what to do next.
"""

from __future__ import annotations


class MusterError(Exception):
    """Something went wrong that a person can put right; the message says how."""

    exit_code = 70
    retryable = False


class ConfigError(MusterError):
    """The configuration cannot be used. ``faults`` holds one sentence for each wrong key."""

    exit_code = 78

    def __init__(self, faults: list[str] | str) -> None:
        self.faults = [faults] if isinstance(faults, str) else faults
        super().__init__("\n".join(self.faults))


class DeviceError(MusterError):
    """Camera, accelerator, panel or stick: missing, busy or gone; it may come back."""

    exit_code = 69
    retryable = True


class ModelError(MusterError):
    """A network's file is missing, altered, or not what the manifest says, or another model made every template."""

    exit_code = 65


class StoreError(MusterError):
    """The database is locked, damaged or cannot be written."""

    exit_code = 74
    retryable = True


class NewerDatabaseError(StoreError):
    """The database was made by a newer Muster than this one."""

    exit_code = 78
    retryable = False


class EnrolError(MusterError):
    """The folder, or one photograph in it, cannot be enrolled."""

    exit_code = 65


class CorrectionError(MusterError):
    """A row of the ledger cannot be put right in this way; nothing was written."""

    exit_code = 65


class BackupError(MusterError):
    """A file is no backup that can be used, or what is there must not be replaced by it. Nothing was changed."""

    exit_code = 65


class StickError(MusterError):
    """The stick is not paired with this unit, or is not what it says that it is. Nothing was read from it or written to it.

    ``stick_id`` is what it calls itself, where that can be told: for the audit log.
    """

    exit_code = 77

    def __init__(self, text: str, *, stick_id: str = "") -> None:
        self.stick_id = stick_id
        super().__init__(text)


class SyncError(MusterError):
    """A destination could not be written. The rows stay undelivered and go out the next time."""

    exit_code = 75
    retryable = True
