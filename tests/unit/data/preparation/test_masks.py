"""Masks match their pictures pixel by pixel, whatever the geometry; a missing or broken one is named."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image

from specimen.common.errors import SpecimenError
from specimen.config.prepare import Prepare
from specimen.data.dataset.shards import open_shards
from specimen.data.preparation.masks import pack_masks
from specimen.data.readers.data_root import open_images
from specimen.data.readers.decode import DecodeError, Resize, decode, decode_mask
from specimen.data.readers.images import Images

SIZE = 32


def png(picture: Image.Image, **options: object) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG", **options)
    return buffer.getvalue()


def object_in(width: int, height: int) -> Image.Image:
    """A white rectangle off the centre, on black."""
    values = np.zeros((height, width), np.uint8)
    values[height // 8 : height // 2, width // 4 : width // 2] = 255
    return Image.fromarray(values)


@pytest.mark.parametrize("resize", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("sides", [(96, 64), (64, 96), (33, 47), (20, 20)])
def test_a_mask_takes_the_way_of_its_photo(sides: tuple[int, int], resize: Resize) -> None:
    drawn = object_in(*sides)
    picture, upright = decode(png(drawn.convert("RGB")), SIZE, resize)
    mask = decode_mask(png(drawn.convert("1")), upright, SIZE, resize)
    assert mask.shape == (SIZE, SIZE)
    assert set(np.unique(mask)) == {0, 255}
    assert ((picture[..., 0] >= 128) == (mask > 0)).mean() > 0.99


@pytest.mark.parametrize("resize", ["pad", "crop", "stretch"])
def test_a_mask_of_another_size_is_scaled_to_its_photo(resize: Resize) -> None:
    whole = decode_mask(png(object_in(96, 64)), (96, 64), SIZE, resize)
    other = decode_mask(png(object_in(48, 128)), (96, 64), SIZE, resize)
    assert (whole != other).mean() < 0.05


def test_a_mask_covers_the_photo_as_it_is_shown() -> None:
    drawn = object_in(96, 64)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned = drawn.transpose(Image.Transpose.ROTATE_90)
    picture, upright = decode(png(turned.convert("RGB"), exif=exif), SIZE, "pad")
    assert upright == (96, 64)
    for content in (png(drawn), png(turned, exif=exif)):
        mask = decode_mask(content, upright, SIZE, "pad")
        assert ((picture[..., 0] >= 128) == (mask > 0)).mean() > 0.99
    with pytest.raises(DecodeError, match="64 x 96 pixels, turned against its upright photo"):
        decode_mask(png(turned), upright, SIZE, "pad")


def test_other_ways_to_mark_an_object_do_as_well() -> None:
    drawn = object_in(64, 64)
    expected = decode_mask(png(drawn), (64, 64), SIZE, "pad")
    marks = np.asarray(drawn) > 0
    red = Image.fromarray(marks.astype(np.uint8) * np.uint8(1)).convert("P")
    red.putpalette([0, 0, 0, 128, 0, 0])
    clear = Image.fromarray(np.dstack([np.full((64, 64, 3), 255), marks * 255]).astype(np.uint8))
    for other in (Image.fromarray(marks.astype(np.uint8)), red, clear):
        np.testing.assert_array_equal(decode_mask(png(other), (64, 64), SIZE, "pad"), expected)


def test_a_black_mask_marks_nothing() -> None:
    assert not decode_mask(png(Image.new("1", (9, 9))), (9, 9), SIZE, "pad").any()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("photos/a.jpg", "photos/sub/b.png"):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), "red").save(path)
    for name in ("masks/a.png", "masks/sub/b.png"):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        object_in(40, 30).save(path)
    return tmp_path / "root"


PHOTOS = pd.DataFrame(
    {"image": ["sub/b.png", "a.jpg"], "image_width": 40, "image_height": 30, "position": [0, 1]}, index=[7, 9]
)


def packed(masks: Images, photos: pd.DataFrame, folder: Path, resize: str = "pad") -> np.ndarray:
    """Pack the masks of photos and return them, in order."""
    prepare = Prepare.model_validate({"image_size": SIZE, "resize": resize})
    manifest = pack_masks(masks, photos, photos["image"], folder, prepare)
    assert manifest["image"].equals(photos["image"])
    rows = np.arange(len(photos))
    return open_shards(folder, manifest["mask_shard"], manifest["position"], rows, (SIZE, SIZE))[rows]


def test_masks_are_packed_in_the_order_of_the_photos(root: Path, tmp_path: Path) -> None:
    Image.new("L", (40, 30), 255).save(root / "masks/a.png")
    masks = open_images(root, "masks", "data.masks")
    stored = packed(masks, PHOTOS, tmp_path / "masks", "stretch")
    assert stored.shape == (2, SIZE, SIZE)
    assert stored[1].all()
    np.testing.assert_array_equal(stored[0], decode_mask(png(object_in(40, 30)), (40, 30), SIZE, "stretch"))


def test_faulty_masks_are_counted_and_named(root: Path, tmp_path: Path) -> None:
    (root / "masks/a.png").write_bytes(b"no image")
    (root / "masks/sub/b.png").unlink()
    masks = open_images(root, "masks", "data.masks")
    with pytest.raises(
        SpecimenError, match=r"data\.masks: 2 of 2 photos .*\n  sub/b\.png: no such file\n  a\.png: none"
    ):
        packed(masks, PHOTOS, tmp_path / "masks")


def test_photos_that_the_rules_reject_need_no_mask(root: Path, tmp_path: Path) -> None:
    (root / "masks/sub/b.png").unlink()
    masks = open_images(root, "masks", "data.masks")
    manifest = pack_masks(masks, PHOTOS, pd.Series(["a.jpg"]), tmp_path / "masks", Prepare(image_size=SIZE))
    assert manifest["mask_md5"].tolist()[0] == ""
    stored = np.load(tmp_path / "masks" / f"{manifest['mask_shard'].iloc[0]}.npy")
    assert not stored[0].any()
    assert stored[1].any()


def test_each_shard_of_pictures_has_one_of_masks(root: Path, tmp_path: Path) -> None:
    photos = PHOTOS.assign(position=0)
    assert len(packed(open_images(root, "masks", "data.masks"), photos, tmp_path / "masks")) == 2
    assert len(list((tmp_path / "masks").iterdir())) == 1, "two shards of the same masks are one file"


def test_masks_among_the_photos_are_no_photos(root: Path) -> None:
    photos = open_images(root, ".", excluded="masks")
    assert photos.names == ["photos/a.jpg", "photos/sub/b.png"]


@pytest.mark.parametrize(("inside", "masks"), [("photos", "photos/masks"), ("./", "photos/masks/"), (".", "photos")])
def test_only_the_folder_of_the_masks_is_left_out(root: Path, inside: str, masks: str) -> None:
    (root / "masks").rename(root / "photos" / "masks")
    Image.new("RGB", (40, 30)).save(root / "masks.png")
    everything = open_images(root, inside).names
    kept = open_images(root, inside, excluded=masks).names
    folder = root / masks
    assert kept == [name for name in everything if not (root / inside / name).is_relative_to(folder)]
    assert 0 < len(kept) < len(everything)


def test_masks_elsewhere_take_nothing_from_the_photos(root: Path) -> None:
    assert open_images(root, "photos", excluded="masks").names == ["a.jpg", "sub/b.png"]


def test_no_images_at_all_is_not_blamed_on_the_masks(root: Path) -> None:
    (root / "empty" / "masks").mkdir(parents=True)
    with pytest.raises(SpecimenError, match=r"data\.images: 'empty' in .* holds no images"):
        open_images(root, "empty", excluded="empty/masks")


def test_a_folder_of_masks_that_is_not_there_is_reported(root: Path) -> None:
    with pytest.raises(SpecimenError, match=r"data\.masks: 'mask' does not exist in .*Did you mean 'masks'"):
        open_images(root, "mask", "data.masks")


def test_masks_are_not_the_photos_themselves(root: Path) -> None:
    with pytest.raises(SpecimenError, match=r"data\.masks: 'photos' in .* leaves no photos"):
        open_images(root, "photos", excluded="photos")


def test_masks_come_out_of_a_zip(root: Path, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in sorted(root.rglob("*.*")):
            archive.write(path, path.relative_to(root).as_posix())
    photos = open_images(tmp_path / "all.zip", ".", excluded="masks")
    masks = open_images(tmp_path / "all.zip", "masks", "data.masks")
    table = PHOTOS.assign(image=["sub/b.png", "a.png"])
    assert photos.names == ["photos/a.jpg", "photos/sub/b.png"]
    assert packed(masks, table, tmp_path / "masks").any(axis=(1, 2)).all()
