"""Clauses about named things in the sound: there is too little of it, too much, leave it, why.

"Short on sparkle", "the honk has to go", "keep the room": the thing decides what is meant, the
words around it which way. Teaches the heads to keep the two apart.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from mixmend.agent.intents import Intent
from mixmend.agent.utterance_grammar import INSTRUMENTS, VOICES
from mixmend.agent.wishes import WISHES

# What there can be too little of, and the wish for more of it.
_LACKED: dict[str, str] = {
    "dull": "highs|treble|top end|brilliance|crispness|brightness|high frequencies|high end",
    "airless": "air|sparkle|shimmer|sheen|silk on top|openness up top|glitter",
    "thin": "bass|low end|body|weight|bottom|sub|lows|depth in the bass|low frequencies|meat",
    "cold": "warmth|soul|glow|cosiness|analogue warmth|richness and warmth",
    "unclear": "clarity|definition|detail|focus|presence|separation|intelligibility",
    "flat_transients": "punch|attack|impact|energy|snap|drive|oomph|kick|slam|life",
    "squashed": "dynamics|dynamic range|breathing room|contrast between soft and loud",
    "too_dry": "reverb|space|room|ambience|atmosphere|echo|depth",
    "narrow": "width|stereo|spread|stereo image|side signal",
    "too_quiet": "volume|loudness|level|gain",
    "vocals_buried": "vocals|voice|singing|lead vocal",
}
# What there can be too much of, and the wish for less of it.
_EXCESS: dict[str, str] = {
    "reverb": "reverb|echo|room|ambience|reverberation|room sound|hall",
    "noise": "hiss|noise|static|background noise|wind|tape hiss|fan noise|traffic|room noise",
    "hum": "hum|buzz|mains hum|whine|50 Hz tone|electrical buzz|drone",
    "clicks": "clicks|crackle|pops|ticks|scratches|mouth clicks|clicks and pops",
    "boomy": "bass|low end|boom|sub|rumble|boominess|plosives|thump in the lows",
    "muddy": "mud|muddiness|low mids|murk|mush|gloop",
    "boxy": "boxiness|honk|nasal tone|cardboard sound",
    "harsh": "harshness|edge|sharpness|fizz|screech|shrillness|bite|glare",
    "sibilant": "sibilance|ess sounds|s sounds|spit on the s|hissing s",
    "too_bright": "treble|highs|top end|brightness",
    "clipping": "distortion|clipping|crunch on the peaks|overload|digital clipping",
    "squashed": "compression|limiting|pumping|squashing",
    "too_wide": "width|stereo spread|stereo",
    "vocals_loud": "vocals|voice|singing",
    "lossy_source": "mp3 artefacts|swirl|codec warble|digital warble",
    "dropouts": "dropouts|gaps|skips|stutters",
}
_LACKS = (
    "it lost its {n}", "not much {n}", "hardly any {n}", "barely any {n}", "where's the {n}",
    "the {n} is missing", "it's short on {n}", "I miss the {n}", "the {n} went missing", "there's "
    "next to no {n}", "it's starved of {n}", "devoid of {n}", "it has no {n} whatsoever", "{s} has "
    "no {n}", "{s} lacks {n}", "{n} is gone", "no {n} at all", "too little {n}", "what happened to "
    "the {n}", "where did the {n} go", "there isn't enough {n}", "I can't hear any {n}",
    "the {n} isn't coming through", "zero {n}",
)  # fmt: skip
_ADDS = (
    "it could do with some {n}", "add {n}", "more {n}", "give it {n}", "give {s} more {n}",
    "inject some {n}", "I'd like more {n}", "needs {n}", "needs more {n}", "more {n} on {s}",
    "put some {n} into it", "restore the {n}", "a dose of {n}", "boost the {n}", "increase the {n}",
    "can we get more {n}", "I'd love some {n}", "up the {n}", "extra {n} please", "some {n} would "
    "be nice", "bring out the {n}", "let me have more {n}", "raise the {n}", "pump up the {n}",
)  # fmt: skip
_ANNOYS = (
    "{n} all over it", "full of {n}", "{n} everywhere", "so much {n}", "too much {n}", "the {n} is "
    "annoying", "the {n} ruins it", "the {n} drives me mad", "the {n} takes over", "the {n} is "
    "distracting", "what about that {n}", "there's a lot of {n} on {s}", "I can't stand the {n}",
    "the {n} bothers me", "the {n} is unbearable", "{n} is out of control", "{s} has too much {n}",
    "way too much {n}", "the {n} covers everything", "an awful lot of {n}", "the {n} spoils it",
)  # fmt: skip
_REMOVES = (
    "less {n}", "remove the {n}", "get rid of the {n}", "cut the {n}", "reduce the {n}", "lose the "
    "{n}", "the {n} has to go", "no more {n}", "kill the {n}", "turn down the {n}", "can you do "
    "something about the {n}", "{n} begone", "ease off the {n}", "take out the {n}", "lower the "
    "{n}", "tame the {n}", "bring the {n} down", "I want less {n}", "clean up the {n}", "filter "
    "the {n}", "strip the {n}", "dial down the {n}", "take away some {n}", "is there a way to get "
    "the {n} out",
)  # fmt: skip
_ASKS = (
    "how much {n} is there?", "is there any {n}?", "do you hear {n}?", "how bad is the {n}?",
    "where's the {n} coming from?", "is there too much {n}?", "did you find any {n}?", "is the {n} "
    "ok?", "what about the {n}, is it fine?", "how is the {n}?", "does it have enough {n}?",
)  # fmt: skip
_WHYS = (
    "why did you remove the {n}?", "why did you add {n}?", "what did you do to the {n}?", "what "
    "happened to the {n} in that pass?", "why is there more {n} now?", "explain what you did with "
    "the {n}", "how did you reduce the {n}?", "why did you leave the {n} in?",
)  # fmt: skip
_KEEPS = (
    "leave the {n}", "keep the {n}", "don't touch the {n}", "don't remove the {n}", "don't change "
    "the {n}", "{n} stays", "hands off the {n}", "without losing the {n}", "the {n} is fine, leave "
    "it", "I like the {n}, keep it", "stop messing with the {n}", "the {n} should stay", "leave "
    "the {n} alone", "please no changes to the {n}", "the {n} is on purpose", "not the {n}",
)  # fmt: skip
_SUBJECTS = (*VOICES, *INSTRUMENTS, "the mix", "the recording", "the drums", "the snare")


def clauses(rng: random.Random) -> Iterator[tuple[str, Intent, str]]:
    """Clauses with what they mean and the way they are put."""
    for table, complaints, orders in ((_LACKED, _LACKS, _ADDS), (_EXCESS, _ANNOYS, _REMOVES)):
        for name, said in table.items():
            wish = WISHES[name]
            fault = Intent(kind="fix", problem=wish.problem, aspect=wish.aspect, change="fix")
            order = fault.model_copy(update={"change": wish.change})
            asked = Intent(kind="question", problem=wish.problem, aspect=wish.aspect)
            for noun in said.split("|"):
                for frame in rng.sample(complaints, 3):
                    yield _put(frame, noun, rng), fault, "noun_fault"
                for frame in rng.sample(orders, 3):
                    yield _put(frame, noun, rng), order, "noun_order"
                if rng.random() < 0.5:
                    yield _put(rng.choice(_ASKS), noun, rng), asked, "noun_ask"
                if rng.random() < 0.35:
                    yield _put(rng.choice(_WHYS), noun, rng), Intent(kind="explain"), "noun_why"
                if wish.aspect and rng.random() < 0.7:
                    keep = Intent(kind="leave", aspect=wish.aspect)
                    yield _put(rng.choice(_KEEPS), noun, rng), keep, "noun_keep"


def _put(frame: str, noun: str, rng: random.Random) -> str:
    many = noun.endswith("s") and not noun.endswith(("ss", "bass", "dynamics"))
    text = frame.format(n=noun, s=rng.choice(_SUBJECTS))
    if many:
        text = text.replace(f"{noun} is ", f"{noun} are ").replace(
            f"is the {noun}", f"are the {noun}"
        )
    return text
