"""The face network: label map and landmarks of a photo, coarse to fine.

    photo -> whole photo, letterboxed -> faces
          -> per face: wide crop (hair)  + tight crop (landmarks, beard, glasses, headwear)

`_onnx.py` infers with ONNX Runtime, `_torch.py` with torch on a GPU; both follow `Network`.
"""

LABELS = ("background", "face", "hair", "facial_hair", "glasses", "headwear", "body")
"""Classes of the label map, in the order of the network's channels."""

POINTS = 70
"""Landmarks that the network gives: 68 iBUG points, image-left first, and two iris centres."""
