"""The rendered paper can be read: on a wide screen and on a phone, light and dark, without a network, and as a PDF."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from study.report.document import render
from tests.browser import CHROMIUM, Browser
from tests.conftest import ROOT

FAMILY = "STIX Two Math"
SCREENS = {"wide": (1280, 900), "phone": (390, 844)}
WIDER = """[...document.querySelectorAll("body *")].filter((element) =>
    element.getBoundingClientRect().right > innerWidth + 1 && ![...ancestors(element)].some((box) =>
        ["auto", "scroll"].includes(getComputedStyle(box).overflowX)))
    .map((element) => element.textContent.slice(0, 60))"""
"""What sticks out of the screen, and does not scroll in a box of its own."""
HELPERS = """
function* ancestors(element) { for (let box = element; box; box = box.parentElement) yield box; }
function luminance(colour) {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(selector) {
    const shown = [getComputedStyle(document.querySelector(selector)).color,
        getComputedStyle(document.documentElement).backgroundColor].map(luminance).sort((a, b) => b - a);
    return (shown[0] + 0.05) / (shown[1] + 0.05);
}
"""


@pytest.fixture(scope="module")
def rendered() -> dict[str, bytes]:
    return render(ROOT)


@pytest.fixture(scope="module")
def page(rendered: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("elsewhere") / "paper.html"
    path.write_bytes(rendered["paper.html"])
    return path


@pytest.fixture(scope="module", params=[(screen, dark) for screen in SCREENS for dark in (False, True)])
def browser(page: Path, request: pytest.FixtureRequest) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    screen, dark = request.param
    with Browser(*SCREENS[screen], dark=dark) as browser:
        browser.send("Log.enable")
        browser.open(page)
        browser.run("document.fonts.ready.then(() => true)")
        browser.run(
            f"(() => {{ const script = document.createElement('script'); script.textContent = {HELPERS!r};"
            "document.head.append(script); })()"
        )
        yield browser


def events(browser: Browser, *methods: str) -> list[dict[str, Any]]:
    browser.run("0")
    return [event["params"] for event in browser.events if event.get("method") in methods]


def test_nothing_is_asked_of_a_server_and_nothing_fails(browser: Browser) -> None:
    urls = [event["request"]["url"] for event in events(browser, "Network.requestWillBeSent")]
    assert [url for url in urls if not url.startswith(("data:", "blob:"))] == [urls[0]]
    assert urls[0].startswith("file:")
    assert not events(browser, "Network.loadingFailed", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
    assert not events(browser, "Log.entryAdded")


def test_the_page_is_no_wider_than_the_screen(browser: Browser) -> None:
    assert browser.run("document.documentElement.scrollWidth") <= browser.size[0]
    assert browser.run(WIDER) == []


def test_every_image_is_there_and_none_is_wider_than_its_column(browser: Browser) -> None:
    images = browser.run(
        "[...document.images].map((image) => [image.naturalWidth, image.getBoundingClientRect().width,"
        " image.closest('figure').clientWidth])"
    )
    assert len(images) == len(list((ROOT / "figures").glob("*.svg")))
    assert all(natural > 0 and 0 < width <= column for natural, width, column in images)


def test_mathematics_is_set_in_the_font_that_the_page_brings(browser: Browser) -> None:
    sizes = browser.run(
        "[...document.querySelectorAll('math')].map((math) => math.getBoundingClientRect())"
        ".map(({ width, height }) => [width, height])"
    )
    assert len(sizes) > 500
    assert all(width > 0 and height > 0 for width, height in sizes)
    loaded = browser.run("[...document.fonts].map((font) => [font.family, font.status])")
    assert [[family.strip('"'), state] for family, state in loaded] == [[FAMILY, "loaded"]]
    assert FAMILY in browser.run("getComputedStyle(document.querySelector('math mi')).fontFamily")
    browser.send("DOM.enable")
    browser.send("CSS.enable")
    document = browser.send("DOM.getDocument")["root"]["nodeId"]
    nodes = browser.send("DOM.querySelectorAll", nodeId=document, selector="mi, mn, mo, mtext")["nodeIds"]
    used = {
        (font["familyName"], font["isCustomFont"])
        for node in nodes
        for font in browser.send("CSS.getPlatformFontsForNode", nodeId=node)["fonts"]
    }
    assert used == {(FAMILY, True)}


def test_every_root_has_its_sign(browser: Browser) -> None:
    width = "getBoundingClientRect().width"
    signs = browser.run(
        f"[...document.querySelectorAll('msqrt')].map((root) => root.{width} - root.firstElementChild.{width})"
    )
    assert signs
    assert all(sign > 5 for sign in signs)


def test_no_line_breaks_between_mathematics_and_its_punctuation(browser: Browser) -> None:
    lines = "[...document.querySelectorAll('.kept')].filter((kept) => kept.getClientRects().length > 1)"
    assert browser.run(f"{lines}.map((kept) => kept.textContent)") == []
    assert browser.run("document.querySelectorAll('.kept').length") > 100


def test_contents_and_every_link_lead_somewhere(browser: Browser) -> None:
    contents = browser.run("[...document.querySelectorAll('nav#TOC a')].map((a) => a.getAttribute('href'))")
    headings = browser.run("[...document.querySelectorAll('h2[id], h3[id]')].map((h) => '#' + h.id)")
    assert contents == headings
    links = set(browser.run("[...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href'))"))
    identifiers = browser.run("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(identifiers) == len(set(identifiers))
    assert {link[1:] for link in links if link.startswith("#")} <= set(identifiers)
    files = {link for link in links if not re.match(r"#|https?:", link)}
    assert files
    assert [file for file in files if not (ROOT / "build" / file).resolve().is_file()] == []


def test_text_stands_out_from_the_page_and_figures_from_the_dark(browser: Browser) -> None:
    for selector, least in (
        ("h2 + p", 7.0),
        ("a", 4.5),
        ("figcaption", 4.5),
        (".subtitle", 4.5),
        ("h2 + p ~ p math", 7.0),
    ):
        assert browser.run(f"contrast({selector!r})") >= least, selector
    light = browser.run("luminance(getComputedStyle(document.documentElement).backgroundColor)") > 0.5
    assert light is not browser.dark
    behind = browser.run("getComputedStyle(document.querySelector('figure img')).backgroundColor")
    assert browser.run(f"luminance({behind!r})") > 0.5 if browser.dark else behind == "rgba(0, 0, 0, 0)"


def test_the_pdf_is_a4_repeats_its_bytes_and_links_to_no_file(rendered: dict[str, bytes]) -> None:
    pdf = rendered["paper.pdf"]
    boxes = re.findall(rb"/MediaBox ?\[0 0 (\S+) (\S+)\]", pdf)
    assert len(boxes) > 20
    assert all((round(float(x)), round(float(y))) == (595, 842) for x, y in boxes)
    targets = re.findall(rb"/URI ?\(([^)]*)\)", pdf)
    assert targets
    assert all(target.startswith(b"https://") for target in targets)
    assert render(ROOT) == rendered
