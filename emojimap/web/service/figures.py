"""Figures for Prometheus. Each app has its own, so that several can live in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from emojimap.web.service.desk import Desk

_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)


class Figures:
    """What is counted.

    Parameters
    ----------
    desk : callable
        Returns the desk, or None while the server does not run.
    """

    def __init__(self, desk: Callable[[], Desk | None]) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "emojimap_requests",
            "Answers.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self.seconds = Histogram(
            "emojimap_request_seconds",
            "Time from the head of a request to the end of its answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self.refused = Counter(
            "emojimap_refused", "Refusals by kind of problem.", ("kind",), registry=self._registry
        )
        self._registry.register(_OfDesk(desk))
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return all of it in Prometheus's text format."""
        return generate_latest(self._registry)


class _OfDesk(Collector):
    """Looks at the desk when it is asked."""

    def __init__(self, desk: Callable[[], Desk | None]) -> None:
        self._desk = desk

    def describe(self) -> Iterator[Metric]:
        yield from ()

    def collect(self) -> Iterator[Metric]:
        desk = self._desk()
        if desk is None:
            return
        yield GaugeMetricFamily(
            "emojimap_queue_length", "Photos that wait for a process.", desk.waiting
        )
        yield GaugeMetricFamily("emojimap_in_work", "Photos that are worked on.", desk.in_work)
        yield GaugeMetricFamily("emojimap_workers", "Processes that run.", desk.alive)
        yield CounterMetricFamily(
            "emojimap_worker_deaths", "Processes that died or were ended.", desk.deaths
        )
