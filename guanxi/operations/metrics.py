"""Figures for Prometheus at /metrics: how long requests take by route, and the state of the installation.

Requests are counted in files that all web processes of this machine share (`guanxi serve` sets the folder); the state
is asked of the database at each scrape, so that it is the same whichever process answers.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CollectorRegistry, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from guanxi.operations import state

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own name for it
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# In a registry of its own: what else is in the process (the garbage collector, say) is not the installation's state.
_requests = CollectorRegistry()
SECONDS = Histogram(
    "guanxi_request_seconds",
    "How long requests took, by route",
    ["method", "route", "status"],
    buckets=BUCKETS,
    registry=None if FOLDER in os.environ else _requests,
)


class MetricsMiddleware:
    """Counts each request and its time, by the pattern of its address and not by the address itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        method = request.method if request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "OTHER"
        status = f"{response.status_code // 100}xx"
        SECONDS.labels(method, match.route if match else "unknown", status).observe(time.perf_counter() - started)
        return response


class _State(Collector):
    """The state of the installation as gauges."""

    def collect(self) -> Iterator[Metric]:
        queue, (free, total) = state.queue(), state.room()
        tasks = GaugeMetricFamily("guanxi_tasks", "Background tasks by state", labels=["state"])
        for name in ("waiting", "running", "failed_lately"):
            tasks.add_metric([name], getattr(queue, name))
        yield tasks
        yield _gauge("guanxi_task_queue_age_seconds", "How long the oldest due task has been waiting", queue.oldest)
        yield _gauge("guanxi_workers", "Workers that are alive", len(state.workers()))
        readers = GaugeMetricFamily("guanxi_reader_lag_events", "Events that a reader has not read", labels=["reader"])
        for name, lag in state.readers().items():
            readers.add_metric([name], lag)
        yield readers
        as_of = state.lake_as_of()
        if as_of is not None:
            age = (timezone.now() - as_of).total_seconds()
            yield _gauge("guanxi_lake_age_seconds", "Since when the lake has been complete", age)
        backup = state.last_backup()
        if backup is not None:
            age = (timezone.now() - backup.started_at).total_seconds()
            yield _gauge("guanxi_backup_age_seconds", "How old the newest backup is", age)
        yield _gauge(
            "guanxi_backup_failed", "1 where the newest attempt failed", state.backup_failed_since() is not None
        )
        yield _gauge("guanxi_database_bytes", "The size of the database", state.database_bytes())
        yield _gauge("guanxi_disk_free_bytes", "Room left on the disk of the home", free)
        yield _gauge("guanxi_disk_bytes", "Size of the disk of the home", total)
        yield _gauge("guanxi_mails_unsent", "Mails refused or given up since yesterday", state.unsent_mails())
        waiting = GaugeMetricFamily("guanxi_waiting", "What waits to be worked off", labels=["what"])
        for name, _label, number in state.waiting():
            waiting.add_metric([name], number)
        yield waiting


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)


def allowed(request: HttpRequest) -> bool:
    """Whether the caller has the token, or asks from an allowed address without a proxy between."""
    token = settings.GUANXI_METRICS_TOKEN
    sent = request.headers.get("Authorization", "")
    if token and hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
        return True
    # Through a proxy on this machine everybody comes from 127.0.0.1.
    direct = not request.headers.get("X-Forwarded-For") and not request.headers.get("Forwarded")
    return direct and request.META.get("REMOTE_ADDR", "") in settings.GUANXI_METRICS_FROM


@never_cache
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures in Prometheus's text format; 404 for whoever may not ask."""
    if not allowed(request):
        return HttpResponse("Not found.\n", status=404, content_type="text/plain")
    registry = CollectorRegistry()
    if FOLDER in os.environ:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_State())
    body = generate_latest(registry) + (b"" if FOLDER in os.environ else generate_latest(_requests))
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)
