"""Training of the SonicMaster network: pre-encoding, its conditions in batches, export.

Text encoder and codec are frozen. `accelerate launch -m mixmend.model.train_sonic --help`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixmend.model.sonic_config import HOP, RATE_HZ, SMALL, SonicConfig
from mixmend.model.train_flow import Batch, Example, FlowTrainer, TrainSettings
from mixmend.tools.errors import FileError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from mixmend.model.codec_oobleck import OobleckCodec
    from mixmend.model.sonic_text import SonicText
    from mixmend.model.train_flow import BatchVelocity
    from mixmend.tools.audio import Audio


def batch_velocity(text: SonicText, config: SonicConfig) -> BatchVelocity:
    """The network's velocity for a training batch, instructions filled up to one length."""

    def velocity(network: nn.Module, state: Tensor, time: Tensor, batch: Batch) -> Tensor:
        import torch

        from mixmend.model.sonic_net import TextStates

        longest = max(text.encode(prompt).states.shape[1] for prompt in batch.prompts)
        encoded = [text.encode(prompt, longest) for prompt in batch.prompts]
        states = TextStates(
            torch.cat([one.states for one in encoded]), torch.cat([one.mask for one in encoded])
        )
        seconds = torch.full((len(encoded),), config.max_duration)
        found: Tensor = network(state, time, states, seconds, batch.carried)
        return found

    return velocity


def trainable(network: Any) -> nn.Module:
    """A SonicNet called with text and carried sound in one forward pass, as several GPUs need."""
    import torch
    from torch import nn

    class Trained(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(
            self, state: Tensor, time: Tensor, text: Any, seconds: Tensor,
            carried: Sequence[Tensor | None],
        ) -> Tensor:  # fmt: skip
            told = self.network.condition(text, seconds)
            if any(one is not None for one in carried):
                some = next(one for one in carried if one is not None)
                sound = torch.stack([torch.zeros_like(some) if c is None else c for c in carried])
                with_sound = self.network.condition(text, seconds, sound)
                chosen = torch.tensor([c is not None for c in carried], device=state.device)
                pooled = torch.where(chosen[:, None], with_sound.pooled, told.pooled)
                told = type(told)(told.tokens, pooled)
            found: Tensor = self.network(state, time, told)
            return found

    return Trained()


def pre_encode(
    pairs: Iterable[tuple[Audio, Audio, str]], codec: OobleckCodec, config: SonicConfig, out: Path
) -> int:
    """Encode (damaged, clean, request) at 44.1 kHz stereo once and for all; returns how many.

    One safetensors file a pair: `degraded`, `clean` (frames, channels), the request in the header.
    """
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    count = 0
    for degraded, clean, prompt in pairs:
        tensors = {
            "degraded": codec.encode(degraded, config.window_frames).contiguous(),
            "clean": codec.encode(clean, config.window_frames).contiguous(),
        }
        seconds = min(clean.frames / RATE_HZ, config.window_frames * HOP / RATE_HZ)
        header = {"prompt": prompt, "seconds": f"{seconds:.3f}"}
        save_file(tensors, out / f"{count:07d}.safetensors", metadata=header)
        count += 1
    return count


class EncodedFolder(Sequence[Example]):
    """Examples written by `pre_encode`, read when they are asked for.

    The carried sound is the clean beginning, a third of a window long, as in the published recipe.
    """

    def __init__(self, folder: Path, carry_frames: int) -> None:
        self._paths = sorted(folder.glob("*.safetensors"))
        self._carry = carry_frames
        if not self._paths:
            raise FileError(f"there are no encoded examples in {folder}; run pre-encoding first.")

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: Any) -> Any:
        from safetensors import safe_open

        with safe_open(self._paths[index], framework="pt") as stored:
            degraded, clean = stored.get_tensor("degraded"), stored.get_tensor("clean")
            return Example(degraded, clean, stored.metadata()["prompt"], clean[: self._carry])


def export(trainer: FlowTrainer, config: SonicConfig, text_checkpoint: Path, out: Path) -> None:
    """Write `model.safetensors` and `config.json` in the published layout, averaged weights.

    The frozen text encoder is copied from `text_checkpoint`, the checkpoint it was loaded from.
    """
    from safetensors import safe_open
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    tensors = {
        name.removeprefix("network."): value.float().cpu().contiguous()
        for name, value in trainer.averaged().items()
    }
    with safe_open(text_checkpoint, framework="pt") as stored:
        for name in stored.keys():  # noqa: SIM118
            if name.startswith("text_encoder."):
                tensors[name] = stored.get_tensor(name)
    settings = {"model": asdict(config)}
    header = {"config": json.dumps(settings), "training": json.dumps(asdict(trainer.settings))}
    save_file(tensors, out / "model.safetensors", metadata=header)
    (out / "config.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on a folder of encoded examples; start it with `accelerate launch` for several GPUs."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("examples", type=Path, help="folder written by pre-encoding")
    parser.add_argument("out", type=Path, help="folder for the state and the exported model")
    parser.add_argument("--start", type=Path, required=True, help="checkpoint folder to start from")
    parser.add_argument("--text", type=Path, help="folder of the text encoder's configuration")
    parser.add_argument("--fresh", action="store_true", help="random weights instead")
    parser.add_argument("--small", action="store_true", help="the small variant (fresh)")
    parser.add_argument("--steps", type=int, default=TrainSettings.steps)
    parser.add_argument("--batch", type=int, default=TrainSettings.batch)
    options = parser.parse_args(arguments)
    from accelerate import Accelerator

    from mixmend.model.sonic_load import CHECKPOINT, load_sonic
    from mixmend.model.sonic_net import SonicNet

    accelerator: Any = Accelerator()
    loaded = load_sonic(options.start, text_folder=options.text)
    config = SMALL if options.small else loaded.config
    network = SonicNet(config) if options.fresh or options.small else loaded.net
    network = network.requires_grad_(True).train().to(accelerator.device)
    settings = TrainSettings(steps=options.steps, batch=options.batch)
    trainer = FlowTrainer(
        trainable(network), batch_velocity(loaded.text, config),
        EncodedFolder(options.examples, config.carry_frames), settings,
        folder=options.out, accelerator=accelerator,
    )  # fmt: skip
    for done in trainer.train():
        if done.step % 50 == 0 and accelerator.is_main_process:
            print(f"step {done.step}: loss {done.loss:.5f}, rate {done.learning_rate:.2e}")
    if accelerator.is_main_process:
        export(trainer, config, options.start / CHECKPOINT, options.out)


if __name__ == "__main__":
    main()
