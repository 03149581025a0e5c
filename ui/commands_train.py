"""The command `train`: our own flow model on your own music."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mixmend.ui.options import FILE

if TYPE_CHECKING:
    from mixmend.model.engine import OnProgress, Progress


@click.command()
@click.option("--config", type=FILE, required=True, help="A TOML file; see above.")
def train(config: Path) -> None:
    """Train engine mendflow on a folder of music, or go on from its weights.

    \b
    mixmend train --config my.toml      where my.toml says, for instance:

    \b
      music = "~/Music/clean"      # finished, undamaged songs; damaged while training
      output = "my-mendflow"       # folder for checkpoints; a stopped run goes on from here
      steps = 20000
      init = "mendflow.safetensors"  # leave out to begin from nothing

    Several GPUs: accelerate launch -m mixmend.ui.cli train --config my.toml
    """
    from mixmend.ui.progress import progress

    trainer = importlib.import_module("mixmend.model.mend_train")
    with progress("Training") as bar:
        done = trainer.train_from_config(config, _told(bar))
    click.echo(str(done))


def _told(bar: OnProgress) -> OnProgress:
    """The bar where a person looks at it, else a line for every hundredth of the way."""
    from rich.console import Console

    if Console(stderr=True).is_terminal:
        return bar
    said = -1

    def tell(now: Progress) -> None:
        nonlocal said
        if int(100 * now.fraction) > said:
            said = int(100 * now.fraction)
            click.echo(f"{now.fraction:.0%} {now.label}", err=True)

    return tell
