"""Text on its way to the user: shown sentence by sentence, each checked before it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from mixmend.agent.facts import Facts
from mixmend.agent.truth import lies_in

_END = re.compile(r"[.!?\u2026][\"')\u201d*_]*(?=\s)|\n")


@dataclass
class Speaker:
    """Collects a brain's words; what a sentence claims is held against `facts()` of that moment.

    `show` is called with pieces of text in the order in which the user reads them.
    """

    facts: Callable[[], Facts]
    show: Callable[[str], None] | None = None
    shown: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    _waiting: str = ""
    _gap: bool = False

    def hear(self, piece: str) -> None:
        """More of what the brain says; whole sentences go on."""
        self._waiting += piece
        while match := _END.search(self._waiting):
            self._pass_on(self._waiting[: match.end()])
            self._waiting = self._waiting[match.end() :]

    def end_message(self) -> None:
        """A message is complete: what waits goes on, and a paragraph ends."""
        self._pass_on(self._waiting)
        self._waiting = ""
        self.paragraph()

    def drop_message(self) -> None:
        """A message broke off: half a sentence is not said."""
        self._waiting = ""
        self.paragraph()

    def paragraph(self) -> None:
        """What follows is a paragraph of its own."""
        self._gap = bool(self.shown)

    def say(self, text: str) -> None:
        """Words of our own, made from the session: they are not checked again."""
        self.paragraph()
        self._show(text)

    @property
    def text(self) -> str:
        """All that was shown."""
        whole = "".join(self.shown)
        return re.sub(r"\n{3,}", "\n\n", whole).strip()

    def _pass_on(self, sentence: str) -> None:
        if not sentence.strip():
            if self.shown and sentence:
                self._show(sentence)
            return
        if lies_in(sentence.strip(), self.facts()):
            self.removed.append(sentence.strip())
            return
        self._show(sentence if self.shown else sentence.lstrip())

    def _show(self, text: str) -> None:
        if self._gap:
            self._gap = False
            self._show("\n\n")
            text = text.lstrip()
        self.shown.append(text)
        if self.show:
            self.show(text)
