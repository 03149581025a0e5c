"""Speed of engine sonicmaster beside the published loop: same random weights, one device, one run.

The published loop is fp32, one chunk at a time, weight norm computed on every call, the whole
chunk through the codec at once. Processor time over the threads is given beside wall time, for a
machine that has other work. Beside the measured times stand two floors: the operations at the rate
of a large matrix product in the same precision, and the bytes that must be moved at the rate of a
large copy, both measured in the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mixmend.agent.bench.table import Cell, Table

if TYPE_CHECKING:
    from torch import Tensor

    from mixmend.model.sonic_config import SonicConfig

NAME = "flow"
STEPS = 10


@dataclass(frozen=True)
class Timing:
    """Seconds of one part: of the clock, and of processors divided by the threads used."""

    wall_s: float
    busy_s: float


@dataclass(frozen=True)
class Floors:
    """What a part must cost at least: multiplications and additions, bytes moved once.

    Bytes are those of weights, and of what goes in and out of each layer, in four bytes a number
    for sound and latents and in the precision used for weights.
    """

    operations: float
    moved_bytes: float


@dataclass(frozen=True)
class Rates:
    """What the device does in a second: operations by precision, bytes copied."""

    fp32: float
    bf16: float
    copied: float


def run(*, quick: bool = False, on_progress: Callable[[str], None] | None = None) -> Table:
    """30 s of sound through encoding, 10 steps and decoding; `quick` is a tiny model and window."""
    import torch

    from mixmend.model.sonic_config import SonicConfig, tiny_config

    config = tiny_config(8) if quick else SonicConfig()
    codec = {"encoder_hidden_size": 128, "decoder_channels": 16 if quick else 128}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if on_progress is not None:
        on_progress("floors")
    rates = _rates(device, 512 if quick else 2048)
    floors = {
        "encode": codec_floors(codec, config.window_frames, decode=False),
        "10 steps": _times(floors_of(config), STEPS),
        "decode": codec_floors(codec, config.window_frames, decode=True),
    }
    rows: list[tuple[Cell, ...]] = []
    totals = {}
    results: dict[str, Tensor] = {}
    halves = ""
    for name, ours in (("published loop, fp32", False), ("ours", True)):
        if on_progress is not None:
            on_progress(name)
        parts, results[name], halves = _timed(config, codec, ours, device)
        rate = rates.bf16 if ours and halves != "fp32" else rates.fp32
        for part, timing in parts.items():
            low = floors[part]
            rows.append(
                (name, part, timing.wall_s, timing.busy_s, low.operations / rate,
                 low.moved_bytes / rates.copied)
            )  # fmt: skip
        totals[name] = Timing(
            sum(t.wall_s for t in parts.values()), sum(t.busy_s for t in parts.values())
        )
        rows.append(
            (name, "all", totals[name].wall_s, totals[name].busy_s,
             sum(low.operations for low in floors.values()) / rate,
             sum(low.moved_bytes for low in floors.values()) / rates.copied)
        )  # fmt: skip
    theirs, mine = totals["published loop, fp32"], totals["ours"]
    a, b = results.values()
    return Table(
        title=f"Time for {config.window_frames * 2048 / 44100:.0f} s of sound on {device}",
        columns=(
            "loop", "part", "wall s", "processor s / threads", "floor of operations, s",
            "floor of bytes moved, s",
        ),
        rows=tuple(rows),
        facts={
            "threads": torch.get_num_threads(),
            "times faster (wall)": theirs.wall_s / mine.wall_s,
            "times faster (processor)": theirs.busy_s / mine.busy_s,
            "relative difference of the decoded result": float((b - a).norm() / a.norm()),
            "ours runs in": halves,
            "operations, encode (1e12)": floors["encode"].operations / 1e12,
            "operations, 10 steps (1e12)": floors["10 steps"].operations / 1e12,
            "operations, decode (1e12)": floors["decode"].operations / 1e12,
            "rate of a large product, fp32 (1e9 a second)": rates.fp32 / 1e9,
            "rate of a large product, bf16 (1e9 a second)": rates.bf16 / 1e9,
            "rate of a large copy, read and written (1e9 bytes a second)": rates.copied / 1e9,
        },
    )  # fmt: skip


def floors_of(config: SonicConfig, text_tokens: int = 17) -> Floors:
    """One velocity of one window; weights in bfloat16, a token's numbers in and out of a block."""
    width = config.num_attention_heads * config.attention_head_dim
    both = config.window_frames + text_tokens + 1
    blocks = config.num_layers + config.num_single_layers
    operations = 2.0 * 12 * blocks * both * width**2 + 4.0 * blocks * both**2 * width
    weights = (config.num_layers * (24 + 12) + config.num_single_layers * (12 + 3)) * width**2
    return Floors(operations, 2.0 * weights + 2 * 4.0 * blocks * both * width)


