"""The page in a real browser: what a grower does and sees."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from live_server import serve_in_thread
from needs import needs_browser, needs_node
from pages.axe import find_violations
from pages.chromium import emulated
from PIL import Image

from specimen.serving.app import make_app
from specimen.serving.limits import Limits
from specimen.serving.model_watcher import MetricsRecord

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

NOWHERE = MetricsRecord(Path("no/dvc.lock"), Path("no/test.json"))
SECONDS = 60

pytestmark = needs_browser


@contextmanager
def served(model: Path, **options: Any) -> Iterator[str]:
    """Serve a model from a thread of this process; yield the address."""
    wanted_port = options.pop("port", 0)
    app = make_app(model, options.pop("limits", Limits()), metrics_record=NOWHERE, **options)
    with serve_in_thread(app, wanted_port) as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """A light red photo, a dark red one, a text with the name of a photo, and a TIFF, which no browser shows."""
    Image.new("RGB", (400, 300), (200, 40, 30)).save(tmp_path / "light.png")
    Image.new("RGB", (300, 400), (60, 20, 10)).save(tmp_path / "=dark, very.png")
    (tmp_path / "notes.jpg").write_text("only words")
    Image.new("RGB", (50, 50), (100, 0, 0)).save(tmp_path / "scan.tif")
    return [tmp_path / name for name in ("light.png", "=dark, very.png", "notes.jpg", "scan.tif")]


class Page:
    """The page as a user sees it."""

    def __init__(self, chrome: Chrome, address: str, language: str = "en-GB") -> None:
        self.chrome = chrome
        agent = chrome.execute_script("return navigator.userAgent")
        chrome.execute_cdp_cmd("Network.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": language})
        # A server on the same port may have been here before.
        chrome.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": address.rstrip("/"), "storageTypes": "all"})
        chrome.get(address)
        self.wait(lambda: self.one("#facts, #key-form").get_attribute("textContent"))

    def one(self, css: str) -> WebElement:
        return self.chrome.find_element("css selector", css)

    def all(self, css: str) -> list[WebElement]:
        return self.chrome.find_elements("css selector", css)

    def texts(self, css: str) -> list[str]:
        # In one step, for the page may replace an element at any moment.
        seen = (
            "return [...document.querySelectorAll(arguments[0])].map(one => one.checkVisibility() ? one.innerText : '')"
        )
        return [text.replace("\u00a0", " ").replace("\t", " ") for text in self.chrome.execute_script(seen, css)]

    def wait(self, is_so: Callable[[], Any]) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.chrome, SECONDS, 0.05).until(lambda _: is_so(), self.one("body").text)

    def drop(self, *paths: Path) -> None:
        """Drop files on the page, as a mouse would."""
        zone = self.one(".zone").rect
        place = {"x": zone["x"] + 50, "y": zone["y"] + 50}
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.chrome.execute_cdp_cmd("Input.dispatchDragEvent", {"type": kind, "data": data, **place})
        self.done()

    def done(self) -> None:
        self.wait(lambda: self.one("#status").text.startswith(("All photos done", "Alle Fotos ausgewertet")))

    def severe(self) -> list[str]:
        """Return the errors of the browser, except for the answers of the server."""
        return [one["message"] for one in self.chrome.get_log("browser") if "status of 4" not in one["message"]]


def test_a_dropped_photo_gets_its_number(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path]
) -> None:
    with served(write_onnx(tmp_path / "model.onnx")) as address:
        page = Page(chrome, address)
        assert page.one("h1").text == "Fresh weight from a photo"
        page.drop(*photos[:2])
        # 200 and 60 of red over three quarters of the picture, the rest of which is padding; a hundredth of that.
        assert page.texts(".value") == ["1.50 g (1.38 to 1.62)", "0.45 g (0.33 to 0.57)"]
        assert page.texts(".name") == ["light.png", "=dark, very.png"]
        assert page.texts("#rows tr") == ["light.png 1.50 1.38 1.62", "=dark, very.png 0.45 0.33 0.57"]
        assert page.one("#status").text == "All photos done: 2 with a prediction, 0 without."
        assert page.severe() == []
        shown = chrome.execute_script(
            "return [...arguments[0].getContext('2d').getImageData(240, 240, 1, 1).data]", page.one(".photo")
        )
        np.testing.assert_allclose(shown, [200, 40, 30, 255], atol=3)


def test_a_text_file_gets_a_message_and_harms_nobody(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path]
) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "large.png").write_bytes(bytes(2_000_000))
    with served(write_onnx(tmp_path / "model.onnx"), limits=Limits(file_bytes=1_000_000)) as address:
        page = Page(chrome, address)
        (tmp_path / "phone.jpg").write_bytes(b"\0\0\0\x24ftypheic\0\0\0\0mif1heic")
        page.drop(tmp_path / "phone.jpg", photos[2], photos[0], tmp_path / "empty.png", tmp_path / "large.png")
        assert page.texts(".error") == [
            "HEIC photos cannot be read here. Export the photo as JPEG, or set the camera to “Most Compatible”.",
            "This file cannot be read as a photo. Use JPEG, PNG, TIFF, WebP or BMP.",
            "This file is empty.",
            "This file is too large: the limit is 1 MB per photo.",
        ]
        assert len(page.texts(".value")) == 1
        assert page.one("#status").text == "All photos done: 1 with a prediction, 4 without."


def test_german_for_germans_and_for_who_wants_it(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path]
) -> None:
    with served(write_onnx(tmp_path / "model.onnx")) as address:
        page = Page(chrome, address, "de-DE")
        assert page.one("html").get_attribute("lang") == "de"
        page.drop(photos[0], photos[2])
        assert page.texts(".value") == ["1,50 g (1,38 bis 1,62)"]
        assert page.texts(".error")[0].startswith("Diese Datei lässt sich nicht als Foto öffnen.")
        page.one("[data-language=en]").click()
        assert page.texts(".value") == ["1.50 g (1.38 to 1.62)"]
        assert page.texts(".error")[0].startswith("This file cannot be read as a photo.")
        chrome.refresh()
        page.wait(lambda: page.one(".zone strong").text == "Drop photos here or choose files")


@pytest.mark.parametrize(
    ("language", "separator", "error"),
    [
        ("en-GB", ",", "This file cannot be read as a photo."),
        ("de-DE", ";", "Diese Datei lässt sich nicht als Foto öffnen."),
    ],
)
def test_the_csv_holds_the_results_and_no_formulas(  # noqa: PLR0913, PLR0917
    chrome: Chrome, downloads: Path, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path],
    language: str, separator: str, error: str,
) -> None:  # fmt: skip
    wide = tmp_path / "\uff1ddark.png"  # a spreadsheet takes the wide sign for a plain one
    photos[1] = photos[1].rename(wide)
    decimal = {",": ".", ";": ","}[separator]
    with served(write_onnx(tmp_path / "model.onnx")) as address:
        page = Page(chrome, address, language)
        page.drop(*photos)
        for field, name in zip(page.all(".naming"), ["pot 7", "=1+1"], strict=False):
            field.send_keys(name + "\t")
        page.one("#download").click()
        path = downloads / "predictions.csv"
        page.wait(path.exists)
        version = page.one("#facts").text.split()[-1].rstrip(".")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=separator))
    path.unlink()
    assert [row["file"] for row in rows] == ["light.png", f"'{wide.name}", "notes.jpg", "scan.tif"]
    predictions = [row["prediction"].replace(decimal, ".") for row in rows]
    assert [float(one) if one else None for one in predictions] == pytest.approx([1.5, 0.45, None, 1.0], abs=0.02)
    assert decimal in rows[0]["low"]
    assert rows[2]["error"].startswith(error)
    assert [row["name"] for row in rows] == ["pot 7", "'=1+1", "", ""]
    assert rows[0]["version"].startswith(version)


@pytest.mark.parametrize(
    ("language", "note"),
    [
        ("en-GB", "This photo looks different from the training photos. Do not rely on this number."),
        ("de-DE", "Dieses Foto weicht stark von den Trainingsfotos ab. Verlassen Sie sich nicht auf diesen Wert."),
    ],
)
def test_a_photo_unlike_those_of_training_has_a_note(  # noqa: PLR0913, PLR0917
    chrome: Chrome, downloads: Path, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path],
    language: str, note: str,
) -> None:  # fmt: skip
    with served(write_onnx(tmp_path / "model.onnx", novelty=True)) as address:
        page = Page(chrome, address, language)
        page.drop(*photos[:2])
        assert page.texts(".unlike") == [note]
        assert [bool(card.find_elements("css selector", ".unlike")) for card in page.all(".card")] == [True, False]
        assert [row.endswith(note) for row in page.texts("#rows tr")] == [True, False]
        page.one("#download").click()
        path = downloads / "predictions.csv"
        page.wait(path.exists)
    content = path.read_text(encoding="utf-8-sig")
    path.unlink()
    separator = {"en-GB": ",", "de-DE": ";"}[language]
    rows = list(csv.DictReader(content.splitlines(), delimiter=separator))
    assert [row["unlike"] for row in rows] == ["true", "false"]


def test_classes_come_with_bars_and_what_else_it_may_be(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path]
) -> None:
    Image.new("RGB", (32, 32), (64, 60, 58)).save(tmp_path / "leaf.png")
    with served(write_onnx(tmp_path / "model.onnx", classes=True)) as address:
        page = Page(chrome, address)
        page.drop(tmp_path / "leaf.png")
        assert page.texts(".value") == ["Cannot tell"], "as all three are in the set"
        assert [one.split("\n") for one in page.texts(".top li")] == [["red", "57%"], ["green", "26%"], ["blue", "17%"]]
        widths = [bar.rect["width"] for bar in page.all(".fill")]
        assert widths == sorted(widths, reverse=True)
        assert page.one(".set").text == "It may be any of: red, green, blue"


def test_a_heat_map_on_demand_even_of_a_tiff(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path]
) -> None:
    bright = np.zeros((64, 64, 3), dtype=np.uint8)
    bright[40:60, 4:24] = 255
    Image.fromarray(bright).save(tmp_path / "corner.png")
    with served(write_onnx(tmp_path / "model.onnx")) as address:
        page = Page(chrome, address)
        page.drop(tmp_path / "corner.png", photos[3])
        assert [one.is_displayed() for one in page.all(".heat")] == [False, False]
        for button in page.all(".look"):
            button.click()
        page.wait(lambda: all(page.texts(".seen")))
        assert page.texts(".seen")[0].startswith("It looked mostly at the bottom left.")
        assert [one.is_displayed() for one in page.all(".heat")] == [True, True]
        assert page.all(".unseen-photo") == [], "the picture comes from the server where the browser cannot show it"
        page.all(".look")[0].click()
        assert [one.is_displayed() for one in page.all(".heat")] == [False, True]
        assert page.severe() == []


def test_details_change_all_predictions(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path]
) -> None:
    with served(write_onnx(tmp_path / "model.onnx", features=True)) as address:
        page = Page(chrome, address)
        page.drop(*photos[:2])
        page.one("#features summary").click()
        assert page.texts("#fields label > span:first-child") == ["age", "soil"]
        age = page.one("[name=age]")
        age.send_keys("6,0\t")  # one spread above the mean, so one gram more
        page.wait(lambda: page.texts(".value") == ["2.50 g (2.38 to 2.62)", "1.45 g (1.33 to 1.57)"])
        age.clear()
        age.send_keys("1,234\t")
        assert page.texts(".field-note")[0].startswith("“1,234” may mean 1.234 or 1234, so it is not used.")
        page.wait(lambda: page.texts(".value") == ["1.50 g (1.38 to 1.62)", "0.45 g (0.33 to 0.57)"])


def test_numbers_are_read_as_people_write_them(chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path]) -> None:
    values = {
        "21,5": 21.5, "21.5": 21.5, " 7 ": 7, "-3,25": -3.25, "\u22124": -4, ",5": 0.5, "1e-3": 0.001, "0,125": 0.125,
        "1,234.5": 1234.5, "1.234,5": 1234.5, "1 234,5": 1234.5, "12,345,678": 12_345_678, "1.234,567": 1234.567,
        "1234.5678": 1234.5678, "1,2345": 1.2345,
    }  # fmt: skip
    refused = ["1,234", "12.345", "21,5,3", "1.2.3", "abc", "5 g", "", "1,234,5", "--1", "1e999", "Infinity"]
    read = """
        const done = arguments[1];
        const values = arguments[0];
        import("/page/numbers.js").then(({ readNumber }) => done(values.map((one) => readNumber(one).value ?? null)));
    """
    with served(write_onnx(tmp_path / "model.onnx")) as address:
        Page(chrome, address)
        assert chrome.execute_async_script(read, [*values]) == list(values.values())
        assert chrome.execute_async_script(read, refused) == [None] * len(refused)


def test_the_keyboard_is_enough(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path]
) -> None:
    from selenium.webdriver.common.keys import Keys

    with served(write_onnx(tmp_path / "model.onnx")) as address:
        page = Page(chrome, address)
        focused = []
        for _ in range(3):
            chrome.switch_to.active_element.send_keys(Keys.TAB)
            focused.append(chrome.switch_to.active_element)
        assert [one.text or one.get_attribute("id") for one in focused] == ["English", "Deutsch", "photos"]
        zone = page.one(".zone")
        assert zone.value_of_css_property("outline-style") == "solid", "the drop zone shows that it has the focus"
        page.one("#photos").send_keys("\n".join(map(str, photos[:2])))
        page.done()
        page.one(".remove").send_keys(Keys.ENTER)
        assert page.texts(".name") == ["=dark, very.png"]
        assert chrome.switch_to.active_element == page.one(".remove"), "the focus goes on to the next photo"
        page.one(".look").send_keys(Keys.SPACE)
        page.wait(lambda: page.texts(".seen")[0])


def test_everything_has_a_name_for_screen_readers(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path]
) -> None:
    with served(write_onnx(tmp_path / "model.onnx", features=True)) as address:
        page = Page(chrome, address)
        page.drop(*photos)
        page.one("#features summary").click()
        named = page.all("button, input, select, canvas.photo, [role=region]")
        assert len(named) > 15
        there = "return arguments[0].checkVisibility({visibilityProperty: true})"
        shown = [one for one in named if chrome.execute_script(there, one)]
        assert [one.get_attribute("outerHTML") for one in shown if not one.accessible_name.strip()] == []
        assert page.all(".remove")[1].accessible_name == "Remove =dark, very.png"
        assert page.one("#status").get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling_and_letters_stand_out(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path], scheme: str
) -> None:
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    with served(write_onnx(tmp_path / "model.onnx")) as address, emulated(chrome, scheme, phone):
        page = Page(chrome, address)
        page.one("#photos").send_keys("\n".join(map(str, photos)))
        page.done()
        assert chrome.execute_script("return document.documentElement.scrollWidth") <= 390
        chrome.execute_script("scrollTo(0, document.body.scrollHeight)")
        assert 0 <= page.one("#download").rect["y"] - chrome.execute_script("return scrollY") < 844, "in reach"
        for css in ("h1", ".zone span", ".value", ".range", ".name", ".error", "#download", "td", "#facts"):
            assert contrast(chrome, page.one(css)) >= 4.5, css


@needs_node
@pytest.mark.parametrize(("language", "scheme"), [("en-GB", "light"), ("de-DE", "dark")])
def test_axe_finds_no_violation_in_any_state(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path], language: str, scheme: str
) -> None:
    narrow = {"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": True}
    found: dict[str, list[str]] = {}

    def look(state: str) -> None:
        found[state] = find_violations(chrome)
        if chrome.execute_script("return document.documentElement.scrollWidth") > 320:
            found[state].append("scrolls sideways at 320 px")

    with (
        emulated(chrome, scheme, narrow),
        served(write_onnx(tmp_path / "numbers.onnx", features=True, novelty=True), api_key="secret") as numbers,
        served(write_onnx(tmp_path / "classes.onnx", classes=True)) as classes,
    ):
        page = Page(chrome, numbers, language)
        look("asks for a key")
        page.one("#key").send_keys("wrong\n")
        page.wait(lambda: page.one("#problem").text)
        look("a wrong key")
        page.one("#key").clear()
        page.one("#key").send_keys("secret\n")
        page.wait(lambda: not page.one("#key-form").is_displayed())
        look("no photo yet")
        page.one("#features summary").click()
        page.one("[name=age]").send_keys("1,234\t")
        page.one("#photos").send_keys("\n".join(map(str, photos)))
        page.done()
        page.one(".look").click()
        page.wait(lambda: page.texts(".seen")[0])
        look("numbers, a fault, a heat map, and an unclear detail")
        page = Page(chrome, classes, language)
        page.one("#photos").send_keys(str(photos[0]))
        page.done()
        look("classes")
        page.severe()
    assert len(found) == 5
    assert {state: violations for state, violations in found.items() if violations} == {}


def contrast(chrome: Chrome, element: WebElement) -> float:
    """Return the contrast of the text of an element, as WCAG 2.2 defines it; the minimum there is 4.5."""
    behind = """
        let one = arguments[0];
        while (getComputedStyle(one).backgroundColor === "rgba(0, 0, 0, 0)") one = one.parentElement;
        return [getComputedStyle(arguments[0]).color, getComputedStyle(one).backgroundColor];
    """
    brightness = []
    for colour in chrome.execute_script(behind, element):
        parts = np.array([float(part) / 255 for part in colour.strip("rgba()").split(",")[:3]])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        brightness.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(brightness) + 0.05) / (min(brightness) + 0.05)


def test_a_locked_server_asks_for_its_key(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path]
) -> None:
    with served(write_onnx(tmp_path / "model.onnx"), api_key="secret") as address:
        page = Page(chrome, address)
        page.wait(page.one("#key-form").is_displayed)
        page.one("#key").send_keys("wrong\n")
        page.wait(lambda: page.one("#problem").text == "This key is not correct.")
        page.one("#key").clear()
        page.one("#key").send_keys("secret\n")
        page.wait(lambda: not page.one("#key-form").is_displayed())
        page.drop(photos[0])
        assert page.texts(".value") == ["1.50 g (1.38 to 1.62)"]
        page.severe()


def test_a_server_that_was_down_is_asked_again(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path]
) -> None:
    model = write_onnx(tmp_path / "model.onnx")
    unload = "const leaving = new Event('beforeunload', {cancelable: true}); return !dispatchEvent(leaving)"
    with served(model) as address:
        page = Page(chrome, address)
        assert not chrome.execute_script(unload)
    page.drop(*photos[:2])
    assert page.texts(".error") == ["The server does not respond. Is it still running?"] * 2
    assert page.one("#again").text == "Try again (2)"
    assert chrome.execute_script(unload), "the browser asks before the page and its photos are gone"
    with served(model, port=int(address.rsplit(":", 1)[1].strip("/"))):
        page.one("#again").click()
        page.wait(lambda: len(page.texts(".value")) == 2)
        assert not page.one("#again").is_displayed()
    page.severe()


def test_a_new_model_takes_over_the_open_page(
    chrome: Chrome, tmp_path: Path, write_onnx: Callable[..., Path], photos: list[Path]
) -> None:
    model = write_onnx(tmp_path / "model.onnx", features=True)
    with served(model) as address:
        page = Page(chrome, address)
        page.one("#features summary").click()
        page.one("[name=age]").send_keys("6\t")
        page.drop(photos[0])
        before = page.one("#facts").text
        write_onnx(tmp_path / "new.onnx", scale=0.02).replace(model)
        version = (
            "fetch('health').then((answer) => answer.json()).then(({ version }) => arguments[0](version.slice(0, 8)))"
        )
        page.wait(lambda: chrome.execute_async_script(version) not in before)
        page.drop(photos[1])
        page.wait(lambda: page.texts(".value") == ["3.00 g (2.88 to 3.12)", "0.90 g (0.78 to 1.02)"])
        assert page.one("#facts").text != before
        assert "The server has a new model" in page.one("#status").text
        assert not page.one("#features").is_displayed(), "it uses no details"
