"""Requests in the flow model's manner: the sentence for a problem, and the problems in a sentence.

`REQUESTS` holds our sentences, `sentence_for` and `join_requests` choose among them by seed, and
`problems_in` reads any English instruction back into the problems it asks to repair.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from mixmend.model.problems import Problem
from mixmend.model.request_sentences import GENERIC_REQUESTS, LEAVE_REQUESTS, REQUESTS
from mixmend.model.request_words import problems_in

__all__ = [
    "GENERIC_REQUESTS",
    "LEAVE_REQUESTS",
    "REQUESTS",
    "join_requests",
    "problems_in",
    "sentence_for",
]

# The flow model was taught with at most three faults at a time.
MOST_SENTENCES = 3


def sentence_for(problem: Problem, seed: int = 0) -> str:
    """One sentence that asks for the repair of `problem`; the same seed gives the same sentence."""
    return random.Random(f"{problem}/{seed}").choice(REQUESTS[problem])


def join_requests(problems: Sequence[Problem], seed: int = 0) -> str:
    """One to three sentences for the first three different `problems`, in the given order."""
    wanted = list(dict.fromkeys(problems))[:MOST_SENTENCES]
    return " ".join(sentence_for(problem, seed) for problem in wanted)
