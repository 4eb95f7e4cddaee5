"""The app: a page for people, an API for programs, metrics for operators."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import FileResponse, Response
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from specimen.serving.access import Access, AccessMiddleware, check_key
from specimen.serving.admission import AdmissionMiddleware
from specimen.serving.answers import on_bug, on_http_error, on_request_error
from specimen.serving.limits import Limits
from specimen.serving.model_watcher import MetricsRecord, ModelWatcher
from specimen.serving.monitoring import MetricsMiddleware, ServerMetrics
from specimen.serving.openapi import ACCESS_PROBLEMS, FORM_PROBLEMS, KEY_PROBLEM, form_schema, problems
from specimen.serving.photo_log import PhotoLog
from specimen.serving.request_errors import RequestError
from specimen.serving.responses import model_facts
from specimen.serving.schemas import Explanation, Health, ModelFacts, Predictions
from specimen.serving.security import SecurityHeadersMiddleware
from specimen.serving.service import Service
from specimen.serving.uploads import open_upload

PAGE = Path(__file__).parent / "page"

DESCRIPTION = """Predictions from photos, computed as `evaluate` does. Send photos as `multipart/form-data`:

    curl -F images=@photo.jpg http://127.0.0.1:8000/predict
"""
FORMS = frozenset({"/predict", "/explain"})
"""Paths that take photos, and whose requests are counted."""
BEARER = HTTPBearer(auto_error=False, description="The key that the server was started with.")
"""For the OpenAPI document; `AccessMiddleware` checks the key before anything of a request is read."""


def make_app(  # noqa: PLR0913 - what a server can be started with
    model: Path,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    *,
    api_key: str | None = None,
    origins: Sequence[str] = (),
    hosts: Sequence[str] = (),
    metrics_record: MetricsRecord = MetricsRecord(),  # noqa: B008 - frozen
    statistics: Path | None = None,
) -> FastAPI:
    """Return the app that serves the model in a file. Raises `SpecimenError` if there is none.

    With `api_key`, everything but the page and `/health` requires it. `origins` are other sites whose pages may send
    requests (CORS). `hosts` are the names of the server other than `localhost` and its addresses. `statistics` is a
    file that gets numbers of each predicted photo.
    """
    access = Access(check_key(api_key) if api_key else None, hosts, origins)
    metrics = ServerMetrics()
    watcher = ModelWatcher(model, metrics_record, metrics.model_loaded)
    metrics.problem.set_function(lambda: watcher.problem is not None)
    photo_log = PhotoLog(statistics, metrics.lost.inc) if statistics is not None else None
    service = Service(watcher, limits, metrics, photo_log)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        following = asyncio.create_task(service.watcher.follow())
        yield
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        service.close()

    app = FastAPI(
        title="Specimen", description=DESCRIPTION, version="1", lifespan=lifespan,
        docs_url=None, redoc_url=None,  # their pages load scripts from elsewhere
        telemetry={"tracing": False, "metrics": False, "logs": False},  # nothing leaves this machine unasked
    )  # fmt: skip
    app.add_exception_handler(RequestError, on_request_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, on_bug)
    refusals = problems(ACCESS_PROBLEMS | KEY_PROBLEM if api_key else ACCESS_PROBLEMS)
    app.include_router(_api(service), dependencies=[Depends(BEARER)] if api_key else [], responses=refusals)
    app.include_router(_health(service), responses=problems({421: ACCESS_PROBLEMS[421]}))
    app.mount("/page", StaticFiles(directory=PAGE))
    app.add_api_route("/", _index, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_middleware(AdmissionMiddleware, limits=limits, paths=FORMS)
    app.add_middleware(AccessMiddleware, access=access)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization"],
        )
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    return app


def _api(service: Service) -> APIRouter:
    """Return the routes that predict, and that describe the model."""
    router = APIRouter()
    form = form_schema(service.watcher.loaded.predictor.meta.features, service.limits.images)
    refusals = problems(FORM_PROBLEMS)

    @router.post("/predict", response_model=Predictions, responses=refusals, openapi_extra=form)
    async def predict(request: Request) -> Response:
        """Predict one or more images.

        An image that cannot be used has an `error` in its place among the results, and the others have their
        predictions. Only if none can be used does the status say why.
        """
        async with open_upload(request, service.limits) as upload:
            return _json(await service.predict(upload))

    @router.post("/explain", response_model=Explanation, responses=refusals, openapi_extra=form)
    async def explain(request: Request) -> Response:
        """Show what the model looked at in one image: which parts of the picture speak for its prediction."""
        async with open_upload(request, service.limits) as upload:
            return _json(await service.explain(upload))

    @router.get("/model")
    async def model() -> ModelFacts:
        """Describe the model that predicts now."""
        return model_facts(service.watcher.loaded, service.limits)

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Counts and times for Prometheus."""
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def _health(service: Service) -> APIRouter:
    """Return the route that needs no key."""
    router = APIRouter()

    @router.head("/health", include_in_schema=False)
    @router.get("/health")
    async def health() -> Health:
        """Say whether the server can predict, and whether the model file has become unusable since it was loaded."""
        return Health(ready=True, version=service.watcher.loaded.version, problem=service.watcher.problem)

    return router


async def _index() -> Response:
    return FileResponse(PAGE / "index.html")


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")
