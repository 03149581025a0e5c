"""The waveform codec (Oobleck autoencoder, `diffusers`): 44.1 kHz stereo to latents and back.

Weight norm is folded into the weights, layers run in pieces (`codec_layers`), and long sound goes
through in tiles with as much context as the network can hear, so a tile equals the same place of
the whole to within rounding. Source: Evans et al. 2024, "Stable Audio Open".
"""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mixmend.model.codec_layers import (
    Convolved,
    Raised,
    Stage,
    Unit,
    decoder_stages,
    encoder_stages,
)
from mixmend.model.sonic_load import Precision, check_names, opened
from mixmend.model.workers import Beat
from mixmend.tools.audio import IN_MEMORY_SAMPLES, Audio, release
from mixmend.tools.errors import FileError

WEIGHTS = "diffusion_pytorch_model.safetensors"
_REACH = 39  # samples each side that three residual units hear: 3 * (1 + 3 + 9)

# What runs in bfloat16, the most first; each next one is about a tenth slower than the one before.
PRECISIONS = ("all", "residual units", "wide convolutions")
# Of the latents and of the sound, relative, on the sound that is tried when a codec is loaded: half
# of the 1e-2 that may be lost at most.
_TRIED_LIMIT = 5e-3
_TRIED_FRAMES = 6


@dataclass(frozen=True)
class Reach:
    """Latent frames each side that an encoded frame and a decoded frame depend on."""

    encode: int
    decode: int


