"""Weights from a hub-like server on loopback: refused, cut off, damaged, whole."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save as save_tensors

from mixmend.model.engines import available_engines, get_engine
from mixmend.model.weights import (
    CODEC,
    PARTS,
    SONICMASTER,
    TOKENIZER,
    list_weights,
    read_records,
    verify_weights,
    weights_root,
)
from mixmend.model.weights_hub import Hub, WeightsError, fetch_part, hub_from_environment
from mixmend.tools.errors import FileError, UsageError
from mixmend.ui.cli import run

TOKEN = "a-token-that-accepted"
BIG = save_tensors({"weight": np.arange(300_000, dtype=np.float32)})
FILES = {
    "amaai-lab/SonicMaster/model.safetensors": BIG,
    "google/flan-t5-large/config.json": b'{"d_model": 1024}',
    "google/flan-t5-large/tokenizer.json": b'{"version": "1.0"}',
    "stabilityai/stable-audio-open-1.0/vae/config.json": b"{}",
    "stabilityai/stable-audio-open-1.0/vae/diffusion_pytorch_model.safetensors": BIG,
}


@dataclass
class Served:
    """What the stand-in hub does wrong, and what it was asked."""

    endpoint: str = ""
    cut_after: int | None = None
    cuts_left: int = 0
    spoil: bool = False
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    tokens_at_storage: list[str | None] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def served(self) -> Served:
        return self.server.served  # type: ignore[attr-defined,no-any-return]

    def log_message(self, *_args) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self._answer(False)

    def do_GET(self) -> None:
        self._answer(True)

    def _answer(self, body: bool) -> None:
        self.served.asked.append((self.command, self.path, self.headers.get("Range")))
        if self.path.startswith("/storage/"):
            self.served.tokens_at_storage.append(self.headers.get("Authorization"))
            self._send(FILES[self.path.removeprefix("/storage/")], body, {})
            return
        name = self.path.removeprefix("/").replace("/resolve/main", "")
        if name.startswith("stabilityai/") and (
            self.headers.get("Authorization") != f"Bearer {TOKEN}"
        ):
            self._plain(401, {"X-Error-Code": "GatedRepo"})
        elif name not in FILES:
            self._plain(404, {})
        elif name.endswith(".safetensors"):
            content = FILES[name]
            # Large files live elsewhere; 127.0.0.1 and localhost count as two hosts.
            port = self.server.server_address[1]
            self._plain(
                302,
                {
                    "Location": f"http://localhost:{port}/storage/{name}",
                    "X-Linked-ETag": f'"{hashlib.sha256(content).hexdigest()}"',
                    "X-Linked-Size": str(len(content)),
                    "X-Repo-Commit": "c0ffee",
                },
            )
        else:
            content = FILES[name]
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            self._send(content, body, {"ETag": f'"{blob}"', "X-Repo-Commit": "c0ffee"})

    def _plain(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, content: bytes, body: bool, headers: dict[str, str]) -> None:
        wanted = self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        rest = content[start:]
        self.send_response(206 if wanted else 200)
        for name, value in {**headers, "Content-Length": str(len(rest))}.items():
            self.send_header(name, value)
        self.end_headers()
        if not body:
            return
        if self.served.spoil and len(content) > 1000:
            rest = bytes(len(rest))
        if self.served.cut_after is not None and self.served.cuts_left:
            self.served.cuts_left -= 1
            self.wfile.write(rest[: self.served.cut_after])
            self.wfile.flush()
            self.connection.close()
            self.close_connection = True
            return
        self.wfile.write(rest)


@pytest.fixture
def served() -> Iterator[Served]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.served = served = Served(f"http://127.0.0.1:{server.server_address[1]}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def _hub(served: Served, token: str | None = None) -> Hub:
    return Hub(served.endpoint, token, tries=2, wait_s=0.0)


def test_everything_is_fetched_recorded_and_verified(served: Served, tmp_path: Path) -> None:
    told: list[int] = []
    for part in PARTS:
        paths = fetch_part(
            part, tmp_path, _hub(served, TOKEN), on_bytes=lambda _n, done, _of: told.append(done)
        )
        assert all(path.is_file() for path in paths)
    assert (tmp_path / "sonicmaster/model.safetensors").read_bytes() == BIG
    assert [state.state for state in verify_weights(tmp_path)] == ["here"] * 5
    record = read_records(tmp_path)["sonicmaster/model.safetensors"]
    assert record.sha256 == hashlib.sha256(BIG).hexdigest()
    assert record.commit == "c0ffee"
    assert len(BIG) in told
    assert not list(tmp_path.rglob("*.part*"))
    # The token is for the hub alone, not for the storage it redirects to.
    assert served.tokens_at_storage
    assert set(served.tokens_at_storage) == {None}
    before = len(served.asked)
    fetch_part(SONICMASTER, tmp_path, _hub(served))
    assert len(served.asked) == before  # what is here is not asked for again


def test_a_licence_not_accepted_is_said_in_plain_words(served: Served, tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as error:
        fetch_part(CODEC, tmp_path, _hub(served))
    for words in ("Stability AI Community License", "accept the licence", "HF_TOKEN", CODEC.page):
        assert words in str(error.value)
    assert "no token is set" in str(error.value)
    with pytest.raises(WeightsError, match="has not accepted it"):
        fetch_part(CODEC, tmp_path, _hub(served, "someone-else"))
    assert not list(tmp_path.rglob("*.safetensors*"))


def test_a_cut_connection_goes_on_where_it_stopped(served: Served, tmp_path: Path) -> None:
    served.cut_after, served.cuts_left = 400_000, 2
    fetch_part(SONICMASTER, tmp_path, _hub(served))
    assert (tmp_path / "sonicmaster/model.safetensors").read_bytes() == BIG
    ranges = [r for method, path, r in served.asked if method == "GET" and "storage" in path]
    assert ranges == ["bytes=0-", "bytes=400000-", "bytes=800000-"]


def test_what_came_is_kept_for_another_day(served: Served, tmp_path: Path) -> None:
    served.cut_after, served.cuts_left = 100_000, 1
    hub = Hub(served.endpoint, None, tries=1, wait_s=0.0)
    fetched = tmp_path / "sonicmaster/model.safetensors"
    served.cuts_left = 3
    served.cut_after = 0
    with pytest.raises(WeightsError, match="keeps breaking"):
        fetch_part(SONICMASTER, tmp_path, hub)
    fetched.with_name("model.safetensors.part").write_bytes(BIG[:123_456])
    served.cuts_left = 0
    served.asked.clear()
    fetch_part(SONICMASTER, tmp_path, hub)
    assert fetched.read_bytes() == BIG
    assert ("GET", "/storage/amaai-lab/SonicMaster/model.safetensors", "bytes=123456-") in (
        served.asked
    )


def test_a_damaged_file_is_thrown_away(served: Served, tmp_path: Path) -> None:
    served.spoil = True
    with pytest.raises(WeightsError, match="arrived damaged"):
        fetch_part(SONICMASTER, tmp_path, _hub(served))
    assert not list((tmp_path / "sonicmaster").iterdir())
    assert not read_records(tmp_path)


def test_no_network_says_what_to_copy_where(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as error:
        fetch_part(SONICMASTER, tmp_path, Hub("http://127.0.0.1:9", tries=1))
    assert str(tmp_path / "sonicmaster/model.safetensors") in str(error.value)
    assert "huggingface.co/amaai-lab/SonicMaster" in str(error.value)


def test_verify_finds_what_was_changed_or_copied(served: Served, tmp_path: Path) -> None:
    fetch_part(SONICMASTER, tmp_path, _hub(served))
    fetch_part(TOKENIZER, tmp_path, _hub(served))
    path = tmp_path / "sonicmaster/model.safetensors"
    path.write_bytes(BIG[:-1] + b"\7")
    (tmp_path / "codec").mkdir()
    (tmp_path / "codec/config.json").write_text("{}")
    (tmp_path / "codec/diffusion_pytorch_model.safetensors").write_bytes(BIG[:1000])
    states = {state.file.local: state.state for state in verify_weights(tmp_path)}
    assert states == {
        "sonicmaster/model.safetensors": "damaged",
        "flan-t5-large/config.json": "here",
        "flan-t5-large/tokenizer.json": "here",
        "codec/config.json": "unrecorded",
        "codec/diffusion_pytorch_model.safetensors": "damaged",
    }


def test_a_damaged_record_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "weights.json").write_text("[1]")
    with pytest.raises(FileError, match="damaged"):
        list_weights(tmp_path)


def test_where_weights_lie_and_who_fetches_comes_from_the_environment() -> None:
    assert weights_root({"MIXMEND_WEIGHTS": "/a/b"}) == Path("/a/b")
    assert weights_root({"XDG_CACHE_HOME": "/c"}) == Path("/c/mixmend/weights")
    hub = hub_from_environment({"HF_ENDPOINT": "http://mirror/", "HF_TOKEN": "t"})
    assert (hub.endpoint, hub.token) == ("http://mirror", "t")


def test_the_engine_is_ready_only_with_its_weights(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIXMEND_WEIGHTS", str(tmp_path))
    status = {engine.name: engine for engine in available_engines()}["sonicmaster"]
    assert not status.ready
    assert "mixmend weights get" in status.why
    with pytest.raises(UsageError, match="cannot run here"):
        get_engine("sonicmaster")
    assert served.asked == []  # looking never fetches
    for part in PARTS:
        fetch_part(part, tmp_path, _hub(served, TOKEN))
    assert {e.name: e.ready for e in available_engines()}["sonicmaster"]


def test_the_command_lists_fetches_and_verifies(
    served: Served,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MIXMEND_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", served.endpoint)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    assert run(["weights", "list"]) == 0
    listed = capsys.readouterr().out
    for words in ("3.45 GB", "Apache-2.0", "Stability AI Community License", str(tmp_path)):
        assert words in listed
    assert run(["weights", "list", "--json"]) == 0
    assert {f["state"] for f in json.loads(capsys.readouterr().out)["files"]} == {"missing"}
    assert served.asked == []
    assert run(["weights", "get", "sonicmaster"]) == 0
    capsys.readouterr()
    assert run(["weights", "get", "codec"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("mixmend: stabilityai/")
    assert run(["weights", "get", "magic"]) == 2
    assert run(["weights", "verify"]) == 0
    (tmp_path / "sonicmaster/model.safetensors").write_bytes(BIG[:500])
    assert run(["weights", "verify"]) == 2
    assert "damaged weights: sonicmaster/model.safetensors" in capsys.readouterr().err
