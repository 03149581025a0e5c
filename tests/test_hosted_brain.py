"""The hosted brain against a real server on the loopback: streaming, tools, failures, costs."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mixmend.agent.bench.model_engineer import BOASTS, Engineer
from mixmend.agent.bench.model_server import (
    Die,
    Fail,
    ModelServer,
    Reply,
    Say,
    Script,
    Stall,
    Use,
    in_turn,
)  # fmt: skip
from mixmend.agent.brains import BrainChoice, choose_brain
from mixmend.agent.budget import Price
from mixmend.agent.conversation import Conversation
from mixmend.agent.limits import Limits
from mixmend.agent.mend import Listeners, open_conversation
from mixmend.agent.session import LEVEL_GOAL, Session
from mixmend.agent.store import SessionStore
from mixmend.agent.toolbox import Wanted
from mixmend.model.degrade import degrade
from mixmend.tools.errors import UsageError
from mixmend.tools.reading import Sound, read_sound
from mixmend.tools.writing import write_sound
from tests.signals import music

KEY = "sk-test-4f9a-never-to-be-written-anywhere"
MENDING = (Use((("restore", {"problem": "dull"}),)), Use((("finish", {}),)))


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hosted") / "very secret song name.wav"
    write_sound(path, degrade(music(4.0, seed=4), "bright", 1).audio)
    return path


@pytest.fixture(scope="module")
def sound(song: Path) -> Sound:
    return read_sound(song)


class Talk:
    """A conversation with a scripted server, and what was heard on the way."""

    def __init__(self, conversation: Conversation, server: ModelServer) -> None:
        self.conversation = conversation
        self.server = server
        self.pieces: list[str] = []
        self.steps: list[str] = []
        conversation.on_text = self.pieces.append
        conversation.toolbox.on_step = self.steps.append

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [asked.json for asked in self.server.asked]


@pytest.fixture
def talk(
    song: Path, sound: Sound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    opened: list[tuple[ModelServer, Conversation]] = []

    def start(script: Script, *, limits: Limits | None = None, **choice: Any) -> Talk:
        choice = {"timeout_s": 5.0, **choice}
        server = ModelServer(script).__enter__()
        session = Session.start(song, SessionStore(tmp_path / "home"), sound=sound)
        conversation = open_conversation(
            session, Wanted(out=tmp_path / "out.wav"), limits=limits, listeners=Listeners(),
            choice=BrainChoice("scripted-model", True, server.url, **choice),
        )  # fmt: skip
        opened.append((server, conversation))
        return Talk(conversation, server)

    yield start
    for server, conversation in opened:
        conversation.close()
        server.__exit__(None, None, None)


def test_a_good_engineer_mends_and_its_words_come_in_pieces(talk: Any) -> None:
    t = talk(Engineer())
    text = t.conversation.turn("make it brighter please")
    kept = [p.goal for p in t.conversation.session.record.passes if p.verdict == "kept"]
    assert kept == ["dull", LEVEL_GOAL]
    assert "I brought the treble up" in text
    assert "".join(t.pieces).strip() == text
    assert len(t.pieces) > 2
    assert any("treble" in step for step in t.steps)
    assert all(request["stream"] for request in t.sent)
    assert {tool["function"]["name"] for tool in t.sent[0]["tools"]} >= {"restore", "finish"}


def test_a_boaster_is_corrected_before_anything_false_is_shown(talk: Any) -> None:
    t = talk(Engineer(boasts=True))
    for words in ("make it brighter please", "a bit less", "how loud is it?"):
        t.conversation.turn(words)
    shown = "".join(t.pieces)
    assert not any(boast in shown for boast in BOASTS)
    said = " ".join(turn.text for turn in t.conversation.session.record.turns)
    assert not any(boast in said for boast in BOASTS)
    # Nor does the model read its own lies again.
    assert not any(boast in json.dumps(t.sent[-1]["messages"]) for boast in BOASTS)
    assert sum("no measurement" in note for note in t.conversation.session.record.notes) == 3


def test_wrong_arguments_go_back_to_the_model(talk: Any) -> None:
    wrong = (
        Use((("restore", {"problem": "everything"}),)),
        Use((("restore", {"problem": "dull", "amount": 7}),)),
        Use((("restore", {"problem": "dull", "path": "/etc/passwd"}),)),
        Use((("restore", "problem is dull"),)),
        Use((("delete_file", {"path": "/etc/passwd"}),)),
    )
    t = talk(in_turn(*wrong, *MENDING, Say("I brought the treble up.")))
    assert t.conversation.turn("brighter").startswith("I brought the treble up.")
    answers = [m["content"] for m in t.sent[-1]["messages"] if m["role"] == "tool"]
    assert any("problem" in answer and "Input should be" in answer for answer in answers)
    assert any("less than or equal to 1" in answer for answer in answers)
    assert any("Extra inputs are not permitted" in answer for answer in answers)
    assert any("not a valid tool" in answer for answer in answers)
    assert any("no JSON" in json.dumps(request["messages"]) for request in t.sent)
    goals = [p.goal for p in t.conversation.session.record.passes]
    assert goals == ["dull", LEVEL_GOAL]


def test_calls_of_one_message_run_in_their_order(talk: Any) -> None:
    both = Use(
        (
            ("no_such_tool", {}), ("restore", {"problem": "dull"}), ("restore", {"problem": "?"}),
            ("restore", {"problem": "thin"}), ("finish", {}),
        )
    )  # fmt: skip
    t = talk(in_turn(both, Say("Done.")))
    t.conversation.turn("brighter and more bass")
    goals = list(dict.fromkeys(p.goal for p in t.conversation.session.record.passes))
    assert goals == ["dull", "thin", LEVEL_GOAL]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(talk: Any, status: int) -> None:
    t = talk(in_turn(Fail(status, 0.01), Fail(status, 0.01), Say("Hello, I am listening.")))
    assert t.conversation.turn("hello") == "Hello, I am listening."
    assert len(t.server.asked) == 3


@pytest.mark.parametrize(
    "failure", [Fail(401), Fail(400), Die(), Stall(0.2), Say(""), Fail(500, 0.01)]
)
def test_a_model_that_fails_in_mid_turn_is_replaced(talk: Any, failure: Reply) -> None:
    restore = Use((("restore", {"problem": "dull"}),), text="Let me work on that.")
    t = talk(in_turn(restore, failure), retries=1)
    text = t.conversation.turn("make it brighter please")
    assert "scripted-model stopped answering" in text
    assert "I brought the treble up" in text
    assert "Let me look at" not in text
    goals = [p.goal for p in t.conversation.session.record.passes]
    assert goals == ["dull", LEVEL_GOAL], "what the model did is not done twice"
    assert t.conversation.session.record.output is not None


def test_a_silent_server_times_out(talk: Any) -> None:
    t = talk(in_turn(Stall(30.0)), retries=0, timeout_s=0.3)
    text = t.conversation.turn("hello")
    assert "stopped answering" in text
    assert len(t.server.asked) >= 1


def test_tokens_and_money_are_counted_and_capped(talk: Any) -> None:
    t = talk(in_turn(Say("Hello, I am listening.")), price=Price(1.0, 10.0), max_cost_usd=0.001)
    for _ in range(4):
        text = t.conversation.turn("hello")
    used = t.conversation.session.record.usage
    assert used.calls == len(t.server.asked) < 4
    assert used.input_tokens > 0
    assert used.output_tokens > 0
    assert used.cost_usd == pytest.approx(
        (used.input_tokens + 10 * used.output_tokens) / 1e6, rel=1e-6
    )
    assert "budget" in text
    t = talk(in_turn(Say("Hello, I am listening.")), max_tokens=10)
    t.conversation.turn("hello")
    assert "used up its words" in t.conversation.turn("hello")


def test_a_server_that_does_not_count_is_counted_roughly(talk: Any) -> None:
    t = talk(in_turn(Say("Hello, I am listening.")))
    t.server.counts_tokens = False
    t.conversation.turn("hello")
    assert t.conversation.session.record.usage.input_tokens > 0


def test_only_words_and_measurements_are_sent(
    talk: Any, song: Path, sound: Sound, tmp_path: Path
) -> None:
    t = talk(Engineer())
    for words in ("brighter please", "a bit less", "which is better?", "how loud is it?", "why?"):
        t.conversation.turn(words)
    raw = song.read_bytes()
    samples = sound.audio.samples
    pieces = [samples[:, i : i + 300].tobytes() for i in range(5000, 60000, 5000)]
    pieces += [raw[i : i + 900] for i in range(5000, len(raw) - 900, 50000)]
    for asked in t.server.asked:
        body = asked.body
        assert not any(base64.b64encode(piece)[4:60] in body for piece in pieces)
        assert not any(piece[:64] in body for piece in pieces)
        text = body.decode()
        assert "very secret song name" not in text
        assert str(tmp_path / "home") not in text
        assert "input_audio" not in text
        assert not re.search(r"[A-Za-z0-9+/]{120,}", text), "nothing that looks like base64"
        longest = max((len(run) for run in re.findall(r"(?:-?\d+\.\d+, ){20,}", text)), default=0)
        assert longest == 0, "no long lists of numbers"


def test_the_key_is_nowhere(
    talk: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    t = talk(in_turn(Use((("check", {}),)), Fail(401)), retries=0)
    t.conversation.turn("make it brighter please")
    assert t.server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    t.conversation.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sqlite" for path in files)
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path.name
    out = capsys.readouterr()
    assert KEY not in out.out + out.err + caplog.text
    assert KEY not in repr(t.conversation.brain) + repr(t.conversation.choice)


def test_nothing_is_traced_whatever_the_environment_says(
    talk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = ModelServer(in_turn(Say("never")))
    with collector:
        monkeypatch.setenv("LANGSMITH_TRACING", "true")
        monkeypatch.setenv("LANGSMITH_ENDPOINT", collector.url)
        monkeypatch.setenv("LANGSMITH_API_KEY", "anything")
        talk(in_turn(Say("Hello, I am listening."))).conversation.turn("hello")
    assert collector.asked == []


def test_the_environment_chooses_and_bad_numbers_are_sentences() -> None:
    env = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "MIXMEND_MODEL": "local",
           "MIXMEND_PRICE": "0.25/2", "MIXMEND_MAX_TOKENS": "5000", "MIXMEND_MAX_COST": "0.5",
           "MIXMEND_TIMEOUT_S": "7"}  # fmt: skip
    choice = choose_brain(env)
    assert (choice.name, choice.hosted, choice.timeout_s) == ("local", True, 7.0)
    assert choice.price == Price(0.25, 2.0)
    assert choice.limits(Limits()).max_tokens == 5000
    assert choice.limits(Limits()).max_cost_usd == 0.5
    assert not choose_brain({**env, "MIXMEND_BRAIN": "offline"}).hosted
    assert not choose_brain({}).hosted
    for name, value in (("MIXMEND_PRICE", "cheap"), ("MIXMEND_MAX_TOKENS", "-3")):
        with pytest.raises(UsageError, match=name):
            choose_brain({**env, name: value})
