"""The bones every page shares: header, reading aid, caption, details, export, foot."""

import csv
import functools
import html
import io
import json
import logging
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import (  # type: ignore[attr-defined]
    SCRIPT_RUN_CONTEXT_ATTR_NAME,
)

from components.elements.engine import model_files
from components.elements.pictures import picture_downloads
from components.elements.predict_first import Prediction, predict_first
from components.elements.prepared import prepared
from components.figures.theme import css_variables
from components.lm.checkpoints.model_card import ModelRefused
from components.lm.gpt.kv_cache import GenerationError
from components.lm.reading import CannotRead
from components.shell import links, server_events
from components.shell.held import held
from components.shell.navigation import lessons, neighbours
from components.shell.refusals import cannot_read, cannot_write, refusal
from components.shell.take_home import page_file
from components.shell.turns import aside, turn
from components.words import cited, language, t, term, told

_LOG = logging.getLogger(__name__)
PAUSE = 0.06
"""Seconds in which a new picture travels alone, see :func:`picture_first`."""
_CSS = (Path(__file__).parents[2] / "assets" / "elements" / "page.css").read_text(encoding="utf-8")


def page_style() -> None:
    """Put the colours and the shared rules on the page."""
    with st.container(key="gb-style"):
        st.html(f"<style>{css_variables()}{_CSS}</style>")


def explained(english: str, shown: str | None = None) -> str:
    """Return HTML of a glossary term that explains itself on hover and on focus."""
    name, definition = term(english)
    return (
        f'<span class="gb-term" tabindex="0" role="note">{html.escape(shown or name)}'
        f"<span>{html.escape(definition)}</span></span>"
    )


def page_header(name: str, *, idea: bool = True) -> None:
    """Title, the one question of the page, its plain ``idea`` in one line, and what the page's link could not hold."""
    title, question = html.escape(t(name, "title")), html.escape(t(name, "question"))
    below = f'<p class="gb-idea">{html.escape(t(name, "idea"))}</p>' if idea else ""
    st.html(f'<div class="gb-head"><h1>{title}</h1><p>{question}</p>{below}</div>')
    st.session_state["_note_place"] = st.container()  # filled in the end, when the fields have their names


def _say_notes() -> None:
    """Say at the head of the page what its link asked for in vain."""
    place = st.session_state.pop("_note_place", None)
    if place is not None and links.notes():
        with place:
            note_line(" ".join(_worded(note) for note in links.notes()))


def prediction(asked: Prediction) -> None:
    """Offer the page's prepared question; call it right after :func:`page_header`.

    What would give the answer away is drawn inside :func:`components.elements.predict_first.answer`.
    """
    state = {**links.defaults(), **asked.state}
    predict_first(asked, on_begin=lambda: _try(state, True), key=links.page())


def note_line(text: str) -> None:
    """One line in the reader's way on purpose: something is not as it looks."""
    st.html(f'<p class="gb-note" role="status">{html.escape(text)}</p>')


def _worded(note: links.Note) -> str:
    field = links.field_name(note.key) or (note.key if note.code == "unknown" else t("links", "setting"))
    return t("links", note.code, field=field, given=note.given, used=note.used or t("links", "nothing"))


def controls(*, above: bool = False) -> Any:
    """Return the container of what the reader sets; the projector mode hides it.

    On a phone it stands right under the picture, or ``above`` it where the picture is longer than a screen.
    """
    return st.container(key="gb-controls-above" if above else "gb-controls")


def room() -> Any:
    """Return the container of a board that comes a moment after its part is chosen: what stands below does not move."""
    return st.container(key="gb-room")


def reading_aid(markup: str) -> None:
    """One or two sentences that change with the picture. ``markup`` is HTML of ours, texts escaped."""
    st.html(f'<p class="gb-aid" aria-live="polite">{markup}</p>')


def caption(text: str) -> None:
    """The line under a picture: model, layer, head, step, seed."""
    st.html(f'<p class="gb-caption">{html.escape(text)}</p>')


def small_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, sentences: bool = False) -> None:
    """A table in the page's own type; cells are Markdown (a reader's own text goes through ``literal`` first).

    Args:
        head: names of the columns.
        rows: cells, one a column.
        sentences: cells are too long to stand side by side on a phone: there a row is a block in which every cell
            begins with the name of its column.
    """
    if sentences:
        rows = [[f":small[{name}] {cell}" for name, cell in zip(head, row, strict=True)] for row in rows]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    if not sentences:
        st.markdown("\n".join(lines))
        return
    with st.container(key=f"gb-sentences-{zlib.crc32(lines[0].encode())}"):
        st.markdown("\n".join(lines))


