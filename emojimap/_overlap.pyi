from emojimap._overlap_py import I32, I64, U64
from emojimap.arrays import F64

def search(
    templates: U64,
    queries: U64,
    hidden: U64,
    areas: I64,
    alignments: I32,
    regions: U64,
    weights: F64,
    prior: F64,
    side: int,
    levels: int,
    margin: float,
    chosen: I64,
    scores: F64,
) -> None:
    """Write the best templates and their alignments; contract: `emojimap._overlap_py.search`."""
