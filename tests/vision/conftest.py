from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.device.network import load
from edge.vision.mtcnn import Mtcnn, MtcnnNetworks

ROOT = Path(__file__).parents[2]
PORTRAITS = ROOT / "var" / "portraits"


@pytest.fixture(scope="session")
def networks() -> MtcnnNetworks:
    """The float32 networks that a unit on a CPU runs."""
    manifest = ROOT / "models" / "manifest.toml"
    return MtcnnNetworks(*(load(manifest, name, variant="float32") for name in ("pnet", "rnet", "onet")))


@pytest.fixture(scope="session")
def mtcnn(networks: MtcnnNetworks) -> Mtcnn:
    return Mtcnn(networks, 60, 0.709, (0.6, 0.7, 0.7))


@pytest.fixture(scope="session")
def portraits() -> dict[str, np.ndarray]:
    """Name -> (H, W, 3) uint8 RGB of the demonstration portraits."""
    if not PORTRAITS.is_dir():
        pytest.skip("the demonstration portraits are not here: `make portraits` takes them out of hashed packages")
    return {path.stem: cv2.imread(str(path))[:, :, ::-1].copy() for path in sorted(PORTRAITS.iterdir())}
