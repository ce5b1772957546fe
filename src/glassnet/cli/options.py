"""The options that several commands share, with their help."""

from __future__ import annotations

from typing import Annotated

import typer

from glassnet.cli.settings import RULES, SCHEDULES, SIZES, names_of

__all__: list[str] = []

DATA, NETWORK, TRAINING, OUTPUT = "Data", "Network", "Training", "Output"


def _by_size(name: str) -> str:
    """Return "64,64 small, 256,128 medium" and so on: the defaults of an option by the data's size."""
    told: dict[str, list[str]] = {}
    for size in SIZES:
        value = getattr(size, name)
        shown = ",".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"
        told.setdefault(shown, []).append(size.name)
    if len(told) == 1:
        return next(iter(told))
    return "; ".join(f"{' and '.join(sizes)} {value}" for value, sizes in told.items())


def _range(name: str) -> str:
    interval = RULES[name].interval
    if interval is None:
        return ""
    if interval.high == float("inf"):
        return f"{'At least' if interval.closed in ('left', 'both') else 'Above'} {interval.low:g}."
    return f"In {interval}."


SIZE_RULE = "Where a default depends on the size of the data, it goes by the rows of the training part: " + (
    ", ".join(
        f"{size.name} below {size.below:,}" if size.below < float("inf") else f"{size.name} from there on"
        for size in SIZES
    )
    + "."
)

Data = Annotated[
    str, typer.Argument(metavar="DATA", help="A CSV or Parquet file, or a name from `glassnet datasets`.")
]
Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A model.safetensors that `glassnet train` wrote.")
]
Target = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="What to predict.", show_default="last column", rich_help_panel=DATA),
]
Task = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="classification, regression, or auto: text, booleans and few whole numbers are classes.",
        rich_help_panel=DATA,
    ),
]
Drop = Annotated[
    str | None,
    typer.Option(metavar="COLUMNS", help="Columns to leave out: id,name", rich_help_panel=DATA),
]
MaxCategories = Annotated[
    int,
    typer.Option(
        metavar="N",
        help=f"Most values that a column of text may have. {_range('max_categories')}",
        rich_help_panel=DATA,
    ),
]
Validation = Annotated[
    float,
    typer.Option(
        metavar="SHARE",
        help=f"Share of the rows that choose the best epoch. {_range('validation')}",
        rich_help_panel=DATA,
    ),
]
Test = Annotated[
    float,
    typer.Option(
        metavar="SHARE",
        help=f"Share of the rows kept for the final figures alone. {_range('test')}",
        rich_help_panel=DATA,
    ),
]
Hidden = Annotated[
    str | None,
    typer.Option(
        metavar="WIDTHS",
        help="Units of the hidden layers: 128,64; none for a linear model.",
        show_default=_by_size("hidden"),
        rich_help_panel=NETWORK,
    ),
]
ActivationName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=f"Of the hidden layers: {', '.join(names_of('activation'))}.",
        rich_help_panel=NETWORK,
    ),
]
DropoutRate = Annotated[
    float | None,
    typer.Option(
        metavar="RATE",
        help=f"Share of the hidden units switched off in training. {_range('dropout')}",
        show_default=_by_size("dropout"),
        rich_help_panel=NETWORK,
    ),
]
BatchNormFlag = Annotated[
    bool,
    typer.Option("--batchnorm", help="Normalise each hidden layer over the batch.", rich_help_panel=NETWORK),
]
LossName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="For values: mse, mae or huber; auto is mse. For classes it is always the cross-entropy.",
        rich_help_panel=TRAINING,
    ),
]
LabelSmoothing = Annotated[
    float,
    typer.Option(
        metavar="SHARE",
        help=f"Of classes: how far targets are mixed with equal odds. {_range('label_smoothing')}",
        rich_help_panel=TRAINING,
    ),
]
ClassWeight = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="balanced: rare classes count as much as frequent ones; or none.",
        rich_help_panel=TRAINING,
    ),
]
OptimizerName = Annotated[
    str,
    typer.Option(
        metavar="NAME", help=f"One of {', '.join(names_of('optimizer'))}.", rich_help_panel=TRAINING
    ),
]
LearningRate = Annotated[
    float | None,
    typer.Option(
        metavar="RATE",
        help=f"Step size; the highest one of a schedule. {_range('learning_rate')}",
        show_default="the optimiser's own; adam 0.001",
        rich_help_panel=TRAINING,
    ),
]
ScheduleName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="How the rate changes over all epochs: "
        + "; ".join(f"{name} ({what})" for name, what in SCHEDULES.items())
        + ".",
        rich_help_panel=TRAINING,
    ),
]
WeightDecay = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help=f"Decoupled decay of the weights. {_range('weight_decay')}",
        show_default=_by_size("weight_decay") + "; with sgd and the like 0",
        rich_help_panel=TRAINING,
    ),
]
ClipNorm = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help=f"Longest gradient. {_range('clip_norm')}",
        show_default="no limit",
        rich_help_panel=TRAINING,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help=f"Most passes over the data. {_range('epochs')}",
        show_default=_by_size("epochs"),
        rich_help_panel=TRAINING,
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help=f"Rows per step. {_range('batch_size')}",
        show_default=_by_size("batch_size"),
        rich_help_panel=TRAINING,
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Epochs without a lower validation loss after which training ends; 0 for all epochs. The best "
        f"epoch is kept either way. {_range('patience')}",
        show_default=_by_size("patience") + "; with a schedule that falls to its end 0",
        rich_help_panel=TRAINING,
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Of the split, the first weights and the batches; the same seed gives the same model.",
        rich_help_panel=TRAINING,
    ),
]
Out = Annotated[
    str | None,
    typer.Option(
        metavar="DIR", help="Where the files go.", show_default="runs/NAME-TIME", rich_help_panel=OUTPUT
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace what an earlier command wrote there.", rich_help_panel=OUTPUT)
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Keep a checkpoint beside DIR while training, and go on from it if one is there: a killed run "
        "ends exactly like an unbroken one. Needs --out.",
        rich_help_panel=OUTPUT,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print only where the results are.", rich_help_panel=OUTPUT),
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Print a line for every epoch.", rich_help_panel=OUTPUT),
]
