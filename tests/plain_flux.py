"""The published forward pass written out with plain tensor algebra, to compare with.

Nothing here comes from diffusers or from the package: names of the checkpoint in, numbers out.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

Weights = dict[str, Tensor]


def linear(w: Weights, name: str, x: Tensor) -> Tensor:
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def norm(x: Tensor) -> Tensor:
    mean = x.mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(((x - mean) ** 2).mean(-1, keepdim=True) + 1e-6)


def rms(x: Tensor, weight: Tensor) -> Tensor:
    return x / torch.sqrt((x**2).mean(-1, keepdim=True) + 1e-6) * weight


def gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def angles(positions: Tensor) -> Tensor:
    """(tokens, 64) angles: axes of 16, 56 and 56 numbers, the same position on each."""
    parts = []
    for width in (16, 56, 56):
        speed = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
        parts.append(positions.double()[:, None] * speed)
    return torch.cat(parts, 1)


def turn(x: Tensor, angle: Tensor) -> Tensor:
    """Rotate neighbouring pairs of (heads, tokens, 128)."""
    cos, sin = angle.cos().float(), angle.sin().float()
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


def heads(x: Tensor) -> Tensor:
    return x.reshape(x.shape[0], -1, 128).transpose(0, 1)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    weight = torch.softmax(query @ key.transpose(1, 2) / math.sqrt(128), -1)
    return (weight @ value).transpose(0, 1).flatten(1)


def time_vector(w: Weights, time: float, pooled: Tensor) -> Tensor:
    speed = torch.exp(-math.log(10000) * torch.arange(128) / 128)
    wave = torch.cat((torch.cos(1000 * time * speed), torch.sin(1000 * time * speed)))
    base = "transformer.time_text_embed"
    moment = linear(w, f"{base}.timestep_embedder.linear_1", wave)
    moment = linear(w, f"{base}.timestep_embedder.linear_2", F.silu(moment))
    words = linear(w, f"{base}.text_embedder.linear_1", pooled)
    return moment + linear(w, f"{base}.text_embedder.linear_2", F.silu(words))


def double_block(w: Weights, name: str, x: Tensor, c: Tensor, temb: Tensor, angle: Tensor):
    sound = linear(w, f"{name}.norm1.linear", F.silu(temb)).chunk(6)
    words = linear(w, f"{name}.norm1_context.linear", F.silu(temb)).chunk(6)
    xn = norm(x) * (1 + sound[1]) + sound[0]
    cn = norm(c) * (1 + words[1]) + words[0]
    a = f"{name}.attn"

    def pair(to_x: str, to_c: str, scale_x: str = "", scale_c: str = "") -> Tensor:
        left, right = heads(linear(w, f"{a}.{to_c}", cn)), heads(linear(w, f"{a}.{to_x}", xn))
        if scale_x:
            left = rms(left, w[f"{a}.{scale_c}.weight"])
            right = rms(right, w[f"{a}.{scale_x}.weight"])
        return torch.cat((left, right), 1)

    query = turn(pair("to_q", "add_q_proj", "norm_q", "norm_added_q"), angle)
    key = turn(pair("to_k", "add_k_proj", "norm_k", "norm_added_k"), angle)
    mixed = attend(query, key, pair("to_v", "add_v_proj"))
    words_out, sound_out = mixed[: len(c)], mixed[len(c) :]
    x = x + sound[2] * linear(w, f"{a}.to_out.0", sound_out)
    c = c + words[2] * linear(w, f"{a}.to_add_out", words_out)
    for_x = norm(x) * (1 + sound[4]) + sound[3]
    for_c = norm(c) * (1 + words[4]) + words[3]
    x = x + sound[5] * linear(
        w, f"{name}.ff.net.2", gelu(linear(w, f"{name}.ff.net.0.proj", for_x))
    )
    c = c + words[5] * linear(
        w, f"{name}.ff_context.net.2", gelu(linear(w, f"{name}.ff_context.net.0.proj", for_c))
    )
    return x, c


def single_block(w: Weights, name: str, both: Tensor, temb: Tensor, angle: Tensor) -> Tensor:
    shift, scale, gate = linear(w, f"{name}.norm.linear", F.silu(temb)).chunk(3)
    n = norm(both) * (1 + scale) + shift
    a = f"{name}.attn"
    query = turn(rms(heads(linear(w, f"{a}.to_q", n)), w[f"{a}.norm_q.weight"]), angle)
    key = turn(rms(heads(linear(w, f"{a}.to_k", n)), w[f"{a}.norm_k.weight"]), angle)
    mixed = attend(query, key, heads(linear(w, f"{a}.to_v", n)))
    wide = torch.cat((mixed, gelu(linear(w, f"{name}.proj_mlp", n))), 1)
    return both + gate * linear(w, f"{name}.proj_out", wide)


def condition(
    w: Weights, states: Tensor, words: int, seconds: float, carried: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Tokens and pooled vector; `states` (tokens, width) of which the first `words` are words."""
    text = F.relu(linear(w, "fc_text.0", states[:words].mean(0)))
    audio = torch.zeros_like(text)
    if carried is not None:
        x = carried.T[None]
        for index, pad in ((0, 2), (2, 2), (4, 3)):
            name = f"audio_cond.{index}"
            x = F.relu(F.conv1d(x, w[f"{name}.weight"], w[f"{name}.bias"], stride=2, padding=pad))
        audio = F.relu(linear(w, "audio_cond.8", x[0].mean(-1)))
    pooled = F.relu(linear(w, "fc_text_audio.0", torch.cat((text, audio))))
    base = "duration_emebdder.time_positional_embedding"
    share = torch.tensor([min(max(seconds, 0.0), 30.0) / 30.0])
    angle = 2 * math.pi * share * w[f"{base}.0.weights"]
    token = linear(w, f"{base}.1", torch.cat((share, angle.sin(), angle.cos())))
    return torch.cat((states, token[None])), pooled


def velocity(w: Weights, latents: Tensor, time: float, tokens: Tensor, pooled: Tensor) -> Tensor:
    """Velocity (frames, 64) of latents (frames, 64) at a time from 1 to 0."""
    x = linear(w, "transformer.x_embedder", latents)
    c = linear(w, "transformer.context_embedder", tokens)
    temb = time_vector(w, time, pooled)
    angle = angles(torch.cat((torch.zeros(len(c)), torch.arange(len(x)))))
    for index in range(_count(w, "transformer.transformer_blocks.")):
        x, c = double_block(w, f"transformer.transformer_blocks.{index}", x, c, temb, angle)
    both = torch.cat((c, x))
    for index in range(_count(w, "transformer.single_transformer_blocks.")):
        name = f"transformer.single_transformer_blocks.{index}"
        both = single_block(w, name, both, temb, angle)
    scale, shift = linear(w, "transformer.norm_out.linear", F.silu(temb)).chunk(2)
    return linear(w, "transformer.proj_out", norm(both[len(c) :]) * (1 + scale) + shift)


def _count(w: Weights, prefix: str) -> int:
    return 1 + max(int(k[len(prefix) :].split(".")[0]) for k in w if k.startswith(prefix))
