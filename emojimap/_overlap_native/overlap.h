/* Exact aligned soft IoU of one query with all templates: what the C side shows.
 *
 * prepare.inc   query -> each scale: steps, areas, profiles, bit planes
 * bounds.inc    tile of the tree x alignments -> which can still matter
 * compare.inc   template x alignment -> exact score; the k best
 * search.inc    the tree, best first; the scan that leaves nothing out
 * paths.c       these four, once for each instruction set; which one to run
 *
 * Nothing is checked here: emojimap.overlap does it. The conventions stand there as well, the
 * layout of the arrays in emojimap._overlap_bits.
 */
#ifndef EMOJIMAP_OVERLAP_H
#define EMOJIMAP_OVERLAP_H

#include <stddef.h>
#include <stdint.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "the overlap kernel reads little-endian bit planes"
#endif

enum {
    OVERLAP_LANES = 8,       /* templates, or children, of a tile */
    OVERLAP_HEAD = 128,      /* bytes before a tile's sums */
    OVERLAP_TOO_MANY = 1 << 30, /* steps: more than any two masks share */
    OVERLAP_CELLS = 512,     /* bytes of the cells of a tile */
    OVERLAP_COVERAGE = 256,  /* steps of coverage while a query is resampled */
    OVERLAP_TAP = 64         /* steps of a pixel while a query is resampled */
};

enum { OVERLAP_OK = 0, OVERLAP_NO_MEMORY = -1, OVERLAP_DAMAGED_TILE = -2, OVERLAP_DAMAGED_MASK = -3 };

/* Instruction sets, the last one best. */
enum { OVERLAP_PORTABLE, OVERLAP_NEON, OVERLAP_AVX2, OVERLAP_AVX512, OVERLAP_PATHS };

/* First bytes of a tile. */
typedef struct {
    int32_t low[OVERLAP_LANES];    /* least area below each lane */
    int32_t high[OVERLAP_LANES];   /* greatest area */
    uint32_t first[OVERLAP_LANES]; /* lowest row of a template */
    uint32_t unused[8];
} overlap_head;

typedef struct {
    int64_t side, levels, planes, words; /* words of a plane, a multiple of 8 */
    int64_t count;                       /* masks that differ */
    int64_t depth;
    int64_t tile_bytes;
    int64_t bins;                /* of rows, and of columns: 8 or 16 */
    int64_t bin_unit, cell_unit; /* of the features, in steps */
    const uint64_t *bits;        /* (count, planes, words) */
    const int64_t *starts;       /* (count + 1,) into members */
    const uint32_t *members;     /* rows of templates, rising */
    const uint8_t *tiles;
    const uint8_t *cells;        /* (level 0, 8, 64): 8 cells of each lane in turn */
    const int64_t *levels_start; /* (depth + 1,) first tile of a level, level 0 the templates */
    const uint64_t *tile_sums;   /* checksums, or NULL where nothing needs a check */
    const uint64_t *cell_sums;   /* of the cells of each tile of level 0 */
    const uint64_t *mask_sums;   /* of its bits */
    uint8_t *tile_checked;
    uint8_t *mask_checked;
} overlap_index;

typedef struct {
    int64_t scales, window, alignments, regions, k, exhaustive;
    const float *coverage;      /* (side, side), 0..1 */
    const uint8_t *visible;     /* (side, side), or NULL */
    const int32_t *alignment;   /* (alignments, 3): dy, dx, scale; the first of equals wins */
    const int32_t *rank;        /* (scales, span, span): row of `alignment` */
    const int32_t *taps;        /* (*, 2): first pixel, weight of the next; scales one after other */
    const int64_t *taps_start;  /* (scales + 1,); a scale without taps is 1.0 */
    const uint64_t *region;     /* (regions, words) */
    const double *weights;      /* (regions,) */
    const double *prior;        /* (templates,) or NULL */
    double least_prior;
    double margin;
} overlap_query;

/* chosen: (k, 2) template and alignment; scores: (k, 2 + regions); work: tiles, bounds, pairs. */
int overlap_search(const overlap_index *index, const overlap_query *query, int path,
                   int64_t *chosen, double *scores, int64_t *work);

/* Whether this machine runs a path, and whether this build has it. */
int overlap_has_path(int path);

/* Bits that 8 masks of 64 words share with a query, over and over: the speed that a scan can't beat. */
int64_t overlap_count_much(int path, const uint64_t *masks, const uint8_t *query, int64_t rounds);

/* Sums of `count` blocks of `bytes` bytes each; a multiple of 64. */
void overlap_sums(const uint8_t *data, int64_t count, int64_t bytes, uint64_t *sums);

#endif
