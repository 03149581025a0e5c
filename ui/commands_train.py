"""The command `train`: our own flow model on your own music."""

from __future__ import annotations

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
      music = "~/Music/finished"       # undamaged songs; they are damaged while training
      output = "my-mendflow"           # a stopped run goes on from here
      steps = 20000
      batch = 16
      init = "mendflow.safetensors"    # weights to go on from; leave out to begin anew

    The checkpoint is my-mendflow/mendflow.safetensors. Paths are taken from the folder of the TOML
    file. Several GPUs: accelerate launch -m mixmend.ui.cli train --config my.toml
    """
    from mixmend.model.mend_train import train_from_config
    from mixmend.ui.progress import progress

    with progress("Training") as bar:
        checkpoint = train_from_config(config, _told(bar))
    click.echo(f"The checkpoint is {checkpoint}.")


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
