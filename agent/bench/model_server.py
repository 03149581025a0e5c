"""A language model's server on the loopback for tests and benchmarks: it says what a script says.

Speaks `POST /v1/chat/completions` as OpenAI does, streamed or whole, tool calls and usage included,
and can fail in the ways servers fail. Every request is kept, so that one can see what was sent.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

_PIECE = 12  # characters in one piece of a stream


@dataclass(frozen=True)
class Say:
    """The model says this."""

    text: str


@dataclass(frozen=True)
class Use:
    """The model calls tools: names and arguments (a text is sent as it is, JSON or not)."""

    calls: tuple[tuple[str, Mapping[str, Any] | str], ...]
    text: str = ""


@dataclass(frozen=True)
class Fail:
    """The server answers with an error."""

    status: int
    retry_after_s: float | None = None


@dataclass(frozen=True)
class Die:
    """The server breaks off in mid-stream after some of a text."""

    text: str = "Let me look at"


@dataclass(frozen=True)
class Stall:
    """The server says nothing for a while."""

    seconds: float


Reply = Say | Use | Fail | Die | Stall
Script = Callable[[dict[str, Any]], Reply]


@dataclass
class Asked:
    """One request as it came: its bytes, its headers by their names in small letters."""

    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> dict[str, Any]:
        """The request's JSON."""
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass
class ModelServer:
    """A server on a free port of the loopback, as a context manager; `url` is its base URL."""

    script: Script
    asked: list[Asked] = field(default_factory=list)
    counts_tokens: bool = True
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> ModelServer:
        owner = self

        class Handler(_Handler):
            server_owner = owner

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None  # entered before
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        assert self._server is not None  # only has an address while it runs
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"


def in_turn(*replies: Reply) -> Script:
    """A script that gives its replies one by one, the last one again and again."""
    left = list(replies)

    def script(_request: dict[str, Any]) -> Reply:
        return left.pop(0) if len(left) > 1 else left[0]

    return script


class _Handler(BaseHTTPRequestHandler):
    """Answers one request from the owner's script."""

    server_owner: ModelServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: requests are kept by the owner."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server_owner.asked.append(
            Asked(body, {name.lower(): value for name, value in self.headers.items()})
        )
        request = json.loads(body)
        reply = self.server_owner.script(request)
        if isinstance(reply, Stall):
            time.sleep(reply.seconds)
            self.close_connection = True
            return
        if isinstance(reply, Fail):
            self._fail(reply)
        elif request.get("stream"):
            self._stream(reply, request)
        else:
            self._whole(reply, request)

    def _fail(self, reply: Fail) -> None:
        body = json.dumps({"error": {"message": "not now", "type": "server_error"}}).encode()
        self.send_response(reply.status)
        if reply.retry_after_s is not None:
            self.send_header("Retry-After", f"{reply.retry_after_s:g}")
        self._send_json(body)

    def _send_json(self, body: bytes) -> None:
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _whole(self, reply: Reply, request: dict[str, Any]) -> None:
        message: dict[str, Any] = {"role": "assistant", "content": getattr(reply, "text", "")}
        if isinstance(reply, Use):
            message["tool_calls"] = [_call(i, *call) for i, call in enumerate(reply.calls)]
        answer = {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 0,
            "model": request.get("model", "scripted"),
            "choices": [{"index": 0, "message": message, "finish_reason": _reason(reply)}],
        }  # fmt: skip
        if self.server_owner.counts_tokens:
            answer["usage"] = _usage(request, reply)
        self.send_response(200)
        self._send_json(json.dumps(answer).encode())

    def _stream(self, reply: Reply, request: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for delta in _deltas(reply):
            self._event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}, request)
        if isinstance(reply, Die):
            return  # neither an end nor "[DONE]"
        ending = {"index": 0, "delta": {}, "finish_reason": _reason(reply)}
        self._event({"choices": [ending]}, request)
        if self.server_owner.counts_tokens:
            self._event({"choices": [], "usage": _usage(request, reply)}, request)
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, chunk: dict[str, Any], request: dict[str, Any]) -> None:
        whole = {
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0,
            "model": request.get("model", "scripted"), **chunk,
        }  # fmt: skip
        self.wfile.write(f"data: {json.dumps(whole)}\n\n".encode())
        self.wfile.flush()


def _deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    text = getattr(reply, "text", "")
    yield {"role": "assistant", "content": ""}
    for start in range(0, len(text), _PIECE):
        yield {"content": text[start : start + _PIECE]}
    if isinstance(reply, Use):
        for index, (name, arguments) in enumerate(reply.calls):
            call = _call(index, name, arguments)
            written = call["function"].pop("arguments")
            yield {"tool_calls": [{"index": index, **call}]}
            for start in range(0, len(written), _PIECE):
                piece = {"arguments": written[start : start + _PIECE]}
                yield {"tool_calls": [{"index": index, "function": piece}]}


def _call(index: int, name: str, arguments: Mapping[str, Any] | str) -> dict[str, Any]:
    written = arguments if isinstance(arguments, str) else json.dumps(dict(arguments))
    identity = f"call_{index}_{time.monotonic_ns()}"
    return {"id": identity, "type": "function",
            "function": {"name": name, "arguments": written}}  # fmt: skip


def _reason(reply: Reply) -> str:
    return "tool_calls" if isinstance(reply, Use) else "stop"


def _usage(request: dict[str, Any], reply: Reply) -> dict[str, int]:
    sent = len(json.dumps(request.get("messages", []))) // 4
    said = len(str(reply)) // 4
    return {"prompt_tokens": sent, "completion_tokens": said, "total_tokens": sent + said}
