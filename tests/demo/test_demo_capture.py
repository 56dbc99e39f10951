"""`muster capture`, `align` and `enrol` on real faces with the real networks, as a new user would."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cli import main
from edge.exchange.enrolment.photographs import decode
from edge.store import FILE_NAME, Store
from scripts.demo import portraits

pytestmark = [
    pytest.mark.demo,
    pytest.mark.skipif(
        bool(portraits.missing(portraits.FOLDER)), reason="var/portraits is not complete: `make portraits` fetches it"
    ),
]

STAYS = {
    "obama.jpg": (0.6, 492, 248),
    "biden.jpg": (0.42, 572, 362),
    "obama2.jpg": (0.35, 600, 800),
    "obama3.jpg": (0.42, 772, 428),
}
"""Portrait -> by how much it is scaled, and where the middle of the face is in it."""


def record(folder: Path, *, fps: int = 10) -> None:
    """Frames of an office in which one after the other looks into the camera for 1.5 s, with the camera's noise."""
    folder.mkdir()
    rng = np.random.default_rng(20261122)
    number = 0
    for name, (scale, x, y) in STAYS.items():
        portrait = cv2.imread(str(portraits.FOLDER / name))
        move = np.float32([[scale, 0, 320 - scale * x], [0, scale, 220 - scale * y]])
        scene = cv2.warpAffine(cv2.GaussianBlur(portrait, (0, 0), 0.4 / scale), move, (640, 480), borderMode=cv2.BORDER_REPLICATE)
        for _ in range(round(1.5 * fps)):
            pixels = np.clip(scene + rng.normal(0, 3, scene.shape), 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / f"{number:04}.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, 95])
            number += 1


def test_three_views_are_kept_of_one_person_and_enrolled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MUSTER_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("MUSTER_CONFIG", raising=False)
    record(tmp_path / "recording")
    people, camera = tmp_path / "people", f"replay:{tmp_path / 'recording'}"
    assert main(["capture", "1001 Barack Obama", "--into", str(people), "--n", "3", "--camera", camera]) == 0
    said = capsys.readouterr().out
    assert "That is somebody else; ignored." in said, "the second in the recording is another"
    assert said.splitlines()[-1] == f"Next: muster enrol {people}"
    assert main(["align", str(people), str(tmp_path / "crops")]) == 0
    crops = sorted((tmp_path / "crops" / "1001 Barack Obama").iterdir())
    assert [(path.name, decode(path.read_bytes()).shape) for path in crops] == [(f"0{n}.png", (160, 160, 3)) for n in (1, 2, 3)]
    assert main(["enrol", str(people)]) == 0
    with Store.open(tmp_path / "data" / FILE_NAME, unit="muster-1") as store:
        assert list(store.n_templates().values()) == [3]
