"""A page as one file: what its elements were sent and what is said beside them, in every language, for a browser alone.

The page is run once more in each language, out of sight and in a session of its own that begins with the reader's state.
Its messages are what a browser would get; of these the file keeps the elements of ours with their data, the lines of
text, and the headings. Controls of Streamlit's, charts and tables need the server, and stay out. Nothing is declared for a
page: what it mounts is what the file holds.

In the file, ``assets/elements/take_home.js`` stands in for Streamlit: it gives each element its data, and answers nothing.
"""

import asyncio
import base64
import hashlib
import html
import json
import struct
import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.fragment import MemoryFragmentStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner, ScriptRunnerEvent
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.runtime.state import SessionState

from components.elements import bundle
from components.elements.mount import ELEMENTS, PROJECT
from components.figures.theme import css_variables
from components.lm.transformer.attention import message as with_header
from components.shell import links
from components.shell.background import OUT_OF_SIGHT
from components.words import LANGUAGES, in_every_language

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
"""Seconds that a page may take to run in one language."""
FRAME = ("gb-style", "gb-controls", "gb-predict", "gb-export", "gb-next")
"""Beginnings of the keys of containers that stay out, with everything in them."""
FIELDS = "gb-controls"
"""Of these, what holds the fields: in a file with a model they stay."""
OUTSIDE = ("toolbar", "pictures", "predict_first")
"""Elements of the frame, which stay out."""
SAID = ("gb-head", "gb-aid", "gb-caption", "gb-note", "gb-source", "gb-table", "gb-cells")
"""Classes of the lines of text that stay."""
WORDS = (
    "back",
    "dark",
    "frozen",
    "living",
    "light",
    "made",
    "moved",
    "needs_server",
    "no_element",
    "no_model",
    "course",
    "next",
    "previous",
)

REASONS = ("download", "broken", "fault", "memory", "unsupported", "self_test", "context")
"""Why a browser cannot compute, as ``lib/engine/models.js`` names it."""

Part = dict[str, Any]
"""One thing on the page: ``kind`` is element, html, heading, or text."""


class PageFailed(RuntimeError):
    """The page could not be run."""


@dataclass(frozen=True)
class Visit:
    """A page as it was run out of sight: what a browser would have been ``sent``, and what its link holds."""

    sent: list[ForwardMsg]
    params: tuple[links.Param, ...]
    values: Mapping[str, Any]


def visit(page: str, state: Mapping[str, Any], lang: str) -> Visit:
    """Run a page out of sight.

    Args:
        page: chapter and name; empty for the home page.
        state: values of the page's link (:func:`components.shell.links.current`); the others take their defaults.
        lang: a language.

    Raises:
        PageFailed: it took too long.
    """
    held = SessionState()
    held[OUT_OF_SIGHT] = True
    for key, value in state.items():
        held[key] = value
    sent: list[ForwardMsg] = []
    loop = asyncio.new_event_loop()
    script = str(ROOT / "app.py")
    PagesManager.uses_pages_directory = (
        False  # else a process whose first run this is looks for pages of its own
    )
    scripts = ScriptCache()
    session = f"take-home-{uuid.uuid4()}"
    runner = ScriptRunner(
        session_id=session,
        main_script_path=script,
        session_state=held,
        uploaded_file_mgr=MemoryUploadedFileManager("/upload"),
        script_cache=scripts,
        initial_rerun_data=RerunData(query_string=f"lang={lang}", page_name=page.replace("/", "-")),
        user_info={},
        fragment_storage=MemoryFragmentStorage(),
        pages_manager=PagesManager(script, scripts),
        event_loop=loop,
    )

    def keep(sender: object, event: ScriptRunnerEvent, **said: Any) -> None:
        if event is ScriptRunnerEvent.SCRIPT_STARTED:
            sent.clear()  # the page began anew
        elif event is ScriptRunnerEvent.ENQUEUE_FORWARD_MSG:
            sent.append(said["forward_msg"])

    runner.on_event.connect(keep, weak=False)
    runner.start()
    thread = runner._script_thread
    assert thread is not None
    thread.join(PATIENCE)
    if thread.is_alive():
        runner.request_stop()
        raise PageFailed(page)
    loop.close()
    if Runtime.exists():  # what the page offers for download belonged to nobody
        files = Runtime.instance().media_file_mgr
        files.clear_session_refs(session)
        files.remove_orphaned_files()
    params, values = links.declared(held)
    return Visit(sent, params, values)


def _key(block_id: str) -> str:
    """Return the key that a container was given, from its identity on the page."""
    return block_id.split("-", 2)[-1]  # $$ID-<digest>-<key>


