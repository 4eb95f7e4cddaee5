"""Serve the model: a page to drop photos on, and an API for programs."""

import argparse
import os
import signal
import socket
from pathlib import Path

import uvicorn

from specimen.common import errors
from specimen.common.sockets import bind
from specimen.serving.app import make_app
from specimen.serving.limits import Limits

MODEL = Path("models/model.onnx")
KEY = "SPECIMEN_API_KEY"
GRACE = 10
"""Seconds beyond the longest answer that a stopping server waits for the requests it has accepted."""

WELCOME = """\
Drop photos on the page at {address}
or send them: curl -F images=@photo.jpg {address}predict
What else there is: {address}openapi.json. Ctrl-C ends the server."""


def main() -> None:
    """Serve until a signal says that it is enough; accepted requests are answered before."""
    options = _options()
    limits = Limits(
        file_bytes=round(options.max_file * 1e6),
        request_bytes=round(options.max_request * 1e6),
        pixels=round(options.max_pixels * 1e6),
        images=options.max_images,
        requests=options.max_concurrent,
        pictures=options.max_pictures,
        seconds=options.timeout,
    )
    way_out = "`--port 0` finds a free port, --host names another address of this machine."
    with bind(options.host, options.port, way_out) as bound:
        app = make_app(options.model, limits, api_key=options.api_key or os.environ.get(KEY), origins=options.origin)
        config = uvicorn.Config(
            app,
            log_level="info" if options.verbose else "warning",
            access_log=options.verbose,
            timeout_graceful_shutdown=round(2 * limits.seconds) + GRACE,
            server_header=False,
        )
        # Once it has ended, uvicorn raises again the signal that ended it. It has done its work by then.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: None)
        print(WELCOME.format(address=_address(bound)), flush=True)
        uvicorn.Server(config).run(sockets=[bound])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model", type=Path, default=MODEL, help="model.onnx or model.pt; followed when it changes")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines ask; think of --api-key then")
    parser.add_argument("--port", type=int, default=8000, help="0 takes any free one")
    parser.add_argument("--api-key", help=f"what requests must bring; better given in the variable {KEY}")
    parser.add_argument("--origin", action="append", default=[], help="another site whose pages may ask (CORS)")
    parser.add_argument("--max-file", type=_above_zero, default=Limits.file_bytes / 1e6, help="MB of an image file")
    parser.add_argument("--max-request", type=_above_zero, default=Limits.request_bytes / 1e6, help="MB of a request")
    parser.add_argument("--max-pixels", type=_above_zero, default=Limits.pixels / 1e6, help="megapixels of an image")
    parser.add_argument("--max-images", type=_count, default=Limits.images, help="images in a request")
    parser.add_argument("--max-concurrent", type=_count, default=Limits.requests, help="requests at work at a time")
    parser.add_argument(
        "--max-pictures", type=_count, default=Limits.pictures, help="pictures at work, over all requests"
    )
    parser.add_argument("--timeout", type=_above_zero, default=Limits.seconds, help="seconds to receive and to answer")
    parser.add_argument("--verbose", action="store_true", help="print each request")
    return parser.parse_args()


def _above_zero(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _address(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


if __name__ == "__main__":
    errors.run_cli(main)
