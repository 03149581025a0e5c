"""Compose and render the piece the demo falls back to when no song can be fetched.

Our own composition ("Harbour Lights"), for General MIDI instruments. Rendering wants FluidSynth
and a sound font: `python -m mixmend.ui.make_demo_song SOUNDFONT.sf2 OUT.ogg`.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_TICKS = 480
_BPM = 104
_BARS = 20
_CHORDS = ((57, 60, 64), (53, 57, 60), (60, 64, 67), (55, 59, 62))  # A minor, F, C, G
_MELODY = (
    ((76, 1.5), (74, 0.5), (72, 1), (69, 1)), ((72, 1), (74, 1), (72, 2)),
    ((79, 1.5), (76, 0.5), (74, 1), (72, 1)), ((74, 3), (71, 1)),
)  # fmt: skip
_PIANO, _BASS, _STRINGS, _LEAD, _DRUMS = 0, 1, 2, 3, 9
_PROGRAMS = {_PIANO: 0, _BASS: 33, _STRINGS: 48, _LEAD: 73}
_PAN = {_PIANO: 40, _BASS: 64, _STRINGS: 90, _LEAD: 68, _DRUMS: 64}
_KICK, _SNARE, _HAT = 36, 38, 42


@dataclass(frozen=True)
class Note:
    """A note: start and length in beats."""

    channel: int
    pitch: int
    start: float
    beats: float
    velocity: int


def compose() -> list[Note]:
    """All notes of the piece: intro on piano, then bass and drums, then strings and lead."""
    rng = random.Random(7)
    notes: list[Note] = []
    for bar in range(_BARS):
        chord, at = _CHORDS[bar % 4], 4.0 * bar
        for step in range(8):
            pitch = chord[(step * 2) % 3] + (12 if step % 4 == 3 else 0)
            notes.append(Note(_PIANO, pitch, at + step / 2, 0.9, 62 + rng.randrange(18)))
        if bar >= 4:
            for beat, length in ((0, 1.4), (1.5, 0.9), (2.5, 1.3)):
                notes.append(Note(_BASS, chord[0] - 24, at + beat, length, 84 + rng.randrange(14)))
            notes += _drums(at, rng)
        if bar >= 8:
            notes += [Note(_STRINGS, pitch + 12, at, 3.9, 58) for pitch in chord]
            beat = 0.0
            for pitch, length in _MELODY[bar % 4]:
                notes.append(Note(_LEAD, pitch, at + beat, length * 0.95, 92 + rng.randrange(10)))
                beat += length
    return notes


def _drums(at: float, rng: random.Random) -> list[Note]:
    hits = [(_KICK, 0.0, 108), (_SNARE, 1.0, 98), (_KICK, 2.0, 104), (_KICK, 2.5, 84),
            (_SNARE, 3.0, 102)]  # fmt: skip
    hits += [(_HAT, step / 2, 52 + rng.randrange(24)) for step in range(8)]
    return [Note(_DRUMS, pitch, at + beat, 0.2, velocity) for pitch, beat, velocity in hits]


def midi_file(notes: list[Note]) -> bytes:
    """A standard MIDI file (format 0) of the notes."""
    events: list[tuple[int, int, bytes]] = []
    for channel, program in _PROGRAMS.items():
        events.append((0, 0, bytes([0xC0 | channel, program])))
    for channel, pan in _PAN.items():
        events.append((0, 0, bytes([0xB0 | channel, 10, pan])))
    for note in notes:
        start, stop = round(note.start * _TICKS), round((note.start + note.beats) * _TICKS)
        events.append((start, 2, bytes([0x90 | note.channel, note.pitch, note.velocity])))
        events.append((stop, 1, bytes([0x80 | note.channel, note.pitch, 0])))
    tempo = (60_000_000 // _BPM).to_bytes(3, "big")
    track, now = b"\x00\xff\x51\x03" + tempo, 0
    for at, _, message in sorted(events, key=lambda event: event[:2]):
        track += _variable(at - now) + message
        now = at
    track += b"\x60\xff\x2f\x00"
    header = b"MThd" + (6).to_bytes(4, "big") + b"\x00\x00\x00\x01" + _TICKS.to_bytes(2, "big")
    return header + b"MTrk" + len(track).to_bytes(4, "big") + track


def _variable(value: int) -> bytes:
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(0x80 | (value & 0x7F))
    return bytes(reversed(parts))


def main(arguments: list[str]) -> None:
    """Render to an Ogg file with moderate room, so that there is a song to damage."""
    from mixmend.tools.reading import read_sound
    from mixmend.tools.writing import write_sound

    soundfont, out = arguments
    with tempfile.TemporaryDirectory() as folder:
        score, wave = Path(folder) / "song.mid", Path(folder) / "song.wav"
        score.write_bytes(midi_file(compose()))
        subprocess.run(
            ["fluidsynth", "-ni", "-g", "0.6", "-R", "0", "-C", "0", "-r", "44100",
             "-F", str(wave), soundfont, str(score)],
            check=True, capture_output=True,
        )  # fmt: skip
        write_sound(Path(out), read_sound(wave).audio)


if __name__ == "__main__":
    main(sys.argv[1:])
