"""Thirty students whose Wi-Fi blinks must not freeze the server for everybody.

Streamlit 1.67 looks at ``server.fileWatcherType`` when a session is made, but not when a session is resumed:
``WebsocketSessionManager._resume_stored_session`` calls ``AppSession.register_file_watchers`` in any case, which walks
every imported module (3,300 once torch is there) on the event loop, once a returning session. Thirty of them left the
server deaf for half a minute.
"""

import functools

from streamlit import config
from streamlit.runtime.app_session import AppSession


def leave_files_unwatched() -> None:
    """Let a resumed session obey ``fileWatcherType = "none"``, as a new one does; with a watcher nothing changes.

    Called by ``app.py``, which both ``streamlit run app.py`` and ``make run`` pass before the first browser is back.
    """
    register = AppSession.register_file_watchers
    if hasattr(register, "__wrapped__"):
        return

    @functools.wraps(register)
    def only_if_wanted(session: AppSession) -> None:
        if config.get_option("server.fileWatcherType") != "none":
            register(session)

    AppSession.register_file_watchers = only_if_wanted  # type: ignore[method-assign, assignment]
