"""Where the state of a conversation is kept: SQLite in the session's folder, or Postgres by URL."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mixmend.tools.errors import UsageError

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

FILE_NAME = "conversation.sqlite"


def open_checkpoints(
    folder: Path, environment: Mapping[str, str] | None = None
) -> BaseCheckpointSaver[str]:
    """A saver for one session: MIXMEND_DATABASE_URL (postgresql://...) when set, else SQLite.

    Only plain values and LangChain's own messages are ever read back; nothing is unpickled.
    Raises UsageError when the database is not there or its package is missing.
    """
    env = os.environ if environment is None else environment
    url = env.get("MIXMEND_DATABASE_URL", "").strip()
    return _postgres(url) if url else _sqlite(folder / FILE_NAME)


def _sqlite(path: Path) -> BaseCheckpointSaver[str]:
    from langgraph.checkpoint.sqlite import SqliteSaver

    # Tools run in threads of the graph's own; the saver holds a lock of its own.
    saver = SqliteSaver(sqlite3.connect(path, check_same_thread=False), serde=_serde())
    saver.setup()
    return saver


def _postgres(url: str) -> BaseCheckpointSaver[str]:
    if not url.startswith(("postgres://", "postgresql://")):
        raise UsageError("MIXMEND_DATABASE_URL must begin with postgresql://.")
    try:
        import psycopg
        from langgraph.checkpoint.postgres import PostgresSaver
        from psycopg.rows import dict_row
    except ImportError as error:
        raise UsageError(
            "MIXMEND_DATABASE_URL is set, but Postgres support is not installed; "
            "pip install 'mixmend[postgres]'."
        ) from error
    try:
        connection = psycopg.connect(
            url, autocommit=True, prepare_threshold=0, row_factory=dict_row, connect_timeout=10
        )
    except psycopg.Error as error:
        # The error's own text may hold the address with its password.
        raise UsageError(
            f"the database of MIXMEND_DATABASE_URL cannot be reached ({type(error).__name__})."
        ) from error
    saver = PostgresSaver(connection, serde=_serde())
    saver.setup()
    return saver


def _serde() -> JsonPlusSerializer:
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    return JsonPlusSerializer(pickle_fallback=False, allowed_msgpack_modules=None)
