"""What mendflow wants changed, brought into the recording: a filter, and gains for the rest.

What lasts through the song is what a filter would have done to it, so it is undone as one: by a
filter of minimum phase, the phase of microphones, shelves and circuits. That brings the waveform
back, not only its spectrum. What moves in time, what the sides alone need, and what must not be
raised where there is nothing, is a smooth gain on the recording's own spectrum, its phase kept.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mixmend.model.channel_pairs import channel_pairs
from mixmend.model.flow_render import Gains, apply_gains, band_centres_hz
from mixmend.model.mend_mel import HOP, Mel
from mixmend.tools.audio import IN_MEMORY_SAMPLES, Audio, allocate, release
from mixmend.tools.process.equalize import Curve, equalize

# A band this faint has nothing to bring up but the noise of quantisation: of 16 bits, and of 24.
_NOTHING_DB = {16: -118.0, 24: -150.0}
_MOST_UP_DB, _MOST_DOWN_DB = 48.0, -30.0
_LOOKED_AT_S = 20.0
_HARDLY_DB = 0.02
_TILE_S = 8.0
_CONTEXT_S = 0.2
_LN_PER_DB = np.log(10.0) / 20


def rendered(
    audio: Audio,
    mel_db: Mel,
    change_db: Mel,
    span: tuple[int, int],
    strength: float,
    on_share: Callable[[float], None],
) -> Audio:
    """`audio` with a change (2, frames, 96) in dB of the levels `mel_db` of its frames in `span`.

    What lasts is one filter for the whole of `audio`: who wants it in a region blends that in.
    """
    heard = Audio(audio.samples[:2, span[0] : span[1]], audio.sample_rate_hz)
    bits = quantised_bits(heard)
    allowed = allowed_db(mel_db, change_db, bits)
    lasting = lasting_db(change_db, allowed)
    rest = (allowed - lasting).astype(np.float32)
    centres_hz = band_centres_hz(lasting.size)
    audio = equalize(audio, Curve(tuple(centres_hz), tuple(lasting.tolist())), strength=strength)
    if np.abs(rest).max(initial=0.0) < _HARDLY_DB:
        return audio
    gains = Gains(span[0] / audio.sample_rate_hz, rest * np.float32(_LN_PER_DB), HOP)
    return _with_gains(audio, gains, span, strength, on_share)


def lasting_db(change_db: Mel, allowed: Mel) -> NDArray[np.float64]:
    """What of a change (2, frames, 96) stays through the song, (96,) dB: the mean of the middle's.

    Never more than is `allowed` somewhere; next to nothing is nothing.
    """
    middle = change_db[0].mean(axis=0, dtype=np.float64)
    lasting = np.minimum(middle, np.maximum(allowed[0].max(axis=0), 0.0))
    lasting = np.maximum(lasting, _MOST_DOWN_DB)
    return lasting if np.abs(lasting).max() >= _HARDLY_DB else np.zeros_like(lasting)


def allowed_db(mel_db: Mel, change_db: Mel, bits: int = 24) -> Mel:
    """The change as far as a gain may go: nothing is raised where there is nothing."""
    room_db = np.maximum(0.0, mel_db - np.float32(_NOTHING_DB[bits]))
    up = np.minimum(change_db, np.minimum(room_db, _MOST_UP_DB))
    return np.asarray(np.maximum(up, _MOST_DOWN_DB), dtype=np.float32)


def quantised_bits(audio: Audio) -> int:
    """16 where samples lie on a grid of 16 bits, else 24."""
    some = audio.samples[:, : round(_LOOKED_AT_S * audio.sample_rate_hz)] * np.float32(32768)
    return 16 if bool(np.all(some == np.rint(some))) else 24


def _with_gains(
    audio: Audio,
    gains: Gains,
    span: tuple[int, int],
    strength: float,
    on_part: Callable[[float], None],
) -> Audio:
    """The sound through the gains inside `span`, tile by tile; other frames as they are."""
    rate = audio.sample_rate_hz
    out = allocate(audio.channels, audio.frames)
    tile, context = round(_TILE_S * rate), round(_CONTEXT_S * rate)
    long = audio.frames * audio.channels > IN_MEMORY_SAMPLES
    for start in range(0, audio.frames, tile):
        stop = min(start + tile, audio.frames)
        first, last = max(0, start - context), min(audio.frames, stop + context)
        piece = np.array(audio.samples[:, first:last], dtype=np.float32)
        out[:, start:stop] = piece[:, start - first : stop - first]
        if start < span[1] and stop > span[0]:
            on_part((start - span[0]) / max(1, span[1] - span[0]))
            for pair in channel_pairs(audio.channels):
                some = slice(pair[0], pair[1] + 1)
                changed = apply_gains(piece[some], first, rate, gains, strength)
                out[some, start:stop] = changed[:, start - first : stop - first]
        if long:
            release(out)
            release(audio.samples)
    return Audio(out, rate)
