"""Fit the weights of `tools.clicks` again from folders of music.

    python -m mixmend.agent.bench.train_clicks MUSIC_DIR [MUSIC_DIR ...] -o tools/data/clicks.json

Clicks of many shapes are added to excerpts; candidates at a click are the positives, all others
(drums, strings, hard clipping, square waves of our own making) the negatives. Every excerpt is also
taken half an octave up, so that sound from lossy files fills the whole band.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mixmend.agent.bench.faults import chip_music, rms, with_clicks
from mixmend.tools.audio import Audio
from mixmend.tools.clicks import ClickFinder, ClickWeights, candidates, facts

Floats = NDArray[np.float64]

EXCERPT_S = 14.0
HIDDEN = 32
EPOCHS = 700
TOLERANCE_S = 0.004


@dataclass(frozen=True, eq=False)
class Examples:
    """Facts (n, 19) and whether each candidate is a click (n,)."""

    facts: Floats
    is_click: NDArray[np.bool_]


def examples(music: Sequence[Path], *, seed: int = 0, chips: int = 30) -> Examples:
    """Candidates in clean and in clicky excerpts of all files, and in our own chip music."""
    rng = np.random.default_rng(seed)
    all_facts, labels = [], []
    for clean in _sounds(music, rng, chips):
        level = rms(clean.samples)
        for clicky in (False, True, True):
            audio, times_s = clean, np.zeros(0)
            if clicky:
                amplitude = min(0.8, level * 10 ** rng.uniform(-0.4, 0.9))
                faulty = with_clicks(clean, 10 ** rng.uniform(-0.3, 1.3), amplitude, rng)
                audio, times_s = faulty.audio, faulty.spans_s[:, 0]
            finder = ClickFinder(audio.channels, audio.sample_rate_hz)
            finder.add(audio.samples)
            for contour in finder.contours():
                at = candidates(contour)
                all_facts.append(facts(contour, at))
                labels.append(_near(at, times_s, finder.step / audio.sample_rate_hz))
    return Examples(np.concatenate(all_facts), np.concatenate(labels))


def _near(at: NDArray[np.intp], times_s: Floats, step_s: float) -> NDArray[np.bool_]:
    if at.size == 0 or times_s.size == 0:
        return np.zeros(at.size, dtype=bool)
    off_s = np.abs(times_s[:, None] - (at + 0.5) * step_s)
    return np.asarray(off_s.min(axis=0) < TOLERANCE_S)


def _sounds(music: Sequence[Path], rng: np.random.Generator, chips: int) -> Iterator[Audio]:
    import soundfile
    from scipy.signal import resample_poly

    for path in music:
        info = soundfile.info(path)
        frames = min(info.frames, round(EXCERPT_S * info.samplerate))
        for raised in (False, True):
            start = int(rng.integers(0, info.frames - frames + 1))
            sound, rate = soundfile.read(path, frames, start, dtype="float32", always_2d=True)
            samples = np.ascontiguousarray(sound.T)
            if raised:
                samples = resample_poly(samples, 2, 3, axis=1).astype(np.float32)
            if rms(samples) < 1e-4:
                continue
            yield Audio(samples, rate)
            if rng.random() < 0.2:
                ceiling = np.max(np.abs(samples)) * rng.uniform(0.3, 0.7)
                yield Audio(np.clip(samples, -ceiling, ceiling), rate)
    for _ in range(chips):
        yield chip_music(EXCERPT_S, 44100, rng)


def fit(data: Examples, *, seed: int = 0, epochs: int = EPOCHS) -> ClickWeights:
    """Logistic regression through one hidden layer, full batches of Adam, weight decay."""
    import torch

    torch.manual_seed(seed)
    mean, scale = data.facts.mean(axis=0), data.facts.std(axis=0) + 1e-6
    inputs = torch.tensor((data.facts - mean) / scale, dtype=torch.float32)
    wanted = torch.tensor(data.is_click, dtype=torch.float32)
    hidden, out = torch.nn.Linear(inputs.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, 1)
    weights = [*hidden.parameters(), *out.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=0.02, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.02, total_steps=epochs)
    for _ in range(epochs):
        optimiser.zero_grad()
        odds = out(torch.tanh(hidden(inputs))).squeeze(1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(odds, wanted)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    found = [weight.detach().numpy().astype(np.float64) for weight in weights]
    return ClickWeights(mean, scale, found[0].T, found[1], found[2][0], float(found[3][0]))


def save(weights: ClickWeights, path: Path) -> None:
    stored = {
        name: value if isinstance(value, float) else np.round(value, 4).tolist()
        for name, value in vars(weights).items()
    }
    path.write_text(json.dumps(stored) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("music", type=Path, nargs="+", help="folders of music")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--each", type=int, default=12, help="files of each folder")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    endings = {".wav", ".flac", ".ogg", ".opus", ".mp3"}
    music: list[Path] = []
    for folder in asked.music:
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings)
        chosen = np.unique(np.linspace(0, len(paths) - 1, min(len(paths), asked.each)).astype(int))
        music += [paths[index] for index in chosen]
    data = examples(music, seed=asked.seed)
    save(fit(data, seed=asked.seed), asked.output)
    print(f"{data.is_click.size} candidates, {data.is_click.mean():.2f} clicks; {asked.output}")


if __name__ == "__main__":
    main()