def codec_floors(sizes: dict[str, Any], frames: int, *, decode: bool) -> Floors:
    """Convolutions of the codec over so many frames: multiplications twice, each layer's ends."""
    import torch
    from torch import nn

    from mixmend.model.codec_oobleck import build

    with torch.device("meta"):
        model = build(sizes)
        half = model.decoder if decode else model.encoder
        shape = (
            (1, model.config.decoder_input_channels, frames) if decode else (1, 2, 2048 * frames)
        )
        given = torch.empty(shape)
    operations, moved = 0.0, 0.0

    def count(layer: nn.Module, args: tuple[Any, ...], out: Any) -> None:
        nonlocal operations, moved
        assert isinstance(layer, nn.Conv1d | nn.ConvTranspose1d)
        # Each number in (transposed) or out meets a whole kernel.
        length = args[0].shape[-1] if isinstance(layer, nn.ConvTranspose1d) else out.shape[-1]
        products = layer.in_channels * layer.out_channels * layer.kernel_size[0]
        operations += 2.0 * products * length
        moved += 4.0 * (args[0].numel() + out.numel()) + 2.0 * products

    for layer in half.modules():
        if isinstance(layer, nn.Conv1d | nn.ConvTranspose1d):
            layer.register_forward_hook(count)
    half(given)
    return Floors(operations, moved)


def _times(floors: Floors, count: int) -> Floors:
    return Floors(floors.operations * count, floors.moved_bytes * count)


def _rates(device: str, size: int) -> Rates:
    """The best of a few large products and copies."""
    import torch

    def best(work: Callable[[], Tensor]) -> float:
        taken = []
        for _ in range(4):
            parts: dict[str, Timing] = {}
            _clocked(parts, "it", work)
            taken.append(parts["it"].wall_s)
        return min(taken)

    found = {}
    for dtype in (torch.float32, torch.bfloat16):
        left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
        found[dtype] = 2.0 * size**3 / best(partial(torch.mm, left, right))
    source = torch.empty(size * size * 8, device=device)
    target = torch.zeros_like(source)
    copied = 2.0 * 4 * source.numel() / best(partial(target.copy_, source))
    return Rates(found[torch.float32], found[torch.bfloat16], copied)


def _timed(
    config: SonicConfig, codec_sizes: dict[str, Any], ours: bool, device: str
) -> tuple[dict[str, Timing], Tensor, str]:
    import torch

    from mixmend.model.codec_oobleck import build, folded
    from mixmend.model.flow_solver import integrate
    from mixmend.model.sonic_engine import quick_precision
    from mixmend.model.sonic_net import SonicNet, TextStates, is_block, run_blocks_as
    from mixmend.tools.audio import Audio

    torch.manual_seed(0)
    net = SonicNet(config).eval().requires_grad_(False).to(device)
    model = build(codec_sizes).eval().requires_grad_(False)
    sound = 0.1 * torch.randn(2, config.window_frames * 2048)
    seconds, text = torch.tensor([30.0]), torch.randn(1, 17, config.joint_attention_dim)
    told = net.condition(TextStates(text, torch.ones(1, 17)), seconds)

    def velocity(state: Tensor, moment: float) -> Tensor:
        found: Tensor = net(state, torch.tensor([moment]), told)
        return found

    parts: dict[str, Timing] = {}
    with torch.inference_mode():
        if ours:
            precision = quick_precision(device)
            if precision == "bf16":
                for name, value in net.named_parameters():
                    if is_block(name):
                        value.data = value.data.to(torch.bfloat16)
                run_blocks_as(net, torch.bfloat16)
            weights = dict(model.named_parameters())
            codec = folded(model, weights, device=device, dtype=precision)
            frames = config.window_frames
            start = _clocked(
                parts, "encode", lambda: codec.encode(Audio(sound.numpy(), 44100), frames)[None]
            )
            end = _clocked(
                parts, "10 steps", lambda: integrate(velocity, start.to(device), steps=STEPS)
            )
            wave = _clocked(parts, "decode", lambda: codec.decode(end[0].cpu(), 0, frames))
            said = "fp32" if precision == "fp32" else f"bf16 (of the codec: {codec.halves})"
            return parts, wave, said
        model = model.to(device)
        start = _clocked(
            parts, "encode", lambda: model.encode(sound[None].to(device)).latent_dist.mode()
        ).transpose(1, 2)
        end = _clocked(parts, "10 steps", lambda: integrate(velocity, start, steps=STEPS))
        wave = _clocked(parts, "decode", lambda: model.decode(end.transpose(1, 2)).sample[0])
        return parts, wave.cpu(), "fp32"


def _clocked(parts: dict[str, Timing], name: str, work: Callable[[], Tensor]) -> Tensor:
    import torch

    wall, busy = time.perf_counter(), time.process_time()
    found = work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    parts[name] = Timing(
        time.perf_counter() - wall, (time.process_time() - busy) / torch.get_num_threads()
    )
    return found
