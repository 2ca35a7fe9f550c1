"""What the pages tell the server; a module of its own because the server runs as ``__main__``."""

import threading

first_page_drawn = threading.Event()
"""Set at the end of the first run of any page; the warm-up waits for it."""
