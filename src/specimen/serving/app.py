"""The app: a page for people, an API for programs, and what watches over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel
from starlette.middleware.cors import CORSMiddleware

from specimen.serving.admission import RETRY_AFTER, Gate
from specimen.serving.limits import Limits, RequestError
from specimen.serving.model_watcher import MetricsRecord, ModelWatcher
from specimen.serving.monitoring import Monitor, Monitored
from specimen.serving.openapi import FORM_PROBLEMS, form, problems
from specimen.serving.responses import facts
from specimen.serving.schemas import Health, Heat, ModelFacts, Predictions, Problem
from specimen.serving.security import SecurityHeadersMiddleware, key_check
from specimen.serving.service import Service
from specimen.serving.uploads import read_upload

PAGE = Path(__file__).parent / "page"

DESCRIPTION = """Predictions from photos, as `evaluate` measured them. Send photos as `multipart/form-data`:

    curl -F images=@photo.jpg http://127.0.0.1:8000/predict
"""


def make_app(
    model: Path,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    *,
    api_key: str | None = None,
    origins: Sequence[str] = (),
    records: MetricsRecord = MetricsRecord(),  # noqa: B008 - frozen
) -> FastAPI:
    """Return the app that serves the model of a file. Raises `SpecimenError` if there is none.

    With `api_key`, all but the page and `/health` want it. `origins` are the other sites whose pages may ask (CORS).
    """
    monitor = Monitor()
    service = Service(ModelWatcher(model, records, monitor.loaded), limits, monitor)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        following = asyncio.create_task(service.slot.follow())
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
    app.add_exception_handler(RequestError, _refuse)
    locks = [Depends(key_check(api_key))] if api_key else []
    app.include_router(api(service), dependencies=locks, responses=problems(401) if api_key else {})
    app.include_router(_health(service))
    app.mount("/page", StaticFiles(directory=PAGE))
    app.add_api_route("/", _index, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_middleware(Gate, limits=limits)
    if origins:
        methods, headers = ["GET", "POST"], ["Authorization"]
        app.add_middleware(CORSMiddleware, allow_origins=list(origins), allow_methods=methods, allow_headers=headers)
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_middleware(Monitored, monitor=monitor)
    return app


def api(service: Service) -> APIRouter:
    """Return the routes that predict and that tell with what."""
    router = APIRouter()
    body = form(service.slot.loaded.predictor.meta.features)

    @router.post("/predict", response_model=Predictions, responses=problems(*FORM_PROBLEMS), openapi_extra=body)
    async def predict(request: Request) -> Response:
        """Predict one or many images.

        An image that cannot be used has an `error` in its place among the results, and the others have their
        predictions. Only when none can be used is the status that of the failure.
        """
        upload = await read_upload(request, service.limits)
        try:
            return _json(*await service.predict(upload))
        finally:
            await upload.close()

    @router.post("/explain", response_model=Heat, responses=problems(*FORM_PROBLEMS), openapi_extra=body)
    async def explain(request: Request) -> Response:
        """Tell what the model looked at in one image: how much its prediction changes when a part is covered."""
        upload = await read_upload(request, service.limits)
        try:
            return _json(*await service.explain(upload))
        finally:
            await upload.close()

    @router.get("/model")
    async def model() -> ModelFacts:
        """Describe the model that predicts now."""
        return facts(service.slot.loaded, service.limits)

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Counts and times for Prometheus."""
        return Response(service.monitor.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def _health(service: Service) -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    async def health() -> Health:
        """Tell whether predictions can be had, and whether the model file has become unusable meanwhile."""
        return Health(ready=True, version=service.slot.loaded.version, problem=service.slot.problem)

    return router


async def _index() -> Response:
    return FileResponse(PAGE / "index.html")


async def _refuse(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, RequestError)
    again = {"Retry-After": str(RETRY_AFTER)}
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: again, 503: again}.get(refusal.status)
    content = Problem(code=refusal.code, message=refusal.message).model_dump()
    return JSONResponse(content, refusal.status, headers)


def _json(status: int, answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), status, media_type="application/json")
