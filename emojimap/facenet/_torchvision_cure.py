"""Import of segmentation-models-pytorch beside a CPU-only torch.

torchvision's compiled part is built against the CUDA torch and does not load beside a CPU build
("operator torchvision::nms does not exist"); timm and smp, which need none of it, then fail to
import. Declaring the two operators that torchvision registers fakes for lets the import pass.
"""

from __future__ import annotations

import sys
from typing import Any

_KEPT_ALIVE: list[Any] = []


def import_smp() -> Any:
    """Import segmentation_models_pytorch, curing torchvision where it needs it.

    Returns
    -------
    module
        `segmentation_models_pytorch`.

    Raises
    ------
    ImportError
        If the `train` extra is not installed.
    """
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        _declare_operators()
    import segmentation_models_pytorch

    return segmentation_models_pytorch


def _declare_operators() -> None:
    import torch

    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define(
        "qnms(Tensor dets, Tensor scores, Tensor scales, Tensor zero_points,"
        " float iou_threshold) -> Tensor"
    )
    _KEPT_ALIVE.append(library)
