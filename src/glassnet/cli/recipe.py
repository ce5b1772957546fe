"""glassnet recipe: run one of the complete example scripts."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli.errors import Interruption
from glassnet.errors import GlassnetError, unknown_name

__all__ = ["recipe", "recipes"]


def recipes() -> dict[str, Path]:
    """Return the recipes by name: beside this package where it was installed, else in `examples/`."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "recipes", package.parent.parent / "examples"):
        scripts = sorted(folder.glob("*.py"))
        if scripts:
            return {path.stem.replace("_", "-"): path for path in scripts}
    raise GlassnetError("The recipes are not installed with this glassnet; see the folder examples/.")


def recipe(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The recipe; without one, all are listed.")
    ] = None,
) -> None:
    """Run a recipe, a short script to read and to change. Its options come after its name.

    `glassnet recipe spiral --help` tells a recipe's options.
    """
    known = recipes()
    if name is None:
        width = max(map(len, known))
        for key, path in known.items():
            about = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").splitlines()[0]
            typer.echo(f"{key:<{width}}  {about}")
        typer.echo(f"\nThe scripts are in {next(iter(known.values())).parent}")
        return
    if name not in known:
        raise unknown_name("recipe", name, known)
    kept = sys.argv
    sys.argv = [f"glassnet recipe {name}", *context.args]
    try:
        runpy.run_path(str(known[name]), run_name="__main__")
    except SystemExit as leave:  # argparse ends so: its message is out already
        raise typer.Exit(leave.code if isinstance(leave.code, int) else 0) from None
    except KeyboardInterrupt:
        raise Interruption("the recipe did not run to its end.") from None
    finally:
        sys.argv = kept
