"""Versions of libedgetpu's packages, as they are and as somebody could write them, and what is to be said of each.

The real ones are from debian/changelog of feranick/libedgetpu and from the vendor's package server. The doctor and the installer
must say the same of each.
"""

from __future__ import annotations

PLAIN = ("16.0", "15.0", "14.1", "12-1", "16.0-1", "16.0-0ppa1", "16.0pp3", "1:16.0", "16.0.1", "16.0ubuntu1", "16.0+git")
"""Built against a TensorFlow older than 2.12. To Debian's order of versions the last four are newer than 16.0tf2.17.1."""

OLDER = (
    "16.0tf2.11.1",
    "16.0tf2.13.1-2",
    "16.0tf2.9.3-1",
    "16.0tf2.16.1-1",
    "16.0tf2.17.0-1",
    "16.0TF2.16.1-1",
    "15.0tf2.19.1-1",
)
"""Nobody has reported that they go with today's runtimes."""

TAKEN = (
    "16.0tf2.17.1-1",
    "16.0tf2.17.1",
    "16.0tf2.17.1-1.bookworm",
    "16.0tf2.17.1~bookworm",
    "16.0tf2.17.1-1~bpo12",
    "16.0tf2.18.1-1",
    "16.0tf2.19.1-1",
    "16.0TF2.19.1-1",
    "16.0tf2.20.0-1~bookworm",
    "16.0tf3.0",
    "16tf2.17.1",
    "1:16.0tf2.17.1-1",
    "1:16.1-1",
    "17.0",
)
