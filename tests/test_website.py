"""The built website: every page opens, asks no other host, and every link leads somewhere.

The book must have been built: ``make book``. Tests that drive a browser are skipped where none is
installed; with ``CI=true`` that is a failure.
"""

from __future__ import annotations

import html.parser
import re
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import parse_qs, unquote, urldefrag, urljoin, urlparse

import pytest
from pages import CI, SITE, TOP, Visit

PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
PAGES = [page for page in PAGES if not page.startswith(("_static/", "_sources/"))]
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]

if not PAGES:
    if CI:
        raise RuntimeError(f"no built book in {SITE}; run `make book` first")
    pytest.skip(f"no built book in {SITE}; run `make book` first", allow_module_level=True)


# --- what the HTML says, without a browser


@dataclass
class Page(html.parser.HTMLParser):
    """The parts of a page that the tests ask for."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    images: list[dict] = field(default_factory=list)
    meta: dict[str, str] = field(default_factory=dict)
    titles: int = 0
    in_article: bool = False

    def __post_init__(self):
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        for key in ("id", "name") if tag == "a" else ("id",):
            if values.get(key):
                self.ids.add(values[key])
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "img":
            self.images.append(values)
        if tag in {"img", "script", "iframe", "source", "video", "audio"} and values.get("src"):
            self.resources.append(values["src"])
        if tag == "link" and set(values.get("rel", "").split()) & {"stylesheet", "icon", "preload"}:
            self.resources.append(values["href"])
        if tag == "meta" and values.get("content"):
            self.meta[values.get("property") or values.get("name") or ""] = values["content"]
        if tag == "article":
            self.in_article = True
        self.titles += tag == "h1" and self.in_article


@cache
def parse(page: str) -> Page:
    parser = Page()
    parser.feed((SITE / page).read_text(encoding="utf-8"))
    return parser


def resolve(page: str, link: str) -> tuple[str, str] | None:
    """Return the file under the site and the anchor that a link means; None for another host."""
    absolute, anchor = urldefrag(urljoin(f"http://site.invalid/{page}", link))
    if urlparse(absolute).netloc != "site.invalid":
        return None
    return unquote(urlparse(absolute).path).lstrip("/"), unquote(anchor)


def config() -> dict:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load((TOP / "_config.yml").read_text(encoding="utf-8"))


def test_every_page_of_the_table_of_contents_is_there():
    yaml = pytest.importorskip("yaml")
    toc = yaml.safe_load((TOP / "_toc.yml").read_text(encoding="utf-8"))

    def files(entry):
        for key in ("root", "file"):
            if key in entry:
                yield entry[key]
        for key in ("parts", "chapters", "sections"):
            for child in entry.get(key, []):
                yield from files(child)

    assert [name for name in files(toc) if f"{name}.html" not in PAGES] == []
    assert len(CHAPTERS) >= 6


def leads_nowhere(page: str, link: str) -> bool:
    """Tell whether a link within the site has no file or no anchor at its end."""
    if urlparse(link).scheme in {"data", "mailto", "javascript"} or resolve(page, link) is None:
        return False
    path, anchor = resolve(page, link)
    if not (SITE / path).is_file():
        return True
    return bool(anchor) and path.endswith(".html") and anchor not in parse(path).ids


@pytest.mark.parametrize("page", PAGES)
def test_links_and_anchors_lead_somewhere(page):
    links = parse(page).links + parse(page).resources
    assert len(links) > 10
    assert [link for link in links if leads_nowhere(page, link)] == []


def test_a_broken_link_would_be_found():
    assert not leads_nowhere(CHAPTERS[0], "../notation.html#glossary")
    assert leads_nowhere(CHAPTERS[0], "../notation.html#no-such-anchor")
    assert leads_nowhere(CHAPTERS[0], "notation.html")
    assert leads_nowhere("index.html", "#no-such-anchor")


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_loaded_from_another_host(page):
    assert [url for url in parse(page).resources if urlparse(url).netloc] == []


@pytest.mark.parametrize("page", PAGES)
def test_images_have_a_description_and_a_page_one_title(page):
    images = [image.get("src") for image in parse(page).images if image.get("alt") is None]
    assert images == []
    assert parse(page).titles == 1 or page in {"genindex.html", "search.html"}


@pytest.mark.parametrize("page", [p for p in PAGES if p not in {"genindex.html", "search.html"}])
def test_pages_describe_themselves_to_other_sites(page):
    meta = parse(page).meta
    base = config()["html"]["baseurl"]
    assert meta["og:title"]
    assert meta["og:description"] == meta["description"]
    assert len(meta["description"]) > 40, "the first paragraph of a page is its description"
    assert meta["og:url"] == urljoin(base, page)
    card = SITE / meta["og:image"].removeprefix(base)
    assert card.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(card.read_bytes()[i : i + 4], "big") for i in (16, 20))
    assert (width, height) == (1200, 630)


def test_the_site_has_an_icon():
    icons = re.findall(r'<link rel="icon" href="([^"]+)"', (SITE / "index.html").read_text("utf-8"))
    assert [icon for icon in icons if (SITE / icon).read_text("utf-8").startswith("<svg")]


@pytest.mark.parametrize("page", CHAPTERS)
def test_launch_and_download_buttons_point_to_the_repository(page):
    repository = config()["repository"]
    owner_and_name = urlparse(repository["url"]).path.strip("/")
    notebook = page.replace(".html", ".ipynb")
    links = parse(page).links
    (colab,) = [link for link in links if link.startswith("https://colab.research.google.com/")]
    (binder,) = [link for link in links if link.startswith("https://mybinder.org/")]
    assert colab.endswith(f"/github/{owner_and_name}/blob/{repository['branch']}/{notebook}")
    assert f"/gh/{owner_and_name}/{repository['branch']}?" in binder
    assert parse_qs(urlparse(binder).query)["urlpath"] == [f"lab/tree/{notebook}"]
    assert [
        link
        for link in links
        if link.endswith(".ipynb") and resolve(page, link) and not leads_nowhere(page, link)
    ]
    assert any(link.startswith(repository["url"] + "/issues") for link in links)


def test_no_trace_of_the_removed_thebe():
    assert [page for page in PAGES if "thebe" in (SITE / page).read_text("utf-8").lower()] == []


# --- what a browser sees


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_page_opens_clean_and_accessible(browser, base_url, page, scheme):
    with Visit(browser, base_url, page, color_scheme=scheme) as visit:
        assert visit.page.evaluate("document.documentElement.dataset.theme") == scheme
        visit.page.evaluate(
            "() => { for (const i of document.images) i.loading = 'eager';"
            " return Promise.all([...document.images].map(i => i.decode().catch(() => 0))) }"
        )
        missing = "[...document.images].filter(i => !i.naturalWidth).map(i => i.src)"
        assert visit.page.evaluate(missing) == []
        formulas = "document.querySelectorAll('.math.notranslate').length"
        if visit.page.evaluate(formulas):
            assert visit.page.evaluate(
                "[...document.querySelectorAll('.math.notranslate')]"
                ".every(m => m.querySelector('mjx-container') && !m.querySelector('mjx-merror'))"
            )
        assert visit.complaints() == []
        # What is folded away must be readable too.
        visit.page.evaluate(
            "() => { for (const d of document.querySelectorAll('details')) d.open = true;"
            " for (const b of document.querySelectorAll('button.toggle-button-hidden')) b.click() }"
        )
        assert visit.axe() == []


@pytest.mark.parametrize("page", PAGES)
def test_page_fits_a_phone(browser, base_url, page):
    with Visit(browser, base_url, page, viewport={"width": 390, "height": 900}) as visit:
        width = visit.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390
        # Nothing in the text may stick out either, unless it scrolls by itself.
        sticking_out = visit.page.evaluate(
            """() => [...document.querySelectorAll('.bd-article *')].filter(e => {
                 if (e.getBoundingClientRect().right <= 391) return false;
                 for (let p = e; p && !p.matches('.bd-article'); p = p.parentElement) {
                   const style = getComputedStyle(p);
                   if (['auto', 'scroll', 'hidden', 'clip'].includes(style.overflowX)) return false;
                   if (style.clip !== 'auto') return false;
                 }
                 return true }).map(e => e.outerHTML.slice(0, 120))"""
        )
        assert sticking_out == []


@pytest.mark.parametrize("width", [1280, 390])
def test_each_heading_is_smaller_than_the_one_above_it(browser, base_url, width):
    page = "chapters/02_theano.html"  # it has all three
    with Visit(browser, base_url, page, viewport={"width": width, "height": 900}) as visit:
        sizes = visit.page.evaluate(
            "['h1', 'h2', 'h3'].map(h => parseFloat("
            "getComputedStyle(document.querySelector(`.bd-article ${h}`)).fontSize))"
        )
        assert sizes[0] > 1.1 * sizes[1] > 1.1**2 * sizes[2]


def test_axe_would_find_a_fault(browser, base_url):
    with Visit(browser, base_url, "index.html") as visit:
        visit.page.evaluate(
            "document.querySelector('.bd-article').insertAdjacentHTML("
            "'beforeend', '<p style=\"color: #ccc; background: #fff\">pale</p>')"
        )
        (fault,) = visit.axe("'.bd-article'")
        assert fault.startswith("color-contrast: ")


def test_dark_mode_is_switched_by_its_button_and_kept(browser, base_url):
    with Visit(browser, base_url, "index.html") as visit:
        theme = "document.documentElement.dataset.theme"
        assert visit.page.evaluate(theme) == "light"
        button = visit.page.locator("button.theme-switch-button:visible").first
        for _ in range(3):
            if visit.page.evaluate(theme) == "dark":
                break
            button.click()
        assert visit.page.evaluate(theme) == "dark"
        visit.page.goto(base_url + CHAPTERS[0])
        assert visit.page.evaluate(theme) == "dark"


@pytest.mark.parametrize("page", CHAPTERS)
def test_figures_stand_on_white_in_dark_mode(browser, base_url, page):
    with Visit(browser, base_url, page, color_scheme="dark") as visit:
        looks = visit.page.evaluate(
            "[...document.querySelectorAll('.bd-article img')].map(i => {"
            " const s = getComputedStyle(i); return [s.backgroundColor, s.filter] })"
        )
        assert all(look == ["rgb(255, 255, 255)", "none"] for look in looks)


def test_search_finds_a_term_of_the_glossary(browser, base_url):
    with Visit(browser, base_url, "search.html?q=vanishing") as visit:
        visit.page.wait_for_selector("#search-results li a", timeout=20_000)
        links = visit.page.eval_on_selector_all("#search-results li a", "l => l.map(a => a.href)")
        assert any("notation.html" in link for link in links)
        assert visit.complaints() == []


def test_code_can_be_copied(browser, base_url):
    with Visit(browser, base_url, CHAPTERS[0]) as visit:
        assert visit.page.locator("div.highlight button.copybtn").count() > 5
