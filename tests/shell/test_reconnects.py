"""No file is looked at, by a session that comes back or again and again, unless files are to be watched."""

import inspect
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from streamlit import config
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager
from streamlit.watcher import watch_file
from streamlit.watcher.polling_path_watcher import PollingPathWatcher

from components.shell.reconnects import leave_files_unwatched
from tests import event_loop

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit as it comes."""
    for watched, name in ((AppSession, "register_file_watchers"), (PollingPathWatcher, "_schedule")):
        monkeypatch.setattr(watched, name, inspect.unwrap(getattr(watched, name)))


@pytest.fixture
def guarded(plain: None) -> None:
    """Streamlit as ``app.py`` leaves it."""
    leave_files_unwatched()


@pytest.fixture
def watcher() -> Iterator[None]:
    """``fileWatcherType`` set back in the end."""
    before = config.get_option("server.fileWatcherType")
    yield
    config.set_option("server.fileWatcherType", before)


def _watches_after_reconnect(setting: str) -> tuple[bool, bool]:
    """Whether a session watches files: when it was new, and when it came back."""
    config.set_option("server.fileWatcherType", setting)

    async def visit() -> tuple[bool, bool]:
        manager = WebsocketSessionManager(MemorySessionStorage(), MagicMock(), MagicMock(), lambda: None)
        name = manager.connect_session(MagicMock(), ScriptData("app.py", False), {})
        new = manager.get_active_session_info(name)
        assert new is not None
        at_first = new.session._local_sources_watcher is not None
        manager.disconnect_session(name)
        again = manager.connect_session(
            MagicMock(), ScriptData("app.py", False), {}, existing_session_id=name
        )
        assert again == name
        found = manager.get_active_session_info(name)
        assert found is not None
        came_back = found.session._local_sources_watcher is not None
        manager.close_session(name)
        return at_first, came_back

    return event_loop.run(visit())


@pytest.mark.usefixtures("guarded", "watcher")
def test_no_files_are_watched_after_a_lost_connection() -> None:
    assert _watches_after_reconnect("none") == (False, False)


@pytest.mark.usefixtures("guarded", "watcher")
def test_who_wants_a_watcher_has_it() -> None:
    """``make dev``."""
    assert _watches_after_reconnect("poll") == (True, True)


@pytest.mark.usefixtures("plain", "watcher")
def test_the_guard_is_still_needed() -> None:
    """When this fails, Streamlit asks by itself: reconnects.py can go."""
    assert _watches_after_reconnect("none") == (False, True)


def _notices(setting: str, path: Path) -> bool:
    """Whether a change of a settings file is noticed while the server runs."""
    config.set_option("server.fileWatcherType", setting)
    path.write_text("[theme]\n", encoding="utf-8")
    noticed = threading.Event()
    watch_file(str(path), lambda _: noticed.set(), watcher_type="poll", allow_nonexistent=True)
    path.write_text("[theme]\nbase = 'dark'\n", encoding="utf-8")
    os.utime(path, (time.time() + 5, time.time() + 5))
    return noticed.wait(1.5)


@pytest.mark.usefixtures("guarded", "watcher")
def test_settings_files_are_not_looked_at_five_times_a_second(tmp_path: Path) -> None:
    assert not _notices("none", tmp_path / "config.toml")


@pytest.mark.usefixtures("guarded", "watcher")
def test_who_wants_a_watcher_has_it_for_settings_too(tmp_path: Path) -> None:
    assert _notices("poll", tmp_path / "config.toml")


@pytest.mark.usefixtures("plain", "watcher")
def test_the_guard_of_settings_files_is_still_needed(tmp_path: Path) -> None:
    assert _notices("none", tmp_path / "config.toml")


@pytest.mark.usefixtures("guarded")
def test_the_guard_stands_once() -> None:
    once = AppSession.register_file_watchers, PollingPathWatcher._schedule
    leave_files_unwatched()
    assert (AppSession.register_file_watchers, PollingPathWatcher._schedule) == once


def test_app_py_puts_the_guard_up() -> None:
    """Both ways to start run it before a browser can be back."""
    assert "leave_files_unwatched()" in APP.read_text(encoding="utf-8").splitlines()