def parts(sent: Sequence[ForwardMsg], *, models: bool = False) -> list[Part]:
    """Return what of a page goes into the file, in the order of the page; with ``models`` also what a reader types into."""
    frame = tuple(name for name in FRAME if not (models and name == FIELDS))
    places: dict[tuple[int, ...], Part | None] = {}
    closed: set[tuple[int, ...]] = set()
    for message in sent:
        path = tuple(message.metadata.delta_path)
        if (
            message.WhichOneof("type") != "delta" or path[0] != 0
        ):  # 0: the page; others: sidebar, what has no place
            continue
        delta = message.delta
        if delta.HasField("add_block"):
            block = delta.add_block
            key = _key(block.id)
            # What is closed until it is asked for stays out; with its block, what stood there before is gone.
            for place in [place for place in places if place[: len(path)] == path]:
                del places[place]
            closed = {place for place in closed if place[: len(path)] != path}
            if block.HasField("expandable") or block.HasField("popover") or key.startswith(frame):
                closed.add(path)
        else:
            places[path] = _part(delta.new_element, models)
    return [
        part
        for path, part in sorted(places.items())
        if part is not None and not any(path[: len(block)] == block for block in closed)
    ]


def _part(element: Any, models: bool) -> Part | None:
    """Return one element of the page as a part of the file, or None if it stays out."""
    kind = element.WhichOneof("type")
    if kind == "bidi_component":
        sent = element.bidi_component
        project, _, name = sent.component_name.partition(".")
        if project != PROJECT or name in OUTSIDE or (name == "prepared" and not models):
            return None
        raw = sent.WhichOneof("data")
        data: Any = bytes(sent.bytes) if raw == "bytes" else json.loads(sent.json) if raw == "json" else None
        part: Part = {"kind": "element", "name": name, "html": sent.html_content, "data": data}
        if models and (folders := _folders(data)):
            return {**part, "models": folders}
        return {**part, "data": _offline(data)}
    if kind == "html" and any(f'class="{name}"' in element.html.body for name in SAID):
        return {"kind": "html", "body": element.html.body}
    if kind == "heading":
        return {"kind": "heading", "body": element.heading.body}
    if kind == "markdown" and not set("$|<") & set(element.markdown.body):
        return {"kind": "text", "body": element.markdown.body}
    return None


def _header(data: bytes) -> tuple[dict[str, Any], Any] | None:
    """Return header and bytes of a message (``components.lm.transformer.attention.message``); None for bytes of another kind."""
    try:
        (size,) = struct.unpack_from("<I", data)
        header = json.loads(data[4 : 4 + size])
    except (struct.error, ValueError):
        return None
    return (header, np.frombuffer(data, np.uint8, offset=4 + size)) if isinstance(header, dict) else None


def _offline(data: Any) -> Any:
    """Return what an element was sent without the address of a model: the file holds none."""
    if isinstance(data, bytes) and (found := _header(data)) and "files" in found[0]:
        return with_header({**found[0], "files": None}, found[1])
    return {**data, "files": None} if isinstance(data, dict) and "files" in data else data


def _folders(data: Any) -> list[str]:
    """Return the addresses of the models that an element was given, as ``components/elements/engine.py`` makes them."""
    if isinstance(data, bytes):
        found = _header(data)
        return _folders(found[0]) if found else []
    files = data.get("files") if isinstance(data, dict) else None
    if not files:
        return []
    return [one["folder"] for one in files.get("models", [files])]


def _carried(folder: str) -> dict[str, str]:
    """Return config and tokenizer as JSON and the weights as base64, of the model served at an address."""
    from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager

    root = get_bidi_component_manager().get_component_asset_root(folder.rstrip("/"))
    if root is None:
        raise FileNotFoundError(folder)
    return {
        "config": (root / "config.json").read_text(encoding="utf-8"),
        "words": (root / "tokenizer.json").read_text(encoding="utf-8"),
        "weights": base64.b64encode((root / "model.safetensors").read_bytes()).decode(),
    }


def _inert(kind: str, name: str, text: str) -> str:
    """Return a script element that a browser does not run, with a text that cannot end it."""
    return f'<script type="{kind}" id="{name}">{text}</script>\n'


def _difference(one: Any, other: Any) -> Any:
    """Return what turns ``one`` into ``other``: None for nothing, {"=": value} for another value, else a tree of these.

    >>> _difference({"n": [1, 2], "t": "head"}, {"n": [1, 2], "t": "머리"})
    {'t': {'=': '머리'}}
    """
    if one == other and type(one) is type(other):
        return None
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys() and "=" not in one:
        found = {key: _difference(one[key], other[key]) for key in one}
        return {key: value for key, value in found.items() if value is not None}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        changes = [_difference(a, b) for a, b in zip(one, other, strict=True)]
        return {str(i): change for i, change in enumerate(changes) if change is not None}
    return {"=": other}


def _pressed(value: bytes) -> str:
    """Return bytes as base64 of a zlib stream.

    Most are float32 numbers: the first bytes of all come first, then all the second ones …, and what is alike stands together.
    """
    apart = b"".join(value[place::4] for place in range(4))
    return base64.b64encode(zlib.compress(apart, 9)).decode()


