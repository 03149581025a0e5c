"""The codec's layers as they run quickest: several at a time on short pieces, side by side.

A stage is a few layers that a piece of sound goes through at once, so what lies between them stays
in the cache and is never stored whole. Each worker takes piece after piece with operations of a
single thread: several threads inside one small operation mostly wait for each other, the more so
on a machine that has other work. On a GPU a stage is one piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from mixmend.model.codec_snake import Snake
from mixmend.model.workers import Beat, each

_PIECE_BYTES = 4 << 20  # of one activation on a CPU


class Weights:
    """Weights of a convolution, kept in full until the precision they are used in is settled."""

    def __init__(self, conv: Any) -> None:
        self.full: Tensor | None = conv.weight.detach()
        self.now: Tensor = conv.weight.detach()
        self.bias: Tensor | None = None if conv.bias is None else conv.bias.detach()
        self.used_bias = self.bias

    def use(self, dtype: torch.dtype) -> None:
        """Compute in `dtype` from now on."""
        assert self.full is not None
        self.now = self.full.to(dtype)
        self.used_bias = None if self.bias is None else self.bias.to(dtype)

    def settle(self) -> None:
        """Let go of the weights in full."""
        self.full = None


class Convolved:
    """A convolution, after a snake or not; in and out in full precision."""

    def __init__(self, conv: Any, snake: Any = None) -> None:
        self.weights = Weights(conv)
        self.snake = None if snake is None else Snake(snake)
        self.stride, self.pad = int(conv.stride[0]), int(conv.padding[0])
        self.dilation = int(conv.dilation[0])
        self.width = (int(conv.kernel_size[0]) - 1) * self.dilation + 1
        self.channels_in, self.channels = int(conv.in_channels), int(conv.out_channels)

    def length(self, samples: int) -> int:
        """How many samples come out of so many."""
        return (samples + 2 * self.pad - self.width) // self.stride + 1

    def need(self, start: int, stop: int) -> tuple[int, int]:
        """The samples that the outputs [start, stop) are made of; may lie beyond the ends."""
        first = start * self.stride - self.pad
        return first, (stop - 1) * self.stride - self.pad + self.width

    def run(self, x: Tensor, first: int, start: int, stop: int) -> Tensor:
        """Outputs [start, stop) of a sound of which `x` (batch, channels, n) begins at `first`.

        `x` holds all that is needed but what lies beyond the ends of the sound, which is silence.
        """
        low, high = self.need(start, stop)
        y = x if self.snake is None else self.snake(x)
        y = F.pad(y.to(self.weights.now.dtype), (first - low, high - first - x.shape[-1]))
        y = F.conv1d(
            y, self.weights.now, self.weights.used_bias,
            stride=self.stride, dilation=self.dilation,
        )  # fmt: skip
        return y.float()


class Raised:
    """A transposed convolution after a snake: to a higher rate."""

    def __init__(self, conv: Any, snake: Any) -> None:
        self.weights = Weights(conv)
        self.snake = Snake(snake)
        self.stride, self.pad = int(conv.stride[0]), int(conv.padding[0])
        self.width = int(conv.kernel_size[0])
        self.channels_in, self.channels = int(conv.in_channels), int(conv.out_channels)

    def length(self, samples: int) -> int:
        return (samples - 1) * self.stride - 2 * self.pad + self.width

    def need(self, start: int, stop: int) -> tuple[int, int]:
        first = -((self.width - 1 - start - self.pad) // self.stride)
        return first, (stop - 1 + self.pad) // self.stride + 1

    def run(self, x: Tensor, first: int, start: int, stop: int) -> Tensor:
        y = self.snake(x).to(self.weights.now.dtype)
        y = F.conv_transpose1d(y, self.weights.now, self.weights.used_bias, stride=self.stride)
        skipped = start - (first * self.stride - self.pad)
        return y[..., skipped : skipped + stop - start].float()


class Unit:
    """A residual unit: two convolutions, each after a snake, on top of what came in."""

    def __init__(self, unit: Any) -> None:
        self.wide = Convolved(unit.conv1, unit.snake1)
        self.narrow = Convolved(unit.conv2, unit.snake2)
        self.channels_in = self.channels = self.wide.channels

    def length(self, samples: int) -> int:
        return samples

    def need(self, start: int, stop: int) -> tuple[int, int]:
        return self.wide.need(start, stop)

    def run(self, x: Tensor, first: int, start: int, stop: int) -> Tensor:
        y = self.wide.run(x, first, start, stop)
        y = self.narrow.run(y, start, start, stop)
        return y.add_(x[..., start - first : stop - first])


Layer = Convolved | Raised | Unit


class Stage:
    """Layers that a piece goes through at once; the result is that of one after the other."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)

    def __call__(self, x: Tensor, beat: Beat | None = None) -> Tensor:
        """`x` (batch, channels, samples) through all layers; `beat` is called between pieces."""
        lengths = [x.shape[-1]]
        for layer in self.layers:
            lengths.append(layer.length(lengths[-1]))
        out = torch.empty(x.shape[0], self.layers[-1].channels, lengths[-1], device=x.device)

        def work(start: int, stop: int) -> None:
            spans = [(start, stop)]
            for layer, length in zip(reversed(self.layers), reversed(lengths[:-1]), strict=True):
                low, high = layer.need(*spans[-1])
                spans.append((max(0, low), min(length, high)))
            spans.reverse()
            piece = x[..., slice(*spans[0])]
            for layer, have, want in zip(self.layers, spans, spans[1:], strict=False):
                piece = layer.run(piece, have[0], *want)
            out[..., start:stop] = piece

        each(work, lengths[-1], self._piece(lengths) if x.device.type == "cpu" else 0, beat)
        return out

    def _piece(self, lengths: Sequence[int]) -> int:
        """Outputs in a piece, so that the largest activation of it fits in the cache."""
        most = max(
            max(layer.channels_in * before, layer.channels * after)
            for layer, before, after in zip(self.layers, lengths, lengths[1:], strict=False)
        )
        return max(1, _PIECE_BYTES // 4 * lengths[-1] // most)


def encoder_stages(encoder: Any) -> list[Stage]:
    """The stages of a folded encoder of `diffusers`."""
    stages: list[list[Layer]] = [[Convolved(encoder.conv1)]]
    for block in encoder.block:
        stages[-1] += [Unit(unit) for unit in (block.res_unit1, block.res_unit2, block.res_unit3)]
        stages[-1].append(Convolved(block.conv1, block.snake1))
        stages.append([])
    stages[-1].append(Convolved(encoder.conv2, encoder.snake1))
    return [Stage(layers) for layers in stages]


def decoder_stages(decoder: Any) -> list[Stage]:
    """The stages of a folded decoder of `diffusers`."""
    stages: list[list[Layer]] = [[Convolved(decoder.conv1)]]
    for block in decoder.block:
        units = [Unit(unit) for unit in (block.res_unit1, block.res_unit2, block.res_unit3)]
        stages.append([Raised(block.conv_t1, block.snake1), *units])
    stages[-1].append(Convolved(decoder.conv2, decoder.snake1))
    return [Stage(layers) for layers in stages]
