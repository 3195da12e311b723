"""Pictures for people: how a fitting came about, contact sheets, explanations, grids."""

from emojimap.sheet._colours import explanation
from emojimap.sheet._construction import construction
from emojimap.sheet._contacts import contacts, extractions
from emojimap.sheet._draw import TINTS, write
from emojimap.sheet._fitting import fitting
from emojimap.sheet._grid import grid
from emojimap.sheet._history import history
from emojimap.sheet._lineup import lineup
from emojimap.sheet._pairs import pairs
from emojimap.sheet._templates import people, templates

__all__ = [
    "TINTS",
    "construction",
    "contacts",
    "explanation",
    "extractions",
    "fitting",
    "grid",
    "history",
    "lineup",
    "pairs",
    "people",
    "templates",
    "write",
]
