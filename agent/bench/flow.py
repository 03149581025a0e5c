"""Speed of engine sonicmaster beside the published loop: same random weights, one device, one run.

The published loop is fp32, one chunk at a time, weight norm computed on every call, the whole
chunk through the codec at once. Processor time over the threads is given beside wall time, for a
machine that has other work; both floors (operations, bytes moved) stand beside the measured times.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
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
    """What one window must cost at least: multiplications and additions, bytes of weights."""

    operations: float
    weight_bytes: float


def run(*, quick: bool = False, on_progress: Callable[[str], None] | None = None) -> Table:
    """30 s of sound through encoding, 10 steps and decoding; `quick` is a tiny model and window."""
    import torch

    from mixmend.model.sonic_config import SonicConfig, tiny_config

    config = tiny_config(8) if quick else SonicConfig()
    codec = {"encoder_hidden_size": 128, "decoder_channels": 16 if quick else 128}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rows: list[tuple[Cell, ...]] = []
    totals = {}
    results: dict[str, Tensor] = {}
    for name, ours in (("published loop, fp32", False), ("ours", True)):
        if on_progress is not None:
            on_progress(name)
        parts, results[name] = _timed(config, codec, ours, device)
        for part, timing in parts.items():
            rows.append((name, part, timing.wall_s, timing.busy_s))
        totals[name] = Timing(
            sum(t.wall_s for t in parts.values()), sum(t.busy_s for t in parts.values())
        )
        rows.append((name, "all", totals[name].wall_s, totals[name].busy_s))
    theirs, mine = totals["published loop, fp32"], totals["ours"]
    floors = floors_of(config)
    a, b = results.values()
    return Table(
        title=f"Time for {config.window_frames * 2048 / 44100:.0f} s of sound on {device}",
        columns=("loop", "part", "wall s", "processor s / threads"),
        rows=tuple(rows),
        facts={
            "threads": torch.get_num_threads(),
            "times faster (wall)": theirs.wall_s / mine.wall_s,
            "times faster (processor)": theirs.busy_s / mine.busy_s,
            "relative difference of the decoded result": float((b - a).norm() / a.norm()),
            "floor of one step, operations (1e9)": floors.operations / 1e9,
            "floor of one step, bytes of weights in bf16 (1e9)": floors.weight_bytes / 1e9,
        },
    )


def floors_of(config: SonicConfig, text_tokens: int = 17) -> Floors:
    """Operations and weight bytes (bfloat16) of one velocity of one window."""
    width = config.num_attention_heads * config.attention_head_dim
    sound, text = config.window_frames, text_tokens + 1
    both = sound + text
    blocks = config.num_layers + config.num_single_layers
    products = config.num_layers * 12 * both + config.num_single_layers * 12 * both
    operations = 2.0 * products * width**2 + 4.0 * blocks * both**2 * width
    weights = config.num_layers * (24 + 12) + config.num_single_layers * (12 + 3)
    return Floors(operations, 2.0 * weights * width**2)


def _timed(
    config: SonicConfig, codec_sizes: dict[str, Any], ours: bool, device: str
) -> tuple[dict[str, Timing], Tensor]:
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
            return parts, _clocked(parts, "decode", lambda: codec.decode(end[0].cpu(), 0, frames))
        model = model.to(device)
        start = _clocked(
            parts, "encode", lambda: model.encode(sound[None].to(device)).latent_dist.mode()
        ).transpose(1, 2)
        end = _clocked(parts, "10 steps", lambda: integrate(velocity, start, steps=STEPS))
        wave = _clocked(parts, "decode", lambda: model.decode(end.transpose(1, 2)).sample[0])
        return parts, wave.cpu()


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
