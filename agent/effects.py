"""What a pass on a problem moves, and what a kept one proves."""

from __future__ import annotations

from mixmend.agent.claim_words import EFFECTS, TOPICS, Sign
from mixmend.agent.plan import LEVEL
from mixmend.agent.records import PassRecord
from mixmend.model.problems import Problem

# Where a repair has side effects, the topics that its own fault is called by.
_FAULT_OF: dict[Problem, tuple[str, ...]] = {
    "reverb": ("reverb",), "clipping": ("clipping",), "noise": ("noise",), "hum": ("hum",),
    "clicks": ("clicks",), "dull": ("brightness",), "squashed": ("dynamics",),
    "flat_transients": ("punch",), "muddy": ("mud",), "boomy": ("bass",),
    "unclear": ("clarity", "brightness"), "sibilant": ("sibilance",), "thin": ("bass",),
    "cold": ("warmth",), "unbalanced": ("tone",), "lossy_source": ("bandwidth",),
    "dc_offset": ("dc_offset",), "mono_incompatible": ("mono",), "vocals_buried": ("vocals",),
    "airless": ("air",), "harsh": ("harshness",), "too_bright": ("brightness", "harshness"),
}  # fmt: skip


def stands_for(topic: str, problem: Problem, effects: frozenset[tuple[str, Sign]]) -> bool:
    """Whether a problem is what people mean by a topic."""
    return problem == topic or (
        any(t == topic for t, _ in effects) and topic in _FAULT_OF.get(problem, (topic,))
    )


def proven_effects(done: PassRecord) -> frozenset[tuple[str, Sign]]:
    """What a kept pass proves: its own topics in the direction of its repair."""
    if done.problem is None or done.problem in LEVEL:
        return frozenset()
    # With nothing measured there is no proof.
    proven = any(c.name == "target_moved" and c.value is not None for c in done.checks)
    if not proven:
        return frozenset()
    return own_effects(done)


def own_effects(done: PassRecord) -> frozenset[tuple[str, Sign]]:
    """Topics that a pass moves on purpose, without side effects of its repair."""
    if done.problem is None:
        return frozenset()
    own = _FAULT_OF.get(done.problem)
    effects = EFFECTS[done.problem]
    if own is None:
        return effects
    return frozenset(effect for effect in effects if effect[0] in own) or effects


def fix_signs(topic: str) -> tuple[Sign, ...]:
    """The directions in which a topic gets better; both where either may be meant."""
    sign = TOPICS[topic].fixed
    return (1, -1) if sign == 0 else (sign,)
