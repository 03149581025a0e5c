"""Training of the SonicMaster network: pre-encoding, its conditions in batches, tests, export.

Text encoder and codec are frozen. From the command line:
`python -m mixmend.model.train_sonic encode|train|evaluate|export --help`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixmend.model.sonic_config import HOP, RATE_HZ, SonicConfig
from mixmend.model.train_flow import Batch, Example, FlowTrainer
from mixmend.tools.errors import FileError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from mixmend.model.codec_oobleck import OobleckCodec
    from mixmend.model.sonic_examples import Pair
    from mixmend.model.sonic_load import SonicModel
    from mixmend.model.sonic_text import SonicText
    from mixmend.model.train_flow import BatchVelocity


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
            some = next((one for one in carried if one is not None), None)
            if some is None:
                some = state[0, : network.config.carry_frames]
            sound = torch.stack([torch.zeros_like(some) if c is None else c for c in carried])
            # Heard by none, it is still computed: with several processes every parameter must
            # have a gradient, if only zero.
            with_sound = self.network.condition(text, seconds, sound)
            chosen = torch.tensor([c is not None for c in carried], device=state.device)
            pooled = torch.where(chosen[:, None], with_sound.pooled, told.pooled)
            told = type(told)(told.tokens, pooled)
            found: Tensor = self.network(state, time, told)
            return found

    return Trained()


def pre_encode(pairs: Iterable[Pair], codec: OobleckCodec, config: SonicConfig, out: Path) -> int:
    """Encode damaged and clean sound at 44.1 kHz stereo once and for all; returns how many.

    One safetensors file a pair: `degraded`, `clean` (frames, channels), the request in the header.
    """
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    count = 0
    for pair in pairs:
        tensors = {
            "degraded": codec.encode(pair.degraded, config.window_frames).contiguous(),
            "clean": codec.encode(pair.clean, config.window_frames).contiguous(),
        }
        seconds = min(pair.clean.frames / RATE_HZ, config.window_frames * HOP / RATE_HZ)
        header = {"prompt": pair.prompt, "seconds": f"{seconds:.3f}"}
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


@dataclass(frozen=True)
class Evaluation:
    """How a model does on examples it has not learnt from.

    `loss` is the mean square of the velocity's error at nine times; `left` the share of the latent
    distance to the clean sound that is left after a whole run, the mean over examples; `improved`
    the share of examples that came closer.
    """

    examples: int
    loss: float
    left: float
    improved: float


def evaluate(model: SonicModel, examples: Sequence[Example], *, steps: int = 10) -> Evaluation:
    """Loss and whole runs of `model` on `examples`, each with its own request, nothing carried."""
    from mixmend.model.flow_solver import integrate
    from mixmend.model.sonic_velocity import Asked, SonicVelocity

    losses, lefts = [], []
    for example in (examples[index] for index in range(len(examples))):
        degraded, clean = example.degraded[None], example.clean[None]
        velocity = SonicVelocity(model, Asked(example.prompt, duration_s=model.config.max_duration))
        for tenth in range(1, 10):
            state = degraded + tenth / 10 * (clean - degraded)
            found = velocity(state, 1 - tenth / 10)
            losses.append(float(((found - (clean - degraded)) ** 2).mean()))
        end = integrate(velocity, degraded, steps=steps)
        distance = (degraded - clean).norm().clamp(min=1e-9)
        lefts.append(float((end - clean).norm() / distance))
    return Evaluation(
        len(lefts), sum(losses) / len(losses), sum(lefts) / len(lefts),
        sum(left < 1 for left in lefts) / len(lefts),
    )  # fmt: skip


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


if __name__ == "__main__":
    from mixmend.model.train_sonic_main import main

    main()
