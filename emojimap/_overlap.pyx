# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: autotestdict=False
"""Exact aligned soft IoU of one query against all templates: the compiled twin.

Only loops live here: `emojimap.overlap` checks every argument first, since bounds checks are off.
The contract of `search` stands in the stub beside this file; `_overlap_py` is the slow, obvious
twin, and both give equal results bit by bit.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint64_t

cdef extern from *:
    """
    #include <stdint.h>

    static inline int64_t emojimap_popcount(uint64_t word) {
    #if defined(__GNUC__) && (defined(__POPCNT__) || !defined(__x86_64__))
        return __builtin_popcountll(word);
    #else
        /* Without the instruction, the builtin is a call per word; this can be vectorised. */
        word = word - ((word >> 1) & 0x5555555555555555ULL);
        word = (word & 0x3333333333333333ULL) + ((word >> 2) & 0x3333333333333333ULL);
        word = (word + (word >> 4)) & 0x0F0F0F0F0F0F0F0FULL;
        return (int64_t)((word * 0x0101010101010101ULL) >> 56);
    #endif
    }

    static void emojimap_count_plain(const uint64_t *a, const uint64_t *b, const uint64_t *mask,
                                     int64_t words, int64_t *both, int64_t *first) {
        int64_t in_both = 0, in_first = 0;
        for (int64_t i = 0; i < words; i++) {
            uint64_t seen = a[i] & mask[i];
            in_both += emojimap_popcount(seen & b[i]);
            in_first += emojimap_popcount(seen);
        }
        *both += in_both;
        *first += in_first;
    }

    #if defined(__GNUC__) && defined(__x86_64__)
    __attribute__((target("popcnt")))
    static void emojimap_count_popcnt(const uint64_t *a, const uint64_t *b, const uint64_t *mask,
                                      int64_t words, int64_t *both, int64_t *first) {
        int64_t in_both = 0, in_first = 0;
        for (int64_t i = 0; i < words; i++) {
            uint64_t seen = a[i] & mask[i];
            in_both += __builtin_popcountll(seen & b[i]);
            in_first += __builtin_popcountll(seen);
        }
        *both += in_both;
        *first += in_first;
    }
    #endif

    /* Adds popcount(a & b & mask) to *both and popcount(a & mask) to *first. */
    static inline void emojimap_count(const uint64_t *a, const uint64_t *b, const uint64_t *mask,
                                      int64_t words, int64_t *both, int64_t *first) {
    #if defined(__GNUC__) && defined(__x86_64__)
        if (__builtin_cpu_supports("popcnt")) {
            emojimap_count_popcnt(a, b, mask, words, both, first);
            return;
        }
    #endif
        emojimap_count_plain(a, b, mask, words, both, first);
    }

    /* The product is rounded on its own: a fused multiply-add would differ from NumPy. */
    static inline double emojimap_add_product(double sum, double weight, double value) {
        volatile double product = weight * value;
        return sum + product;
    }
    """
    void emojimap_count(
        const uint64_t *a, const uint64_t *b, const uint64_t *mask,
        int64_t words, int64_t *both, int64_t *first,
    ) noexcept nogil
    double emojimap_add_product(double sum, double weight, double value) noexcept nogil


cdef struct View:
    # The query at one alignment: its planes, the masks that count (all, then each region), and
    # the area of the query within each of them.
    uint64_t *planes
    uint64_t *masks
    int64_t *areas
    Py_ssize_t plane_count
    Py_ssize_t region_count
    Py_ssize_t words
    Py_ssize_t side
    Py_ssize_t levels


cdef uint64_t word_at(const uint64_t *bits, Py_ssize_t words, Py_ssize_t start) noexcept nogil:
    # 64 bits from bit `start` on; what lies outside is 0.
    cdef Py_ssize_t low = start >> 6
    cdef int odd = start & 63
    cdef uint64_t value = 0
    if 0 <= low < words:
        value = bits[low] >> odd
    if odd and 0 <= low + 1 < words:
        value |= bits[low + 1] << (64 - odd)
    return value


cdef void keep_columns(
    uint64_t *mask, Py_ssize_t words, Py_ssize_t side, Py_ssize_t dx
) noexcept nogil:
    # All pixels but the columns that a shift by dx leaves empty: a shift of the flat bits would
    # carry the end of one row into the next.
    cdef Py_ssize_t first = 0 if dx > 0 else side + dx
    cdef Py_ssize_t last = dx if dx > 0 else side
    cdef Py_ssize_t y, x, bit
    for x in range(words):
        mask[x] = ~<uint64_t>0
    for y in range(side):
        for x in range(first, last):
            bit = y * side + x
            mask[bit >> 6] &= ~(<uint64_t>1 << (bit & 63))


cdef void shift_planes(
    View *view, const uint64_t *query, Py_ssize_t dy, Py_ssize_t dx
) noexcept nogil:
    # masks[0] serves as the columns that stay; show() writes it anew.
    cdef Py_ssize_t words = view.words
    cdef Py_ssize_t by = dy * view.side + dx
    cdef Py_ssize_t w, j
    keep_columns(view.masks, words, view.side, dx)
    for j in range(view.plane_count):
        for w in range(words):
            view.planes[j * words + w] = (
                word_at(query + j * words, words, 64 * w - by) & view.masks[w]
            )


cdef void show(
    View *view, const uint64_t *hidden, Py_ssize_t dy, Py_ssize_t dx
) noexcept nogil:
    # masks[0]: all pixels less the hidden ones; NULL hides none. What enters the frame is as
    # hidden as the nearest edge.
    cdef Py_ssize_t last = view.side - 1
    cdef Py_ssize_t w, y, x, bit, source
    for w in range(view.words):
        view.masks[w] = ~<uint64_t>0
    if hidden is NULL:
        return
    for y in range(view.side):
        for x in range(view.side):
            source = min(max(y - dy, 0), last) * view.side + min(max(x - dx, 0), last)
            if hidden[source >> 6] >> (source & 63) & 1:
                bit = y * view.side + x
                view.masks[bit >> 6] &= ~(<uint64_t>1 << (bit & 63))


cdef void cut(View *view, const uint64_t *region, Py_ssize_t r) noexcept nogil:
    # Mask r: the visible part of a region, and the area of the query in it.
    cdef uint64_t *mask = view.masks + r * view.words
    cdef const uint64_t *plane
    cdef Py_ssize_t w, j
    cdef int64_t both = 0
    cdef int64_t first = 0
    for w in range(view.words):
        mask[w] = view.masks[w] & region[w]
    for j in range(view.plane_count):
        plane = view.planes + j * view.words
        emojimap_count(plane, plane, mask, view.words, &both, &first)
    view.areas[r] = both * (view.levels // view.plane_count)


cdef void align(
    View *view,
    const uint64_t[:, :, ::1] queries,
    const uint64_t[:, ::1] hidden,
    const int64_t[::1] areas,
    const uint64_t[:, ::1] regions,
    const int32_t *alignment,
) noexcept nogil:
    cdef Py_ssize_t dy = alignment[0]
    cdef Py_ssize_t dx = alignment[1]
    cdef Py_ssize_t scale = alignment[2]
    cdef Py_ssize_t r
    shift_planes(view, &queries[scale, 0, 0], dy, dx)
    show(view, &hidden[scale, 0] if hidden.shape[0] else NULL, dy, dx)
    view.areas[0] = areas[scale]
    for r in range(view.region_count):
        cut(view, &regions[r, 0], r + 1)


cdef double overlap(
    const View *view, const uint64_t *template, Py_ssize_t template_planes, Py_ssize_t r,
    double margin,
) noexcept nogil:
    # IoU within mask r. A single plane, of either side, stands for all levels.
    cdef Py_ssize_t words = view.words
    cdef Py_ssize_t count = max(template_planes, view.plane_count)
    cdef Py_ssize_t j
    cdef int64_t both = 0
    cdef int64_t first = 0
    for j in range(count):
        emojimap_count(
            template + (j if template_planes > 1 else 0) * words,
            view.planes + (j if view.plane_count > 1 else 0) * words,
            view.masks + r * words, words, &both, &first,
        )
    both *= view.levels // count
    first *= view.levels // count
    cdef double bottom = <double>(view.areas[r] + first - both) + margin
    return 1.0 if bottom == 0 else (<double>both + margin) / bottom


cdef double measure(
    const View *view, const uint64_t *template, Py_ssize_t template_planes,
    const double *weights, double margin, double *parts,
) noexcept nogil:
    # Writes IoU and the IoU of each region to parts; returns their weighted mean.
    cdef Py_ssize_t r
    cdef double divisor = 1.0
    parts[0] = overlap(view, template, template_planes, 0, margin)
    cdef double total = parts[0]
    for r in range(view.region_count):
        parts[r + 1] = overlap(view, template, template_planes, r + 1, 0.0)
        total = emojimap_add_product(total, weights[r], parts[r + 1])
        divisor += weights[r]
    return total / divisor


cdef void insert(
    int64_t[:, ::1] chosen, double[:, ::1] scores, Py_ssize_t filled,
    int64_t template, int64_t row, double score,
) noexcept nogil:
    # Strictly better only: templates come in rising order, so ties stay with the lowest.
    cdef Py_ssize_t at = filled
    if at == chosen.shape[0]:
        if not score > scores[at - 1, 0]:
            return
        at -= 1
    while at > 0 and score > scores[at - 1, 0]:
        chosen[at, 0] = chosen[at - 1, 0]
        chosen[at, 1] = chosen[at - 1, 1]
        scores[at, 0] = scores[at - 1, 0]
        at -= 1
    chosen[at, 0] = template
    chosen[at, 1] = row
    scores[at, 0] = score


def search(
    const uint64_t[:, :, ::1] templates,
    const uint64_t[:, :, ::1] queries,
    const uint64_t[:, ::1] hidden,
    const int64_t[::1] areas,
    const int32_t[:, ::1] alignments,
    const uint64_t[:, ::1] regions,
    const double[::1] weights,
    const double[::1] prior,
    Py_ssize_t side,
    Py_ssize_t levels,
    double margin,
    int64_t[:, ::1] chosen,
    double[:, ::1] scores,
):
    """Write the best templates and their alignments; see the stub for the contract."""
    cdef Py_ssize_t n = templates.shape[0]
    cdef Py_ssize_t words = templates.shape[2]
    cdef Py_ssize_t count = regions.shape[0] + 1
    cdef uint64_t[:, ::1] planes = np.empty((queries.shape[1], words), dtype=np.uint64)
    cdef uint64_t[:, ::1] masks = np.empty((count, words), dtype=np.uint64)
    cdef int64_t[::1] inside = np.empty(count, dtype=np.int64)
    cdef double[::1] parts = np.empty(count, dtype=np.float64)
    cdef double[::1] best = np.full(n, -1.0)
    cdef int64_t[::1] rows = np.zeros(n, dtype=np.int64)
    cdef const double *weight = &weights[0] if count > 1 else NULL
    cdef View view = View(
        &planes[0, 0], &masks[0, 0], &inside[0], queries.shape[1], count - 1, words, side, levels
    )
    cdef Py_ssize_t a, t, i
    cdef double mean
    with nogil:
        for a in range(alignments.shape[0]):
            align(&view, queries, hidden, areas, regions, &alignments[a, 0])
            for t in range(n):
                mean = measure(
                    &view, &templates[t, 0, 0], templates.shape[1], weight, margin, &parts[0]
                )
                if mean > best[t]:
                    best[t] = mean
                    rows[t] = a
        for t in range(n):
            insert(chosen, scores, min(t, chosen.shape[0]), t, rows[t], best[t] - prior[t])
        for i in range(chosen.shape[0]):
            align(&view, queries, hidden, areas, regions, &alignments[chosen[i, 1], 0])
            measure(
                &view, &templates[chosen[i, 0], 0, 0], templates.shape[1], weight, margin,
                &scores[i, 1],
            )
