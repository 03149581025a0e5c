"""Frames that phrasings are put into: asking, amounts, places, joints, follow-ups."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

ASKING: dict[str, tuple[str, ...]] = {
    "can_you": ("can you {}?", "could you {} please?", "can u {}", "would you {}?"),
    "please": ("please {}", "{} please", "{}, thanks", "{}, if you can"),
    "chatty": ("hey, {}", "ok so {}", "alright now {}", "so yeah, {}", "hi there, {}"),
    "wish": ("I want you to {}", "I'd like you to {}", "I need you to {}", "you should {}"),
    "letter": (
        "Dear engineer, would you be so kind as to {}?",
        "I would be grateful if you could {}.",
        "It would be lovely if you could {}",
        "is there any chance you could {}?",
    ),
    "aside": (
        "{}, my wife says",
        "not sure how to say it but {}",
        "{} - or whatever you call it",
        "maybe {}? I don't know the word",
    ),
}
TELLING: dict[str, tuple[str, ...]] = {
    "think": ("I think {}", "I feel like {}", "to me {}", "somehow {}", "honestly {}"),
    "mix": ("the mix: {}", "my problem: {}", "one thing: {}", "well, {}"),
    "fix_it": ("{}, can you fix that?", "{}. please fix it", "{}, do something about it"),
    "letter": (
        "My daughter recorded this and {}.",
        "I played it to my friend and he said {}",
        "everyone tells me {}",
    ),
}

AMOUNTS: dict[str, tuple[tuple[str, float], ...]] = {
    "hair": (("a hair", 0.2), ("a tiny bit", 0.2), ("just a hair", 0.2)),
    "bit": (("a bit", 0.35), ("a little", 0.35), ("a little bit", 0.35), ("just a bit", 0.35)),
    "lots": (("a lot", 0.8), ("way", 0.8), ("much", 0.8), ("far", 0.8)),
    "sliver": (
        ("a smidge", 0.2),
        ("ever so slightly", 0.2),
        ("a whole lot", 0.8),
        ("tons", 0.8),
        ("heaps", 0.8),
        ("somewhat", 0.35),
    ),
    "none": (("", 0.5),),
}
MEASURED: tuple[tuple[str, str], ...] = (
    ("{} more bass", "thin"),
    ("{} more treble", "dull"),
    ("{} less reverb", "reverb"),
    ("{} less hiss", "noise"),
    ("{} more punch", "flat_transients"),
    ("{} more warmth", "cold"),
    ("{} more air", "airless"),
    ("{} less mud", "muddy"),
    ("{} less harshness", "harsh"),
    ("{} more clarity", "unclear"),
    ("{} more width", "narrow"),
    ("{} less compression", "squashed"),
    ("{} less bass", "boomy"),
    ("{} more reverb", "too_dry"),
    ("{} less sibilance", "sibilant"),
    ("{} more vocals", "vocals_buried"),
    ("I want {} more low end", "thin"),
    ("can I have {} less echo", "reverb"),
    ("give it {} more top end", "dull"),
)
COMPLAINT_AMOUNTS: dict[str, tuple[tuple[str, float], ...]] = {
    "too": (
        ("too", 0.5),
        ("a bit too", 0.35),
        ("way too", 0.8),
        ("a little too", 0.35),
        ("far too", 0.8),
        ("much too", 0.8),
    ),
    "sliver": (("slightly too", 0.3), ("extremely", 0.85), ("a tad", 0.25), ("a touch too", 0.25)),
}
COMPLAINTS: tuple[tuple[str, str], ...] = (
    ("it's {} muddy", "muddy"),
    ("it sounds {} dull", "dull"),
    ("the mix is {} boomy", "boomy"),
    ("it is {} harsh", "harsh"),
    ("the sound is {} thin", "thin"),
    ("it's {} quiet", "too_quiet"),
    ("it's {} narrow", "narrow"),
    ("it's {} echoey", "reverb"),
    ("it's {} noisy", "noise"),
    ("the vocals are {} quiet", "vocals_buried"),
    ("it sounds {} cold", "cold"),
    ("it's {} squashed", "squashed"),
    ("it's {} boxy", "boxy"),
    ("it's {} bright", "too_bright"),
    ("it sounds {} distorted", "clipping"),
    ("it's {} dry", "too_dry"),
)

Made = tuple[str, list[dict[str, Any]]]


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"


def _said_time(seconds: int, rng: random.Random) -> str:
    minutes, rest = divmod(seconds, 60)
    ways = [_clock(seconds), f"{seconds} seconds", f"{seconds}s"]
    if minutes:
        ways += [f"{minutes}m{rest:02d}s", f"{minutes} min {rest} sec", f"{minutes} minutes {rest}"]
    return rng.choice(ways)


def _span(rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(10, 200)
    return start, start + rng.randrange(8, 60)


def _from_to(rng: random.Random) -> Made:
    a, b = _span(rng)
    shape = rng.choice(
        ("from {} to {}", "between {} and {}", "from {} until {}", "from {} till {}", "{} to {}")
    )
    return shape.format(_clock(a), _clock(b)), [{"region": (float(a), float(b))}]


def _at(rng: random.Random) -> Made:
    a = rng.randrange(12, 240)
    shape = rng.choice(("at {}", "around {}", "near {}", "at about {}"))
    return shape.format(_said_time(a, rng)), [{"region": (max(0.0, a - 5.0), a + 5.0)}]


def _mark(rng: random.Random) -> Made:
    a = rng.randrange(12, 240)
    shape = rng.choice(("at the {} mark", "right at {}", "somewhere around {}", "roughly at {}"))
    return shape.format(_clock(a)), [{"region": (max(0.0, a - 5.0), a + 5.0)}]


def _after(rng: random.Random) -> Made:
    a = rng.randrange(20, 240)
    return rng.choice(("after {}", "from {} on", "starting at {}")).format(_clock(a)), [
        {"region": (float(a), None)}
    ]


def _onward(rng: random.Random) -> Made:
    a = rng.randrange(20, 240)
    shape = rng.choice(("from {} onwards", "from {} to the end", "past {}", "from about {} on"))
    return shape.format(_clock(a)), [{"region": (float(a), None)}]


def _first(rng: random.Random) -> Made:
    n = rng.choice((5, 8, 10, 15, 20, 30, 45))
    said = rng.choice((f"{n} seconds", f"{n} s", f"{n} sec"))
    return rng.choice(("in the first {}", "for the first {}", "during the first {}")).format(
        said
    ), [{"region": (0.0, float(n))}]


def _last(rng: random.Random) -> Made:
    n = rng.choice((5, 10, 15, 20, 30, 60))
    said = "minute" if n == 60 else f"{n} seconds"
    return rng.choice(("in the last {}", "for the last {}", "during the last {}")).format(said), [
        {"region": (-float(n), None)}
    ]


def _twice(rng: random.Random) -> Made:
    a, b = rng.randrange(12, 90), rng.randrange(100, 240)
    shape = rng.choice(("at {} and {}", "at {} and at {}", "around {} and {}"))
    return shape.format(_clock(a), _clock(b)), [
        {"region": (max(0.0, t - 5.0), t + 5.0)} for t in (a, b)
    ]


def _section(rng: random.Random) -> Made:
    said, name = rng.choice(
        (
            ("in the chorus", "chorus"),
            ("in the verse", "verse"),
            ("in the intro", "intro"),
            ("in the bridge", "bridge"),
            ("in the outro", "outro"),
            ("in the quiet parts", "quiet parts"),
            ("in the loud parts", "loud parts"),
            ("at the beginning", "intro"),
            ("at the end", "outro"),
            ("in the breakdown", "breakdown"),
            ("during the solo", "solo"),
            ("in the verses", "verse"),
        )
    )
    return said, [{"section": name}]


PLACES: dict[str, tuple[Callable[[random.Random], Made], ...]] = {
    "from_to": (_from_to,),
    "at": (_at,),
    "mark": (_mark,),
    "after": (_after,),
    "onward": (_onward,),
    "first": (_first,),
    "last": (_last,),
    "twice": (_twice,),
    "section": (_section,),
}

JOINTS: dict[str, tuple[str, ...]] = {
    "and": (" and ",),
    "comma": (", ",),
    "stop": (". ", ". Also, "),
    "also": (", also ", ", and also "),
    "then": (", then ", " and then "),
    "over_again": ("; ", " plus ", ", on top of that "),
}
SHARED: dict[str, dict[str, str]] = {
    "nouns": {"more": "more {} and {}", "less": "less {} and {}"},
    "need": {"more": "it needs more {} and more {}", "less": "too much {} and too much {}"},
    "verb": {"more": "turn up the {} and the {}", "less": "reduce the {} and the {}"},
}
NOUNS: dict[str, tuple[str, str]] = {
    "bass": ("thin", "boomy"),
    "treble": ("dull", "too_bright"),
    "reverb": ("too_dry", "reverb"),
    "vocals": ("vocals_buried", "vocals_loud"),
    "air": ("airless", "air_less"),
    "warmth": ("cold", "warmth_less"),
}
BUTS: dict[str, tuple[str, ...]] = {"but": (" but ", ", but "), "and": (" and ", ", ")}

FOLLOW_UPS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "less": (
        ("a bit less", {"kind": "weaker", "strength": 0.35}),
        ("less", {"kind": "weaker"}),
        ("too much", {"kind": "weaker"}),
        ("not that much", {"kind": "weaker"}),
        ("hmm that's a bit too much", {"kind": "weaker", "strength": 0.35}),
        ("dial that down", {"kind": "weaker"}),
        ("way too much", {"kind": "weaker", "strength": 0.8}),
        ("could it be more subtle?", {"kind": "weaker"}),
    ),
    "more": (
        ("a bit more", {"kind": "stronger", "strength": 0.35}),
        ("more", {"kind": "stronger"}),
        ("even more", {"kind": "stronger"}),
        ("not enough", {"kind": "stronger"}),
        ("still not enough", {"kind": "stronger"}),
        ("go further", {"kind": "stronger"}),
        ("a lot more", {"kind": "stronger", "strength": 0.8}),
        ("push it more", {"kind": "stronger"}),
    ),
    "undo": (
        ("undo that", {"kind": "undo"}),
        ("no, go back", {"kind": "undo"}),
        ("undo the second one", {"kind": "undo", "pass": 2}),
        ("that's worse", {"kind": "undo"}),
    ),
    "ask": (
        ("why?", {"kind": "explain"}),
        ("what did you do there?", {"kind": "explain"}),
        ("which is better?", {"kind": "compare"}),
        ("and how loud is it now?", {"kind": "question"}),
    ),
    "yes": (
        ("yes", {"kind": "approve"}),
        ("perfect", {"kind": "approve"}),
        ("great, that's it", {"kind": "approve"}),
        ("love it", {"kind": "approve"}),
    ),
}
