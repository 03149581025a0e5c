"""Plain clauses put together from parts: who or what in the song, and what is said of it.

Teaches the heads that "the violin is piercing" and "make grandpa less piercing" are the same wish
about any subject, that a question about a fault is no wish, and that a denied fault is none.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from mixmend.agent.intents import Intent
from mixmend.agent.wishes import WISHES, Wish


def _parted(said: str) -> tuple[str, ...]:
    return tuple(said.split("|"))


WHOLE = _parted(
    "it|this|the song|this track|the mix|my recording|the whole thing|everything|our demo|the tape|"
    "the audio|this file|the sound|my tune|the master|the live recording|this old cassette"
)
VOICES = _parted(
    "the voice|my voice|the vocals|the singer|her voice|his singing|the choir|the narrator|the rap|"
    "the speech|the dialogue|grandpa|my daughter|the host|the interview|the lead vocal|the backing "
    "vocals|the priest|the actors"
)
INSTRUMENTS = _parted(
    "the guitar|the guitars|the piano|the violin|the strings|the trumpet|the brass|the organ|the "
    "synths|the acoustic guitar|the cello|the flute|the accordion|the banjo|the sax|the keys|the "
    "mandolin|the harp|the pads|the clarinet"
)
DRUMS = _parted(
    "the drums|the snare|the kick|the percussion|the toms|the beat|the congas|the drum kit"
)

# What is wrong, per wish, and the subjects it is said of (w whole, v voice, i instrument, d drums).
FAULTS: tuple[tuple[str, str, str], ...] = (
    ("dull", "wvid", "dull|muffled|dark|veiled|muted|closed in|too dark|not bright enough|murky "
        "and dark|not crisp|lacking treble|without highs|wrapped in cotton"),
    ("harsh", "wvid", "harsh|shrill|piercing|painful|scratchy|screechy|edgy|metallic|brittle|"
        "strident|grating|hard on the ears|ear-splitting|abrasive|spiky|biting"),
    ("too_bright", "wvid", "too bright|overly bright|too trebly|too crisp|too shiny|glaring"),
    ("thin", "wvi", "thin|tinny|skinny|weak in the bass|without body|without weight|not full "
        "enough|missing low end|bass-shy"),
    ("boomy", "wvid", "boomy|bassy|too bassy|bass-heavy|bloated|tubby|too heavy in the lows"),
    ("muddy", "wid", "muddy|mushy|murky|congested|smeared|too thick|swampy|gloopy"),
    ("boxy", "wvid", "boxy|honky|like it is in a cardboard box|hollow and boxy"),
    ("boxy", "v", "nasal|pinched|like it has a blocked nose"),
    ("unclear", "wvid", "unclear|blurry|indistinct|hazy|undefined|hard to make out|not clear|"
        "lacking definition|out of focus"),
    ("cold", "wvi", "cold|sterile|clinical|icy|not warm enough|soulless|lacking warmth|plastic"),
    ("clipping", "wvid", "distorted|clipped|clipping|overdriven|crackling when it gets loud|"
        "breaking up|fuzzy on the loud notes|overloaded|blown out"),
    ("reverb", "wid", "echoey|distant|roomy|washed out|far away|drowned in reverb|too wet|too "
        "reverberant|swimming in echo|like in a cave"),
    ("reverb", "v", "echoey|roomy|too reverberant|drowned in reverb|swimming in echo|like in a "
        "bathroom|too wet|washed out by the room"),
    ("too_dry", "wvid", "too dry|bone dry|without any reverb|dry and close"),
    ("noise", "w", "noisy|hissy|full of hiss|full of noise|full of static|grainy in the back"),
    ("hum", "w", "humming|full of hum|buzzing|full of mains buzz"),
    ("clicks", "w", "full of clicks|crackly|full of pops|ticking|full of crackle"),
    ("flat_transients", "wd", "limp|lifeless|without punch|not punchy|not punchy enough|soft and "
        "weak|lacking attack|without impact|toothless|lacking snap"),
    ("punch_less", "d", "too punchy|too snappy|hitting too hard|too aggressive in the attack"),
    ("squashed", "w", "squashed|over-compressed|too compressed|crushed|flattened|pumping|without "
        "any dynamics|brickwalled|not dynamic enough"),
    ("uneven_levels", "wv", "uneven in volume|all over the place in level|jumping in volume|"
        "sometimes loud and sometimes quiet|inconsistent in level"),
    ("too_quiet", "w", "too quiet|too soft|not loud enough|too low in volume|barely audible|faint"),
    ("too_loud", "w", "too loud|way too hot|deafening|too high in volume"),
    ("vocals_buried", "v", "too quiet|buried|too low|drowned out|lost in the mix|behind the music|"
        "too soft|hard to hear over the band|not loud enough|swallowed by the music|too far back"),
    ("vocals_loud", "v", "too loud|sticking out|too far in front|louder than the band|too up "
        "front|overpowering the music|on top of everything"),
    ("narrow", "wi", "narrow|too narrow|stuck in the middle|almost mono|not wide enough|cramped"),
    ("too_wide", "wi", "too wide|too spread out|hollow in the middle|all on the sides"),
    ("off_balance", "wvid", "too far left|leaning to the right|more in one ear|off to one side|"
        "louder on the left"),
    ("mic_colored", "wv", "like a telephone|like a cheap mic|like a megaphone|like an old radio|"
        "like a walkie-talkie|like it was recorded on a phone"),
    ("lossy_source", "w", "like a bad mp3|swirly|underwater|low bitrate|full of mp3 artefacts"),
    ("sibilant", "v", "sibilant|too essy|sharp on every s|spitty|hissing on the s"),
    ("airless", "wvi", "airless|without sparkle|lacking air|without shimmer|not airy enough"),
    ("unbalanced", "w", "tonally unbalanced|scooped|all bass and treble with no mids|badly EQed"),
    ("mono_incompatible", "w", "out of phase|phasey|vanishing in mono|cancelling in mono"),
    ("dropouts", "w", "cutting out|full of gaps|full of dropouts|stuttering|skipping"),
)  # fmt: skip
# What should become of it, per wish.
BETTER: tuple[tuple[str, str, str], ...] = (
    ("dull", "wvid", "brighter|crisper|more brilliant|shinier"),
    ("too_bright", "wvid", "darker|mellower|less bright|less trebly"),
    ("harsh", "wvid", "smoother|softer on the ears|gentler on the ear|less harsh|less piercing|"
        "less sharp|less shrill|silkier|kinder to my ears"),
    ("thin", "wvid", "fuller|fatter|thicker|deeper|heavier in the bass|bassier|beefier|richer in "
        "the lows|weightier"),
    ("boomy", "wvid", "less boomy|tighter in the bass|less bassy|leaner in the lows"),
    ("muddy", "wid", "less muddy|cleaner in the low mids|less mushy|less murky"),
    ("boxy", "wvid", "less boxy|less honky|less nasal"),
    ("unclear", "wvid", "clearer|more defined|more distinct|easier to understand|more present|"
        "more detailed|cleaner and clearer"),
    ("cold", "wvi", "warmer|cosier|rounder and warmer|more organic|less sterile|less cold"),
    ("clipping", "wvid", "less distorted|undistorted|less crunchy on the peaks"),
    ("reverb", "wvid", "drier|less echoey|closer|more intimate|less roomy|less washed out"),
    ("too_dry", "wvid", "wetter|more spacious|more reverberant|less dry|roomier"),
    ("noise", "w", "less noisy|less hissy|free of noise|quieter in the background"),
    ("flat_transients", "wd", "punchier|livelier|snappier|more energetic|more aggressive|hit "
        "harder|more impactful"),
    ("punch_less", "d", "less punchy|softer in the attack|gentler"),
    ("squashed", "w", "more dynamic|less compressed|less squashed|breathe more"),
    ("uneven_levels", "wv", "more even|more consistent in volume|steadier in level"),
    ("too_quiet", "w", "louder|stronger in volume|as loud as other songs"),
    ("too_loud", "w", "quieter|less loud|softer in volume"),
    ("vocals_buried", "v", "louder|stand out more|come forward|sit higher in the mix|easier to "
        "hear over the music|more up front"),
    ("vocals_loud", "v", "quieter|sit back in the mix|less loud|softer in the mix"),
    ("narrow", "wi", "wider|broader|bigger in stereo|less narrow|more stereo"),
    ("too_wide", "wi", "narrower|less wide|more centred|more focused in the centre"),
    ("airless", "wvi", "airier|more sparkly|more open on top|shimmer more"),
    ("sibilant", "v", "less sibilant|less essy|softer on the s"),
)  # fmt: skip
_GROUPS = {"w": WHOLE, "v": VOICES, "i": INSTRUMENTS, "d": DRUMS}

_COMPLAIN = (
    "{s} {is} {p}", "{s} {is} {p}", "{s} {sounds} {p}", "{s} {is} a bit {p}", "{s} {is} so {p}",
    "{s} {sounds} really {p}", "I find {s} {p}", "{s} {is} just {p}", "{s} came out {p}",
    "{s} {sounds} kind of {p}", "somehow {s} {is} {p}", "on my speakers {s} {sounds} {p}",
    "{s} turned out {p}", "{p}, {s}", "{s}: {p}", "why {is} {s} {p}, please fix", "{s} still "
    "{sounds} {p}", "{s} {is} {p} for my taste", "{s} {is} now {p}", "{sounds} {p}",
)  # fmt: skip
_ASK = (
    "make {s} {p}", "can you make {s} {p}?", "I want {s} {p}", "I'd like {s} {p}", "{s} should be "
    "{p}", "could {s} be {p}", "I need {s} {p}", "get {s} {p}", "{s} could be {p}", "{p} please",
    "let {s} be {p}", "{s} needs to be {p}", "I wish {s} were {p}", "please make {s} a bit {p}",
    "we want {s} {p}", "{p}", "how about making {s} {p}", "try making {s} {p}",
)  # fmt: skip
_QUESTIONS = (
    "{is} {s} {p}?", "{is} {s} too {p}", "do you think {s} {is} {p}?", "does it sound {p} to you?",
    "would you say {s} {is} {p}?", "how {p} {is} {s}?", "where {is} {s} {p}?", "is any of it {p}?",
)  # fmt: skip
_DENIALS = (
    "{s} {is} not {p}", "not {p}", "I don't mean {s} {is} {p}", "{s} {isnt} {p}", "it's not that "
    "{s} {is} {p}", "{s} {is} neither {p}", "{s} {isnt} {p} at all", "never {p}",
)  # fmt: skip
_WHYS = (
    "why did you make {s} {p}?", "what made you make {s} {p}?", "how did you get {s} {p}?",
    "explain why {s} {is} {p} now", "why have you made {s} {p}",
)  # fmt: skip
_FORBID = (
    "don't make {s} {p}", "but don't make it {p}", "without making {s} {p}", "{s} must not become "
    "{p}", "it mustn't get {p}", "I don't want {s} {p}", "as long as it doesn't get {p}",
)  # fmt: skip
_INSTRUMENT_WORK = (
    "make {s} louder", "{s} louder please", "turn up {s}", "turn {s} down", "make {s} quieter",
    "remove {s}", "mute {s}", "take out {s}", "get rid of {s}", "{s} is too loud", "{s} is too "
    "quiet", "less of {s}", "more of {s}", "solo {s}", "isolate {s}", "I want to hear {s} more",
    "replace {s} with a synth", "{s} is out of tune", "{s} is late", "delete {s}", "bring up {s}",
    "can't hear {s}", "{s} should be louder", "lower {s} a bit",
)  # fmt: skip


def clauses(rng: random.Random) -> Iterator[tuple[str, Intent, str]]:
    """Clauses with what they mean and the way they are put."""
    for name, groups, said in FAULTS:
        wish = WISHES[name]
        for word in said.split("|"):
            for frame in rng.sample(_COMPLAIN, 3):
                yield _put(frame, rng, groups, word), _wish(wish, directed=False), "complain"
            if rng.random() < 0.35:
                question = Intent(kind="question", problem=wish.problem, aspect=wish.aspect)
                yield _put(rng.choice(_QUESTIONS), rng, groups, word), question, "ask"
    for name, groups, said in BETTER:
        wish = WISHES[name]
        for word in said.split("|"):
            for frame in rng.sample(_ASK, 4):
                yield _put(frame, rng, groups, word), _wish(wish, directed=True), "wish"
            if rng.random() < 0.3:
                yield _put(rng.choice(_WHYS), rng, groups, word), Intent(kind="explain"), "why"
            if rng.random() < 0.3 and wish.aspect:
                forbid = _put(rng.choice(_FORBID), rng, groups, word)
                yield forbid, Intent(kind="leave", aspect=wish.aspect), "forbid"
    for frame in _INSTRUMENT_WORK:
        for subject in rng.sample(INSTRUMENTS, 4):
            yield frame.format(s=subject), Intent(kind="cannot"), "instrument"


def denials(rng: random.Random) -> Iterator[str]:
    """Faults denied ("it isn't muddy"), which ask for nothing."""
    for _, groups, said in FAULTS:
        for word in said.split("|"):
            lacks = word.startswith(("not ", "without", "lacking", "missing"))
            if not lacks and rng.random() < 0.5:
                yield _put(rng.choice(_DENIALS), rng, groups, word)


def _wish(wish: Wish, *, directed: bool) -> Intent:
    change = wish.change if directed or wish.problem is None else "fix"
    return Intent(kind="fix", problem=wish.problem, aspect=wish.aspect, change=change)


def _put(frame: str, rng: random.Random, groups: str, word: str) -> str:
    subject = rng.choice(_GROUPS[rng.choice(groups)])
    many = subject in ("the vocals", "the drums", "the toms", "the congas", "the actors") or (
        subject in INSTRUMENTS and subject.endswith("s") and not subject.endswith(("ss", "brass"))
    ) or subject == "the backing vocals"  # fmt: skip
    return frame.format(
        s=subject,
        p=word,
        **{"is": "are" if many else "is", "isnt": "aren't" if many else "isn't"},
        sounds="sound" if many and not frame.startswith("{sounds}") else "sounds",
    )
