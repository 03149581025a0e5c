"""Every request the engines were taught with is read as what it asks for, in any company."""

from __future__ import annotations

import pytest

from mixmend.agent.compose import problem_of
from mixmend.agent.understand import understand
from mixmend.model.problems import Problem
from mixmend.model.requests import REQUESTS, join_requests


@pytest.mark.parametrize("problem", list(REQUESTS))
def test_each_request_asks_for_its_own_repair(problem: Problem) -> None:
    for sentence in REQUESTS[problem]:
        intents = understand(sentence).intents
        assert [(i.kind, problem_of(i)) for i in intents] == [("fix", problem)], sentence


@pytest.mark.parametrize("seed", range(5))
def test_joined_requests_keep_every_wish(seed: int) -> None:
    problems: list[Problem] = ["clipping", "reverb", "dull"]
    intents = understand(join_requests(problems, seed)).intents
    assert {problem_of(intent) for intent in intents} == set(problems)


def test_other_words_beside_a_known_request_are_read_too() -> None:
    words = f"{REQUESTS['reverb'][0]} And make it louder, for Spotify."
    understood = understand(words)
    assert {problem_of(i) for i in understood.of_kind("fix")} >= {"reverb", "too_quiet"}
    assert any(intent.target == "streaming" for intent in understood.intents)
