"""What each problem is called in a proposal, and what could help where mending cannot."""

from __future__ import annotations

from mixmend.model.problems import Problem

WHAT: dict[Problem, str] = {
    "reverb": "the room sound", "clipping": "the cut-off peaks", "noise": "the hiss",
    "hum": "the mains hum", "clicks": "the clicks", "dc_offset": "the constant offset",
    "dropouts": "the gaps", "dull": "the missing treble", "harsh": "the harsh treble",
    "airless": "the missing air", "thin": "the weak bass", "boomy": "the boomy bass",
    "muddy": "the mud", "unclear": "the muffled sound", "cold": "the missing warmth",
    "vocals_buried": "the buried voice range", "vocals_loud": "the loud voice range",
    "unbalanced": "the uneven tone", "mic_colored": "the microphone's colour",
    "squashed": "the squashed dynamics", "flat_transients": "the blunt attacks",
    "too_quiet": "the low level", "too_loud": "the level", "narrow": "the narrow stereo image",
    "too_wide": "the wide stereo image", "mono_incompatible": "how it plays on one speaker",
    "off_balance": "the lean to one side", "lossy_source": "the coding damage",
    "sibilant": "the sharp s sounds", "too_bright": "the bright top end",
    "boxy": "the boxy tone", "uneven_levels": "the uneven levels", "too_dry": "the dry sound",
}  # fmt: skip

HELPS: dict[Problem, str] = {
    "reverb": "What would help is a recording made nearer to the source, or the separate tracks.",
    "clipping": "What would help is a copy from before it was turned up so far.",
    "noise": "What would help is a few seconds of the noise alone, or a cleaner transfer.",
    "clicks": "If it crackles only where it is loud, the cause may be cut-off peaks instead.",
    "dropouts": "What would help is another copy of the same recording.",
    "lossy_source": "What would help is the original file from before it was compressed.",
    "squashed": "What would help is the mix from before it was limited.",
    "vocals_buried": "What would help is the separate vocal track.",
    "vocals_loud": "What would help is the separate vocal track.",
    "narrow": "What would help is the stereo mix, if there ever was one.",
    "too_dry": "What would help is adding the room while mixing.",
    "uneven_levels": "What would help is evening the levels in the mix.",
    "hum": "What would help is a recording without the faulty cable or supply.",
}

# What is asked for that no tool here can do, by the words that give it away; the first that fits.
CANNOT: tuple[tuple[str, str], ...] = (
    (
        r"tempo|bpm|faster|slower|speed|slow (?:it )?down|pitch|key|tune|tuning|semitone|transpose",
        "I cannot change tempo, pitch or tuning. A music editor with time stretching and pitch "
        "correction can, best on the separate tracks.",
    ),
    (
        r"timing|rhythm|off beat|out of time|late|early|drags|rushes",
        "I cannot fix timing in a finished recording. Whoever has the separate tracks can move "
        "the notes there.",
    ),
    (
        r"vocals?|voice|sing(?:er|ing)|words?|lyrics|sentence|swear",
        "I cannot take voices or words out of a finished recording or change them. A stem "
        "separation program can split off the voice; I can only make its range stand out more or "
        "less.",
    ),
    (
        r"drum|snare|kick|hi-?hat|cymbal|guitar|piano|violin|string|horn|trumpet|sax|synth|organ|"
        r"keyboard|bass (?:guitar|player|line)|instrument|solo|cough|dog|applause|crowd",
        "I cannot take one instrument or sound out of a finished recording or set its level. A "
        "stem separation program, or the separate tracks, can; then bring me the result.",
    ),
    (
        r"long|short|cut|trim|fade|loop|verse|chorus|arrang|add a|remove the",
        "I do not change what is played or how long it is, only how it sounds. An audio editor "
        "can cut, fade and rearrange.",
    ),
)
CANNOT_AT_ALL = (
    "I work on the finished recording as a whole, so I cannot do that; it needs the separate "
    "tracks."
)
CAN = "What I can change is tone, reverb, noise, clipping, dynamics, width and loudness."
