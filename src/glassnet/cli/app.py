"""The application: its commands, and how a run of it ends."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from glassnet._version import __version__
from glassnet.cli.check_gradients import check_gradients
from glassnet.cli.compare import compare
from glassnet.cli.datasets import datasets
from glassnet.cli.errors import guarded, interruptible
from glassnet.cli.evaluate import evaluate
from glassnet.cli.export import export
from glassnet.cli.options import SIZE_RULE
from glassnet.cli.pipe import patient_streams
from glassnet.cli.playground import playground
from glassnet.cli.predict import predict
from glassnet.cli.recipe import recipe
from glassnet.cli.summary import summary
from glassnet.cli.train import train

__all__ = ["app", "run"]

app = typer.Typer(
    name="glassnet",
    help="Neural networks you can see through: train one on a table, and see what it did.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"]},
)

TRAIN_HELP = f"""Train a network on a table, and keep the best epoch.

The rows are split by class: one part trains, one (--validation) chooses the best epoch, one (--test)
only gives the final figures. Columns are encoded by what the training part holds: numbers are
standardised, categories one-hot, dates split into trend and cycles. DIR gets the model, the history,
two pictures and a report with the command that repeats the run.

{SIZE_RULE}
"""


def _unwrapped(text: str) -> str:
    """Return help with one line for each paragraph, which the terminal wraps to its own width."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


app.command(help=_unwrapped(TRAIN_HELP))(interruptible(train))
for command in (predict, evaluate, compare, datasets, summary, check_gradients, export, playground):
    app.command(help=_unwrapped(inspect.getdoc(command) or ""))(interruptible(command))
# Whatever follows a recipe's name belongs to the recipe, its --help too.
app.command(
    help=_unwrapped(inspect.getdoc(recipe) or ""),
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
    },
)(recipe)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"glassnet {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a class name must not fail for the terminal's encoding
    words = None if arguments is None else list(arguments)
    with patient_streams():
        return guarded(lambda: app(args=words, prog_name="glassnet", standalone_mode=False))
