"""The waveform codec (Oobleck autoencoder, `diffusers`): 44.1 kHz stereo to latents and back.

Weight norm is folded into the weights, residual units run in short pieces that stay in the cache,
and long sound goes through in tiles with as much context as the network can hear, so a tile equals
the same place of the whole to within rounding. Source: Evans et al. 2024, "Stable Audio Open".
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mixmend.model.sonic_load import Precision, check_names, opened
from mixmend.tools.audio import IN_MEMORY_SAMPLES, Audio, release
from mixmend.tools.errors import FileError

WEIGHTS = "diffusion_pytorch_model.safetensors"
_REACH = 39  # samples each side that three residual units hear: 3 * (1 + 3 + 9)

# Called between layers; may raise Cancelled.
Beat = Callable[[], None]


class _Snake(nn.Module):
    """x + sin(a x)^2 / b with its exponentials taken once."""

    def __init__(self, snake: Any) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.exp(snake.alpha), requires_grad=False)
        self.share = nn.Parameter(1.0 / (torch.exp(snake.beta) + 1e-9), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        wave = torch.sin(self.alpha * x)
        return torch.addcmul(x, wave.mul_(wave), self.share)


class _Unit(nn.Module):
    """A residual unit that walks through time in pieces; the same result, out of the cache."""

    def __init__(self, unit: Any, piece: int) -> None:
        super().__init__()
        self.snake1, self.conv1 = unit.snake1, unit.conv1
        self.snake2, self.conv2 = unit.snake2, unit.conv2
        self.piece = piece

    def forward(self, x: Tensor) -> Tensor:
        reach, length = self.conv1.padding[0], x.shape[-1]
        weight, bias = self.conv1.weight, self.conv1.bias
        out = torch.empty_like(x)
        for start in range(0, length, self.piece):
            stop = min(start + self.piece, length)
            first, last = max(0, start - reach), min(length, stop + reach)
            y = self.snake1(x[..., first:last]).to(weight.dtype)
            # Zeros beyond the ends, as the whole convolution pads.
            y = F.pad(y, (first - (start - reach), stop + reach - last))
            y = F.conv1d(y, weight, bias, dilation=self.conv1.dilation).to(x.dtype)
            y = self.conv2(self.snake2(y).to(weight.dtype))
            out[..., start:stop] = x[..., start:stop] + y
        return out


class _Half(nn.Module):
    """A convolution in its own precision between layers in full precision."""

    def __init__(self, conv: Any) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.conv(x.to(self.conv.weight.dtype))
        return found.to(x.dtype)


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
    """Encodes (mode of the posterior) and decodes; sound is (2, samples), latents (frames, 64)."""

    def __init__(self, model: Any, *, device: str = "cpu", tile: int = 320) -> None:
        self._model = model
        self._device = device
        self.hop: int = int(model.hop_length)
        self.tile = tile
        self.reach = reach_of(list(model.config.downsampling_ratios))
        self.beat: Beat | None = None
        for layer in model.modules():
            if isinstance(layer, _Unit | nn.Conv1d | nn.ConvTranspose1d):
                layer.register_forward_pre_hook(self._tick)

    def _tick(self, _layer: nn.Module, _args: tuple[Any, ...]) -> None:
        if self.beat is not None:
            self.beat()

    def encode(self, sound: Audio, frames: int) -> Tensor:
        """Latents (frames, channels) of a stereo sound at 44.1 kHz, silence past its end."""
        pieces = []
        for start in range(0, frames, self.tile):
            stop = min(start + self.tile, frames)
            first, last = max(0, start - self.reach.encode), min(frames, stop + self.reach.encode)
            wave = torch.zeros(1, 2, (last - first) * self.hop)
            taken = sound.samples[:, first * self.hop : last * self.hop]
            wave[0, :, : taken.shape[1]] = torch.from_numpy(taken.copy())
            if sound.frames * sound.channels > IN_MEMORY_SAMPLES:
                release(sound.samples)
            with torch.inference_mode():
                found = self._model.encoder(wave.to(self._device))
            mean = found.chunk(2, dim=1)[0][0].T
            pieces.append(mean[start - first : stop - first].float().cpu())
        return torch.cat(pieces)

    def decode(self, latents: Tensor, start: int, stop: int) -> Tensor:
        """Sound (2, (stop - start) * hop) of frames [start, stop) of `latents` (frames, 64)."""
        pieces = []
        for first in range(start, stop, self.tile):
            last = min(first + self.tile, stop)
            left = max(0, first - self.reach.decode)
            right = min(latents.shape[0], last + self.reach.decode)
            fed = latents[left:right].T[None].to(self._device)
            with torch.inference_mode():
                wave = self._model.decoder(fed)[0]
            inside = slice((first - left) * self.hop, (last - left) * self.hop)
            pieces.append(wave[:, inside].float().cpu())
        return torch.cat(pieces, dim=1)


def load_codec(folder: Path, *, device: str = "cpu", dtype: Precision = "fp32") -> OobleckCodec:
    """The codec in `folder` (`config.json`, `diffusion_pytorch_model.safetensors`).

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
        tensors = {name: stored.get_tensor(name).float() for name in wanted}
    return folded(model, tensors, device=device, dtype=dtype)


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
    model: Any, tensors: dict[str, Tensor], *, device: str, dtype: Precision
) -> OobleckCodec:
    """The codec with weight norm multiplied out and its layers exchanged for the quicker ones."""
    for layer in model.modules():
        if hasattr(layer, "weight_g"):
            nn.utils.remove_weight_norm(layer)
    for name, _ in list(model.named_parameters()):
        owner, _, leaf = name.rpartition(".")
        if f"{name}_g" in tensors:
            value = torch._weight_norm(tensors[f"{name}_v"].detach(), tensors[f"{name}_g"], 0)
        else:
            value = tensors[name]
        frozen = nn.Parameter(value.detach().float().clone(), requires_grad=False)
        setattr(model.get_submodule(owner), leaf, frozen)
    piece = 1 << 62 if device != "cpu" else 8192
    _exchange(model, piece, torch.bfloat16 if dtype == "bf16" else torch.float32)
    nn.Module.to(model.eval(), device)
    return OobleckCodec(model, device=device)


def _exchange(module: nn.Module, piece: int, work: torch.dtype) -> None:
    """Quicker layers in place of the plain ones; `work` is the precision of convolutions.

    What runs along the residuals stays in full precision, as do the outermost convolutions: they
    are cheap, and in bfloat16 the latents would be off by several hundredths.
    """
    for name, child in list(module.named_children()):
        kind = type(child).__name__
        if kind == "Snake1d":
            setattr(module, name, _Snake(child))
        elif kind == "OobleckResidualUnit":
            _exchange_snakes(child)
            child.conv1.to(work)
            child.conv2.to(work)
            setattr(module, name, _Unit(child, piece))
        elif kind in ("OobleckEncoderBlock", "OobleckDecoderBlock"):
            _exchange(child, piece, work)
            inner = "conv1" if kind == "OobleckEncoderBlock" else "conv_t1"
            setattr(child, inner, _Half(getattr(child, inner).to(work)))
        else:
            _exchange(child, piece, work)


def _exchange_snakes(unit: Any) -> None:
    unit.snake1, unit.snake2 = _Snake(unit.snake1), _Snake(unit.snake2)
