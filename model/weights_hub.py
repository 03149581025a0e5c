"""Fetches weights from the hub: resumes, checks hashes, and says in plain words what is refused."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
import urllib.response
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mixmend.model.weights import (
    FileRecord,
    Part,
    WeightFile,
    offline_advice,
    read_records,
    sha256_of,
    write_record,
)
from mixmend.tools.errors import FileError, MixmendError

_CHUNK = 1 << 20
_CUT = (http.client.HTTPException, ConnectionError, TimeoutError, urllib.error.URLError)
_TIMEOUT_S = 30.0
_HOPS = 5
_SPARE_BYTES = 200_000_000

# Told the file's name, bytes there and bytes in all.
OnBytes = Callable[[str, int, int], None]


class WeightsError(MixmendError):
    """Weights could not be fetched; the message says what to do."""

    exit_code = 2


@dataclass(frozen=True)
class Hub:
    """Where to fetch from and as whom; `tries` in a row without a byte of progress end it."""

    endpoint: str = "https://huggingface.co"
    token: str | None = None
    tries: int = 4
    wait_s: float = 1.0


@dataclass(frozen=True)
class _Offer:
    """What the hub says of a file: its hash (SHA-256, or Git's for small files) and length."""

    etag: str
    bytes: int
    commit: str


def hub_from_environment(environ: Mapping[str, str] | None = None) -> Hub:
    """The hub at `HF_ENDPOINT` with the token in `HF_TOKEN`, as other tools have them."""
    environ = os.environ if environ is None else environ
    endpoint = environ.get("HF_ENDPOINT") or Hub.endpoint
    return Hub(endpoint.rstrip("/"), environ.get("HF_TOKEN") or None)


def fetch_part(part: Part, root: Path, hub: Hub, on_bytes: OnBytes | None = None) -> list[Path]:
    """Fetch every file of `part` that is not here yet; returns their paths.

    A fetch that was cut off goes on where it stopped. Raises WeightsError when the licence has not
    been accepted, the hub cannot be reached, or what came is not what was announced.
    """
    paths = []
    for file in part.files:
        path = root / file.local
        if not (path.is_file() and file.local in read_records(root)):
            path.parent.mkdir(parents=True, exist_ok=True)
            _fetch(part, file, root, hub, on_bytes)
        paths.append(path)
    return paths


def _fetch(part: Part, file: WeightFile, root: Path, hub: Hub, on_bytes: OnBytes | None) -> None:
    url = f"{hub.endpoint}/{part.repository}/resolve/main/{urllib.parse.quote(file.remote)}"
    path = root / file.local
    partial, note = path.with_name(path.name + ".part"), path.with_name(path.name + ".part.json")
    offer = _asked(part, url, root, hub)
    if not (note.exists() and partial.exists() and _noted(note) == offer.etag):
        partial.unlink(missing_ok=True)
    note.write_text(json.dumps({"etag": offer.etag}), encoding="utf-8")
    _room_for(offer, partial, root)
    _fill(part, file, url, partial, offer, root, hub, on_bytes)
    sha256 = sha256_of(partial)
    if not _matches(partial, sha256, offer):
        partial.unlink()
        note.unlink()
        raise WeightsError(
            f"{file.remote} of {part.repository} arrived damaged (its hash is wrong) and was "
            f"thrown away; run `mixmend weights get {part.name}` again."
        )
    partial.replace(path)
    note.unlink()
    write_record(root, file.local, FileRecord(offer.bytes, sha256, offer.commit))


def _fill(
    part: Part, file: WeightFile, url: str, partial: Path, offer: _Offer, root: Path, hub: Hub,
    on_bytes: OnBytes | None,
) -> None:  # fmt: skip
    """Read the file to its end, going on after every cut as long as something comes."""
    failures = 0
    have = partial.stat().st_size if partial.exists() else 0
    if have > offer.bytes:
        partial.unlink()
        have = 0
    while have < offer.bytes:
        # Cut off: what came is kept and the rest asked for again.
        with contextlib.suppress(*_CUT):
            _read_on(part, url, partial, have, root, hub, lambda n: _tell(on_bytes, file, n, offer))
        now = partial.stat().st_size if partial.exists() else 0
        failures = 0 if now > have else failures + 1
        have = now
        if failures >= hub.tries:
            raise WeightsError(
                f"the connection to {hub.endpoint} keeps breaking; {have} of {offer.bytes} bytes "
                f"of {file.remote} are kept: run `mixmend weights get {part.name}` to go on."
            )
        if have < offer.bytes:
            time.sleep(hub.wait_s * failures)


def _read_on(
    part: Part, url: str, partial: Path, have: int, root: Path, hub: Hub,
    tell: Callable[[int], None],
) -> None:  # fmt: skip
    with _opened(part, url, root, hub, start=have) as answer:
        # A server that ignores the range sends everything again.
        mode, done = ("ab", have) if answer.status == 206 else ("wb", 0)
        with partial.open(mode) as out:
            while piece := answer.read(_CHUNK):
                out.write(piece)
                done += len(piece)
                tell(done)


def _asked(part: Part, url: str, root: Path, hub: Hub) -> _Offer:
    with _opened(part, url, root, hub, method="HEAD") as answer:
        headers = answer.headers
        etag = str(headers.get("X-Linked-ETag") or headers.get("ETag") or "")
        size = headers.get("X-Linked-Size") or headers.get("Content-Length")
        if not etag or size is None or not str(size).isdigit():
            raise WeightsError(f"{url} does not say how long it is; is {hub.endpoint} the hub?")
        commit = str(headers.get("X-Repo-Commit") or "")
        return _Offer(etag.removeprefix("W/").strip('"'), int(size), commit)


def _opened(
    part: Part, url: str, root: Path, hub: Hub, *, method: str = "GET", start: int | None = None
) -> Any:
    """The answer to a request; the token goes to the hub alone, never where it redirects to."""
    opener = urllib.request.build_opener(_StayPut)
    home = urllib.parse.urlsplit(url).netloc
    for _ in range(_HOPS):
        request = urllib.request.Request(url, method=method, headers={"User-Agent": "mixmend"})
        if hub.token and urllib.parse.urlsplit(url).netloc == home:
            request.add_header("Authorization", f"Bearer {hub.token}")
        if start is not None:
            request.add_header("Range", f"bytes={start}-")
        try:
            answer = opener.open(request, timeout=_TIMEOUT_S)
        except urllib.error.HTTPError as error:
            raise _refusal(part, error, root, hub) from error
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            if method == "GET":
                raise
            raise WeightsError(
                f"{hub.endpoint} cannot be reached from this machine; {offline_advice(part, root)}."
            ) from error
        target = answer.headers.get("Location")
        # The first answer of the hub names the hash; its storage, behind the redirect, does not.
        enough = method == "HEAD" and answer.headers.get("X-Linked-ETag")
        if answer.status < 300 or target is None or enough:
            return answer
        answer.close()
        url = urllib.parse.urljoin(url, target)
    raise WeightsError(f"{hub.endpoint} sends us in circles for {part.repository}; try later.")


class _StayPut(urllib.request.HTTPRedirectHandler):
    """Hands redirects back as answers, so that their headers can be read."""

    def http_error_302(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,  # noqa: ARG002
        headers: Any,
    ) -> Any:
        return urllib.response.addinfourl(fp, headers, req.full_url, code)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _refusal(part: Part, error: urllib.error.HTTPError, root: Path, hub: Hub) -> WeightsError:
    reason = str(error.headers.get("X-Error-Code") or "")
    if reason == "GatedRepo" or error.code in (401, 403):
        who = (
            "the account of the token in HF_TOKEN has not accepted it"
            if hub.token
            else "no token is set in HF_TOKEN"
        )
        return WeightsError(
            f"{part.repository} is under the {part.licence}, and {who}: open {part.page}, sign in, "
            "accept the licence, make a token that may read, set HF_TOKEN to it, and run "
            f"`mixmend weights get {part.name}` again."
        )
    if error.code == 404:
        return WeightsError(f"{part.repository} has no such file any more; see {part.page}.")
    return WeightsError(
        f"{hub.endpoint} answered {error.code} for {part.repository}; try later, or "
        f"{offline_advice(part, root)}."
    )


def _matches(path: Path, sha256: str, offer: _Offer) -> bool:
    if path.stat().st_size != offer.bytes:
        return False
    if len(offer.etag) == 64:
        return sha256 == offer.etag
    if len(offer.etag) == 40:
        # Small files carry the name Git gives their contents.
        content = path.read_bytes()
        head = f"blob {len(content)}\0".encode()
        return hashlib.sha1(head + content, usedforsecurity=False).hexdigest() == offer.etag
    raise FileError(f"the hub gives no hash that is known for {path.name}; it was not kept.")


def _room_for(offer: _Offer, partial: Path, root: Path) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    needed = offer.bytes - have + _SPARE_BYTES
    if shutil.disk_usage(root).free < needed:
        raise WeightsError(
            f"{needed / 1e9:.1f} GB are needed in {root} and are not free; make room, or set "
            "MIXMEND_WEIGHTS to a folder on another disk."
        )


def _noted(note: Path) -> str | None:
    try:
        value = json.loads(note.read_text(encoding="utf-8")).get("etag")
    except (ValueError, AttributeError):
        return None
    return value if isinstance(value, str) else None


def _tell(on_bytes: OnBytes | None, file: WeightFile, done: int, offer: _Offer) -> None:
    if on_bytes is not None:
        on_bytes(file.local, done, offer.bytes)
