"""The playground in a real browser: headless Chromium, driven through the page as a user would."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("no Chromium is installed (Debian: apt-get install chromium)", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-sync", "--disable-background-networking", "--disable-component-update"]
PICTURES = os.environ.get("GLASSNET_SCREENSHOTS")  # a folder that keeps what the tests saw

COLOURS = """canvas => new Set(new Uint32Array(
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer
).filter(pixel => pixel >>> 24)).size"""
"""The number of different colours on a canvas, 0 while nothing is drawn."""

LIKE = """(canvas, [r, g, b]) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const near = (i, value) => Math.abs(data[i] - value) < 12;
    let found = 0;
    for (let i = 0; i < data.length; i += 4) {
        found += near(i, r) && near(i + 1, g) && near(i + 2, b) && data[i + 3] > 150;
    }
    return found;
}"""
"""The number of pixels of one colour."""

PLACE = """path => {
    for (let k = 1; k < 60; k++) {
        const along = path.getPointAtLength((path.getTotalLength() * k) / 60);
        const { x, y } = along.matrixTransform(path.getScreenCTM());
        if (document.elementFromPoint(x, y) === path) return [x, y];
    }
}"""
"""A place on the screen where nothing lies over a line."""


@pytest.fixture(scope="module")
def address():
    """Start the real command; give the address that it prints."""
    command = [sys.executable, "-m", "glassnet", "playground", "--port", "0", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    try:
        yield re.search(r"http://\S+", line).group()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, address):
    """Give the opened page; whatever it logs as an error or fetches elsewhere fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(30_000)
    wrong = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    ours = re.compile(rf"(http|ws)://{re.escape(address.split('/')[2])}/|data:|blob:")
    page.on("request", lambda request: None if ours.match(request.url) else wrong.append(request.url))
    page.goto(address)
    expect(page.get_by_test_id("run")).to_be_enabled(timeout=60_000)
    yield page
    context.close()
    assert wrong == []


def keep(page, name):
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def percent(page, test_id):
    found = re.search(r"([\d.]+) ?%", page.get_by_test_id(test_id).inner_text())
    return float(found.group(1)) if found else -1.0


def told(page, test_id):
    """Return the whole number that the bar shows, 0 before there is one."""
    return int(re.sub(r"\D", "", page.get_by_test_id(test_id).inner_text()) or 0)


def epoch(page):
    return told(page, "epoch-number")


def until(page, reached, seconds=60):
    for _ in range(seconds * 10):
        if reached():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it was not reached in time")


def enter(page, test_id, text):
    page.get_by_test_id(test_id).fill(text)
    page.get_by_test_id(test_id).press("Enter")


def one_epoch(page):
    page.get_by_test_id("epoch").click()
    until(page, lambda: epoch(page) == 1)


def pause(page):
    page.get_by_test_id("run").click()
    expect(page.get_by_test_id("run")).to_contain_text("Run")


def until_drawn(page, *surfaces, colours=4):
    """Wait for curves with a line, and for surfaces with colours."""
    expect(page.locator("[data-testid=curves] .scatterlayer .trace").first).to_be_attached()
    for surface in surfaces or ["surface"]:
        canvas = page.get_by_test_id(surface).locator("canvas").first
        until(page, lambda canvas=canvas: canvas.evaluate(COLOURS) >= colours)


def test_the_spiral_is_learnt_and_rewound(page):
    page.get_by_test_id("data-spiral").click()
    page.get_by_test_id("run").click()
    until(page, lambda: percent(page, "accuracy-train") > 95)
    pause(page)
    until_drawn(page)
    keep(page, "spiral")
    page.get_by_test_id("theme").click()
    keep(page, "spiral-dark")
    assert epoch(page) > 3
    enter(page, "rewind-epoch", "3")
    until(page, lambda: epoch(page) == 3)
    page.get_by_test_id("epoch").click()
    until(page, lambda: epoch(page) == 4)


