"""`measure`: every family of measurements of one song, put together with notes and timeline.

Families run on two threads (NumPy and SciPy let go of the interpreter while they work) and each
imports what it needs only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

from mixmend.tools.audio import IN_MEMORY_SAMPLES, Audio, release
from mixmend.tools.errors import UsageError
from mixmend.tools.measurement import (
    Clipping,
    Dynamics,
    Loudness,
    Measured,
    Measurement,
    Music,
    Noise,
    Record,
    Reverb,
    Spectrum,
    Stereo,
    Timeline,
)

if TYPE_CHECKING:
    from mixmend.tools.reading import SourceInfo

THREADS = 2
RELEASE_EVERY_S = 0.25

FAMILIES = frozenset(
    {"loudness", "dynamics", "clipping", "reverb", "stereo", "spectrum", "noise", "music"}
)

RecordT = TypeVar("RecordT", bound=Record)
Series = Mapping[str, Sequence[float | None]]


def measure(
    audio: Audio, info: SourceInfo | None = None, *, families: frozenset[str] | None = None
) -> Measurement:
    """Measure `audio`, all of it or the named `families` (the rest stays empty).

    `info` adds what the file says of itself (bit depth, codec). Raises UsageError for a family
    that does not exist. The timeline has one entry for every second begun.
    """
    wanted = FAMILIES if families is None else families
    if unknown := sorted(wanted - FAMILIES):
        raise UsageError(
            f"there is no measurement family {unknown[0]!r}; choose from "
            f"{', '.join(sorted(FAMILIES))}."
        )
    from threadpoolctl import threadpool_limits

    # Small matrix products on many threads cost more than they gain beside two busy families.
    with threadpool_limits(limits=1), _lean(audio), ThreadPoolExecutor(THREADS) as pool:

        def start(
            name: str, family: Callable[[Audio], Measured[RecordT]], empty: RecordT
        ) -> Future[Measured[RecordT]]:
            if name in wanted:
                return pool.submit(family, audio)
            done: Future[Measured[RecordT]] = Future()
            done.set_result(Measured(empty))
            return done

        # The slowest first, so that the two threads end together.
        reverb = start("reverb", _reverb, Reverb())
        noise = start("noise", _noise, Noise())
        music = start("music", _music, Music())
        spectrum = start("spectrum", _spectrum, Spectrum())
        clipping = start("clipping", _clipping, Clipping())
        loudness = start("loudness", _loudness, Loudness())
        stereo = start("stereo", _stereo, Stereo())
        dynamics = start("dynamics", _dynamics, Dynamics())
        # In the order of the record, so that notes come out the same every time.
        results = (loudness, dynamics, clipping, reverb, stereo, spectrum, noise, music)
        notes: list[str] = []
        series: dict[str, Sequence[float | None]] = {}
        for result in results:
            measured = result.result()
            notes += measured.notes
            series.update(measured.per_second)
    return Measurement(
        duration_s=audio.duration_s,
        sample_rate_hz=audio.sample_rate_hz,
        channels=audio.channels,
        bit_depth=info.bit_depth if info else None,
        codec=info.codec if info else None,
        loudness=loudness.result().value,
        dynamics=dynamics.result().value,
        clipping=clipping.result().value,
        reverb=reverb.result().value,
        stereo=stereo.result().value,
        spectrum=spectrum.result().value,
        noise=noise.result().value,
        music=music.result().value,
        timeline=_timeline(series, -(-audio.frames // audio.sample_rate_hz)),
        notes=notes,
    )


def measure_file(path: Path) -> Measurement:
    """Read and measure a file; raises FileError when it is no usable sound."""
    from mixmend.tools.reading import read_sound

    sound = read_sound(path)
    return measure(sound.audio, sound.info)


@contextmanager
def _lean(audio: Audio) -> Iterator[None]:
    """Keep dropping the resident pages of long sound while families look here and there in it."""
    if audio.frames * audio.channels <= IN_MEMORY_SAMPLES:
        yield
        return
    done = Event()

    def drop() -> None:
        while not done.wait(RELEASE_EVERY_S):
            release(audio.samples)

    dropper = Thread(target=drop, daemon=True)
    dropper.start()
    try:
        yield
    finally:
        done.set()
        dropper.join()


def _timeline(series: Series, seconds: int) -> Timeline:
    """All series at the same length; a family that has no value for a second leaves it empty."""

    def filled(name: str) -> list[float | None]:
        values = list(series.get(name, ()))[:seconds]
        return values + [None] * (seconds - len(values))

    return Timeline(
        time_s=[float(second) for second in range(seconds)],
        short_term_lufs=filled("short_term_lufs"),
        true_peak_dbtp=filled("true_peak_dbtp"),
        clipped_samples=[round(value or 0) for value in filled("clipped_samples")],
        width=filled("width"),
        centroid_hz=filled("centroid_hz"),
    )


def _loudness(audio: Audio) -> Measured[Loudness]:
    from mixmend.tools.loudness import measure_loudness

    return measure_loudness(audio)


def _dynamics(audio: Audio) -> Measured[Dynamics]:
    from mixmend.tools.dynamics import measure_dynamics

    return measure_dynamics(audio)


def _clipping(audio: Audio) -> Measured[Clipping]:
    from mixmend.tools.clipping import measure_clipping

    return measure_clipping(audio)


def _reverb(audio: Audio) -> Measured[Reverb]:
    from mixmend.tools.reverb import measure_reverb

    return measure_reverb(audio)


def _stereo(audio: Audio) -> Measured[Stereo]:
    from mixmend.tools.stereo import measure_stereo

    return measure_stereo(audio)


def _spectrum(audio: Audio) -> Measured[Spectrum]:
    from mixmend.tools.spectrum import measure_spectrum

    return measure_spectrum(audio)


def _noise(audio: Audio) -> Measured[Noise]:
    from mixmend.tools.noise import measure_noise

    return measure_noise(audio)


def _music(audio: Audio) -> Measured[Music]:
    from mixmend.tools.music import measure_music

    return measure_music(audio)
