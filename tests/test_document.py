"""The rendered paper can be read: on a wide screen and on a phone, light and dark, without a network, and as a PDF."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from study.report.document import render
from tests.conftest import ROOT, Study
from tests.test_paper import UNCHECKED

FAMILY = "STIX Two Math"
SCREENS = {"wide": ViewportSize(width=1280, height=900), "phone": ViewportSize(width=390, height=844)}
WIDER = """[...document.querySelectorAll("body *")].filter((element) =>
    element.getBoundingClientRect().right > innerWidth + 1 && ![...ancestors(element)].some((box) =>
        ["auto", "scroll"].includes(getComputedStyle(box).overflowX)))
    .map((element) => element.textContent.slice(0, 60))"""
"""What sticks out of the screen, and does not scroll in a box of its own."""
MARK_FIRST = """(() => {
    const firsts = new Map([...document.querySelectorAll("mi, mn, mo, mtext")].reverse().map((node) => {
        const { fontFamily, fontStyle, fontWeight } = getComputedStyle(node);
        return [[node.textContent, fontFamily, fontStyle, fontWeight].join(), node];
    }));
    firsts.forEach((node) => node.setAttribute("data-first", ""));
    return firsts.size;
})()"""
"""Mark one of all nodes that say the same in the same style: these are set in the same font."""
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


@pytest.fixture(scope="module", params=[("wide", "light"), ("phone", "dark")])  # no rule of the page asks for both
def page(
    chromium: Browser,
    rendered: dict[str, bytes],
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Page]:
    screen, scheme = request.param
    path = tmp_path_factory.mktemp("elsewhere") / "paper.html"
    path.write_bytes(rendered["paper.html"])
    with chromium.new_context(viewport=SCREENS[screen], color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        page.evaluate("document.fonts.ready.then(() => true)")
        page.add_script_tag(content=HELPERS)
        yield page


def test_nothing_is_asked_of_a_server_and_nothing_fails(page: Page) -> None:
    asked, said = list[str](), list[object]()
    with page.context.new_page() as again:
        again.on("request", lambda request: asked.append(request.url))
        for event in ("console", "pageerror", "requestfailed"):
            again.on(event, lambda what: said.append(what))
        again.goto(page.url)
        again.evaluate("document.fonts.ready.then(() => true)")
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [page.url]
    assert page.url.startswith("file:")
    assert not said


def test_the_page_is_no_wider_than_the_screen(page: Page) -> None:
    assert page.viewport_size
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert page.evaluate(WIDER) == []


def test_every_image_is_there_and_none_is_wider_than_its_column(page: Page) -> None:
    images = page.evaluate(
        "[...document.images].map((image) => [image.naturalWidth, image.getBoundingClientRect().width,"
        " image.closest('figure').clientWidth])"
    )
    assert len(images) == len(list((ROOT / "figures").glob("*.svg")))
    assert all(natural > 0 and 0 < width <= column for natural, width, column in images)


def test_mathematics_is_set_in_the_font_that_the_page_brings(page: Page) -> None:
    sizes = page.evaluate(
        "[...document.querySelectorAll('math')].map((math) => math.getBoundingClientRect())"
        ".map(({ width, height }) => [width, height])"
    )
    assert len(sizes) > 500
    assert all(width > 0 and height > 0 for width, height in sizes)
    loaded = page.evaluate("[...document.fonts].map((font) => [font.family, font.status])")
    assert [[family.strip('"'), state] for family, state in loaded] == [[FAMILY, "loaded"]]
    assert FAMILY in page.evaluate("getComputedStyle(document.querySelector('math mi')).fontFamily")
    assert page.evaluate(MARK_FIRST) > 100
    tool = page.context.new_cdp_session(page)
    tool.send("DOM.enable")
    tool.send("CSS.enable")
    document = tool.send("DOM.getDocument")["root"]["nodeId"]
    nodes = tool.send("DOM.querySelectorAll", {"nodeId": document, "selector": "[data-first]"})["nodeIds"]
    used = {
        (font["familyName"], font["isCustomFont"])
        for node in nodes
        for font in tool.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    }
    assert used == {(FAMILY, True)}


def test_every_root_has_its_sign(page: Page) -> None:
    width = "getBoundingClientRect().width"
    signs = page.evaluate(
        f"[...document.querySelectorAll('msqrt')].map((root) => root.{width} - root.firstElementChild.{width})"
    )
    assert signs
    assert all(sign > 5 for sign in signs)


def test_no_line_breaks_between_mathematics_and_its_punctuation(page: Page) -> None:
    lines = "[...document.querySelectorAll('.kept')].filter((kept) => kept.getClientRects().length > 1)"
    assert page.evaluate(f"{lines}.map((kept) => kept.textContent)") == []
    assert page.evaluate("document.querySelectorAll('.kept').length") > 100


def test_contents_and_every_link_lead_somewhere(page: Page, rendered: dict[str, bytes]) -> None:
    contents = page.evaluate("[...document.querySelectorAll('nav#TOC a')].map((a) => a.getAttribute('href'))")
    headings = page.evaluate("[...document.querySelectorAll('h2[id], h3[id]')].map((h) => '#' + h.id)")
    assert contents == headings
    links = set(page.evaluate("[...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href'))"))
    identifiers = page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(identifiers) == len(set(identifiers))
    assert {link[1:] for link in links if link.startswith("#")} <= set(identifiers)
    files = {link for link in links if not re.match(r"#|https?:", link)}
    pages = {link for link in files if link.startswith("numbers/")}
    for page_of_numbers, key in (link.split("#") for link in pages):
        assert f'<tr id="{key}">' in rendered[page_of_numbers].decode(), (page_of_numbers, key)
    assert pages
    assert [file for file in files - pages if not (ROOT / "build" / file).resolve().is_file()] == []


def test_text_stands_out_from_the_page_and_figures_from_the_dark(page: Page) -> None:
    for selector, least in (
        ("h2 + p", 7.0),
        ("a", 4.5),
        ("figcaption", 4.5),
        (".subtitle", 4.5),
        ("h2 + p ~ p math", 7.0),
    ):
        assert page.evaluate(f"contrast({selector!r})") >= least, selector
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    background = page.evaluate("luminance(getComputedStyle(document.documentElement).backgroundColor)")
    assert background < 0.5 if dark else background > 0.5
    behind = page.evaluate("getComputedStyle(document.querySelector('figure img')).backgroundColor")
    assert page.evaluate(f"luminance({behind!r})") > 0.5 if dark else behind == "rgba(0, 0, 0, 0)"


def test_the_pdf_is_a4_and_links_to_no_file(rendered: dict[str, bytes]) -> None:
    pdf = rendered["paper.pdf"]
    boxes = re.findall(rb"/MediaBox ?\[0 0 (\S+) (\S+)\]", pdf)
    assert len(boxes) > 20
    assert all((round(float(x)), round(float(y))) == (595, 842) for x, y in boxes)
    targets = re.findall(rb"/URI ?\(([^)]*)\)", pdf)
    assert targets
    assert all(target.startswith(b"https://") for target in targets)


def test_refreshing_mends_what_is_stale_and_renders_the_same_bytes_elsewhere(
    spoilt: Path, study: Study, rendered: dict[str, bytes]
) -> None:
    paper = (spoilt / "paper.md").read_text()
    (spoilt / "paper.md").write_text(paper.replace("[0.40500](", "[0.7](").replace("| does not hold |", "| holds |"))
    answer = study(spoilt, "paper", prelude=UNCHECKED)
    assert answer.returncode == 0, answer.stderr
    assert (spoilt / "paper.md").read_text() == paper
    assert {name: (spoilt / "build" / name).read_bytes() for name in rendered} == rendered
    assert "Figure 1" in rendered["paper.html"].decode().replace("\N{NO-BREAK SPACE}", " ")
