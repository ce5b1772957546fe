"""The playground in a real browser: headless Chromium, driven through the page as a user would."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("no Chromium is installed (Debian: apt-get install chromium)", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]
PICTURES = os.environ.get("GLASSNET_SCREENSHOTS")  # a folder that keeps what the tests saw


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
    home = re.match(r"http(://[^/]+)/", address).group(1)
    ours = re.compile(rf"(http|ws){re.escape(home)}/|data:|blob:")
    page.on("request", lambda request: None if ours.match(request.url) else wrong.append(request.url))
    page.goto(address)
    expect(page.get_by_test_id("run")).to_be_enabled(timeout=60_000)
    yield page
    context.close()
    assert wrong == []


def keep(page, name):
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def percent(page, test_id):
    found = re.search(r"([\d.]+) ?%", page.get_by_test_id(test_id).inner_text())
    return float(found.group(1)) if found else -1.0


def epoch(page):
    return int(re.sub(r"\D", "", page.get_by_test_id("epoch-number").inner_text()) or 0)


def until(page, reached, seconds=60):
    for _ in range(seconds * 10):
        if reached():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it was not reached in time")


def test_the_spiral_is_learnt_and_rewound(page):
    page.get_by_test_id("data-spiral").click()
    page.get_by_test_id("run").click()
    until(page, lambda: percent(page, "accuracy-train") > 95)
    page.get_by_test_id("run").click()
    expect(page.get_by_test_id("run")).to_contain_text("Run")
    page.wait_for_timeout(500)
    keep(page, "spiral")
    assert epoch(page) > 3
    page.get_by_test_id("rewind-epoch").fill("3")
    page.get_by_test_id("rewind-epoch").press("Enter")
    until(page, lambda: epoch(page) == 3)
    page.get_by_test_id("epoch").click()
    until(page, lambda: epoch(page) == 4)


def test_a_weight_is_read_and_set(page):
    page.get_by_test_id("edge-dense1-0-3").dispatch_event("click")
    expect(page.get_by_test_id("weight-input")).to_be_visible()
    page.get_by_test_id("weight-input").fill("2.5")
    page.get_by_test_id("weight-set").click()
    expect(page.get_by_test_id("weight-value")).to_contain_text("2.5")
    keep(page, "weight")


def test_steps_resets_and_the_link(page):
    page.get_by_test_id("step").click()
    until(page, lambda: page.get_by_test_id("step-number").inner_text().strip() == "1")
    page.get_by_test_id("reset-same").click()
    until(page, lambda: page.get_by_test_id("step-number").inner_text().strip() == "0")
    page.get_by_test_id("reset-new").click()
    until(page, lambda: "seed" in page.url)
    address = page.url
    page.reload()
    expect(page.get_by_test_id("run")).to_be_enabled()
    assert page.url == address


def test_a_file_of_ones_own_is_taken(page, tmp_path):
    rows = [f"{x / 10},{(x * 7) % 11 / 10},{'above' if x > 30 else 'below'}" for x in range(60)]
    (tmp_path / "mine.csv").write_text("\n".join(["width,height,side", *rows]) + "\n")
    page.get_by_test_id("upload").set_input_files(tmp_path / "mine.csv")
    expect(page.get_by_test_id("upload-summary")).to_contain_text("60")
    page.get_by_test_id("run").click()
    until(page, lambda: percent(page, "accuracy-train") > 90)
    keep(page, "upload")


def test_a_lesson_is_followed(page):
    page.get_by_test_id("lessons").click()
    page.get_by_test_id("lesson-2").click()
    expect(page.get_by_test_id("lesson-title")).to_contain_text("Lesson 2 of 10")
    page.get_by_test_id("epoch").click()
    until(page, lambda: epoch(page) == 1)
    keep(page, "lesson")
    page.get_by_test_id("lesson-next").click()
    expect(page.get_by_test_id("lesson-title")).to_contain_text("Lesson 3 of 10")


@pytest.mark.parametrize("view", ["confusion", "histograms", "ratios", "mathematics"])
def test_every_view_shows_something(page, view):
    page.get_by_test_id("epoch").click()
    until(page, lambda: epoch(page) == 1)
    page.get_by_test_id(f"tab-{view}").click()
    panel = page.get_by_role("tabpanel").first
    expect(panel).to_be_visible()
    page.wait_for_timeout(700)
    keep(page, view)
    assert panel.bounding_box()["height"] > 60


@pytest.mark.parametrize("kind", ["script", "model", "onnx", "picture"])
def test_exports_download(page, kind):
    page.get_by_test_id("epoch").click()
    until(page, lambda: epoch(page) == 1)
    page.get_by_test_id("export").click()
    with page.expect_download() as found:
        page.get_by_test_id(f"export-{kind}").click()
    content = Path(found.value.path()).read_bytes()
    assert len(content) > 500
    assert (b"import glassnet" in content) == (kind == "script")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_telephone_needs_no_sideways_scrolling(browser, address, colours):
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=colours)
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_test_id("run")).to_be_enabled(timeout=60_000)
    keep(page, f"telephone-{colours}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


def test_two_optimisers_start_alike_and_keys_work(page):
    page.get_by_test_id("compare").check()
    expect(page.get_by_test_id("surface-compare")).to_be_visible()
    page.locator("body").press("e")
    until(page, lambda: epoch(page) == 1)
    keep(page, "compare")
    page.locator("body").press("r")
    until(page, lambda: epoch(page) == 0)
