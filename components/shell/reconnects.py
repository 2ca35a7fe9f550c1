"""Thirty students whose Wi-Fi blinks must not freeze the server for everybody.

Streamlit 1.67 looks at ``server.fileWatcherType`` when a session is made, but not when a session is resumed:
``WebsocketSessionManager._resume_stored_session`` calls ``AppSession.register_file_watchers`` in any case, which walks
every imported module (3,300 once torch is there) on the event loop, once a returning session. Thirty of them left the
server deaf for half a minute.

And it looks at its own settings files five times a second, whatever is set: a fifth of what a server costs whose class computes
in its browsers.
"""

import functools
from collections.abc import Callable
from typing import Any

from streamlit import config
from streamlit.runtime.app_session import AppSession
from streamlit.watcher.polling_path_watcher import PollingPathWatcher


def leave_files_unwatched() -> None:
    """Let a resumed session and the settings files obey ``fileWatcherType = "none"``, as a new session does.

    With a watcher nothing changes. Called by ``app.py``, which both ``streamlit run app.py`` and ``make run`` pass before the first
    browser is back.
    """
    for watched, name in ((AppSession, "register_file_watchers"), (PollingPathWatcher, "_schedule")):
        watch = getattr(watched, name)
        if not hasattr(watch, "__wrapped__"):
            setattr(watched, name, _only_if_wanted(watch))


def _only_if_wanted(watch: Callable[[Any], None]) -> Callable[[Any], None]:
    @functools.wraps(watch)
    def only_if_wanted(watcher: Any) -> None:
        if config.get_option("server.fileWatcherType") != "none":
            watch(watcher)

    return only_if_wanted
