/* The search, once for each instruction set, and the one that runs. */

#include "task.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

/* What an instruction set needs is switched on for its own functions alone, so that one binary
 * runs everywhere. */
#if defined(__clang__)
#define OVERLAP_PRAGMA(text) _Pragma(#text)
#define OVERLAP_TARGET(set) \
    OVERLAP_PRAGMA(clang attribute push(__attribute__((target(set))), apply_to = function))
#define OVERLAP_TARGET_END OVERLAP_PRAGMA(clang attribute pop)
#elif defined(__GNUC__)
#define OVERLAP_PRAGMA(text) _Pragma(#text)
#define OVERLAP_TARGET(set) OVERLAP_PRAGMA(GCC push_options) OVERLAP_PRAGMA(GCC target(set))
#define OVERLAP_TARGET_END OVERLAP_PRAGMA(GCC pop_options)
#else
#define __builtin_prefetch(address) ((void)(address))
#endif

#if defined(__GNUC__) && defined(__x86_64__)
#define OVERLAP_HAS_X86 1
#include <immintrin.h>
#else
#define OVERLAP_HAS_X86 0
#endif

#if defined(__aarch64__) && defined(__ARM_NEON)
#define OVERLAP_HAS_NEON 1
#include <arm_neon.h>
#else
#define OVERLAP_HAS_NEON 0
#endif

#define OVERLAP_JOIN(name, path) name##_##path
#define OVERLAP_NAME(name, path) OVERLAP_JOIN(name, path)
#define PATH(name) OVERLAP_NAME(name, OVERLAP_PATH)

#define OVERLAP_PATH portable
#include "portable.inc"
#include "lanes.inc"
#include "prepare.inc"
#include "bounds.inc"
#include "compare.inc"
#include "search.inc"
#undef OVERLAP_PATH

#if OVERLAP_HAS_NEON
#define OVERLAP_PATH neon
#include "neon.inc"
#include "lanes.inc"
#include "prepare.inc"
#include "bounds.inc"
#include "compare.inc"
#include "search.inc"
#undef OVERLAP_PATH
#endif

#if OVERLAP_HAS_X86
OVERLAP_TARGET("avx2,popcnt,bmi,bmi2")
#define OVERLAP_PATH avx2
#include "avx2.inc"
#include "lanes.inc"
#include "prepare.inc"
#include "bounds.inc"
#include "compare.inc"
#include "search.inc"
#undef OVERLAP_PATH
OVERLAP_TARGET_END

OVERLAP_TARGET("avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,avx2,popcnt,bmi,bmi2")
#define OVERLAP_PATH avx512
#include "avx512.inc"
#include "prepare.inc"
#include "bounds.inc"
#include "compare.inc"
#include "search.inc"
#undef OVERLAP_PATH
OVERLAP_TARGET_END
#endif

typedef struct {
    int (*run)(task *);
    void (*results)(task *, int64_t *, double *);
    int64_t (*count_much)(const uint64_t *, const uint8_t *, int64_t);
} overlap_functions;

static const overlap_functions OVERLAP_TABLE[OVERLAP_PATHS] = {
    [OVERLAP_PORTABLE] = {run_portable, results_portable, count_much_portable},
#if OVERLAP_HAS_NEON
    [OVERLAP_NEON] = {run_neon, results_neon, count_much_neon},
#endif
#if OVERLAP_HAS_X86
    [OVERLAP_AVX2] = {run_avx2, results_avx2, count_much_avx2},
    [OVERLAP_AVX512] = {run_avx512, results_avx512, count_much_avx512},
#endif
};

