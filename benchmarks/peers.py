"""Other ways to find the nearest of many bit masks: each answers queries that are already packed.

None of them aligns, so that an aligned query is all its shifted and scaled masks, one after the
other or as a batch, whichever the library does faster. All use one thread.
"""

from __future__ import annotations

import importlib

import numpy as np

SIDE = 64
PIXELS = SIDE * SIDE


class Peer:
    """A library with the templates in the form that it likes best.

    Attributes
    ----------
    name : str
        Of the library and of what it does.
    most : int
        Queries that it is given at a time.
    slow : bool
        Whether it is given few queries, lest all take hours.
    """

    name = ""
    most = 64
    slow = False

    def nearest(self, queries):
        """Rows of the nearest templates of (q, 512) packed masks."""
        raise NotImplementedError


class NumKong(Peer):
    name = "numkong jaccards_packed"

    def __init__(self, packed):
        self.module = importlib.import_module("numkong")
        self.templates = self.module.hammings_pack(packed)
        self.out = {}
        self.count = len(packed)

    def nearest(self, queries):
        size = len(queries)
        if size not in self.out:
            first = self.module.jaccards_packed(queries, self.templates)
            self.out[size] = self.module.empty((size, self.count), dtype=first.dtype)
        self.module.jaccards_packed(queries, self.templates, out=self.out[size])
        return np.asarray(self.out[size]).argmin(axis=1)


class SimSimd(Peer):
    name = "simsimd jaccard"
    most = 1

    def __init__(self, packed):
        self.module = importlib.import_module("simsimd")
        self.templates = packed

    def nearest(self, queries):
        distances = self.module.jaccard(queries, self.templates, "bin8")
        return np.asarray(distances).argmin(keepdims=True)


class FPSim2(Peer):
    name = "FPSim2 GenericSearch"
    most = 1

    def __init__(self, packed):
        self.search = importlib.import_module("FPSim2.FPSim2lib").GenericSearch
        words = packed.view(np.uint64)
        counts = np.bitwise_count(words).sum(axis=1, dtype=np.uint64)
        self.rows = np.argsort(counts, kind="stable")
        self.table = np.column_stack([np.arange(len(words), dtype=np.uint64), words, counts])
        self.table = np.ascontiguousarray(self.table[self.rows])

    def nearest(self, queries):
        words = queries.view(np.uint64)
        query = np.concatenate([[np.uint64(0)], words[0], [np.bitwise_count(words).sum()]])
        found = self.search(query.astype(np.uint64), self.table, 0.01, 1, 0, 0, len(self.table))
        return np.array([found[0][0] if len(found) else 0])


class USearch(Peer):
    name = "usearch exact"

    def __init__(self, packed):
        self.module = importlib.import_module("usearch.index")
        self.templates = packed

    def nearest(self, queries):
        kinds, scalars = self.module.MetricKind, self.module.ScalarKind
        found = self.module.search(
            self.templates,
            queries,
            1,
            kinds.Jaccard,
            exact=True,
            threads=1,
            dtype=scalars.B1,
        )
        return np.asarray(found.keys).reshape(-1)


class Faiss(Peer):
    name = "faiss IndexBinaryFlat (Hamming)"

    def __init__(self, packed):
        module = importlib.import_module("faiss")
        module.omp_set_num_threads(1)
        self.index = module.IndexBinaryFlat(PIXELS)
        self.index.add(packed)

    def nearest(self, queries):
        return self.index.search(queries, 1)[1].ravel()


class BitwiseCount(Peer):
    name = "numpy bitwise_count"
    most = 1
    slow = True

    def __init__(self, packed):
        self.templates = packed.view(np.uint64)
        self.areas = np.bitwise_count(self.templates).sum(axis=1, dtype=np.int64)
        self.room = np.empty_like(self.templates)
        self.counts = np.empty(self.templates.shape, dtype=np.uint8)

    def nearest(self, queries):
        words = queries.view(np.uint64)
        np.bitwise_and(self.templates, words, out=self.room)
        np.bitwise_count(self.room, out=self.counts)
        both = self.counts.sum(axis=1, dtype=np.int64)
        union = self.areas + int(np.bitwise_count(words).sum()) - both
        return np.array([(both / np.maximum(union, 1)).argmax()])


class Sgemm(Peer):
    name = "numpy sgemm"
    slow = True

    def __init__(self, packed):
        bits = [
            np.unpackbits(part, axis=1) for part in np.array_split(packed, len(packed) // 5000 + 1)
        ]
        self.templates = np.concatenate([part.astype(np.float32) for part in bits])
        self.areas = self.templates.sum(axis=1)

    def nearest(self, queries):
        bits = np.unpackbits(queries, axis=1).astype(np.float32)
        both = bits @ self.templates.T
        union = self.areas + bits.sum(axis=1)[:, None] - both
        return (both / np.maximum(union, 1)).argmax(axis=1)


PEERS = [NumKong, SimSimd, FPSim2, USearch, Faiss, BitwiseCount, Sgemm]
"""All of them: `pip install numkong simsimd FPSim2 usearch faiss-cpu`."""
