"""How an element reaches the browser: one typed function, one ``.js``, one ``.css``.

The files are served by Streamlit from ``assets/elements`` under the name of the element, so a
change of data sends the data and not the code with it (inline code would travel every time).
All elements share one copy of the modules in ``assets/elements/lib``.
"""

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import streamlit as st
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from components.words import in_every_language

ROOT = Path(__file__).parents[2]
ELEMENTS = ROOT / "assets" / "elements"
PROJECT = "glassbox"
"""All files of ours are served below this name."""


def _make_known(name: str, folder: str) -> None:
    """Tell the server of the running app where the files of ``name`` and of ``lib`` are."""
    manager = get_bidi_component_manager()
    wanted = [
        ComponentConfig(part, folder)
        for part, folder in ((name, folder), ("lib", "assets/elements/lib"))
        if manager.get_component_asset_root(f"{PROJECT}.{part}") is None
    ]
    if wanted:
        manager.register_from_manifest(ComponentManifest(PROJECT, "1", wanted), ROOT)


def _failed() -> str:
    """What an element says when it fails, in both languages: the frame of an element is made once (``lib/living.js``)."""
    said = in_every_language("layout", "element_failed")
    return " ".join(f'data-failed-{lang}="{html.escape(text)}"' for lang, text in said.items())


def element(path: str, *, isolate_styles: bool = True) -> Callable[..., Any]:
    """Register ``assets/elements/<path>.js`` (and ``.css`` if there is one) and return its mount.

    Args:
        path: chapter and name (``bert/mask_lab``), or the name alone of what several chapters share. Names are unique.

    Raises:
        FileNotFoundError: there is no such script.
    """
    if not (ELEMENTS / f"{path}.js").exists():
        raise FileNotFoundError(f"assets/elements/{path}.js")
    has_css = (ELEMENTS / f"{path}.css").exists()
    name = path.rsplit("/", 1)[-1]
    folder = (Path("assets/elements") / path).parent.as_posix()
    # A test has one manager per app; a number such as id() would come back with the next one.
    mounts: WeakKeyDictionary[BidiComponentManager, Callable[..., Any]] = WeakKeyDictionary()

    def mount(**kwargs: Any) -> Any:
        manager = get_bidi_component_manager()
        if manager not in mounts:
            _make_known(name, folder)
            mounts[manager] = st.components.v2.component(
                f"{PROJECT}.{name}",
                html=f'<div class="gb gb-{name}" {_failed()}></div>',
                js=f"{name}.js",
                css=f"{name}.css" if has_css else None,
                isolate_styles=isolate_styles,
            )
        return mounts[manager](**kwargs)

    return mount