int overlap_has_path(int path) {
    if (path < 0 || path >= OVERLAP_PATHS || !OVERLAP_TABLE[path].run)
        return 0;
#if OVERLAP_HAS_X86
    if (path == OVERLAP_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
               __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    if (path == OVERLAP_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("bmi2");
#endif
    return 1;
}

/* Pieces of one block of memory, cut off one after other. */
typedef struct {
    uint8_t *base; /* NULL while the size is being added up */
    size_t used;
} arena;

static void *cut(arena *from, int64_t count, size_t size) {
    void *piece = from->base ? from->base + from->used : NULL;
    from->used += (size_t)overlap_round_up((int64_t)((size_t)count * size), 64);
#if defined(__SANITIZE_ADDRESS__)
    /* A gap that may not be touched, so that the sanitizer sees the ends of the pieces. */
    if (piece)
        ASAN_POISON_MEMORY_REGION(from->base + from->used, 64);
    from->used += 64;
#endif
    return piece;
}

/* Sizes of everything; once without memory, to add them up, and once to hand it out. */
static void lay_out(task *t, arena *plain, arena *zeroed) {
    const overlap_index *x = t->index;
    const overlap_query *q = t->query;
    const int64_t pixels = t->side * t->side, shifts = t->scales * t->span;
    const int64_t sets = t->scales * t->span_words;
    t->area = cut(plain, t->scales, sizeof *t->area);
    t->values = cut(plain, t->scales * pixels + 64, 1);
    t->packed = cut(plain, t->scales * x->levels * t->side * t->row_words, 8);
    t->best = cut(plain, q->k, sizeof *t->best);
    t->seeds = cut(plain, q->k, sizeof *t->seeds);
    frontier *f = &t->frontier;
    f->scales = cut(plain, t->scales, 1);
    f->rows = cut(plain, sets * OVERLAP_LANES, sizeof *f->rows);
    f->columns = cut(plain, sets * OVERLAP_LANES, sizeof *f->columns);
    f->any_row = cut(plain, sets, sizeof *f->any_row);
    f->any_column = cut(plain, sets, sizeof *f->any_column);
    f->row_lanes = cut(plain, shifts, 1);
    f->column_lanes = cut(plain, shifts, 1);
    f->own = cut(plain, t->scales * OVERLAP_LANES, sizeof *f->own);
    f->needs = cut(plain, t->scales * OVERLAP_LANES, sizeof *f->needs);
    f->units = cut(plain, t->scales * OVERLAP_LANES, sizeof *f->units);
    f->row_most = cut(plain, t->scales * OVERLAP_LANES, sizeof *f->row_most);
    f->column_most = cut(plain, t->scales * OVERLAP_LANES, sizeof *f->column_most);
    f->pairs = cut(plain, q->alignments, sizeof *f->pairs);
    t->entries = cut(plain, x->levels_start[x->depth], (size_t)t->entry_bytes);
    t->region_area = cut(plain, q->alignments * q->regions, sizeof *t->region_area);
    t->rows = cut(zeroed, t->scales * t->profile, 1);
    t->columns = cut(zeroed, t->scales * t->profile, 1);
    t->offsets = cut(plain, t->span, sizeof *t->offsets);
    t->row_excess = cut(plain, t->scales, sizeof *t->row_excess);
    t->column_excess = cut(plain, t->scales, sizeof *t->column_excess);
    t->cells = cut(plain, shifts * t->span, 64);
    t->has_cells = cut(zeroed, shifts * t->span, sizeof *t->has_cells);
    t->block_cells = cut(plain, t->scales * t->blocks * t->blocks, 64);
    t->has_block = cut(zeroed, t->scales * t->blocks * t->blocks, sizeof *t->has_block);
    t->padded = cut(zeroed, t->scales * t->side * t->line + 64, 1);
    t->is_shifted = cut(zeroed, shifts, sizeof *t->is_shifted);
    t->shifted = cut(zeroed, shifts * x->levels * t->plane_bytes, 1);
    if (!q->visible)
        return;
    t->hidden = cut(plain, t->scales * 2 * x->bins, 1);
    t->hidden_excess = cut(plain, t->scales * 2, sizeof *t->hidden_excess);
    t->unseen = cut(plain, t->scales * pixels + 64, 1);
    t->unseen_packed = cut(plain, t->scales * t->side * t->row_words, 8);
    t->unseen_shifted = cut(zeroed, shifts * t->plane_bytes, 1);
}

static void set_up(task *t, const overlap_index *index, const overlap_query *query) {
    *t = (task){.index = index, .query = query};
    t->side = index->side;
    t->window = query->window;
    t->span = 2 * query->window + 1;
    t->scales = query->scales;
    t->span_words = (t->span + 63) / 64;
    t->entry_bytes = (int64_t)sizeof(entry) + 16 * t->scales * t->span_words;
    t->cell = t->side / 8;
    t->bin = t->side / index->bins;
    t->bin_line = overlap_round_up((t->side + 2 * t->window) / t->bin + 16, 16);
    t->profile = overlap_round_up(t->bin * t->bin_line, 64);
    t->line = t->side + 2 * t->window;
    t->blocks = (t->span + OVERLAP_BLOCK - 1) / OVERLAP_BLOCK;
    t->row_words = (t->side + 63) / 64;
    t->plane_bytes = overlap_round_up(2 * t->window * (t->side / 8) + index->words * 8 + 64, 64);
    t->floor = t->threshold = -INFINITY;
    t->divisor = 1.0;
    t->round_up = 1.0 - (1e-6 + 8e-15 * query->margin);
    for (int64_t r = 0; r < query->regions; r++)
        t->divisor += query->weights[r];
}

int overlap_search(const overlap_index *index, const overlap_query *query, int path,
                   int64_t *chosen, double *scores, int64_t *work) {
    task t;
    arena plain = {NULL, 0}, zeroed = {NULL, 0};
    set_up(&t, index, query);
    lay_out(&t, &plain, &zeroed);
    const size_t plain_bytes = plain.used + 64, zeroed_bytes = zeroed.used + 64;
    plain.base = malloc(plain_bytes);
    zeroed.base = calloc(zeroed_bytes, 1);
    int status = OVERLAP_NO_MEMORY;
    if (plain.base && zeroed.base) {
        void *start[2] = {plain.base, zeroed.base};
        plain = (arena){(uint8_t *)(((uintptr_t)plain.base + 63) & ~(uintptr_t)63), 0};
        zeroed = (arena){(uint8_t *)(((uintptr_t)zeroed.base + 63) & ~(uintptr_t)63), 0};
        lay_out(&t, &plain, &zeroed);
        for (int64_t d = 0; d < t.span; d++) {
            const int64_t from = 2 * t.window - d;
            t.offsets[d] = (int32_t)(from % t.bin * t.bin_line + from / t.bin);
        }
        memset(t.values + t.scales * t.side * t.side, 0, 64);
        if (t.unseen)
            memset(t.unseen + t.scales * t.side * t.side, 0, 64);
        for (int64_t i = 0; i < query->alignments * query->regions; i++)
            t.region_area[i] = -1;
        status = OVERLAP_TABLE[path].run(&t);
        if (status == OVERLAP_OK)
            OVERLAP_TABLE[path].results(&t, chosen, scores);
        work[0] = t.tiles;
        work[1] = t.bounds;
        work[2] = t.compared;
        plain.base = start[0];
        zeroed.base = start[1];
    }
#if defined(__SANITIZE_ADDRESS__)
    ASAN_UNPOISON_MEMORY_REGION(plain.base, plain_bytes);
    ASAN_UNPOISON_MEMORY_REGION(zeroed.base, zeroed_bytes);
#endif
    free(plain.base);
    free(zeroed.base);
    return status;
}

int64_t overlap_count_much(int path, const uint64_t *masks, const uint8_t *query, int64_t rounds) {
    return OVERLAP_TABLE[path].count_much(masks, query, rounds);
}

/* Any change within one 64-bit word changes the sum for certain: the word's difference is
 * multiplied by an odd number modulo 2^64. */
static uint64_t block_sum(const uint8_t *data, int64_t bytes) {
    uint64_t sum[8] = {0}, weighted[8] = {0}, total = (uint64_t)bytes;
    for (int64_t at = 0; at < bytes; at += 64)
        for (int lane = 0; lane < 8; lane++) {
            sum[lane] += overlap_load64(data + at + 8 * lane);
            weighted[lane] += sum[lane];
        }
    for (uint64_t lane = 0; lane < 8; lane++)
        total = (total ^ total >> 29) * 0x9E3779B97F4A7C15u + sum[lane] * (2 * lane + 0xD1B54A32D192ED03u) +
                weighted[lane] * 0x8CB92BA72F3D8DD6u;
    return total;
}

void overlap_sums(const uint8_t *data, int64_t count, int64_t bytes, uint64_t *sums) {
    for (int64_t i = 0; i < count; i++)
        sums[i] = block_sum(data + i * bytes, bytes);
}
