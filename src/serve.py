"""Serve the model: a page to drop photos on, and an API for programs."""

from __future__ import annotations

import argparse
import math
import os
import signal
import socket
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from specimen.common import errors
from specimen.common.sockets import bind
from specimen.data.readers.decode import ignore_pillow_warnings
from specimen.serving.app import make_app
from specimen.serving.limits import Limits

MODEL = Path("models/model.onnx")
KEY = "SPECIMEN_API_KEY"
GRACE_SECONDS = 10
"""How long a stopping server waits, beyond the longest answer, for the requests that it has accepted."""
TOO_LARGE = 1e6
"""No option takes a number from here on, whatever its unit: seconds, MB or megapixels."""

WELCOME = """\
Drop photos on the page at {url}
or send them: curl -F images=@photo.jpg {url}predict
All of the API: {url}openapi.json. Ctrl-C stops the server."""


def main() -> None:
    """Serve until a signal stops it; accepted requests are answered first."""
    options = parse_options()
    ignore_pillow_warnings()
    way_out = "`--port 0` finds a free port, --host names another address of this machine."
    with bind(options.host, options.port, way_out) as bound:
        config = uvicorn.Config(
            app_of(options),
            log_level="info" if options.verbose else "warning",
            access_log=options.verbose,
            timeout_graceful_shutdown=round(2 * options.timeout) + GRACE_SECONDS,
            server_header=False,
        )
        # At its end uvicorn raises again the signal that stopped it. All work is done by then, so it is ignored.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: None)
        print(WELCOME.format(url=_url(bound)), flush=True)
        uvicorn.Server(config).run(sockets=[bound])


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line, or of `arguments`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", type=Path, default=MODEL, help="model.onnx or model.pt; reloaded when it changes")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 admits other machines; set --api-key then")
    parser.add_argument("--port", type=int, default=8000, help="0 takes any free port")
    parser.add_argument("--api-key", help=f"key that requests must bring; better set in the variable {KEY}")
    parser.add_argument("--origin", action="append", default=[], help="another site whose pages may ask (CORS)")
    parser.add_argument("--max-file", type=_number, default=Limits.file_bytes / 1e6, help="MB of an image file")
    parser.add_argument("--max-request", type=_number, default=Limits.request_bytes / 1e6, help="MB of a request")
    parser.add_argument("--max-pixels", type=_number, default=Limits.pixels / 1e6, help="megapixels of an image")
    parser.add_argument("--max-images", type=_count, default=Limits.images, help="images in a request")
    parser.add_argument("--max-concurrent", type=_count, default=Limits.requests, help="requests at a time")
    parser.add_argument(
        "--max-pictures", type=_count, default=Limits.pictures, help="pictures at a time, over all requests"
    )
    parser.add_argument("--timeout", type=_number, default=Limits.seconds, help="seconds to receive, and to answer")
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
    )
    return make_app(options.model, limits, api_key=options.api_key or os.environ.get(KEY), origins=options.origin)


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


def _url(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


if __name__ == "__main__":
    errors.run_cli(main)
