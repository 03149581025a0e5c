"""The command line of `mixmend.model.train_sonic`: encode, train, evaluate, export."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixmend.model.sonic_config import SMALL, SonicConfig, read_sonic_config
from mixmend.model.train_flow import Example, FlowTrainer, TrainSettings
from mixmend.model.train_sonic import (
    EncodedFolder,
    batch_velocity,
    evaluate,
    export,
    pre_encode,
    trainable,
)

if TYPE_CHECKING:
    from mixmend.model.sonic_load import SonicModel


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the SonicMaster network on your own music."""
    parser = argparse.ArgumentParser(prog="mixmend.model.train_sonic", description=main.__doc__)
    jobs = parser.add_subparsers(required=True)

    job = jobs.add_parser("encode", help="damage songs, encode both, write examples")
    job.add_argument("music", type=Path, help="folder of undamaged songs")
    job.add_argument("examples", type=Path, help="folder to write examples into")
    job.add_argument("--codec", type=Path, required=True, help="folder of the codec")
    job.add_argument("--config", type=Path, help="folder with the model's config.json")
    job.add_argument("--clips", type=int, default=1000, help="clips; each gives seven examples")
    job.add_argument("--seed", type=int, default=0)
    job.set_defaults(run=_encode)

    job = jobs.add_parser("train", help="train; `accelerate launch -m` for several GPUs")
    job.add_argument("examples", type=Path, help="folder that `encode` wrote")
    job.add_argument("out", type=Path, help="state (a stopped run goes on) and the exported model")
    _about_model(job)
    job.add_argument("--steps", type=int, default=TrainSettings.steps)
    job.add_argument("--batch", type=int, default=TrainSettings.batch)
    job.add_argument("--rate", type=float, default=TrainSettings.learning_rate)
    job.add_argument("--warmup", type=int, default=TrainSettings.warmup_steps)
    job.add_argument("--save-every", type=int, default=TrainSettings.save_every)
    job.set_defaults(run=_train)

    job = jobs.add_parser("evaluate", help="loss and whole runs on examples not learnt from")
    job.add_argument("examples", type=Path, help="folder that `encode` wrote, of other songs")
    job.add_argument("--checkpoint", type=Path, required=True, help="folder of the model")
    job.add_argument("--text", type=Path, help="folder of the text encoder's configuration")
    job.set_defaults(run=_evaluate)

    job = jobs.add_parser("export", help="the averaged weights of a run in the published layout")
    job.add_argument("state", type=Path, help="folder of the run")
    job.add_argument("out", type=Path, help="folder for model.safetensors and config.json")
    _about_model(job)
    job.set_defaults(run=_export)

    options = parser.parse_args(arguments)
    options.run(options)


def _about_model(job: argparse.ArgumentParser) -> None:
    job.add_argument(
        "--checkpoint", type=Path, required=True, help="folder of the model to start from"
    )
    job.add_argument("--text", type=Path, help="folder of the text encoder's configuration")
    job.add_argument("--fresh", action="store_true", help="random weights instead")
    job.add_argument("--small", action="store_true", help="the small variant (fresh)")


def _encode(options: Any) -> None:
    from mixmend.model.codec_oobleck import load_codec
    from mixmend.model.corpus import music_in
    from mixmend.model.sonic_examples import damaged_pairs

    config = SonicConfig() if options.config is None else read_sonic_config(options.config)
    pairs = damaged_pairs(
        music_in(options.music), config.window_frames, clips=options.clips, seed=options.seed
    )
    count = pre_encode(pairs, load_codec(options.codec), config, options.examples)
    print(f"{count} examples are in {options.examples}.")


def _train(options: Any) -> None:
    from accelerate import Accelerator

    accelerator: Any = Accelerator()
    loaded, config = _model(options)
    settings = TrainSettings(
        steps=options.steps, batch=options.batch, learning_rate=options.rate,
        warmup_steps=options.warmup, save_every=options.save_every,
    )  # fmt: skip
    network = loaded.net.requires_grad_(True).train().to(accelerator.device)
    examples = EncodedFolder(options.examples, config.carry_frames)
    trainer = FlowTrainer(
        trainable(network), batch_velocity(loaded.text, config), examples, settings,
        folder=options.out, accelerator=accelerator,
    )  # fmt: skip
    if accelerator.is_main_process:
        print(f"{len(examples)} examples, {accelerator.num_processes} processes")
    for done in trainer.train():
        last = done.step == settings.steps
        if (done.step % 50 == 0 or last) and accelerator.is_main_process:
            print(f"step {done.step}: loss {done.loss:.5f}, rate {done.learning_rate:.2e}")
    if accelerator.is_main_process:
        export(trainer, config, _checkpoint(options.checkpoint), options.out)
        print(f"The model is in {options.out}.")
    accelerator.end_training()


def _evaluate(options: Any) -> None:
    from mixmend.model.sonic_load import load_sonic

    model = load_sonic(options.checkpoint, text_folder=options.text)
    found = evaluate(model, EncodedFolder(options.examples, model.config.carry_frames))
    print(
        f"{found.examples} examples: loss {found.loss:.5f}; of the distance to the clean sound "
        f"{found.left:.1%} is left, {found.improved:.0%} came closer."
    )


def _export(options: Any) -> None:
    loaded, config = _model(options)
    network = trainable(loaded.net.requires_grad_(True))
    # A run is found again with its state; there is nothing to learn from here.
    nothing = [Example(*_silence(config), "")]
    trainer = FlowTrainer(
        network, batch_velocity(loaded.text, config), nothing, TrainSettings(),
        folder=options.state,
    )  # fmt: skip
    export(trainer, config, _checkpoint(options.checkpoint), options.out)
    print(f"The model of step {trainer.step} is in {options.out}.")


def _silence(config: SonicConfig) -> tuple[Any, Any]:
    import torch

    silence = torch.zeros(config.window_frames, config.in_channels)
    return silence, silence


def _model(options: Any) -> tuple[SonicModel, SonicConfig]:
    from mixmend.model.sonic_load import SonicModel, load_sonic
    from mixmend.model.sonic_net import SonicNet

    loaded = load_sonic(options.checkpoint, text_folder=options.text)
    if not (options.fresh or options.small):
        return loaded, loaded.config
    config = SMALL if options.small else loaded.config
    return SonicModel(config, SonicNet(config), loaded.text), config


def _checkpoint(folder: Path) -> Path:
    from mixmend.model.sonic_load import CHECKPOINT

    return folder / CHECKPOINT
