"""The page of recipes: runs every script of examples/ and writes docs/gallery.md with what they show.

python tools/gallery.py            # write docs/gallery.md, its figures, and those of the other pages
python tools/gallery.py --check    # say whether the page is of the scripts as they are now
"""

import argparse
import ast
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "gallery.md"
FIGURES = ROOT / "docs" / "figures"

# Recipe -> (title, what to see in it, first and last line to show of its output, figures).
RECIPES = {
    "spiral": (
        "The spiral by hand",
        "Layers, loss and optimiser driven call by call; the softmax's Jacobian against the fused gradient; "
        "SGD with momentum against Adagrad.",
        (r"^separate softmax", r"^  epoch +1000"),
        {"spiral.png": "Decision boundaries on the spiral after SGD with momentum and after Adagrad"},
    ),
    "six-optimizers": (
        "Six optimisers from one start",
        "What one pass keeps, its gradients, one update; then SGD, momentum, Nesterov, RMSprop, Adam and "
        "NAdam from the same weights over the same batches.",
        (r"^The cache of one", r"^NAdam"),
        {"six_optimizers.png": "Loss curves of six optimisers on handwritten digits"},
    ),
    "deep-batchnorm": (
        "A deep network, and why it needs a good start",
        "The same network from weights of 0.01, from He's weights, and with batch normalisation.",
        (r"^Gradient descent", r"batch norm +loss"),
        {"deep_batchnorm.png": "Loss curves of three starts: with weights of 0.01 the loss does not fall"},
    ),
    "two-class-images": (
        "Two classes of images",
        "Images flattened and scaled, one hidden layer, a sigmoid and binary cross-entropy.",
        (r"^The first image", r"^accuracy"),
        {"image.png": "One of the images", "cost.png": "The cost, epoch by epoch"},
    ),
    "by-hand": (
        "One step with every matrix",
        "Ten random rows through 5-10-10-4: forward, backward and update, each matrix printed with its "
        "formula. Its last layer and its end:",
        (r"^dA3 =", r"^db3 ="),
        {},
    ),
    "custom-layer": (
        "A layer of your own",
        "Learnt frequencies, so that a network can follow a wave. The gradient check comes first.",
        (r"^parameter", r"^Saved"),
        {},
    ),
    "custom-loss": (
        "A loss of your own",
        "Log cosh, which lets no point pull harder than 1, fits a line through data with outliers.",
        (r"^true line", r"^MeanSquaredError"),
        {},
    ),
}


def script(name):
    """Return the path of a recipe."""
    return ROOT / "examples" / f"{name.replace('-', '_')}.py"


def mark(name):
    """Return the line of the page that says of which script it is."""
    digest = hashlib.sha256(script(name).read_bytes()).hexdigest()[:16]
    return f"<!-- examples/{script(name).name} {digest} -->"


def run(name, folder):
    """Run a recipe in `folder` and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", script(name)],
        cwd=folder,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    return done.stdout


def excerpt(name, text):
    """Return the lines of the output that the page shows."""
    first, last = RECIPES[name][2]
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if re.search(first, line))
    end = next(i for i in range(start, len(lines)) if re.search(last, lines[i]))
    return "\n".join(lines[start : end + 1])


def section(name, printed):
    """Return a recipe's part of the page."""
    title, about, _, figures = RECIPES[name]
    docstring = ast.get_docstring(ast.parse(script(name).read_text("utf-8"))) or ""
    path = f"examples/{script(name).name}"
    parts = [
        f"## {title} {{ #{name} }}",
        mark(name),
        docstring.splitlines()[0],
        about,
        f"Script: [{path}](../{path})",
        "<!-- only parsed: tests/test_recipes.py and tests/test_custom_examples.py run the scripts -->\n"
        f"```sh\nglassnet recipe {name}\n```",
        f"```text\n{excerpt(name, printed)}\n```",
        *(f"![{text}](figures/{figure_name(name, file)})" for file, text in figures.items()),
    ]
    return "\n\n".join(parts)


def figure_name(name, file):
    """Return the name of a recipe's figure in docs/figures."""
    return f"gallery-{name}-{Path(file).stem.replace('_', '-')}.png"


# Page -> the figures that its blocks save.
PAGES = {
    "tutorial": ("boundary", "curve"),
    "guides/own_activation": ("histograms",),
    "guides/own_layer": ("diagram",),
    "guides/own_loss": ("OneSided",),
    "guides/tables": ("confusion",),
}


def write():
    """Run all recipes; write the page and the figures, and those of other pages."""
    parts = []
    for name, (_, _, _, figures) in RECIPES.items():
        with tempfile.TemporaryDirectory() as folder:
            parts.append(section(name, run(name, folder)))
            for file in figures:
                made = Path(folder) / "runs" / "recipes" / name / file
                shutil.copy(made, FIGURES / figure_name(name, file))
        print(f"{name}: done")
    head = (
        "# Recipes\n\n"
        "Complete scripts to read, run and change. Each runs with its defaults in seconds, from a checkout "
        "or, by its name, from anywhere; `glassnet recipe` lists them, `glassnet recipe NAME --help` tells a "
        "recipe's options. Where MNIST or CIFAR-10 is on disk, `--mnist FOLDER` and `--cifar10 FOLDER` take "
        "those. Outputs and figures are of the scripts as they are, in part; "
        "`python tools/gallery.py` runs them and writes this page.\n\n"
    )
    PAGE.write_text(head + "\n\n".join(parts) + "\n", "utf-8")
    figures_of_pages()


def figures_of_pages():
    """Run the blocks of pages and keep the figures that they save."""
    spec = importlib.util.spec_from_file_location("pages", ROOT / "tests" / "docs" / "test_pages.py")
    pages = importlib.util.module_from_spec(spec)
    sys.modules["pages"] = pages
    spec.loader.exec_module(pages)
    before = Path.cwd()
    for page, names in PAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                for _ in pages.run_page(ROOT / "docs" / f"{page}.md"):
                    pass
                for name in names:
                    shutil.copy(f"{name}.png", FIGURES / f"{Path(page).name}-{name}.png")
            finally:
                os.chdir(before)


def problems():
    """Return what on the page is not of the scripts as they are."""
    found = []
    text = PAGE.read_text("utf-8") if PAGE.exists() else ""
    names = {path.stem.replace("_", "-") for path in (ROOT / "examples").glob("*.py")}
    found += [f"{name} is not among the recipes of tools/gallery.py" for name in sorted(names ^ set(RECIPES))]
    for name in sorted(names & set(RECIPES)):
        if mark(name) not in text:
            found.append(f"examples/{script(name).name} has changed since the page was written")
        for file in RECIPES[name][3]:
            figure = figure_name(name, file)
            if not (FIGURES / figure).is_file() or f"(figures/{figure})" not in text:
                found.append(f"{figure} is missing")
    return found


def main():
    """Write or check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if it is out of step"
    )
    if parser.parse_args().check:
        found = problems()
        print(
            "\n".join([*found, "python tools/gallery.py writes it anew"]) if found else "The page is in step."
        )
        raise SystemExit(bool(found))
    write()


if __name__ == "__main__":
    main()