def test_rewinding_pauses(page):
    page.get_by_test_id("run").click()
    until(page, lambda: epoch(page) > 3)
    enter(page, "rewind-epoch", "2")
    expect(page.get_by_test_id("run")).to_contain_text("Run")
    expect(page.get_by_test_id("epoch-number")).to_have_text("2")


def test_the_learning_rate_changes_under_way(page):
    page.get_by_test_id("run").click()
    until(page, lambda: epoch(page) > 3)
    before = told(page, "step-number")
    enter(page, "optimizer-learning-rate", "0.02")
    expect(page).to_have_url(re.compile("learning_rate.*0\\.02"))
    expect(page.locator("#status")).to_contain_text("goes on")
    until(page, lambda: told(page, "step-number") > before + 20)
    expect(page.get_by_test_id("run")).to_contain_text("Pause")
    enter(page, "optimizer-learning-rate", "-1")
    expect(page.locator(".field-error:visible")).to_contain_text(re.compile("learning.rate", re.IGNORECASE))
    later = told(page, "step-number")
    until(page, lambda: told(page, "step-number") > later)  # what is refused leaves training as it was
    keep(page, "tuned")


def test_a_weight_is_read_and_set(page):
    page.mouse.click(*page.get_by_test_id("edge-dense1-0-3").evaluate(PLACE))
    expect(page.locator("#weight-title")).to_have_text("Weight of dense1: 0 → 3")
    expect(page.get_by_test_id("weight-gradient")).to_have_text("none yet")
    page.get_by_test_id("weight-input").fill("2.5")
    page.get_by_test_id("weight-set").click()
    expect(page.get_by_test_id("weight-value")).to_contain_text("2.5")
    page.get_by_test_id("step").click()
    expect(page.get_by_test_id("weight-gradient")).to_have_text(re.compile(r"^-?[\d.]+(e[-+]\d+)?$"))
    keep(page, "weight")
    page.get_by_test_id("weight-close").click()
    page.get_by_test_id("neuron-dense1-2").click()
    expect(page.locator("#weight-title")).to_have_text("Bias of dense1, unit 2")


def test_steps_resets_and_the_link(page):
    page.get_by_test_id("step").click()
    expect(page.get_by_test_id("step-number")).to_have_text("1")
    page.get_by_test_id("reset-same").click()
    expect(page.get_by_test_id("step-number")).to_have_text("0")
    page.get_by_test_id("reset-new").click()
    until(page, lambda: "seed" in page.url)
    address = page.url
    page.reload()
    expect(page.get_by_test_id("run")).to_be_enabled()
    assert page.url == address


def upload(page, path, rows):
    path.write_text("\n".join(rows) + "\n")
    page.get_by_test_id("upload").set_input_files(path)
    expect(page.get_by_test_id("upload-summary")).to_contain_text(str(len(rows) - 1))


def test_a_file_of_ones_own_is_taken(page, tmp_path):
    rows = [f"{x / 10},{(x * 7) % 11 / 10},{'above' if x > 30 else 'below'}" for x in range(60)]
    upload(page, tmp_path / "mine.csv", ["width,height,side", *rows])
    expect(page.get_by_test_id("feature-x2")).to_have_text("width²")
    page.get_by_test_id("run").click()
    until(page, lambda: percent(page, "accuracy-train") > 90)
    pause(page)
    until_drawn(page)
    keep(page, "upload")


def test_numbers_are_taken_for_classes_or_for_values(page, tmp_path):
    rows = [f"{x / 10},{(x * 7) % 11 / 10},{x // 30}" for x in range(90)]
    upload(page, tmp_path / "coded.csv", ["width,height,grade", *rows])
    page.get_by_test_id("data-task").select_option("regression")
    one_epoch(page)
    expect(page.get_by_test_id("accuracy-train")).to_have_text("–")
    page.get_by_test_id("data-task").select_option("classification")
    expect(page.get_by_test_id("epoch-number")).to_have_text("0")
    one_epoch(page)
    expect(page.get_by_test_id("accuracy-train")).to_contain_text("%")


