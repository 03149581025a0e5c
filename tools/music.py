"""Music: tempo, key and whether somebody sings, each with how far to trust it.

All three look at up to a minute of the song in four excerpts, mono at about 11 kHz.
"""

from __future__ import annotations

from mixmend.tools.audio import Audio
from mixmend.tools.excerpts import take_excerpts
from mixmend.tools.key import key_of
from mixmend.tools.measurement import Measured, Music
from mixmend.tools.tempo import tempo_of
from mixmend.tools.vocals import vocals_of


def measure_music(audio: Audio) -> Measured[Music]:
    """Tempo in beats a minute, key such as "A minor", vocals; None where nothing can be said."""
    excerpts = take_excerpts(audio)
    tempo, key, vocals = tempo_of(excerpts), key_of(excerpts), vocals_of(excerpts)
    notes = []
    if tempo.bpm is None:
        notes.append("music.tempo_bpm: no beat repeats in this sound.")
    if key.name is None:
        notes.append("music.key: no pitched sound to tell a key from.")
    if vocals.present is None:
        notes.append("music.vocals: voice and instruments cannot be told apart here.")
    value = Music(
        tempo_bpm=tempo.bpm,
        tempo_bpm_confidence=tempo.confidence,
        key=key.name,
        key_confidence=key.confidence,
        vocals=vocals.present,
        vocals_confidence=vocals.confidence,
    )
    return Measured(value, tuple(notes))
