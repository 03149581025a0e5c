"""Joins between windows: ours (together) and the published way, against sound without joins.

A flow of a given network is followed over a song in one window as long as the song, in windows
together, and in chunks one after the other with a crossfade. Around the joins, how far each is
from the long window: log-spectral distance and distance of modulation spectra, in latent frames.
Networks: random weights, and weights trained here for a moment on synthetic latents.

A random network hears the mean of all there is, so in a window it answers otherwise than in the
long one everywhere, near joins and far from them alike. What its joins add shows against a song in
which every frame is the middle of a window of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixmend.agent.bench.table import Cell, Table

if TYPE_CHECKING:
    from torch import Tensor

    from mixmend.model.sonic_net import SonicNet

NAME = "joins"
WINDOW, STEPS, AROUND = 48, 10, 6


@dataclass(frozen=True)
class JoinErrors:
    """Mean distances to the long window around the joins."""

    log_spectral_db: float
    modulation: float


def run(*, quick: bool = False, on_progress: Callable[[str], None] | None = None) -> Table:
    """Random and trained weights, several songs each; the ratio is published to ours."""
    import torch

    torch.manual_seed(0)
    rows: list[tuple[Cell, ...]] = []
    facts: dict[str, float | str | bool] = {}
    songs = [_damaged(_song(seed)[0])[None] for seed in range(2 if quick else 4)]
    for weights, against in (
        ("random", "every frame amid a window"),
        ("random", "one long window"),
        ("trained", "one long window"),
    ):
        if on_progress is not None:
            on_progress(f"{weights} weights, {against}")
        if against != "one long window" or weights == "trained":
            network = _network(weights == "trained", 60 if quick else 300)
        golden = [_reference(network, song, against) for song in songs]
        together = [_errors(_together(network, s), g) for s, g in zip(songs, golden, strict=True)]
        published = [_errors(_published(network, s), g) for s, g in zip(songs, golden, strict=True)]
        for name, pick in (
            ("log-spectral distance, dB", lambda e: e.log_spectral_db),
            ("modulation-spectrum distance", lambda e: e.modulation),
        ):
            ours, theirs = _mean(together, pick), _mean(published, pick)
            rows.append((weights, against, name, theirs, ours, theirs / ours))
            label = f"{weights}, {against}, {name.split(',')[0]}"
            facts[f"{label}: at least halved"] = ours <= theirs / 2
    return Table(
        title="Error around the joins",
        columns=("weights", "against", "measure", "published", "together", "published / together"),
        rows=tuple(rows),
        facts=facts,
        notes=(
            f"A one-head network of the published design at a window of {WINDOW} frames, {STEPS} "
            "Euler steps, songs of four windows. Latents stand in for sound: no codec is involved. "
            "The published way is chunked, crossfaded and told the end of the chunk before; "
            "together, neighbours share half a window. The trained network has learnt windows and "
            "whole songs alike, so that the long window is nothing new to it.",
        ),
    )


def _network(trained: bool, steps: int) -> SonicNet:
    import torch

    from mixmend.model.sonic_config import tiny_config
    from mixmend.model.sonic_net import SonicNet

    torch.manual_seed(0)
    network = SonicNet(tiny_config(WINDOW, in_channels=8))
    if trained:
        _train(network, steps)
    else:
        with torch.no_grad():
            for value in network.parameters():
                value.add_(0.05 * torch.randn_like(value))
    return network.eval().requires_grad_(False)


def _train(network: SonicNet, steps: int) -> None:
    """Teach it to undo a damage that depends on the sound around: an echo and a lost level.

    Whole songs and their windows in turns; half of the windows are told their clean beginning.
    """
    import torch

    from mixmend.model.sonic_net import TextStates
    from mixmend.model.train_flow import Example, FlowTrainer, TrainSettings
    from mixmend.model.train_sonic import trainable

    songs = [_song(seed)[0] for seed in range(100, 164)]
    data = [Example(_damaged(song), song, "") for song in songs]
    settings = TrainSettings(steps=steps, batch=4, learning_rate=2e-3, warmup_steps=20, ema=0)
    turn = 0

    def velocity(net: Any, state: Tensor, time: Tensor, batch: Any) -> Tensor:
        nonlocal turn
        turn += 1
        shape, clean = state.shape, batch.clean
        told: list[Tensor | None] = [None] * len(state)
        if turn % 2:
            state, clean = (x.reshape(-1, WINDOW, shape[2]) for x in (state, clean))
            time = time.repeat_interleave(len(state) // len(time))
            told = [one[: WINDOW // 3] if index % 2 else None for index, one in enumerate(clean)]
        count, width = len(state), network.config.joint_attention_dim
        text = TextStates(torch.ones(count, 1, width), torch.ones(count, 1))
        found: Tensor = net(state, time, text, torch.full((count,), 30.0), told)
        return found.reshape(shape)

    for _ in FlowTrainer(trainable(network), velocity, data, settings).train():
        pass


def _reference(network: SonicNet, song: Tensor, against: str) -> Tensor:
    from mixmend.model.flow_solver import integrate
    from mixmend.model.flow_windows import JointVelocity, plan_windows

    if against == "one long window":
        return _followed(network, song)
    plan = plan_windows(song.shape[1], WINDOW, WINDOW - 1)
    return integrate(JointVelocity(_velocity(network), plan, batch=32), song, steps=STEPS)


def _song(seed: int, frames: int = 4 * WINDOW) -> Tensor:
    """Latents (1, frames, 8) with notes, swells and a little noise."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(frames)[:, None] / 20.0
    speed = 0.3 + 3 * torch.rand(1, 8, generator=generator)
    phase = 6.28 * torch.rand(1, 8, generator=generator)
    notes = torch.randn(frames // 6 + 1, 8, generator=generator).repeat_interleave(6, 0)[:frames]
    noise = torch.randn(frames, 8, generator=generator)
    return (torch.sin(speed * time * 6.28 + phase) + 0.7 * notes + 0.1 * noise)[None]


def _damaged(clean: Tensor) -> Tensor:
    import torch

    echo = torch.zeros_like(clean)
    echo[5:] = 0.6 * clean[:-5]
    return 0.6 * (clean + echo)


def _condition(network: Any, batch: int, carried: Tensor | None = None) -> Any:
    import torch

    from mixmend.model.sonic_net import TextStates

    width = network.config.joint_attention_dim
    text = TextStates(torch.ones(batch, 1, width), torch.ones(batch, 1))
    return network.condition(text, torch.full((batch,), 30.0), carried)


def _velocity(network: SonicNet, carried: Tensor | None = None) -> Any:
    import torch

    def velocity(windows: Tensor, time: float) -> Tensor:
        with torch.inference_mode():
            told = _condition(network, len(windows), carried)
            found: Tensor = network(windows, torch.full((len(windows),), time), told)
            return found

    return velocity


def _followed(network: SonicNet, song: Tensor, carried: Tensor | None = None) -> Tensor:
    from mixmend.model.flow_solver import integrate

    return integrate(_velocity(network, carried), song, steps=STEPS)


def _together(network: SonicNet, song: Tensor) -> Tensor:
    from mixmend.model.flow_solver import integrate
    from mixmend.model.flow_windows import JointVelocity, plan_windows

    plan = plan_windows(song.shape[1], WINDOW, WINDOW // 2)
    return integrate(JointVelocity(_velocity(network), plan, batch=8), song, steps=STEPS)


def _published(network: SonicNet, song: Tensor) -> Tensor:
    import torch

    from mixmend.model.flow_windows import crossfade_into, published_chunks

    carry = WINDOW // 3
    out = torch.zeros(song.shape[2], song.shape[1])
    carried = None
    for chunk in published_chunks(song.shape[1], WINDOW, carry):
        piece = song[:, chunk.start : chunk.start + WINDOW]
        full = torch.zeros(1, WINDOW, song.shape[2])
        full[:, : piece.shape[1]] = piece
        end = _followed(network, full, carried)
        crossfade_into(out, end[0].T, chunk)
        carried = end[:, -carry:]
    return out.T[None]


def _errors(found: Tensor, golden: Tensor) -> JoinErrors:
    """Distances in the overlaps of the published chunks, a few frames around included."""
    import torch

    stride, carry = WINDOW - WINDOW // 3, WINDOW // 3
    spectral, modulation = [], []
    for start in range(stride, golden.shape[1] - carry, stride):
        place = slice(start - AROUND, start + carry + AROUND)
        a, b = found[0, place], golden[0, place]
        level = [torch.log10(torch.fft.rfft(x, dim=1).abs() ** 2 + 1e-4) * 10 for x in (a, b)]
        spectral.append(float(torch.sqrt(((level[0] - level[1]) ** 2).mean(1)).mean()))
        swing = [torch.fft.rfft(x - x.mean(0), dim=0).abs()[:20] for x in (a, b)]
        swing = [x / x.norm().clamp(min=1e-9) for x in swing]
        modulation.append(float((swing[0] - swing[1]).norm()))
    return JoinErrors(sum(spectral) / len(spectral), sum(modulation) / len(modulation))


def _mean(errors: Sequence[JoinErrors], pick: Callable[[JoinErrors], float]) -> float:
    return sum(pick(error) for error in errors) / len(errors)
