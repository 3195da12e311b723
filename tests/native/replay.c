/* Repeat the searches of a file that record.py wrote, on every path of this processor. */

#include "overlap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *take(FILE *file, int64_t count, size_t size) {
    const size_t bytes = (size_t)count * size;
    void *room = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (!room || fread(room, 1, bytes, file) != bytes) {
        fprintf(stderr, "the file ends too early, or there is no memory\n");
        exit(2);
    }
    return room;
}

int main(int argc, char **argv) {
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    int64_t n[21], searches = 0, wrong = 0;
    if (!file) {
        fprintf(stderr, "usage: replay FILE\n");
        return 2;
    }
    while (fread(n, sizeof n, 1, file) == 1) {
        double *numbers = take(file, 2, sizeof(double));
        const int64_t side = n[0], count = n[4], span = 2 * n[13] + 1, k = n[16];
        overlap_index x = {.side = side, .levels = n[1], .planes = n[2], .words = n[3],
                           .count = count, .depth = n[5], .tile_bytes = n[6], .bins = n[7],
                           .bin_unit = n[8], .cell_unit = n[9]};
        overlap_query q = {.scales = n[12], .window = n[13], .alignments = n[14],
                           .regions = n[15], .k = k, .exhaustive = n[17],
                           .least_prior = numbers[0], .margin = numbers[1]};
        x.bits = take(file, (count + 7) / 8 * 8 * n[2] * n[3], 8);
        x.starts = take(file, count + 1, 8);
        x.members = take(file, n[10], 4);
        x.tiles = take(file, n[11], (size_t)n[6]);
        x.cells = take(file, (count + 7) / 8, OVERLAP_CELLS);
        x.levels_start = take(file, n[5] + 1, 8);
        q.coverage = take(file, side * side, sizeof(float));
        q.visible = n[18] ? take(file, side * side, 1) : NULL;
        q.alignment = take(file, 3 * n[14], 4);
        q.rank = take(file, n[12] * span * span, 4);
        q.taps = take(file, 2 * n[20], 4);
        q.taps_start = take(file, n[12] + 1, 8);
        q.region = take(file, n[15] * n[3], 8);
        q.weights = take(file, n[15], sizeof(double));
        q.prior = n[19] ? take(file, n[10], sizeof(double)) : NULL;
        const size_t rows = (size_t)(2 * k) * 8, parts = (size_t)(k * (2 + n[15])) * sizeof(double);
        int64_t *chosen = take(file, 1, rows), *found = malloc(rows), work[3];
        double *scores = take(file, 1, parts), *reached = malloc(parts);
        for (int path = 0; path < OVERLAP_PATHS; path++) {
            if (!overlap_has_path(path))
                continue;
            searches++;
            if (overlap_search(&x, &q, path, found, reached, work) != OVERLAP_OK ||
                memcmp(found, chosen, rows) || memcmp(reached, scores, parts)) {
                wrong++;
                fprintf(stderr, "path %d differs\n", path);
            }
        }
        void *all[] = {numbers, (void *)x.bits, (void *)x.starts, (void *)x.members,
                       (void *)x.tiles, (void *)x.cells, (void *)x.levels_start, (void *)q.coverage,
                       (void *)q.visible, (void *)q.alignment, (void *)q.rank, (void *)q.taps,
                       (void *)q.taps_start, (void *)q.region, (void *)q.weights,
                       (void *)q.prior, chosen, found, scores, reached};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            free(all[i]);
    }
    fclose(file);
    for (int path = 0; path < OVERLAP_PATHS; path++)
        if (overlap_has_path(path))
            printf("path %d ", path);
    printf("- %lld searches, %lld wrong\n", (long long)searches, (long long)wrong);
    return wrong || !searches;
}