def test_all_ten_lessons_run(page):
    page.get_by_test_id("lessons").click()
    keep(page, "lessons-menu")
    page.get_by_test_id("lesson-1").click()
    for number in range(1, 11):
        expect(page.get_by_test_id("lesson-title")).to_contain_text(f"Lesson {number} of 10")
        expect(page).to_have_url(re.compile(f"#lesson={number}$"))
        expect(page.get_by_test_id("epoch-number")).to_have_text("0")
        page.get_by_test_id("run").click()
        until(page, lambda: epoch(page) > 5)
        pause(page)
        compared = page.get_by_test_id("surface-compare").is_visible()
        until_drawn(page, "surface", *["surface-compare"] * compared, colours=1)
        keep(page, f"lesson-{number}")
        if number < 10:
            page.get_by_test_id("lesson-next").click()


def test_a_lesson_has_a_link_and_outlives_a_reload(page):
    page.goto(page.url.partition("#")[0] + "#lesson=3")
    expect(page.get_by_test_id("lesson-title")).to_contain_text("Lesson 3 of 10")
    expect(page.get_by_test_id("lesson-link")).to_have_attribute("href", "#lesson=3")
    expect(page.get_by_test_id("optimizer-learning-rate")).to_have_value("30")
    enter(page, "optimizer-learning-rate", "3")
    expect(page).to_have_url(re.compile("#lesson=3&"))
    page.reload()
    expect(page.get_by_test_id("lesson-title")).to_contain_text("Lesson 3 of 10")
    expect(page.get_by_test_id("optimizer-learning-rate")).to_have_value("3")
    page.get_by_test_id("lesson-close").click()
    assert "lesson" not in page.url


def shown(page, view):
    """Wait for what a view must hold."""
    if view == "confusion":
        cells = page.locator("[data-testid=confusion] tbody td:not(.margin)")
        expect(cells).to_have_count(9)
        assert sum(map(int, cells.all_inner_texts())) == 60
    elif view == "histograms":
        for layer in ("dense1", "dense2"):
            kinds = {"weight": [0, 114, 178], "activation": [0, 158, 115], "gradient": [213, 94, 0]}
            for kind, colour in kinds.items():
                bars = page.get_by_test_id(f"histogram-{layer}-{kind}")
                until(page, lambda bars=bars, colour=colour: bars.evaluate(LIKE, colour) > 200)
    elif view == "ratios":
        for kind in ("ratios", "gradient_ratios"):
            page.get_by_test_id("ratios-kind").select_option(kind)
            expect(page.get_by_test_id("ratios").locator("tbody tr")).to_have_count(2)
            lines = page.locator("[data-testid=ratios-chart] .scatterlayer .trace")
            expect(lines).to_have_count(2)
            expect(lines.locator(".points path").first).to_be_visible()
    else:
        expect(page.get_by_test_id("mathematics").get_by_text("Backward").first).to_be_visible()
        assert page.locator("[data-testid=mathematics] table.matrix td").count() > 50


def test_a_table_shows_its_columns(page):
    page.get_by_test_id("data-wine").click()
    expect(page.locator(".node-label.left").nth(3)).to_contain_text("alcalinity_of_ash", timeout=30_000)
    one_epoch(page)
    until_drawn(page, colours=0)
    keep(page, "table")


@pytest.mark.parametrize("view", ["confusion", "histograms", "ratios", "mathematics"])
def test_every_view_shows_something(page, view):
    page.get_by_test_id(f"tab-{view}").click()
    one_epoch(page)
    shown(page, view)
    page.locator("#tabs").evaluate("tabs => tabs.scrollIntoView()")
    keep(page, view)


