"""HEIC is read with the extra; without it, a run stops and names the extra, and no photo is left out for want of it."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.config.prepare import Rules
from specimen.data.preparation.raw_dataset import read_raw_dataset
from specimen.data.readers import heif
from specimen.data.readers.decode import DecodeError, NotAnImageError, decode

HEADER = b"\0\0\0\x1cftypheic\0\0\0\0"
ADVICE = r"needs the extra 'heic', which is not installed\. .*pip install '\.\[heic\]'"


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(heif, "find_spec", lambda name: None)
    heif.register_heif.cache_clear()
    yield
    heif.register_heif.cache_clear()


@pytest.fixture
def photo() -> bytes:
    """A HEIC photo, red on the left and blue on the right."""
    pytest.importorskip("pillow_heif", reason="needs the extra heic")
    heif.register_heif()
    image = Image.new("RGB", (96, 64), "red")
    image.paste("blue", (48, 0, 96, 64))
    image.save(file := io.BytesIO(), "HEIF", quality=95)
    return file.getvalue()


def test_a_photo_is_decoded_whatever_it_is_called(photo: bytes) -> None:
    picture, sides = decode(photo, 32, "stretch")
    assert sides == (96, 64)
    for column, colour in ((4, (255, 0, 0)), (28, (0, 0, 255))):
        assert np.abs(picture[16, column].astype(int) - colour).max() < 20


@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_a_damaged_photo_is_an_error(photo: bytes, share: float) -> None:
    with pytest.raises(DecodeError):
        decode(photo[: int(share * len(photo))], 32, "stretch")


def test_a_bomb_is_refused_before_it_is_unpacked(photo: bytes) -> None:
    with pytest.raises(DecodeError, match="96 x 64 pixels, more than 1,000"):
        decode(photo, 32, "stretch", max_pixels=1000)


@pytest.mark.usefixtures("without_extra")
def test_without_the_extra_the_reason_names_it() -> None:
    with pytest.raises(NotAnImageError, match="^HEIC: reading it " + ADVICE):
        decode(HEADER + bytes(100), 32, "stretch")


@pytest.mark.usefixtures("without_extra")
def test_without_the_extra_a_run_stops_where_such_photos_count(tmp_path: Path) -> None:
    for name in ("a/1.png", "a/2.HEIC", "b/3.heif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(HEADER)
    with pytest.raises(SpecimenError, match=r"^data\.images: 2 photos are HEIC, such as a/2\.HEIC\. .*" + ADVICE):
        read_raw_dataset(Data(root=str(tmp_path), task="classification"), Rules())


@pytest.mark.usefixtures("without_extra")
def test_without_the_extra_photos_that_no_row_names_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.heic").write_bytes(HEADER)
    (tmp_path / "labels.csv").write_text("image,class\na.png,x\n")
    raw = read_raw_dataset(Data(root=str(tmp_path), task="classification", table="labels.csv"), Rules())
    assert raw.ignored.to_numpy().tolist() == [["b.heic", "no row names it"]]


def test_other_files_are_not_taken_for_heic() -> None:
    assert not any(map(heif.is_heif, (b"", b"\0\0\0\x1cftypavif", b"\xff\xd8\xff\xe0\0\x10JFIF", b"ftypheic")))