def _without_bytes(value: Any, blobs: dict[str, str]) -> Any:
    """Return a value whose bytes are named by their digest, and put them into ``blobs``.

    A header in front of numbers stands beside their name: it has the words of one language, and the numbers are there once.
    """
    if isinstance(value, bytes) and (found := _header(value)):
        return {"$header": found[0], **_without_bytes_in(found[1].tobytes(), blobs)}
    if isinstance(value, bytes):
        return _without_bytes_in(value, blobs)
    if isinstance(value, dict):
        return {key: _without_bytes(item, blobs) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_bytes(item, blobs) for item in value]
    return value


def _without_bytes_in(value: bytes, blobs: dict[str, str]) -> dict[str, str]:
    name = hashlib.sha256(value).hexdigest()[:12]
    blobs[name] = _pressed(value)
    return {"$bytes": name}


def as_file(shown: Mapping[str, Sequence[Part]], lang: str, folder: Mapping[str, Any] | None = None) -> str:
    """Return the HTML file of a page.

    Args:
        shown: language -> the parts of the page; every one of :data:`components.words.LANGUAGES`.
        lang: the language it opens in.
        folder: of a page in a folder of pages ``map``, ``previous`` and ``next``: {file, title: language -> title}; ``at``:
            what its link holds as the file shows it, in each language; ``shared``: what of that other pages hold, too.
    """
    blobs: dict[str, str] = {}
    plain = {one: _without_bytes(list(shown[one]), blobs) for one in LANGUAGES}
    first = LANGUAGES[0]
    names = sorted({part["name"] for one in LANGUAGES for part in shown[one] if part["kind"] == "element"})
    folders = sorted(
        {folder for one in LANGUAGES for part in shown[one] for folder in part.get("models", [])}
    )
    content = {
        "lang": lang,
        "first": first,
        "parts": plain[first],
        "changes": {one: _difference(plain[first], plain[one]) for one in LANGUAGES[1:]},
        "blobs": blobs,
        "styles": {name: bundle.style(name) for name in names},
        "scripts": {name: bundle.script_of(name).relative_to(ELEMENTS).as_posix() for name in names},
        "words": {word: in_every_language("take_home", word) for word in WORDS},
        "reasons": {code: in_every_language("engine", f"engine_{code}") for code in REASONS if folders},
        "folder": folder,
        "models": folders,
        "beside": bool(folders and folder),
    }
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    code = f"\n{bundle.script(names, engine=bool(folders))}{(ELEMENTS / 'take_home.js').read_text(encoding='utf-8')}".replace(
        "</script", "<\\/script"
    )
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    # With a model: the script of the engine's worker comes from a blob that the page makes, and compiles WebAssembly. In a folder
    # the pages share their models, as scripts beside them.
    also, worker = (" 'wasm-unsafe-eval'", "; worker-src blob:") if folders else ("", "")
    also += " 'self'" if content["beside"] else ""
    policy = f"default-src 'none'; script-src 'sha256-{digest}'{also}{worker}; style-src 'unsafe-inline'; img-src data: blob:"
    page_css = (ELEMENTS / "page.css").read_text(encoding="utf-8")
    own_css = (ELEMENTS / "take_home.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Glassbox</title>\n<style>{css_variables()}{page_css}{own_css}</style>\n</head>\n"
        f'<body class="stApp">\n<main></main>\n<script type="application/json" id="content">{data}</script>\n'
        f'{_models(folders, inside=not content["beside"])}<script type="module">{code}</script>\n</body>\n</html>\n'
    )


def shared_model(folder: str) -> str:
    """Return the script that hands a model to the pages of a folder that ask for it."""
    return f"glassboxModel({json.dumps(folder)}, {json.dumps(_carried(folder), ensure_ascii=False)});\n"


def _models(folders: Sequence[str], *, inside: bool) -> str:
    """Return the engine's worker, and the models at these addresses if they lie ``inside``, as parts of a page that are not
    run by themselves."""
    if not folders:
        return ""
    kinds = {"config": "application/json", "words": "application/json", "weights": "text/plain"}
    return _inert("text/plain", "engine", bundle.worker_script().replace("</script", "<\\/script")) + "".join(
        _inert(kinds[what], f"{folder}{what}", text.replace("<", "\\u003c") if what != "weights" else text)
        for folder in (folders if inside else ())
        for what, text in _carried(folder).items()
    )


def page_file(
    page: str,
    state: Mapping[str, Any],
    lang: str = LANGUAGES[0],
    *,
    models: bool = False,
) -> str:
    """Run a page in every language and return it as one HTML file; with ``models``, the bundled ones that it runs lie in it.

    Raises:
        PageFailed: the page took too long to run.
    """
    return as_file({one: parts(visit(page, state, one).sent, models=models) for one in LANGUAGES}, lang)
