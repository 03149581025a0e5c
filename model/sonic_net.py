"""The SonicMaster network: what its published checkpoint holds, without the text encoder.

A flow transformer over latent frames (Flux, `diffusers`) that gives the velocity from a degraded
recording to a clean one, told by an instruction, a duration and, if there is one, the sound before.
Source: Melechovsky et al. 2025, "SonicMaster" (arXiv 2508.03448).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mixmend.model.sonic_config import SonicConfig

_FOURIER_WIDTH = 256
_FED = ("hidden_states", "encoder_hidden_states", "temb")


@dataclass(frozen=True, eq=False)
class TextStates:
    """What the text encoder gives: `states` (1, tokens, width), `mask` (1, tokens), 1 is a word."""

    states: Tensor
    mask: Tensor


@dataclass(frozen=True, eq=False)
class Condition:
    """What the transformer is told: `tokens` (1, n, width) and `pooled` (1, width)."""

    tokens: Tensor
    pooled: Tensor


class _Fourier(nn.Module):
    """A number as itself followed by sines and cosines at learnt frequencies."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.randn(width // 2))

    def forward(self, number: Tensor) -> Tensor:
        """`number` (batch,) to (batch, width + 1)."""
        number = number[..., None]
        angle = number * self.weights[None] * (2 * math.pi)
        return torch.cat((number, angle.sin(), angle.cos()), dim=-1)


class _Duration(nn.Module):
    """Seconds, 0 to `max_duration_s`, as one token."""

    def __init__(self, width: int, max_duration_s: float) -> None:
        super().__init__()
        self.max_duration_s = max_duration_s
        self.time_positional_embedding = nn.Sequential(
            _Fourier(_FOURIER_WIDTH), nn.Linear(_FOURIER_WIDTH + 1, width)
        )

    def forward(self, seconds: Tensor) -> Tensor:
        """`seconds` (batch,) to (batch, 1, width)."""
        share = seconds.clamp(0.0, self.max_duration_s) / self.max_duration_s
        dtype = self.time_positional_embedding[1].weight.dtype
        token: Tensor = self.time_positional_embedding(share.to(dtype))  # type: ignore[arg-type]
        return token[:, None]


class SonicNet(nn.Module):
    """The published network; its parameter names are those of the checkpoint (typo included)."""

    def __init__(self, config: SonicConfig) -> None:
        from mixmend.model.compat import allow_torchaudio

        allow_torchaudio()
        from diffusers import FluxTransformer2DModel

        super().__init__()
        width = config.joint_attention_dim
        self.config = config
        # The library gives its classes no types.
        build: Any = FluxTransformer2DModel
        self.transformer: Any = build(
            in_channels=config.in_channels,
            num_layers=config.num_layers,
            num_single_layers=config.num_single_layers,
            attention_head_dim=config.attention_head_dim,
            num_attention_heads=config.num_attention_heads,
            joint_attention_dim=width,
            pooled_projection_dim=width,
            guidance_embeds=False,
        )
        self.fc_text = nn.Sequential(nn.Linear(width, width), nn.ReLU())
        self.fc_text_audio = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU())
        self.audio_cond = nn.Sequential(
            nn.Conv1d(config.in_channels, 128, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv1d(128, 256, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv1d(256, 512, 7, stride=2, padding=3),
            nn.ReLU(),
            nn.AdaptiveAvgPool1d(1),
            nn.Flatten(),
            nn.Linear(512, width),
            nn.ReLU(),
        )
        self.duration_emebdder = _Duration(width, config.max_duration)

    @property
    def device(self) -> torch.device:
        return self.fc_text[0].weight.device  # type: ignore[return-value]

    @property
    def dtype(self) -> torch.dtype:
        return self.fc_text[0].weight.dtype  # type: ignore[return-value]

    def condition(
        self, text: TextStates, duration_s: Tensor, audio: Tensor | None = None
    ) -> Condition:
        """Text, duration and sound before as the transformer wants them.

        `text` (batch, tokens, width), `duration_s` (batch,), `audio` latents (batch, frames,
        channels) of the sound before; without it the pooled audio vector is zero.
        """
        states = text.states.to(self.device, self.dtype)
        mask = text.mask.to(self.device, self.dtype)[..., None]
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1.0)
        pooled_text = self.fc_text(mean)
        if audio is None:
            pooled_audio = torch.zeros_like(pooled_text)
        else:
            # The model never saw more of the sound before than a third of a window.
            audio = audio[:, : self.config.carry_frames]
            pooled_audio = self.audio_cond(audio.to(self.device, self.dtype).transpose(1, 2))
        pooled = self.fc_text_audio(torch.cat((pooled_text, pooled_audio), dim=-1))
        seconds = duration_s.to(self.device, torch.float32)
        duration = self.duration_emebdder(seconds)
        return Condition(torch.cat((states, duration.expand(len(states), -1, -1)), 1), pooled)

    def forward(self, latents: Tensor, time: Tensor, condition: Condition) -> Tensor:
        """Velocity (batch, frames, channels) at `latents` and `time` (batch,), 1 degraded, 0 clean.

        A condition of batch one serves every item.
        """
        batch, frames = latents.shape[0], latents.shape[1]
        tokens = condition.tokens.expand(batch, -1, -1)
        positions = torch.arange(frames, device=latents.device)[:, None].expand(frames, 3)
        velocity: Tensor = self.transformer(
            hidden_states=latents.to(self.dtype),
            encoder_hidden_states=tokens,
            pooled_projections=condition.pooled.expand(batch, -1),
            timestep=time.to(latents.device),
            img_ids=positions,
            txt_ids=torch.zeros(tokens.shape[1], 3, device=latents.device),
            return_dict=False,
        )[0]
        return velocity.to(latents.dtype)


def is_block(name: str) -> bool:
    """Whether a parameter of SonicNet is inside the transformer's blocks, where the work is."""
    return name.startswith(("transformer.transformer_blocks.", "transformer.single_transformer_"))


def run_blocks_as(net: SonicNet, dtype: torch.dtype) -> None:
    """Let the blocks, whose parameters are `dtype` already, be fed in `dtype`.

    Time, text and the ends of the network stay in full precision: a time of 0.9 told in bfloat16
    would be another time.
    """

    def feed(_block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        fed = {
            name: value.to(dtype) if name in _FED and isinstance(value, Tensor) else value
            for name, value in kwargs.items()
        }
        return args, fed

    def give(_norm: nn.Module, args: tuple[Any, ...]) -> Any:
        return tuple(value.to(torch.float32) for value in args)

    blocks = [*net.transformer.transformer_blocks, *net.transformer.single_transformer_blocks]
    for block in blocks:
        block.register_forward_pre_hook(feed, with_kwargs=True)
    net.transformer.norm_out.register_forward_pre_hook(give)