def test_a_wrong_row_is_told(page):
    page.get_by_test_id("tab-mathematics").click()
    enter(page, "mathematics-rows", "0, two")
    expect(page.get_by_test_id("mathematics-error")).to_contain_text("“two” is no row")
    enter(page, "mathematics-rows", "0 2")
    expect(page.get_by_test_id("mathematics-error")).to_be_hidden()
    expect(page.get_by_test_id("mathematics")).to_contain_text("Loss of these 2 rows")


@pytest.mark.parametrize("kind", ["script", "model", "onnx", "picture"])
def test_exports_download(page, kind):
    one_epoch(page)
    page.get_by_test_id("export").click()
    with page.expect_download() as found:
        page.get_by_test_id(f"export-{kind}").click()
    content = Path(found.value.path()).read_bytes()
    assert len(content) > 500
    assert (b"import glassnet" in content) == (kind == "script")
    if PICTURES and kind == "picture":
        (Path(PICTURES) / "exported.png").write_bytes(content)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_telephone_needs_no_sideways_scrolling(browser, address, colours):
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=colours)
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_test_id("run")).to_be_enabled(timeout=60_000)
    one_epoch(page)
    until_drawn(page)
    keep(page, f"telephone-{colours}")
    page.locator("#surfaces").evaluate("surfaces => surfaces.scrollIntoView()")
    network = page.get_by_test_id("network").locator("canvas").first
    until(page, lambda: network.evaluate(COLOURS) > 300)  # only what is seen is sent
    keep(page, f"telephone-{colours}-surface")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_two_optimisers_start_alike_and_keys_work(page):
    page.get_by_test_id("compare").click()  # the panel is built anew: check() would look at the old box
    expect(page.get_by_test_id("surface-compare")).to_be_visible()
    page.locator("body").press("e")
    until(page, lambda: epoch(page) == 1)
    until_drawn(page, "surface", "surface-compare")
    expect(page.locator("[data-testid=curves] .scatterlayer .trace")).to_have_count(8)
    for surface in ("surface", "surface-compare"):
        expect(page.get_by_test_id(surface)).to_be_in_viewport(ratio=0.9)
        assert page.get_by_test_id(surface).bounding_box()["width"] >= 260
    keep(page, "compare")
    page.locator("body").press("r")
    until(page, lambda: epoch(page) == 0)


def test_the_focus_stays_where_it_was_and_skipping_changes_nothing(page):
    one_epoch(page)
    page.locator(".skip").press("Enter")
    expect(page.locator("#controls summary").first).to_be_focused()
    expect(page.get_by_test_id("epoch-number")).to_have_text("1")
    for units in ("17", "18"):
        page.get_by_test_id("units-plus-1").press("Enter")
        expect(page.get_by_test_id("units-1")).to_have_text(units)
        expect(page.get_by_test_id("units-plus-1")).to_be_focused()


@pytest.mark.parametrize("setup", ['{"layers":5}', '{"optimizer":null}', '{"loss":[]}', "[1]", "%"])
def test_a_damaged_link_says_so_and_opens(page, setup):
    damaged = page.context.new_page()
    damaged.goto(page.url + "#" + quote(setup, safe="%"))
    expect(damaged.get_by_test_id("toast-error")).to_contain_text("no set-up")
    expect(damaged.get_by_test_id("run")).to_be_enabled()
    one_epoch(damaged)


def entered(page):
    """Return whether a page has a session; press its button if it asks for that."""
    if page.get_by_test_id("reconnect").is_visible():
        page.get_by_test_id("reconnect").click()
    return page.get_by_test_id("run").is_enabled()


def test_a_fifth_page_waits_for_a_click(page):
    others = [page.context.new_page() for _ in range(4)]
    for other in others[:3]:
        other.goto(page.url)
        until(other, lambda other=other: entered(other))
    last = others[3]
    last.goto(page.url)
    expect(last.get_by_test_id("reconnect")).to_have_text("Connect again")
    keep(last, "full")
    others[0].close()
    until(last, lambda: entered(last))