@contextmanager
def working(text: str) -> Iterator[None]:
    """Say in ``text`` what is under way while the block runs; the seconds are counted in English only.

    Streamlit writes "(3.2 seconds)" in every language.
    """
    with st.spinner(text, show_time=language() == "en"), aside():
        yield


def slide_note(*errata: str) -> None:
    """A closed note: what the slide says and what the source says (``[errata]`` of ``errata.toml``)."""
    with st.expander(t("layout", "slide_note"), icon=":material/fact_check:"):
        for key in errata:
            st.markdown(t("errata", key))


Made = TypeVar("Made")


@dataclass(frozen=True)
class Export:
    """What a page gives away.

    Attributes:
        name: beginning of the file names, for example ``gpt-generation``.
        caption: model, revision, seed and text; goes under pictures and into every file.
        about: the same as fields, repeated in each CSV row and kept in the JSON.
        tables: file name -> the rows of the table (a function, called on click).
        result: the whole result (a function, called on click).
        files: file name -> its content (a function, called on click): weights that were trained.
        models: names of the models that the page runs in the browser, where they are bundled.
    """

    name: str
    caption: str
    about: Mapping[str, Any]
    tables: Mapping[str, Callable[[], Sequence[Mapping[str, Any]]]] = field(default_factory=dict)
    result: Callable[[], Any] = dict
    files: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    models: Sequence[str] = ()


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _cell(value: Any) -> Any:
    """Return a cell that no spreadsheet computes: before a text that looks like a formula stands an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def as_csv(rows: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> str:
    """Return rows as CSV with a header line; every row also names model, revision, seed and text.

    A setting that has the name of a column stands in ``setting_<name>``: the row keeps its own value. The text begins
    with a byte-order mark; without it, Excel reads Korean as something else.
    """
    if not rows:
        return ""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    settings = {f"setting_{name}" if name in columns else name: value for name, value in about.items()}
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*columns, *settings])
    for row in rows:
        writer.writerow(map(_cell, [*(row.get(name, "") for name in columns), *settings.values()]))
    return f"\ufeff{file.getvalue()}"


def as_json(page: str, export: Export) -> str:
    """Return the whole result with the state that made it; :func:`foot` can open it again."""
    return json.dumps(
        {
            "glassbox": 1,
            "page": page,
            "about": dict(export.about),
            "state": {key: _plain(value) for key, value in links.current().items()},
            "result": export.result(),
        },
        ensure_ascii=False,
        indent=1,
        default=_plain,
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value.item() if hasattr(value, "item") else value


def _open_again(page: str, key: str) -> None:
    """Callback: take over the state of an uploaded JSON export."""
    upload = st.session_state[key]
    if upload is None:
        return
    try:
        content = json.loads(upload.getvalue().decode("utf-8"))
        if (
            not isinstance(content, dict)
            or content.get("page") != page
            or not isinstance(content.get("state"), dict)
        ):
            raise ValueError
        links.adopt(content["state"])
        st.session_state["_open_again"] = "opened"
    except (ValueError, TypeError, AttributeError, RecursionError):
        st.session_state["_open_again"] = "not_ours"


def _later(make: Callable[[], Made]) -> Callable[[], Made]:
    """Return ``make`` so that it can run on a click, in a thread of the server that knows no session."""
    context = get_script_run_ctx()

    def made() -> Made:
        thread = threading.current_thread()
        add_script_run_ctx(thread, context)
        try:
            return make()
        finally:
            delattr(thread, SCRIPT_RUN_CONTEXT_ATTR_NAME)

    return made


def _export(page: str, export: Export) -> None:
    with (
        st.container(key="gb-export", width="content"),
        st.popover(t("export", "button"), icon=":material/download:"),
    ):
        st.download_button(
            t("take_home", "button"),
            _later(lambda: page_file(page, links.current(), language())),
            f"{export.name}.html",
            "text/html",
            key="take-home",
            on_click="ignore",
            width="stretch",
            help=t("take_home", "help"),
        )
        # In the page each 3 bytes of a model are 4 characters (base64).
        if inside := [files for name in export.models if (files := model_files(name))]:
            st.download_button(
                t("take_home", "button_model", size=f"{sum(one['bytes'] for one in inside) * 4 / 3e6:.2g}"),
                _later(lambda: page_file(page, links.current(), language(), models=True)),
                f"{export.name}-model.html",
                "text/html",
                key="take-home-model",
                on_click="ignore",
                width="stretch",
                help=t("take_home", "help_model"),
            )
        st.html(f'<p class="gb-foot-title">{t("export", "pictures")}</p>')
        picture_downloads(name=export.name, caption=export.caption)
        st.html(f'<p class="gb-foot-title">{t("export", "tables")}</p>')
        for file, rows in export.tables.items():
            st.download_button(
                f"{file}.csv",
                _later(lambda rows=rows: as_csv(rows(), export.about)),  # type: ignore[misc]
                f"{export.name}-{file}.csv",
                "text/csv",
                key=f"csv-{file}",
                on_click="ignore",
                width="stretch",
            )
        if export.files:
            st.html(f'<p class="gb-foot-title">{t("export", "weights")}</p>')
        for file, content in export.files.items():
            st.download_button(
                file,
                _later(content),
                file,
                "application/octet-stream",
                key=f"file-{file}",
                on_click="ignore",
                width="stretch",
            )
        st.html(f'<p class="gb-foot-title">{t("export", "all")}</p>')
        st.download_button(
            f"{export.name}.json",
            _later(lambda: as_json(page, export)),
            f"{export.name}.json",
            "application/json",
            key="json-all",
            on_click="ignore",
            width="stretch",
        )
        key = f"upload-{page}"
        st.file_uploader(
            t("export", "open_again"), type="json", key=key, on_change=_open_again, args=(page, key)
        )
        outcome = st.session_state.pop("_open_again", None)
        if outcome:
            st.caption(t("export", outcome))


def foot(
    name: str,
    *,
    try_this: Sequence[tuple[str, Mapping[str, Any]]] = (),
    kept: tuple[str, Collection[str]] | None = None,
    sources: Sequence[tuple[str, str]] = (),
    terms: Sequence[str] = (),
    export: Export | None = None,
) -> None:
    """End the page: prepared states, sources, export, previous and next.

    Args:
        name: the page.
        try_this: (label, state) pairs; a state holds link parameters of the page.
        kept: where the browser keeps the view of the page, its name (``lib/view.js``) and the parameters of the link in it.
        sources: (paper and place in it, address) pairs.
        terms: English names of glossary terms of this page; each explains itself on hover and on focus.
    """
    with st.container(key="gb-foot"):
        # For the Copy button of the toolbar, also where the text itself is out of sight; see held.too_long_note().
        lacking = "".join(
            f'<span class="gb-too-long" data-field="{html.escape(links.field_name(key) or t("links", "setting"))}"></span>'
            for key in links.too_long()
        )
        about = {} if export is None else export.about
        weights = links.made_with(" ".join(str(about.get(key, "")) for key in ("revision", "weights")))
        said = html.escape(urlencode(links.left_out()))
        st.html(
            f'<div hidden>{lacking}<span class="gb-weights" data-weights="{weights}" data-query="{said}"></span></div>'
        )
        st.html('<hr class="gb-foot-line">')
        if try_this and kept:
            _prepared(try_this, *kept, key=f"try-{name}", title=t("layout", "try_this"))
        elif try_this:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.html(f'<p class="gb-foot-title">{t("layout", "try_this")}</p>', width="content")
                for i, (label, state) in enumerate(try_this):
                    st.button(
                        label, key=f"try-{name}-{i}", on_click=_try, args=({**links.defaults(), **state},)
                    )
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            before, after = neighbours(name)
            st.page_link(before.page, label=f"← {before.title}", query_params=links.frame_query())
            if export is not None:
                _export(name, export)
            if after is not None:
                with st.container(key="gb-next", width="content"):  # steppers find it: lib/stepper.js
                    st.page_link(after.page, label=f"{after.title} →", query_params=links.frame_query())
            else:
                st.html(f'<p class="gb-source">{t("layout", "last_page")}</p>', width="content")
        if terms:
            shown = " · ".join(explained(term) for term in terms)
            st.html(f'<p class="gb-source">{t("layout", "terms")} {shown}</p>')
        if sources:
            shown = " · ".join(
                f'<a href="{html.escape(url)}" target="_blank" rel="noopener">{html.escape(cited(label))}</a>'
                for label, url in sources
            )
            st.html(f'<p class="gb-source">{t("layout", "source")} {shown}</p>')


def _prepared(
    states: Sequence[tuple[str, Mapping[str, Any]]],
    view: str,
    moved: Collection[str],
    *,
    key: str,
    title: str = "",
) -> None:
    """Offer prepared states: the browser goes to those that leave what it does not keep as it is."""
    wholes = [{**links.defaults(), **state} for _, state in states]
    prepared(
        view,
        [
            {"label": label, "state": links.within(whole, moved)}
            for (label, _), whole in zip(states, wholes, strict=True)
        ],
        rev=links.revision(),
        key=key,
        on_go=lambda at: _try(wholes[at], True),
        title=title,
    )


def example_button(
    label: str,
    state: Mapping[str, Any],
    *,
    key: str,
    kept: tuple[str, Collection[str]] | None = None,
) -> None:
    """Offer a prepared state of the page where it is needed, also inside a :func:`part`; ``kept`` as in :func:`foot`."""
    if kept:
        _prepared([(label, state)], *kept, key=key)
        return
    st.button(label, key=key, on_click=_try, args=({**links.defaults(), **state}, True))


def lesson_link(name: str, table: str, key: str, state: Mapping[str, str] | None = None) -> None:
    """Lead to another page in a state of its link; ``key`` of ``table`` names it with a slot for its ``title``.

    Nothing is drawn where the contents have no such page.
    """
    found = next((one for one in lessons() if one.name == name), None)
    if found is not None:
        label = told(table, key, title=found.title)
        st.page_link(found.page, label=label, icon=":material/arrow_forward:", query_params=links.frame_query() | dict(state or {}))  # fmt: skip


def _try(state: Mapping[str, Any], whole_page: bool = False) -> None:
    links.adopt(dict(state))
    links.forget_notes()
    st.session_state["_whole_page"] = whole_page


@contextmanager
def _failures_shown() -> Iterator[None]:
    """Show a failure in its place, in words."""
    try:
        yield
    except ModelRefused as refused:
        st.error(refusal(refused))
    except CannotRead as unread:
        st.error(cannot_read(unread))
    except GenerationError as stopped:
        st.error(cannot_write(stopped))
    except Exception as error:  # the frame must outlive any page
        _LOG.exception("page failed")
        st.error(told("layout", "page_failed", error=f"{type(error).__name__}: {error}"))


def part(draw: Callable[..., None]) -> Callable[..., None]:
    """Make a function a part of the page that answers its own controls: the rest is not run again, the link is written.

    What is outside must not show what changes inside; :func:`links.run_again` runs the whole page if it must.
    """

    @st.fragment
    @functools.wraps(draw)
    def drawn(*args: Any) -> None:
        context = get_script_run_ctx()
        alone = context is not None and bool(context.fragment_ids_this_run)
        if st.session_state.pop("_whole_page", False) and alone:  # what stands outside moves, too
            links.run_again()
        with turn(), _failures_shown():
            draw(*args)
        if alone:
            _say_notes()
            links.close_view()

    return drawn


def panel_choice(table: str, panels: Sequence[str], *, key: str, word: str = "look") -> str:
    """Let the reader choose what stands below the picture; ``word`` names the labels in ``table``."""
    labels = {name: t(table, f"{word}_{name}") for name in panels}
    return str(
        held().segmented_control(
            t(table, word), panels, key=key, required=True, format_func=labels.__getitem__
        )
    )


def open_panel(table: str, panels: Mapping[str, Callable[[], None]], *, key: str) -> None:
    """Let the reader choose what stands below the picture, and draw it under its title (``<panel>_title`` in ``table``)."""
    look = panel_choice(table, (*panels, "nothing"), key=key)
    if look != "nothing":
        st.markdown(f"#### {t(table, f'{look}_title')}")
        panels[look]()


def picture_first(name: str, shown: object) -> None:
    """Call after a picture: if ``shown``, what it shows, is new, let it travel alone for a moment.

    The browser takes messages as they come and draws when there is a gap: with the rest of the page behind it, the
    picture would be drawn last.
    """
    before = st.session_state.get(f"_{name}_shown", shown)
    st.session_state[f"_{name}_shown"] = shown
    if before != shown:
        with aside():
            time.sleep(PAUSE)


def run_page(page: Any) -> None:
    """Run the chosen page inside the frame; a failure shows in its place and the link stays."""
    try:
        with _failures_shown():
            page.run()
    finally:
        _say_notes()
        links.close_view()
        server_events.first_page_drawn.set()


def is_dark() -> bool:
    """Whether charts are drawn for the dark theme."""
    return st.context.theme.type == "dark"


def text_size() -> int:
    """Return the size of letters in charts, in pixels."""
    return 21 if st.session_state.get("size") == "lecture" else 14
