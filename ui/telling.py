"""What is said to a reader who has read what came before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mixmend.agent.records import Finding


def unrepeated(text: str, findings: Sequence[Finding]) -> str:
    """An account without the findings it opens with, for one who was greeted with them."""
    from mixmend.agent.explain import findings_text

    return text.removeprefix(findings_text(findings)).strip() or text
