from emojimap._overlap_bits import I64, U64, Checks, Packed, Problem
from emojimap.arrays import F64, U8

def search(
    packed: Packed,
    checks: Checks | None,
    problem: Problem,
    path: str,
    threads: int,
    chosen: I64,
    scores: F64,
) -> I64:
    """Write the best templates and their alignments; contract: `emojimap._overlap_py.search`."""

def paths() -> tuple[str, ...]:
    """Instruction sets that this build has and this machine runs, the best one first."""

def block_sums(data: U8, block: int) -> U64:
    """Checksum of each block of bytes; contract: `emojimap._overlap_py.block_sums`."""

def count_much(path: str, rounds: int) -> int:
    """Count bits of 512 words a round as fast as the instruction set can, for benchmarks."""
