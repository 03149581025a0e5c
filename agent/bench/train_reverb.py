"""Fit the weights of `tools.reverb` again from a folder of music.

    python -m mixmend.agent.bench.train_reverb MUSIC_DIR -o tools/data/reverb_weights.npz

Every song is played in simulated rooms whose responses tell the truth, some songs dry; the
features of `tools.decay` go in, the logarithm of the reverberation time, the direct-to-reverberant
ratio and the odds of late energy come out, each with a scale (Laplace likelihood), so that the
estimate knows how far off it may be. The scale is calibrated on songs that were left out.
Needs the `bench` extra for the rooms and torch for the fit; estimating needs NumPy only.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.bench.rooms import Kind, Room, simulate
from mixmend.tools.decay import ANALYSIS_RATE_HZ, decay_features

Floats = NDArray[np.float32]

KINDS: tuple[Kind, ...] = ("shoebox",) * 5 + ("traced",) * 4 + ("small", "big", "mix")
KINDS += ("real",) * 4
HIDDEN = 64
MEMBERS = 5
EPOCHS = 40
# A dry song counts as a room that rings no longer than this.
DRY_S = 0.15


@dataclass(frozen=True, eq=False)
class Examples:
    """Features (n, f), truths (n, 3): RT60 s (0 is dry), DRR dB, late share; song numbers (n,)."""

    features: Floats
    truths: Floats
    songs: NDArray[np.intp]


def music_files(folder: Path) -> list[Path]:
    endings = {".wav", ".flac", ".ogg", ".opus", ".mp3"}
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings)


def read_mono(path: Path, rng: np.random.Generator, duration_s: float = 30.0) -> Floats:
    """A mono excerpt from a random place at the analysis rate."""
    import soundfile
    from scipy.signal import resample_poly

    info = soundfile.info(path)
    last = max(0, int(info.frames - duration_s * info.samplerate))
    start = int(rng.integers(0, last + 1))
    frames = int(duration_s * info.samplerate)
    sound, rate = soundfile.read(path, frames, start, dtype="float32", always_2d=True)
    mono = sound.mean(axis=1)
    if rate == ANALYSIS_RATE_HZ:
        return np.asarray(mono, dtype=np.float32)
    common = np.gcd(rate, ANALYSIS_RATE_HZ)
    changed = resample_poly(mono, ANALYSIS_RATE_HZ // common, rate // common)
    return np.asarray(changed, dtype=np.float32)


def in_room(mono: Floats, response: Floats, rng: np.random.Generator) -> Floats:
    """`mono` in a room, now and then with another tone, shorter, or clipped: music varies."""
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(mono.size + response.size, real=True)
    spectrum = rfft(mono, size) * rfft(response, size)
    if rng.uniform() < 0.5:
        freqs = np.linspace(0, ANALYSIS_RATE_HZ / 2, spectrum.size)
        at = np.log2([50, 150, 500, 1500, 5000, 11025])
        tone_db = np.interp(np.log2(np.maximum(freqs, 50)), at, np.cumsum(rng.normal(0, 3, 6)))
        spectrum *= 10 ** (tone_db / 20)
    wet = irfft(spectrum, size)[: mono.size]
    if rng.uniform() < 0.2:
        wet = wet[: mono.size // 2]
    if rng.uniform() < 0.08:
        limit = 0.4 * np.max(np.abs(wet))
        wet = np.clip(wet, -limit, limit)
    return np.asarray(wet, dtype=np.float32)


def examples(
    songs: Sequence[Path], *, rooms: int, rounds: int, seed: int, dry_share: float = 0.15
) -> Examples:
    """Each song twice a round in two of `rooms` rooms, and sometimes dry."""
    rng = np.random.default_rng(seed)
    pool = [simulate(KINDS[n % len(KINDS)], 1000 + n, ANALYSIS_RATE_HZ) for n in range(rooms)]
    features, truths, numbers = [], [], []
    for _ in range(rounds):
        for number, song in enumerate(songs):
            mono = read_mono(song, rng)
            if mono.size < 5 * ANALYSIS_RATE_HZ or np.max(np.abs(mono)) < 1e-4:
                continue
            for response, truth in _placements(pool, rng, dry_share):
                features.append(decay_features(in_room(mono, response, rng), ANALYSIS_RATE_HZ))
                truths.append(truth)
                numbers.append(number)
    return Examples(
        np.array(features), np.array(truths, dtype=np.float32), np.array(numbers, dtype=np.intp)
    )


def _placements(
    pool: list[Room], rng: np.random.Generator, dry_share: float
) -> Iterator[tuple[Floats, tuple[float, float, float]]]:
    if rng.uniform() < dry_share:
        yield np.ones(1, dtype=np.float32), (0.0, 40.0, 0.0)
    for _ in range(2):
        room = pool[rng.integers(len(pool))]
        yield room.response, (room.rt60_s, room.drr_db, room.late_share)


def targets(truths: Floats) -> Floats:
    """What the perceptrons learn: log2 RT60, DRR / 10 dB, log10 odds of late energy; bounded."""
    late = truths[:, 2]
    odds = np.log10((late + 0.003) / (1 - late + 0.003))
    log_time = np.log2(np.maximum(truths[:, 0], DRY_S))
    return np.stack([log_time, np.clip(truths[:, 1], -20, 20) / 10, odds], axis=1)


def fit(data: Examples, *, seed: int = 0, epochs: int = EPOCHS) -> dict[str, NDArray[np.float32]]:
    """Weights under the names of `tools.reverb.Estimator`, calibrated on every fifth song."""
    held = data.songs % 5 == 4
    goal = targets(data.truths)
    trial = _fit_members(data.features[~held], goal[~held], seed, 2, epochs)
    value, scale = _apply(trial, data.features[held])
    wet = data.truths[held, 0] > 0
    miss = np.abs(value - goal[held])[wet, 0]
    # Laplace scales are right when the mean of |error| / scale is one.
    calibration = float(np.mean(miss / scale[wet, 0]))
    weights = _fit_members(data.features, goal, seed, MEMBERS, epochs)
    weights["calibration"] = np.array(calibration, dtype=np.float32)
    return weights


def _apply(weights: dict[str, Floats], features: Floats) -> tuple[Floats, Floats]:
    inputs = np.clip((features - weights["mean"]) / weights["scale"], -5, 5)
    hidden = np.maximum(inputs @ weights["first"] + weights["first_bias"][:, None], 0)
    hidden = np.maximum(hidden @ weights["second"] + weights["second_bias"][:, None], 0)
    out = hidden @ weights["last"] + weights["last_bias"][:, None]
    value, scale = out[..., :3], np.exp(np.clip(out[..., 3:], -3, 2))
    return value.mean(axis=0), scale.mean(axis=0) + value.std(axis=0)


def _fit_members(
    features: Floats, goal: Floats, seed: int, members: int, epochs: int
) -> dict[str, Floats]:
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    inputs = np.clip((features - mean) / scale, -5, 5).astype(np.float32)
    parts = [_fit_one(inputs, goal, seed + member, epochs) for member in range(members)]
    names = ("first", "first_bias", "second", "second_bias", "last", "last_bias")
    stacked = {name: np.stack([part[i] for part in parts]) for i, name in enumerate(names)}
    return {"mean": mean, "scale": scale, **stacked}


def _fit_one(inputs: Floats, goal: Floats, seed: int, epochs: int) -> list[Floats]:
    import torch

    torch.manual_seed(seed)
    layers = [torch.nn.Linear(*sizes) for sizes in ((inputs.shape[1], HIDDEN), (HIDDEN, HIDDEN))]
    layers.append(torch.nn.Linear(HIDDEN, 6))
    parameters = [value for layer in layers for value in layer.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=1e-2)
    known, wanted = torch.from_numpy(inputs), torch.from_numpy(goal.astype(np.float32))
    batches = -(-len(known) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 2e-3, total_steps=epochs * batches + 1
    )
    drop = torch.nn.functional.dropout
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(known)), 128):
            noisy = known[batch] + 0.1 * torch.randn(len(batch), known.shape[1])
            hidden = drop(torch.relu(layers[0](drop(noisy, 0.2))), 0.4)
            hidden = drop(torch.relu(layers[1](hidden)), 0.4)
            out = layers[2](hidden)
            log_scale = out[:, 3:].clamp(-3, 2)
            loss = ((out[:, :3] - wanted[batch]).abs() * torch.exp(-log_scale) + log_scale).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    arrays = []
    for layer in layers:
        arrays += [layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy().copy()]
    return arrays


def save(weights: dict[str, NDArray[np.float32]], path: Path) -> None:
    """Half precision is plenty for perceptrons and halves the file."""
    whole = {"mean", "scale", "calibration"}
    stored = {k: v.astype(np.float32 if k in whole else np.float16) for k, v in weights.items()}
    np.savez_compressed(path, **stored)  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("music", type=Path, help="folder of music, searched through")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--rooms", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    data = examples(
        music_files(asked.music), rooms=asked.rooms, rounds=asked.rounds, seed=asked.seed
    )
    save(fit(data, seed=asked.seed), asked.output)
    print(f"{len(data.features)} examples; weights in {asked.output}")


if __name__ == "__main__":
    main()
