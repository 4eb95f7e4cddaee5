"""Serve the model: a page to drop photos on, and an API for programs."""

from __future__ import annotations

import specimen.common.interrupts  # isort: skip # noqa: F401

import argparse
import math
import os
import signal
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.memory import return_freed_memory
from specimen.common.sockets import bind
from specimen.data.readers.decode import ignore_pillow_warnings
from specimen.serving.app import make_app
from specimen.serving.decode_cost import BYTES_PER_PIXEL
from specimen.serving.limits import Limits
from specimen.serving.protocol import server_config
from specimen.serving.welcome import own_names, welcome

MODEL = Path("models/model.onnx")
KEY = "SPECIMEN_API_KEY"
GRACE_SECONDS = 10
"""How long a stopping server waits, beyond the longest answer, for the requests that it has accepted."""
TOO_LARGE = 1e6
"""No option takes a number from here on, whatever its unit: seconds, MB or megapixels."""


def main() -> None:
    """Serve until a signal stops it; accepted requests are answered first."""
    options = parse_options()
    options.api_key = options.api_key or os.environ.get(KEY)
    ignore_pillow_warnings()
    return_freed_memory()
    way_out = "`--port 0` finds a free port, --host names another address of this machine."
    with bind(options.host, options.port, way_out) as bound:
        config = server_config(
            app_of(options),
            log_level="info" if options.verbose else "warning",
            access_log=options.verbose,
            timeout_graceful_shutdown=round(2 * options.timeout) + GRACE_SECONDS,
        )
        # At its end uvicorn raises again the signal that stopped it. All work is done by then, so it is ignored.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: None)
        print(welcome(bound, bool(options.api_key), KEY), flush=True)
        uvicorn.Server(config).run(sockets=[bound])


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line, or of `arguments`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", type=Path, default=MODEL, help="model.onnx or model.pt; reloaded when it changes")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 admits other machines; set --api-key then")
    parser.add_argument("--port", type=int, default=8000, help="0 takes any free port")
    parser.add_argument("--api-key", help=f"key that requests must bring; better set in the variable {KEY}")
    parser.add_argument("--origin", action="append", default=[], help="another site whose pages may ask (CORS)")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name of this server, such as that of a proxy",
    )
    parser.add_argument("--max-file", type=_number, default=Limits.file_bytes / 1e6, help="MB of an image file")
    parser.add_argument("--max-request", type=_number, default=Limits.request_bytes / 1e6, help="MB of a request")
    parser.add_argument("--max-pixels", type=_number, default=Limits.pixels / 1e6, help="megapixels of an image")
    parser.add_argument("--max-images", type=_count, default=Limits.images, help="images in a request")
    parser.add_argument("--max-concurrent", type=_count, default=Limits.requests, help="requests at a time")
    parser.add_argument(
        "--max-pictures", type=_count, default=Limits.pictures, help="pictures at a time, over all requests"
    )
    parser.add_argument(
        "--max-memory", type=_number, default=Limits.memory_bytes / 1e6, help="MB for images in progress"
    )
    parser.add_argument(
        "--timeout",
        type=_number,
        default=Limits.seconds,
        help="seconds without progress of a request, and to answer it",
    )
    parser.add_argument(
        "--keep-statistics", type=Path, metavar="FILE", help="append numbers of each photo, for tools/drift.py"
    )
    parser.add_argument("--verbose", action="store_true", help="print each request")
    return parser.parse_args(arguments)


def app_of(options: argparse.Namespace) -> FastAPI:
    """Return the app for these options; the API key may be in the environment instead."""
    limits = Limits(
        file_bytes=round(options.max_file * 1e6),
        request_bytes=round(options.max_request * 1e6),
        pixels=round(options.max_pixels * 1e6),
        images=options.max_images,
        requests=options.max_concurrent,
        pictures=options.max_pictures,
        seconds=options.timeout,
        memory_bytes=round(options.max_memory * 1e6),
    )
    _check_memory(limits)
    return make_app(
        options.model,
        limits,
        api_key=options.api_key or os.environ.get(KEY),
        origins=options.origin,
        hosts=[options.host, *own_names(), *options.allow_host],
        statistics=options.keep_statistics,
    )


def _check_memory(limits: Limits) -> None:
    """Raise `SpecimenError` where a single request could need more memory than there is for all."""
    for option, wanted, part in (
        ("--max-request", limits.request_bytes, limits.upload_bytes),
        ("--max-pixels", limits.pixels * BYTES_PER_PIXEL, limits.large_bytes),
    ):
        if wanted > part:
            enough = math.ceil(limits.memory_bytes * wanted / part / 1e6)
            raise SpecimenError(
                f"{option} may need {wanted / 1e6:,.0f} MB, but --max-memory {limits.memory_bytes / 1e6:g} has only "
                f"{part / 1e6:,.0f} MB for that: lower the one, or raise the other to {enough}."
            )


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number")
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    if value >= TOO_LARGE:
        raise argparse.ArgumentTypeError(f"{text} is too large; it must be below {TOO_LARGE:,.0f}")
    return value


def _count(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


if __name__ == "__main__":
    errors.run_cli(main)
