"""A photo of a face goes in, the cartoon avatar that fits it best comes out.

Examples
--------
>>> import emojimap
>>> from skimage import data
>>> found = emojimap.fit(data.astronaut())
>>> found.avatar.style
'avataaars'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emojimap.analysis import Analysis as Analysis
    from emojimap.analysis import analyse as analyse
    from emojimap.analysis import analyse_all as analyse_all
    from emojimap.avatar import Avatar as Avatar
    from emojimap.errors import EmojimapError as EmojimapError
    from emojimap.fit import Fit as Fit
    from emojimap.fit import FitSettings as FitSettings
    from emojimap.fit import fit as fit
    from emojimap.overlap import MaskIndex as MaskIndex

__version__ = "0.1.0"

# Nothing is imported before it is asked for: `import emojimap` and `--help` stay instant.
# `fit` and `styles` are modules that can be called.
_HOME = {
    "Analysis": ("emojimap.analysis", "Analysis"),
    "Avatar": ("emojimap.avatar", "Avatar"),
    "EmojimapError": ("emojimap.errors", "EmojimapError"),
    "Fit": ("emojimap.fit", "Fit"),
    "FitSettings": ("emojimap.fit", "FitSettings"),
    "MaskIndex": ("emojimap.overlap", "MaskIndex"),
    "analyse": ("emojimap.analysis", "analyse"),
    "analyse_all": ("emojimap.analysis", "analyse_all"),
    "fit": ("emojimap.fit", ""),
    "load_style": ("emojimap.styles", "load"),
    "styles": ("emojimap.styles", ""),
}
__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'emojimap' has no attribute {name!r}")
    module, attribute = _HOME[name]
    home = importlib.import_module(module)
    return getattr(home, attribute) if attribute else home


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
