"""The mendflow network: a small flow transformer over log mel frames, and a head for the song.

The velocity at a state is the sum of two parts. The *tone head* hears statistics of the whole song
and the request, and answers with one gain a band: what a filter did is the same everywhere. The
flow transformer (Flux, `diffusers`; the blocks of engine `sonicmaster`, small) hears a window of
frames, four to a token, and answers with what changes in time. Requests come as one MiniLM vector
a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mixmend.model.embed import DIMENSIONS as TEXT_WIDTH
from mixmend.model.mend_mel import BANDS, SIDES
from mixmend.model.mend_stats import SIZE

DB = 10.0  # one unit of the network's states and velocities
LEVEL_DB = -60.0  # what the network hears as zero, in a song brought to its own level


@dataclass(frozen=True)
class MendConfig:
    """Sizes: frames to a token and to a window, width and depth of the head and the transformer."""

    patch: int = 4
    window_frames: int = 512
    head_width: int = 512
    head_drop: float = 0.1
    heads: int = 4
    head_dim: int = 64
    layers: int = 2
    single_layers: int = 4

    def __post_init__(self) -> None:
        if self.window_frames % self.patch:
            raise ValueError("a window must be a whole number of tokens")


class ToneHead(nn.Module):
    """From song statistics and request to one velocity a band, and to what the blocks are told."""

    def __init__(self, config: MendConfig) -> None:
        super().__init__()
        width = config.head_width
        self.hear = nn.Linear(SIZE, width)
        self.ask_scale = nn.Linear(TEXT_WIDTH, width)
        self.ask_shift = nn.Linear(TEXT_WIDTH, width)
        self.think = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.answer = nn.Linear(width, SIDES * BANDS)
        self.drop = nn.Dropout(config.head_drop)

    def forward(self, features: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """`features` (batch, 1729), `text` (batch, 384): velocities (batch, 2, 96), hidden."""
        heard = self.hear(self.drop(features))
        x = nn.functional.silu(heard * (1 + self.ask_scale(text)) + self.ask_shift(text))
        for layer in self.think:
            x = x + nn.functional.silu(layer(self.drop(x)))
        return self.answer(x).unflatten(1, (SIDES, BANDS)), x


class MendNet(nn.Module):
    """Velocity of windows (batch, frames, 192) told the song's statistics and the sentences."""

    def __init__(self, config: MendConfig) -> None:
        from mixmend.model.compat import allow_torchaudio

        allow_torchaudio()
        from diffusers import FluxTransformer2DModel

        super().__init__()
        self.config = config
        self.tone = ToneHead(config)
        half = (config.head_dim - config.head_dim // 4) // 2
        # The library gives its classes no types.
        build: Any = FluxTransformer2DModel
        self.transformer: Any = build(
            in_channels=SIDES * BANDS * config.patch,
            num_layers=config.layers,
            num_single_layers=config.single_layers,
            attention_head_dim=config.head_dim,
            num_attention_heads=config.heads,
            joint_attention_dim=TEXT_WIDTH,
            pooled_projection_dim=config.head_width,
            guidance_embeds=False,
            axes_dims_rope=(config.head_dim - 2 * half, half, half),
        )
        # At first the transformer adds nothing to what the tone head says.
        nn.init.zeros_(self.transformer.proj_out.weight)
        nn.init.zeros_(self.transformer.proj_out.bias)

    def forward(self, state: Tensor, time: Tensor, features: Tensor, sentences: Tensor) -> Tensor:
        """`state` (batch, frames, 192), `time` (batch,) 1 damaged to 0 clean, `features` (batch,
        1729), `sentences` (batch, 4, 384), zeros where there is none; velocity like `state`.
        """
        batch, frames, channels = state.shape
        patch = self.config.patch
        tokens = frames // patch
        tone, told = self.tone(features, sentences.sum(1))
        positions = torch.arange(tokens, device=state.device)[:, None].expand(tokens, 3)
        moved: Tensor = self.transformer(
            hidden_states=state.reshape(batch, tokens, patch * channels),
            encoder_hidden_states=sentences,
            pooled_projections=told,
            timestep=time,
            img_ids=positions,
            txt_ids=torch.zeros(sentences.shape[1], 3, device=state.device),
            return_dict=False,
        )[0]
        velocity: Tensor = moved.reshape(batch, frames, channels) + tone.flatten(1)[:, None]
        return velocity


def to_state(mel_db: Tensor, shift_db: float) -> Tensor:
    """Levels (2, frames, 96) of a song as the network's state (frames, 192)."""
    state: Tensor = ((mel_db + shift_db - LEVEL_DB) / DB).permute(1, 0, 2).flatten(1)
    return state
