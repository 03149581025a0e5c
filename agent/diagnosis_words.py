"""How each problem is said to someone who knows nothing about audio, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass

from mixmend.model.problems import Problem


@dataclass(frozen=True)
class Wording:
    """`says` is a plain sentence; `keys` are the figures shown as evidence, most telling first;
    `expected` says what would be usual, in words."""

    says: str
    keys: tuple[str, ...]
    expected: str


_USUAL = "within the usual spread for this kind of music"

WORDINGS: dict[Problem, Wording] = {
    "reverb": Wording(
        "It sounds far away, as if it was played in a large room.",
        ("reverb.reverberance", "reverb.rt60_s"), "drier",
    ),
    "clipping": Wording(
        "The loudest peaks were cut off flat, which crackles.",
        ("clipping.fraction", "clipping.events", "clipping.level_dbfs"), "none",
    ),
    "noise": Wording(
        "There is a steady hiss under the music.",
        ("noise.floor_dbfs", "noise.snr_db"), "a quieter background",
    ),
    "hum": Wording(
        "There is a mains hum under the music.", ("noise.hum_hz", "noise.hum_db"), "none"
    ),
    "clicks": Wording("There are clicks and pops.", ("noise.clicks_count",), "none"),
    "dc_offset": Wording(
        "The whole wave is shifted off its centre, which wastes headroom.",
        ("noise.dc_offset",), "zero",
    ),
    "dropouts": Wording("The sound cuts out in places.", ("noise.dropouts",), "none"),
    "dull": Wording(
        "It sounds dull: there is less treble than usual.",
        ("spectrum.deviation_db.brilliance", "spectrum.bands_db.brilliance"), _USUAL,
    ),
    "harsh": Wording(
        "It sounds harsh: there is more treble than usual.",
        ("spectrum.deviation_db.brilliance", "spectrum.bands_db.brilliance"), _USUAL,
    ),
    "too_bright": Wording(
        "It is too bright: the top end stands out.",
        ("spectrum.deviation_db.brilliance", "spectrum.deviation_db.air"), _USUAL,
    ),
    "airless": Wording(
        "It lacks air: the very top is missing or weak.",
        ("spectrum.deviation_db.air", "spectrum.bands_db.air"), _USUAL,
    ),
    "thin": Wording(
        "It sounds thin: there is little bass.",
        ("spectrum.deviation_db.bass", "spectrum.bands_db.bass"), _USUAL,
    ),
    "boomy": Wording(
        "It sounds boomy: the bass stands out.",
        ("spectrum.deviation_db.bass", "spectrum.bands_db.bass"), _USUAL,
    ),
    "muddy": Wording(
        "It sounds muddy: the low mids cover the rest.",
        ("spectrum.deviation_db.low_mid", "spectrum.bands_db.low_mid"), _USUAL,
    ),
    "boxy": Wording(
        "It sounds boxy, as from inside a small box.",
        ("spectrum.deviation_db.low_mid", "spectrum.deviation_db.mid"), _USUAL,
    ),
    "unclear": Wording(
        "It sounds muffled: almost everything high is gone.",
        ("spectrum.deviation_db.presence", "spectrum.deviation_db.brilliance"), _USUAL,
    ),
    "cold": Wording(
        "It sounds cold: the lower half, which gives warmth, is weak.",
        ("spectrum.deviation_db.upper_bass", "spectrum.deviation_db.bass"), _USUAL,
    ),
    "vocals_buried": Wording(
        "The range where voices and melodies live is buried.",
        ("spectrum.deviation_db.mid", "spectrum.bands_db.mid"), _USUAL,
    ),
    "vocals_loud": Wording(
        "The range where voices live stands out.",
        ("spectrum.deviation_db.mid", "spectrum.bands_db.mid"), _USUAL,
    ),
    "unbalanced": Wording(
        "The tone balance is uneven: some ranges stick out, others are weak.",
        ("spectrum.deviation_db",), _USUAL,
    ),
    "mic_colored": Wording(
        "It sounds as if recorded through a phone or a small microphone.",
        ("spectrum.deviation_db", "spectrum.bandwidth_hz"), _USUAL,
    ),
    "squashed": Wording(
        "It is squashed: soft and loud are nearly the same.",
        ("dynamics.compression", "dynamics.dr"), "more room between soft and loud",
    ),
    "flat_transients": Wording(
        "The attacks are blunt, so it lacks punch.",
        ("dynamics.punch", "dynamics.crest_db"), "stronger attacks",
    ),
    "too_quiet": Wording(
        "It is much quieter than other music.",
        ("loudness.integrated_lufs", "loudness.true_peak_dbtp"), "-24 to -8 LUFS",
    ),
    "too_loud": Wording(
        "It is pushed louder than almost any other music.",
        ("loudness.integrated_lufs", "loudness.plr_lu"), "at most -6 LUFS",
    ),
    "narrow": Wording(
        "There is hardly any stereo: everything sits in the middle.",
        ("stereo.width", "stereo.correlation"), "0.1 to 0.8",
    ),
    "too_wide": Wording(
        "It is unusually wide, with a weak middle.",
        ("stereo.width", "stereo.correlation"), "0.1 to 0.8",
    ),
    "mono_incompatible": Wording(
        "On a single speaker much of it would vanish.",
        ("stereo.mono_loss_db", "stereo.correlation"), "at most 3 dB lost in mono",
    ),
    "off_balance": Wording(
        "It leans to one side.", ("stereo.balance_db",), "within 1.5 dB of the centre"
    ),
    "lossy_source": Wording(
        "It was saved in a strongly compressed format, which cut the top off for good.",
        ("spectrum.lossy_cutoff_hz", "spectrum.bandwidth_hz"), "content up to 16 kHz or more",
    ),
    "sibilant": Wording(
        "The s sounds are sharp.", ("spectrum.bands_db.brilliance",), _USUAL
    ),
    "uneven_levels": Wording(
        "Soft and loud parts are very far apart.", ("loudness.range_lu",), "at most 20 LU"
    ),
    "too_dry": Wording(
        "It sounds dry, with no room at all.", ("reverb.reverberance",), "some room"
    ),
}  # fmt: skip
