# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: autotestdict=False
"""Exact aligned soft IoU of queries against all templates: the door to the compiled twin.

The loops live in `_overlap_native`, whose overlap.h says what is where. `emojimap.overlap` checks
every argument first; the contract stands in the stub beside this file.
"""

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from emojimap._overlap_bits import aligned

cdef extern from "overlap.h" nogil:
    enum:
        OVERLAP_PORTABLE
        OVERLAP_NEON
        OVERLAP_AVX2
        OVERLAP_AVX512

    ctypedef struct overlap_index:
        int64_t side, levels, planes, words, count, depth, tile_bytes, bins, bin_unit, cell_unit
        const uint64_t *bits
        const int64_t *starts
        const uint32_t *members
        const uint8_t *tiles
        const uint8_t *cells
        const int64_t *levels_start
        const uint64_t *tile_sums
        const uint64_t *cell_sums
        const uint64_t *mask_sums
        uint8_t *tile_checked
        uint8_t *mask_checked

    ctypedef struct overlap_query:
        int64_t scales, window, alignments, regions, k, exhaustive
        const float *coverage
        const uint8_t *visible
        const int32_t *alignment
        const int32_t *rank
        const int32_t *taps
        const int64_t *taps_start
        const uint64_t *region
        const double *weights
        const double *prior
        double least_prior
        double margin

    int overlap_search(
        const overlap_index *index, const overlap_query *query, int path,
        int64_t *chosen, double *scores, int64_t *work,
    )
    int overlap_has_path(int path)
    int64_t overlap_count_much(
        int path, const uint64_t *masks, const uint8_t *query, int64_t rounds,
    )
    void overlap_sums(const uint8_t *data, int64_t count, int64_t bytes, uint64_t *sums)

_PATHS = {
    "avx512": OVERLAP_AVX512,
    "avx2": OVERLAP_AVX2,
    "neon": OVERLAP_NEON,
    "portable": OVERLAP_PORTABLE,
}


def paths():
    """Instruction sets that this build has and this machine runs, the best one first."""
    return tuple(name for name, number in _PATHS.items() if overlap_has_path(number))


def block_sums(const uint8_t[::1] data, Py_ssize_t block):
    """Checksum of each block of bytes."""
    cdef Py_ssize_t count = data.shape[0] // block
    sums = np.empty(count, dtype=np.uint64)
    cdef uint64_t[::1] out = sums
    if count:
        with nogil:
            overlap_sums(&data[0], count, block, &out[0])
    return sums


def count_much(str path, Py_ssize_t rounds):
    """Count bits of 512 words a round as fast as the instruction set can, and return the count."""
    if path not in paths():
        raise ValueError(f"path is {path!r}: give one of {paths()}")
    cdef uint64_t[::1] masks = aligned(np.arange(576, dtype=np.uint64))
    cdef int64_t total
    cdef int number = _PATHS[path]
    with nogil:
        total = overlap_count_much(number, &masks[0], <const uint8_t *>&masks[512], rounds)
    return total


def search(
    packed, checks, problem, str path, int threads,
    int64_t[:, :, ::1] chosen, double[:, :, ::1] scores,
):
    """Write the best templates and their alignments; see the stub for the contract."""
    cdef const uint64_t[:, :, ::1] planes = packed.planes
    cdef const int64_t[::1] starts = packed.starts
    cdef const uint32_t[::1] members = packed.members
    cdef const uint8_t[:, ::1] tiles = packed.tiles
    cdef const uint8_t[:, ::1] cells = packed.cells
    cdef const int64_t[::1] levels_start = packed.levels_start
    cdef const float[:, :, ::1] coverage = problem.coverage
    cdef const uint8_t[:, :, ::1] visible
    cdef const int32_t[:, ::1] alignments = problem.alignments
    cdef const int32_t[:, :, ::1] rank = problem.rank
    cdef const int32_t[:, ::1] taps = problem.taps
    cdef const int64_t[::1] taps_start = problem.taps_start
    cdef const uint64_t[:, ::1] regions = problem.regions
    cdef const double[::1] weights = problem.weights
    cdef const double[::1] prior
    cdef const uint64_t[::1] tile_sums, cell_sums, mask_sums
    cdef uint8_t[::1] tile_checked, mask_checked
    work = np.zeros((coverage.shape[0], 4), dtype=np.int64)
    cdef int64_t[:, ::1] report = work
    cdef overlap_index index
    cdef overlap_query base
    cdef Py_ssize_t i
    cdef int number = _PATHS[path]

    index = overlap_index(
        side=packed.side, levels=packed.levels, planes=planes.shape[1], words=planes.shape[2],
        count=starts.shape[0] - 1, depth=levels_start.shape[0] - 1, tile_bytes=tiles.shape[1],
        bins=packed.bins, bin_unit=packed.bin_unit, cell_unit=packed.cell_unit,
        bits=&planes[0, 0, 0],
        starts=&starts[0], members=&members[0], tiles=&tiles[0, 0],
        cells=&cells[0, 0],
        levels_start=&levels_start[0], tile_sums=NULL, cell_sums=NULL, mask_sums=NULL,
        tile_checked=NULL, mask_checked=NULL,
    )
    if checks is not None:
        tile_sums, cell_sums, mask_sums, tile_checked, mask_checked = checks
        index.tile_sums, index.cell_sums = &tile_sums[0], &cell_sums[0]
        index.mask_sums = &mask_sums[0]
        index.tile_checked, index.mask_checked = &tile_checked[0], &mask_checked[0]
    base = overlap_query(
        scales=rank.shape[0], window=problem.window, alignments=alignments.shape[0],
        regions=regions.shape[0], k=chosen.shape[1], exhaustive=problem.exhaustive,
        coverage=NULL, visible=NULL, alignment=&alignments[0, 0], rank=&rank[0, 0, 0],
        taps=NULL, taps_start=&taps_start[0], region=NULL, weights=NULL, prior=NULL,
        least_prior=0.0, margin=problem.margin,
    )
    if taps.shape[0]:
        base.taps = &taps[0, 0]
    if regions.shape[0]:
        base.region, base.weights = &regions[0, 0], &weights[0]
    if problem.prior is not None:
        prior = problem.prior
        base.prior, base.least_prior = &prior[0], problem.prior.min()
    if problem.visible is not None:
        visible = problem.visible.view(np.uint8)
    cdef bint hidden = problem.visible is not None
    with nogil:
        if threads == 1:
            for i in range(coverage.shape[0]):
                search_one(
                    &index, base, &coverage[i, 0, 0], &visible[i, 0, 0] if hidden else NULL,
                    number, &chosen[i, 0, 0], &scores[i, 0, 0], &report[i, 0],
                )
        else:
            for i in prange(coverage.shape[0], schedule="dynamic", num_threads=threads):
                search_one(
                    &index, base, &coverage[i, 0, 0], &visible[i, 0, 0] if hidden else NULL,
                    number, &chosen[i, 0, 0], &scores[i, 0, 0], &report[i, 0],
                )
    return work


cdef void search_one(
    const overlap_index *index, overlap_query query, const float *coverage,
    const uint8_t *visible, int path, int64_t *chosen, double *scores, int64_t *report,
) noexcept nogil:
    query.coverage = coverage
    query.visible = visible
    report[0] = overlap_search(index, &query, path, chosen, scores, report + 1)
