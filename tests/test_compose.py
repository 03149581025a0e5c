"""Instructions: short English sentences in the flow model's manner that carry every wish."""

from __future__ import annotations

import itertools
import re

import pytest

from mixmend.agent.compose import compose_instruction, instruction_for, problem_of
from mixmend.agent.intents import Intent
from mixmend.agent.records import GoalRecord
from mixmend.agent.understand import understand
from mixmend.model.problems import ASPECTS, PROBLEMS, Problem
from mixmend.model.requests import REQUESTS, problems_in, sentence_for


def goal(problem: Problem, *, asked: bool = True) -> GoalRecord:
    return GoalRecord(problem=problem, strength=1.0, asked=asked)


def sentences(text: str) -> list[str]:
    return re.findall(r"[^.!?]+[.!?]", text)


@pytest.mark.parametrize("problems", list(itertools.combinations(PROBLEMS, 3))[::97])
def test_every_wish_is_carried_in_one_short_sentence_each(problems: tuple[Problem, ...]) -> None:
    text = compose_instruction([goal(problem) for problem in problems])
    for problem in problems:
        assert any(request in text for request in REQUESTS[problem])
    assert text.isascii()
    assert len(text.split()) <= 3 * 14


@pytest.mark.parametrize("problem", PROBLEMS)
def test_one_goal_is_one_request(problem: Problem) -> None:
    text = compose_instruction([goal(problem)])
    assert text in REQUESTS[problem]
    assert problem in problems_in(text)


def test_at_most_three_and_what_was_asked_comes_first() -> None:
    goals = [goal("noise", asked=False), goal("dull"), goal("muddy"), goal("thin")]
    text = compose_instruction(goals)
    assert text.index(_said(text, "dull")) == 0
    assert not any(request in text for request in REQUESTS["noise"])


def _said(text: str, problem: Problem) -> str:
    return next(request for request in REQUESTS[problem] if request in text)


def test_the_same_problem_is_asked_once() -> None:
    assert compose_instruction([goal("dull"), goal("dull")]) in REQUESTS["dull"]


@pytest.mark.parametrize(
    ("aspect", "change", "problem"),
    [
        ("brightness", "more", "dull"), ("brightness", "less", "too_bright"),
        ("bass", "more", "thin"), ("bass", "less", "boomy"), ("loudness", "more", "too_quiet"),
        ("width", "more", "narrow"), ("reverb", "less", "reverb"), ("reverb", "more", "too_dry"),
        ("vocals", "more", "vocals_buried"), ("vocals", "less", "vocals_loud"),
        ("mud", "less", "muddy"), ("compression", "less", "squashed"), ("warmth", "less", None),
        ("noise", "fix", "noise"), ("panning", "fix", "off_balance"),
    ],
)  # fmt: skip
def test_problem_of_an_aspect_and_its_direction(
    aspect: str, change: str, problem: str | None
) -> None:
    intent = Intent.model_validate({"kind": "fix", "aspect": aspect, "change": change})
    assert problem_of(intent) == problem


def test_every_aspect_can_be_worked_on() -> None:
    for aspect in ASPECTS:
        found = [
            problem_of(Intent.model_validate({"kind": "fix", "aspect": aspect, "change": change}))
            for change in ("more", "less", "fix")
        ]
        assert any(found)


def test_instruction_of_understood_words_carries_each_wish() -> None:
    heard = understand("more bass, less hiss and wider please")
    assert set(problems_in(heard.instruction)) >= {"thin", "noise", "narrow"}
    assert len(sentences(heard.instruction)) == 3


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7])
def test_every_wish_is_carried_in_at_most_three_sentences(count: int) -> None:
    for start in range(0, len(PROBLEMS) - count, 3):
        wanted = PROBLEMS[start : start + count]
        text = instruction_for([Intent(kind="fix", problem=problem) for problem in wanted])
        assert set(problems_in(text)) == set(wanted), text
        assert len(sentences(text)) == min(count, 3)
        assert text.isascii()
        assert text[0].isupper()


def test_up_to_three_wishes_have_a_sentence_each_in_the_taught_words() -> None:
    for wanted in itertools.combinations(PROBLEMS[::4], 3):
        text = instruction_for([Intent(kind="fix", problem=problem) for problem in wanted])
        assert text == " ".join(sentence_for(problem) for problem in wanted)


def test_the_most_certain_wish_comes_first() -> None:
    wishes = [
        Intent(kind="fix", problem="dull", confidence=0.4),
        Intent(kind="fix", problem="hum", confidence=0.9),
        Intent(kind="fix", problem="thin", confidence=0.7),
    ]
    assert problems_in(instruction_for(wishes)) == ("hum", "thin", "dull")


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("change", ["more", "less"])
def test_a_wish_named_by_its_aspect_has_a_sentence(aspect: str, change: str) -> None:
    intent = Intent.model_validate({"kind": "fix", "aspect": aspect, "change": change})
    text = instruction_for([intent])
    if (problem := problem_of(intent)) is not None:
        assert problems_in(text) == (problem,)
    assert len(sentences(text)) <= 1


def test_only_wishes_become_instructions() -> None:
    assert instruction_for([Intent(kind="undo")]) == ""
    assert instruction_for([Intent(kind="leave", aspect="bass")]) == ""
    assert instruction_for([Intent(kind="auto")])
    assert understand("a little less air on top").instruction == "Take some of the air off the top."
