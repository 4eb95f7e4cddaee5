"""What Prometheus can ask a server: counts and times of requests, images, passes, and the model at work."""

from __future__ import annotations

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from specimen.serving.model_watcher import LoadedModel

PATHS = frozenset({"/", "/predict", "/explain", "/model", "/health", "/metrics", "/openapi.json"})
"""Others count as one, so that a scan for pages makes no new series."""
METHODS = frozenset({"GET", "POST"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Monitor:
    """The metrics of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, CPU time, open files
        labels = ["method", "path", "status"]
        self.requests = Counter("specimen_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "specimen_request_seconds", "From a request's head to the end of its answer.", ["path"],
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.at_work = Gauge("specimen_requests_at_work", "Requests not yet answered.", registry=self.registry)
        self.images = Counter("specimen_images", "Images by outcome.", ["outcome"], registry=self.registry)
        self.passes = Histogram(
            "specimen_pass_images", "Images that one forward pass took together.",
            buckets=(1, 2, 4, 8, 16, 32, 64), registry=self.registry,
        )  # fmt: skip
        self.model = Gauge("specimen_model", "1 for the model at work.", ["version"], registry=self.registry)

    def text(self) -> bytes:
        """Return the text that Prometheus reads."""
        return generate_latest(self.registry)

    def loaded(self, loaded: LoadedModel) -> None:
        """Note which model is at work."""
        self.model.clear()
        self.model.labels(loaded.version).set(1)


class Monitored:
    """ASGI middleware that counts and times requests."""

    def __init__(self, app: ASGIApp, monitor: Monitor) -> None:
        self._app, self._monitor = app, monitor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and note it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        path = scope["path"] if scope["path"] in PATHS else "other"
        method = scope["method"] if scope["method"] in METHODS else "other"
        start = perf_counter()
        with self._monitor.at_work.track_inprogress():
            try:
                await self._app(scope, receive, noted)
            finally:
                self._monitor.requests.labels(method, path, status).inc()
                self._monitor.seconds.labels(path).observe(perf_counter() - start)
