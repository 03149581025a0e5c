"""Instructions for an engine: one to three short English sentences, one fault each.

The sentences are those the flow model was taught with (`mixmend.model.requests`).
"""

from __future__ import annotations

from collections.abc import Sequence

from mixmend.agent.intents import Intent
from mixmend.agent.records import GoalRecord
from mixmend.agent.wishes import wish_for
from mixmend.model.problems import Problem
from mixmend.model.requests import sentence_for

MOST_SENTENCES = 3
_AUTO = "Improve the sound of this track."

# Wishes no problem stands for still get a sentence in the same manner.
_OTHER: dict[tuple[str, str], str] = {
    ("air", "less"): "Take some of the air off the top.",
    ("warmth", "less"): "Make this less warm.",
    ("punch", "less"): "Soften the attacks a little.",
}


def problem_of(intent: Intent) -> Problem | None:
    """The problem whose repair meets the wish; None when no repair does."""
    if intent.problem is not None:
        return intent.problem
    wish = wish_for(intent.aspect, intent.change)
    return wish.problem if wish else None


def sentence_for_goal(problem: Problem) -> str:
    """The sentence that asks an engine to repair one problem."""
    return sentence_for(problem)


def compose_instruction(goals: Sequence[GoalRecord]) -> str:
    """One short sentence a goal for the first three problems; what the user asked for comes first.

    Goals are expected most certain first; the order among the asked and the found ones is kept.
    """
    ordered = [goal for goal in goals if goal.asked] + [goal for goal in goals if not goal.asked]
    problems = list(dict.fromkeys(goal.problem for goal in ordered))[:MOST_SENTENCES]
    return " ".join(sentence_for(problem) for problem in problems)


def instruction_for(intents: Sequence[Intent]) -> str:
    """What all `intents` ask of the sound, most certain first; a general request for `auto`."""
    wishes = sorted(
        (intent for intent in intents if intent.kind == "fix"), key=lambda i: -i.confidence
    )
    sentences = list(dict.fromkeys(filter(None, map(_sentence, wishes))))
    if sentences:
        return " ".join(_at_most_three(sentences))
    if not intents or any(intent.kind == "auto" for intent in intents):
        return _AUTO
    return ""


def _at_most_three(sentences: Sequence[str]) -> list[str]:
    """One fault a sentence while they last; beyond three the least certain share a sentence."""
    groups: list[list[str]] = [[] for _ in range(min(MOST_SENTENCES, len(sentences)))]
    each, left = divmod(len(sentences), len(groups))
    rest = iter(sentences)
    # The last sentences take what is over, so that the first wish keeps one for itself longest.
    for index, group in enumerate(groups):
        size = each + (1 if index >= len(groups) - left else 0)
        group += [next(rest) for _ in range(size)]
    return [_joined(group) for group in groups]


def _joined(sentences: Sequence[str]) -> str:
    """Several requests as one sentence: "Make it brighter, and remove the hiss."."""
    if len(sentences) == 1:
        return sentences[0]
    first, *others = (sentence.rstrip(" .!?") for sentence in sentences)
    return ", and ".join([first, *(other[0].lower() + other[1:] for other in others)]) + "."


def _sentence(intent: Intent) -> str | None:
    problem = problem_of(intent)
    if problem is not None:
        return sentence_for(problem)
    return _OTHER.get((intent.aspect or "", intent.change or ""))
