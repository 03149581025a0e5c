"""Requests: every problem has its sentences, and sentences lead back to their problems."""

from __future__ import annotations

import pytest

from mixmend.model.problems import PROBLEMS, Problem
from mixmend.model.requests import (
    GENERIC_REQUESTS,
    LEAVE_REQUESTS,
    REQUESTS,
    join_requests,
    problems_in,
    sentence_for,
)


def test_every_problem_has_ten_different_short_sentences() -> None:
    assert set(REQUESTS) == set(PROBLEMS)
    for sentences in REQUESTS.values():
        assert len(set(sentences)) == len(sentences) >= 10
        assert all(len(sentence.split()) <= 14 for sentence in sentences)


def test_no_sentence_asks_for_two_problems() -> None:
    every = [sentence for sentences in REQUESTS.values() for sentence in sentences]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_own_sentences_map_to_their_problem_alone(problem: Problem) -> None:
    for sentence in REQUESTS[problem]:
        assert problems_in(sentence) == (problem,), sentence


@pytest.mark.parametrize("text", ["", "   ", *GENERIC_REQUESTS, *LEAVE_REQUESTS])
def test_general_wishes_name_no_problem(text: str) -> None:
    assert problems_in(text) == ()


def test_joined_requests_keep_their_order() -> None:
    for seed in range(40):
        first, second, third = (PROBLEMS[(seed * k) % len(PROBLEMS)] for k in (3, 7, 11))
        wanted = tuple(dict.fromkeys((first, second, third)))
        assert problems_in(join_requests(wanted, seed)) == wanted


def test_joined_requests_are_at_most_three() -> None:
    text = join_requests(["reverb", "dull", "reverb", "thin", "muddy"], seed=1)
    assert problems_in(text) == ("reverb", "dull", "thin")
    assert join_requests([]) == ""


def test_seeds_choose_and_repeat() -> None:
    chosen = {sentence_for("reverb", seed) for seed in range(60)}
    assert len(chosen) > 5
    assert sentence_for("reverb", 3) == sentence_for("reverb", 3)


WORDINGS: dict[str, tuple[Problem, ...]] = {
    "make it brighter": ("dull",),
    "not so bright please": ("too_bright",),
    "the highs are piercing": ("harsh",),
    "darker": ("too_bright",),
    "louder!": ("too_quiet",),
    "it's way too loud": ("too_loud",),
    "make it wider": ("narrow",),
    "sounds like mono": ("narrow",),
    "more bass": ("thin",),
    "not enough bass": ("thin",),
    "less bass": ("boomy",),
    "take the bass down a bit": ("boomy",),
    "a touch more warmth": ("cold",),
    "the sound is muffled": ("unclear",),
    "even tonal balance": ("unbalanced",),
    "remove the microphone colour": ("mic_colored",),
    "sounds like an old telephone": ("mic_colored",),
    "more dynamic": ("squashed",),
    "more compression": ("uneven_levels",),
    "drums need more attack": ("flat_transients",),
    "turn the vocals up": ("vocals_buried",),
    "turn down the vocals": ("vocals_loud",),
    "the vocals are too quiet": ("vocals_buried",),
    "too much reverb": ("reverb",),
    "more reverb": ("too_dry",),
    "the song is distorted": ("clipping",),
    "volume goes up and down": ("uneven_levels",),
    "reduce the hum and the hiss": ("hum", "noise"),
    "reduce the reverb and make it brighter": ("reverb", "dull"),
    "less bass and more treble": ("boomy", "dull"),
    "turn down the bass and the treble": ("boomy", "too_bright"),
    "warmer, wider and punchier": ("cold", "narrow", "flat_transients"),
    "Remove the clipping. Make it louder. More bass!": ("clipping", "too_quiet", "thin"),
    "more bass but don't touch the vocals": ("thin",),
    "make it louder without distorting it": ("too_quiet",),
    "make it brighter by lifting the air": ("dull",),
    "remove the guitar": (),
    "change the tempo": (),
}


@pytest.mark.parametrize("text", WORDINGS)
def test_free_wordings(text: str) -> None:
    assert problems_in(text) == WORDINGS[text]
