"""What a server reports to Prometheus: counts and times of requests, images and passes, and the model in use."""

from __future__ import annotations

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from specimen.serving.model_watcher import LoadedModel

PATHS = frozenset({"/", "/predict", "/explain", "/model", "/health", "/metrics", "/openapi.json"})
"""All others are counted as one, so that a scan for pages creates no new series."""
METHODS = frozenset({"GET", "POST"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ServerMetrics:
    """The metrics of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, CPU time, open files
        labels = ["method", "path", "status"]
        self.requests = Counter("specimen_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "specimen_request_seconds", "From the head of a request to the end of its answer.", ["path"],
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.in_progress = Gauge("specimen_requests_at_work", "Requests not yet answered.", registry=self.registry)
        self.images = Counter("specimen_images", "Images by outcome.", ["outcome"], registry=self.registry)
        self.unlike = Counter(
            "specimen_unlike_images", "Predicted images that are unlike the training photos.", registry=self.registry
        )
        self.lost = Counter(
            "specimen_statistics_lost", "Predicted images that --keep-statistics could not note.",
            registry=self.registry,
        )  # fmt: skip
        self.passes = Histogram(
            "specimen_pass_images", "Images in one forward pass.",
            buckets=(1, 2, 4, 8, 16, 32, 64), registry=self.registry,
        )  # fmt: skip
        self.model = Gauge("specimen_model", "1 for the model in use.", ["version"], registry=self.registry)
        self.problem = Gauge(
            "specimen_model_problem", "1 while the model file is not the model in use, see /health.",
            registry=self.registry,
        )  # fmt: skip

    def text(self) -> bytes:
        """Return the text that Prometheus reads."""
        return generate_latest(self.registry)

    def model_loaded(self, model: LoadedModel) -> None:
        """Note which model is in use."""
        self.model.clear()
        self.model.labels(model.version).set(1)


class MetricsMiddleware:
    """ASGI middleware that counts and times requests."""

    def __init__(self, app: ASGIApp, metrics: ServerMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        path = scope["path"] if scope["path"] in PATHS else "other"
        method = scope["method"] if scope["method"] in METHODS else "other"
        start = perf_counter()
        with self._metrics.in_progress.track_inprogress():
            try:
                await self._app(scope, receive, send_and_note_status)
            finally:
                self._metrics.requests.labels(method, path, status).inc()
                self._metrics.seconds.labels(path).observe(perf_counter() - start)
