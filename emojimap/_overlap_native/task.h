/* What one search holds; private to the C side. */
#ifndef EMOJIMAP_OVERLAP_TASK_H
#define EMOJIMAP_OVERLAP_TASK_H

#include "overlap.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__)
#define OVERLAP_INLINE inline __attribute__((always_inline))
#else
#define OVERLAP_INLINE inline
#endif

enum {
    OVERLAP_BLOCK = 3,  /* shifts in a row of a block, whose cells are looked at together */
    OVERLAP_MANY = 24,  /* shifts of a scale, from which blocks are looked at first */
    OVERLAP_BUCKETS = 1024,
    OVERLAP_TRIES = 32, /* tiles whose templates are tried out, at most */
    OVERLAP_ASKED = -2, /* in place of the next entry of a bucket */
    OVERLAP_AHEAD = 4,  /* tiles asked for before they are needed */
    OVERLAP_LEAVES = 48 /* tiles of templates that are looked at in order of promise */
};

/* A template among the best so far. */
typedef struct {
    double score;
    int64_t row, mask, alignment; /* of the template, of the index, of the query */
} found;

/* A few of a tile's lanes at one shift, and what they can share with the query at most. */
typedef struct {
    int32_t scale, dy, dx; /* dy and dx from 0 */
    uint32_t lanes;
    int32_t most[OVERLAP_LANES];
} pair;

/* Shifts that the lanes of a tile still have to try: where their row and their column are left. */
typedef struct {
    uint8_t *scales;                   /* (scales,) lanes that still need a scale */
    uint64_t *rows, *columns;          /* (scales, span_words, lanes) bits of dy, of dx */
    uint64_t *any_row, *any_column;    /* (scales, span_words) bits of all lanes together */
    uint8_t *row_lanes, *column_lanes; /* (scales, span) lanes of the shifts that have a bit */
    int32_t *own;                      /* (scales, lanes) least area that is seen */
    int32_t *needs;                    /* (scales, lanes) least steps to share */
    int32_t *units;                    /* (scales, lanes) the same in units of a feature */
    int32_t *row_most, *column_most;   /* (scales, lanes) greatest sums, in units */
    double key[OVERLAP_LANES];         /* most that a lane can score on the whole mask */
    pair *pairs;
    int64_t count;
} frontier;

/* A tile to visit; its bits follow: (scales, span_words) of dy, then of dx. */
typedef struct {
    double key;     /* most that anything below can score on the whole mask */
    int64_t number; /* of the tile in its level */
    int32_t level;
    int32_t next;   /* in its bucket, or -1 */
} entry;

typedef struct {
    const overlap_index *index;
    const overlap_query *query;
    int64_t side, window, span, scales, planes; /* span = 2 * window + 1; planes of the query */
    bool single;                                /* one plane on either side */
    int64_t span_words;                         /* 64-bit words of a set of shifts */
    int64_t cell;                               /* side of a cell, pixels */
    double round_up; /* just below 1: sums of floats err by less than the rest */
    double divisor;                             /* 1 + the weights, from the left */

    int64_t *area;     /* (scales,) of the query, with what lies outside the frame */
    uint8_t *hidden;   /* (scales, 2, bins) most that any shift hides of rows, of columns; or NULL */
    int32_t *hidden_excess; /* (scales, 2) units that a byte may have cut off */
    uint8_t *values;   /* (scales, side, side) steps, with room for a read of 64 at the end */
    uint8_t *unseen;   /* (scales, side, side) or NULL */
    int64_t bin, bin_line; /* pixels of a bin, and bytes from one remainder to the next */
    int64_t profile;   /* bytes of a scale: (bin, bin_line) sums over bin rows from any row on */
    uint8_t *rows;     /* (scales, profile) in units of the features */
    uint8_t *columns;
    int32_t *offsets;  /* (span,) where the bins of a shift start in a profile */
    int32_t *row_excess, *column_excess; /* (scales,) units that a byte may have cut off */
    int64_t line;      /* bytes from row to row of `padded` */
    uint8_t *padded;   /* (scales, side, line) steps with zeros left and right */
    uint8_t *cells;    /* (scales, span, span, 64) sums of cells at a shift, in units */
    bool *has_cells;   /* (scales, span, span) whether made */
    int64_t blocks;    /* along an axis */
    uint8_t *block_cells; /* (scales, blocks, blocks, 64) the greatest of its shifts */
    bool *has_block;
    int64_t row_words;
    uint64_t *packed;  /* (scales, planes, side, row_words) */
    uint64_t *unseen_packed;
    int64_t plane_bytes;
    uint8_t *shifted;  /* (scales, span, planes, plane_bytes) bits moved sideways, rows around */
    uint8_t *unseen_shifted;
    bool *is_shifted;
    int64_t *region_area; /* (alignments, regions) or -1 */

    frontier frontier;
    uint8_t *entries;  /* those to visit and those that were */
    int64_t entry_bytes, entered;
    int32_t buckets[OVERLAP_BUCKETS]; /* first entry of each, by key, or -1 */
    int32_t highest;   /* no bucket above it has an entry */

    double floor;      /* the k-th best scores at least this */
    double threshold;  /* a template must score that, to be among the best */
    double iou, share; /* what a tile needs for it, see bounds.inc */
    double *seeds;     /* (k,) scores of distinct templates, the least first */
    int64_t seeded;
    found *best;       /* heap, the worst first */
    int64_t filled;
    int64_t tiles, bounds, compared;
    int damage;
} task;

/* Flags that threads share: each may do the same work twice, and none is told wrong. */
#if defined(__GNUC__)
static inline uint8_t overlap_get(const uint8_t *flag) { return __atomic_load_n(flag, __ATOMIC_ACQUIRE); }
static inline void overlap_set(uint8_t *flag) { __atomic_store_n(flag, 1, __ATOMIC_RELEASE); }
#else
static inline uint8_t overlap_get(const uint8_t *flag) { return *(const volatile uint8_t *)flag; }
static inline void overlap_set(uint8_t *flag) { *(volatile uint8_t *)flag = 1; }
#endif

static inline int64_t overlap_round_up(int64_t value, int64_t step) {
    return (value + step - 1) / step * step;
}

/* Lanes of a tile that are in use. */
static inline unsigned overlap_lanes(const overlap_index *x, int level, int64_t number) {
    const int64_t below =
        level ? x->levels_start[level] - x->levels_start[level - 1] : x->count;
    const int64_t left = below - number * OVERLAP_LANES;
    return left >= OVERLAP_LANES ? (1u << OVERLAP_LANES) - 1 : (1u << left) - 1;
}

static inline int overlap_lowest(uint64_t bits) {
#if defined(__GNUC__)
    return __builtin_ctzll(bits);
#else
    int place = 0;
    while (!(bits >> place & 1))
        place++;
    return place;
#endif
}

static inline int overlap_ones(uint64_t bits) {
    bits -= bits >> 1 & 0x5555555555555555u;
    bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return (int)(bits * 0x0101010101010101u >> 56);
}

static inline uint64_t overlap_load64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, 8);
    return value;
}

#endif