def reach_of(ratios: list[int]) -> Reach:
    """Computed from the down-sampling ratios; kernels are those of the published codec."""
    hop = math.prod(ratios)
    rates = [math.prod(ratios[:i]) for i in range(len(ratios))]  # samples a step before block i
    encode = 3 + sum(_REACH * r + r * ratio for r, ratio in zip(rates, ratios, strict=True)) + hop
    after = [r * ratio for r, ratio in zip(rates, ratios, strict=True)]
    decode = 3 * hop + sum(after) + sum(_REACH * r for r in rates) + 3
    return Reach(-(-encode // hop), -(-decode // hop))


class OobleckCodec:
    """Encodes (mode of the posterior) and decodes; sound is (2, samples), latents (frames, 64).

    `halves` is what runs in bfloat16: one of PRECISIONS, or "nothing". `beat` is called many times
    a second while there is work; what it raises stops the work.
    """

    def __init__(self, model: Any, *, device: str = "cpu", tile: int = 320) -> None:
        self._encoder = encoder_stages(model.encoder)
        self._decoder = decoder_stages(model.decoder)
        self._device = device
        self.hop: int = int(model.hop_length)
        self.tile = tile
        self.reach = reach_of(list(model.config.downsampling_ratios))
        self.beat: Beat | None = None
        self.halves = "nothing"

    def encode(self, sound: Audio, frames: int) -> Tensor:
        """Latents (frames, channels) of a stereo sound at 44.1 kHz, silence past its end."""
        pieces = []
        for start, stop in _even(0, frames, self.tile):
            first, last = max(0, start - self.reach.encode), min(frames, stop + self.reach.encode)
            wave = torch.zeros(1, 2, (last - first) * self.hop)
            taken = sound.samples[:, first * self.hop : last * self.hop]
            wave[0, :, : taken.shape[1]] = torch.from_numpy(taken.copy())
            if sound.frames * sound.channels > IN_MEMORY_SAMPLES:
                release(sound.samples)
            found = self._through(self._encoder, wave)
            mean = found.chunk(2, dim=1)[0][0].T
            pieces.append(mean[start - first : stop - first].cpu())
        return torch.cat(pieces)

    def decode(self, latents: Tensor, start: int, stop: int) -> Tensor:
        """Sound (2, (stop - start) * hop) of frames [start, stop) of `latents` (frames, 64)."""
        pieces = []
        for first, last in _even(start, stop, self.tile):
            left = max(0, first - self.reach.decode)
            right = min(latents.shape[0], last + self.reach.decode)
            wave = self._through(self._decoder, latents[left:right].T[None])[0]
            inside = slice((first - left) * self.hop, (last - left) * self.hop)
            pieces.append(wave[:, inside].cpu())
        return torch.cat(pieces, dim=1)

    def _through(self, stages: list[Stage], x: Tensor) -> Tensor:
        x = x.to(self._device, torch.float32)
        with torch.inference_mode():
            for stage in stages:
                x = stage(x, self.beat)
        return x

    def use_halves(self, what: str) -> None:
        """Run that part of the convolutions in bfloat16, one of PRECISIONS or "nothing".

        The outermost convolutions and whatever runs along the residuals stay in full precision:
        they cost little, and errors there reach everything.
        """
        half, full = torch.bfloat16, torch.float32
        level = PRECISIONS.index(what) if what in PRECISIONS else len(PRECISIONS)
        for layer in self._layers():
            if isinstance(layer, Unit):
                layer.wide.weights.use(half if level < 3 else full)
                layer.narrow.weights.use(half if level < 2 else full)
            elif layer.snake is not None and not self._is_outer(layer):
                layer.weights.use(half if level < 1 else full)
        self.halves = what if what in PRECISIONS else "nothing"

    def settle(self, dtype: Precision) -> None:
        """Choose how much runs in bfloat16 by trying it on a short sound, and keep to it.

        With `fp32` nothing does. Weights that are not needed any more are let go.
        """
        if dtype == "bf16":
            self.use_halves(self._tried())
        for layer in self._layers():
            for part in (layer.wide, layer.narrow) if isinstance(layer, Unit) else (layer,):
                part.weights.settle()

    def _tried(self) -> str:
        sound = _tried_sound(_TRIED_FRAMES * self.hop)
        latents = self.encode(sound, _TRIED_FRAMES)
        wave = self.decode(latents, 0, _TRIED_FRAMES)
        for what in PRECISIONS:
            self.use_halves(what)
            lost = _relative(self.encode(sound, _TRIED_FRAMES), latents)
            if max(lost, _relative(self.decode(latents, 0, _TRIED_FRAMES), wave)) < _TRIED_LIMIT:
                return what
        return "nothing"

    def _layers(self) -> list[Convolved | Raised | Unit]:
        return [layer for stage in (*self._encoder, *self._decoder) for layer in stage.layers]

    def _is_outer(self, layer: Convolved | Raised) -> bool:
        return layer in (self._encoder[-1].layers[-1], self._decoder[-1].layers[-1])


def _even(start: int, stop: int, most: int) -> list[tuple[int, int]]:
    """[start, stop) in as few pieces of at most `most` as possible, all about as long."""
    count = -(-(stop - start) // most)
    edges = [start + (stop - start) * index // count for index in range(count + 1)]
    return list(itertools.pairwise(edges))


def _relative(value: Tensor, golden: Tensor) -> float:
    return float((value - golden).norm() / golden.norm().clamp(min=1e-12))


def _tried_sound(samples: int) -> Audio:
    """Two chords that die away and a little noise: sound as unlike a test tone as music is."""
    rng = np.random.default_rng(0)
    time_s = np.arange(samples) / 44100
    tones = rng.uniform(60, 6000, (2, 12, 1))
    waves = np.sin(2 * np.pi * tones * time_s + rng.uniform(0, 6.28, tones.shape)) / 12
    fades = np.exp(-rng.uniform(1, 20, tones.shape) * time_s)
    noise = 0.02 * rng.standard_normal((2, samples))
    return Audio(((waves * fades).sum(axis=1) + noise).astype(np.float32), 44100)


def load_codec(
    folder: Path, *, device: str = "cpu", dtype: Precision = "fp32", beat: Beat | None = None
) -> OobleckCodec:
    """The codec in `folder` (`config.json`, `diffusion_pytorch_model.safetensors`).

    `beat` is called between tensors, and while half precision is tried.

    Raises FileError when a file is missing, a key is unknown or missing, or a size is wrong.
    """
    config, path = folder / "config.json", folder / WEIGHTS
    for needed in (config, path):
        if not needed.exists():
            raise FileError(f"the codec's {needed.name} is missing; see `mixmend weights list`.")
    try:
        settings = json.loads(config.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FileError(f"{config} is not JSON; fetch it again.") from error
    model = _empty_model(settings)
    wanted = {name: tuple(value.shape) for name, value in model.named_parameters()}
    with opened(path, "cpu") as stored:
        sizes = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
        check_names(wanted, sizes, path)
        tensors = {}
        for name in wanted:
            if beat is not None:
                beat()
            tensors[name] = stored.get_tensor(name).float()
    return folded(model, tensors, device=device, dtype=dtype, beat=beat)


def random_codec(
    settings: dict[str, Any], *, seed: int = 0, device: str = "cpu", dtype: Precision = "fp32"
) -> OobleckCodec:
    """A codec of the given sizes with random weights: for timing and for tests, not for music."""
    torch.manual_seed(seed)
    weights = dict(build(settings).named_parameters())
    return folded(_empty_model(settings), weights, device=device, dtype=dtype)


def build(settings: dict[str, Any]) -> Any:
    """The autoencoder of `diffusers` with fresh weights, as its `config.json` describes it."""
    import warnings

    from mixmend.model.compat import allow_torchaudio

    allow_torchaudio()
    from diffusers import AutoencoderOobleck

    known = {name: value for name, value in settings.items() if not name.startswith("_")}
    with warnings.catch_warnings():
        # The published checkpoint is in the older form of weight norm.
        warnings.simplefilter("ignore", FutureWarning)
        make: Any = AutoencoderOobleck
        return make(**known)


def _empty_model(settings: dict[str, Any]) -> Any:
    with torch.device("meta"):
        return build(settings)


def folded(
    model: Any,
    tensors: dict[str, Tensor],
    *,
    device: str,
    dtype: Precision,
    beat: Beat | None = None,
) -> OobleckCodec:
    """The codec with weight norm multiplied out; with `bf16` what holds its accuracy runs in it."""
    for layer in model.modules():
        if hasattr(layer, "weight_g"):
            nn.utils.remove_weight_norm(layer)
    for name, _ in list(model.named_parameters()):
        if beat is not None:
            beat()
        owner, _, leaf = name.rpartition(".")
        if f"{name}_g" in tensors:
            value = torch._weight_norm(tensors[f"{name}_v"].detach(), tensors[f"{name}_g"], 0)
        else:
            value = tensors[name]
        frozen = nn.Parameter(value.detach().float(), requires_grad=False)
        setattr(model.get_submodule(owner), leaf, frozen)
    nn.Module.to(model.eval(), device)
    codec = OobleckCodec(model, device=device)
    codec.beat = beat
    codec.settle(dtype)
    codec.beat = None
    return codec
