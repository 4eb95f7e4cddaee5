"""The folder of the site: the page of the server, what answers in its place, the runtime and the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specimen import serving
from specimen.common.files import replace_atomically
from specimen.site.formats import WHOLE, Model
from specimen.site.runtime import PACKED
from specimen.site.sheet import BatchSheet, usual_sheet

SERVED = Path(serving.__file__).parent / "page"
OWN = Path(__file__).parent / "page"
"""Its files take the place of served ones with the same name."""
WORKER = "sw.js"
"""The service worker, at the root: it answers for what is below."""
MARK = "const SITE = null;"
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
"""Nothing but the files of the site: the first visit reads it in the page, later ones have it as a header too."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of each answer of the service worker. The two of the opener and the embedder allow several threads."""
TYPES = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
HEAD = f"""<meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="{POLICY}" />
    <link rel="manifest" href="site.webmanifest" />
    <link rel="apple-touch-icon" href="page/icon-192.png" />
    <meta name="theme-color" content="#2a7148" />"""


def site_files(
    model: Model, chosen: str, runtime: Mapping[str, bytes], sheet: BatchSheet | None = None
) -> dict[str, bytes]:
    """Return all files of the site by their paths; the page loads the model in the format `chosen`.

    `sheet` says how photos are exported; without it, as the model's facts suggest.
    """
    page = {path.name: path.read_bytes() for folder in (SERVED, OWN) for path in sorted(folder.iterdir())}
    index, worker = page.pop("index.html").decode(), page.pop(WORKER).decode()
    files = {
        "index.html": _replaced(index, '<meta charset="utf-8" />', HEAD).encode(),
        "site.webmanifest": _json(_manifest(model)),
        **{f"page/{name}": content for name, content in page.items()},
        **{f"runtime/{name}": content for name, content in runtime.items()},
        **{model_path(name): one.content for name, one in model.formats.items()},
    }
    files["site.json"] = _json(
        {
            "format": chosen,
            "formats": {
                name: {"file": _described(model_path(name), one.content), "facts": one.facts}
                for name, one in model.formats.items()
            },
            "model": model.meta.model_dump(mode="json", exclude={"training"}),
            "runtime": _described(f"runtime/{PACKED}", runtime[PACKED]),
            "sheet": (sheet or usual_sheet(model.meta)).model_dump(mode="json"),
        }
    )
    kept = first_visit(files, chosen)
    files[WORKER] = _replaced(worker, MARK, f"const SITE = {_json(_site_of(kept)).decode()};").encode()
    return files


def model_path(name: str) -> str:
    """Return where the model is in one format."""
    return "models/model.onnx" if name == WHOLE else f"models/model.{name}.onnx"


def first_visit(files: Mapping[str, bytes], chosen: str) -> dict[str, bytes]:
    """Return the files that a device keeps: all but the service worker, and the model in other formats."""
    return {
        path: content
        for path, content in files.items()
        if path != WORKER and (not path.startswith("models/") or path == model_path(chosen))
    }


def write_site(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files in place of what is in the folder, all or nothing."""
    with replace_atomically(folder) as aside:
        for path, content in files.items():
            (aside / path).parent.mkdir(parents=True, exist_ok=True)
            (aside / path).write_bytes(content)


def is_site(folder: Path) -> bool:
    """Tell whether a folder has been written by `write_site`, so that nothing else is lost when it is replaced."""
    return {"index.html", "site.json", WORKER} <= {path.name for path in folder.iterdir()}


def _site_of(kept: Mapping[str, bytes]) -> dict[str, Any]:
    files = {
        path: {**_described(path, content), "type": TYPES.get(Path(path).suffix, "application/octet-stream")}
        for path, content in sorted(kept.items())
    }
    version = hashlib.sha256(_json(files)).hexdigest()[:16]
    return {"version": version, "headers": HEADERS, "files": files}


def _described(path: str, content: bytes) -> dict[str, Any]:
    return {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _manifest(model: Model) -> dict[str, Any]:
    target = model.meta.target.replace("_", " ")
    icons = [
        {"src": f"page/icon-{side}.png", "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
        for side in (192, 512)
        for purpose in ("any", "maskable")
    ]
    return {
        "name": f"Specimen: {target}",
        "short_name": target[:1].upper() + target[1:],
        "id": ".",
        "start_url": ".",
        "scope": ".",
        "display": "standalone",
        "background_color": "#faf9f5",
        "theme_color": "#2a7148",
        "icons": icons,
    }


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=True).encode()


def _replaced(text: str, mark: str, by: str) -> str:
    before, found, after = text.partition(mark)
    assert found, f"the page has no {mark}"
    return before + by + after
