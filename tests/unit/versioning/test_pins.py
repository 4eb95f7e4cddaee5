"""Which pins changed between two revisions."""

from typing import Any

from specimen.versioning.errors import NotFoundError
from specimen.versioning.pins import changed_pins, read_pins


class Files:
    """A revision whose files are a dict."""

    def __init__(self, python: str, **files: str) -> None:
        self.python = python
        self.files = files

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise NotFoundError(path)
        return self.files[path].encode()

    def yaml(self, path: str) -> dict[str, Any]:
        return {"python": self.python}


BASE = """torch==2.15.0 ; python_version < "3.12" \\
    --hash=sha256:0123
numpy==2.4.6
# pandas==1.0
scikit_learn==1.9.1
uvicorn[standard]==1.0
"""


def test_versions_are_read_through_hashes_markers_and_extras() -> None:
    pins = read_pins(
        Files("3.11", **{"requirements/all.txt": BASE, "requirements.txt": "torch==2.15.0  # a comment\n"})
    )
    assert pins == {
        "numpy": "2.4.6", "python": "3.11", "scikit-learn": "1.9.1", "torch": "2.15.0", "uvicorn": "1.0",
    }  # fmt: skip


def test_what_changed_is_named_with_both_versions() -> None:
    head = BASE.replace("2.15.0", "2.16.0").replace("numpy==2.4.6", "polars==1.0")
    pins = [read_pins(Files("3.11", **{"requirements/all.txt": text})) for text in (BASE, head)]
    assert changed_pins(*pins) == {
        "numpy": ("2.4.6", None), "polars": (None, "1.0"), "torch": ("2.15.0", "2.16.0"),
    }  # fmt: skip


def test_a_revision_without_pins_pins_nothing_but_python() -> None:
    assert read_pins(Files("3.11")) == {"python": "3.11"}
