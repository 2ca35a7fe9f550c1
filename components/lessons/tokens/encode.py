"""State and data of the page "Encode a word": which tokenizer, which view, what is given away."""

import html
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.predict_first import Prediction
from components.lessons.tokens import word_training
from components.lm.checkpoints.bundled import KOREAN_BERT
from components.lm.tokens.bpe import BpeModel, train_bpe
from components.lm.tokens.bpe_lesson import BpeLesson
from components.lm.tokens.byte_level import ByteLevelBpe, byte_alphabet, character_bytes, normal_forms
from components.lm.tokens.encode_lesson import EncodeLesson, encode_bytes, encode_letters
from components.lm.tokens.segments import graphemes
from components.lm.tokens.words import split_words, to_letters
from components.shell import links
from components.shell.layout import Export
from components.shell.results import shared
from components.words import t

if TYPE_CHECKING:
    from components.lm.tokens.bpe import BpeTrace
    from components.lm.tokens.byte_level import ByteLevelBpe


MAX_CHARS = 2_000
"""Longest text that is encoded; of a longer one its beginning."""
FORMS = ("as_typed", "NFC", "NFD")
PARAMS = (
    links.Text("encode_text", "lowest", max_chars=MAX_CHARS, example="newest lowly"),
    links.Choice("encode_view", ("letters", "bytes"), "letters"),
    links.Choice("byte_merges", ("pocket-gpt", "same_words"), "pocket-gpt"),
    links.Choice("normal_form", FORMS, "as_typed"),
    links.Flag("hexadecimal"),
    links.Integer("encode_step", 0, 4_000, 0),
)

KOREAN = {**word_training.KOREAN, "encode_text": "도서관에서 아이들이 눈사람 이야기를 읽었다"}
"""What the page begins with in Korean: all letters stand in the story, most of the words do not."""


def text() -> str:
    """Return the text to encode, in the letters and the normal form in force."""
    typed = str(st.session_state["encode_text"])[:MAX_CHARS]
    form = st.session_state["normal_form"]
    if st.session_state["encode_view"] == "letters":
        if st.session_state["bpe_source"] in word_training.SAMPLES:
            typed = to_letters(typed, word_training.SAMPLES[st.session_state["bpe_source"]][1])  # type: ignore[arg-type]
        return typed
    return typed if form == "as_typed" else unicodedata.normalize(form, typed)


def cut_note() -> str | None:
    """Return a sentence when only the beginning of what was typed is encoded."""
    typed = len(str(st.session_state["encode_text"]))
    return None if typed <= MAX_CHARS else t("encode", "cut", shown=f"{MAX_CHARS:,}", typed=f"{typed:,}")


def prediction() -> Prediction:
    """What becomes of a word that none of the course's words is?"""
    words = dict(word_training.TOY)
    model = train_bpe(words, 10).model()
    word = "lowest"
    cut = model.encode_word(word).tokens
    options = ["[UNK]", " ".join(word), "lo west", " ".join(cut)]
    return Prediction(
        t("encode", "predict", word=word, words=", ".join(words)),
        options,
        3,
        t("encode", "predict_why", word=word, pieces=" + ".join(cut)),
        {"encode_text": word},
        tokens=True,
    )


def moved(step: int) -> None:
    """The board moved."""
    st.session_state["encode_step"] = step


def restart() -> None:
    """Another text or tokenizer: begin at the letters."""
    st.session_state["encode_step"] = 0
    links.moved()


def trained() -> BpeLesson | None:
    """Return the run whose merges are used, or None while it is being trained or cannot be."""
    return word_training.run_on_screen()


def letters_model(lesson: BpeLesson) -> BpeModel:
    """Return the encoder of the run."""
    return lesson.trace.model()


def byte_model(lesson: BpeLesson) -> tuple[ByteLevelBpe, str]:
    """Return the byte-level encoder and what it is called."""
    if st.session_state["byte_merges"] == "pocket-gpt":
        model = bytes_of_model("pocket-gpt")
        return model, t("encode", "model_pocket", size=f"{len(model.token_ids):,}")
    model = bytes_of_same_words(word_training.lesson_id(lesson), lesson.trace)
    return model, t("encode", "model_same_words", source=word_training.source_name())


def encoded(lesson: BpeLesson) -> dict[str, Any]:
    """Return what the board is given, apart from the step."""
    trace = lesson.trace
    known = frozenset(trace.words)
    typed = text()
    as_bytes = st.session_state["encode_view"] == "bytes"
    whole = [(span.text, span.text in known) for span in split_words(typed)][:60]
    if as_bytes:
        model, name = byte_model(lesson)
        made = encode_bytes(model, typed)
        merges, mark = model.merges, None
    else:
        letters = letters_model(lesson)
        made, merges, mark = encode_letters(letters, typed), letters.merges, letters.end_of_word
        name = t("encode", "model_letters", source=word_training.source_name())
    return {
        "lesson": made,
        "kind": "bytes" if as_bytes else "letters",
        "hexadecimal": st.session_state["hexadecimal"],
        "model": name,
        "merges": merges,
        "end_of_word": mark,
        "num_characters": len(graphemes(typed)),
        "whole": whole,
        "whole_size": len(known),
        "source": word_training.source_name(),
        "unlike": "pocket-gpt" if as_bytes and st.session_state["byte_merges"] == "pocket-gpt" else "",
        "identity": identity(lesson, typed),
    }


def identity(lesson: BpeLesson, typed: str) -> str:
    """Return what names a text and its tokenizer in every language of the page: the board begins anew when it changes."""
    state = st.session_state
    whose = state["byte_merges"] if state["encode_view"] == "bytes" else "letters"
    return str(hash((typed, whose, "" if whose == "pocket-gpt" else word_training.lesson_id(lesson))))


def step_to_take_over() -> int:
    """Return the step of the last revision; see :func:`components.lessons.tokens.bpe.step_to_take_over`."""
    state = st.session_state
    taken = state.get("_encode_taken")
    if taken is None or taken[0] != word_training.revision():
        taken = state["_encode_taken"] = (word_training.revision(), state["encode_step"])
    return int(taken[1])


def caption(view: dict[str, Any]) -> str:
    """Return the line under the board."""
    made: EncodeLesson = view["lesson"]
    return t(
        "encode",
        "caption",
        model=view["model"],
        merges=f"{len(view['merges']):,}",
        step=min(st.session_state["encode_step"], len(made.steps)),
        last=len(made.steps),
    )


def byte_table() -> str:
    """Return HTML of the characters of the text with code points and bytes; texts are escaped."""
    rows = []
    for character in character_bytes(text())[:60]:
        points = "<br>".join(
            f"{point} <small>{html.escape(name.title())}</small>"
            for point, name in zip(character.code_points, character.names, strict=True)
        )
        numbers = " ".join(f"{byte:02X}" for byte in character.data)
        stand_ins = " ".join(map(html.escape, character.symbols))
        rows.append(
            f"<tr><td><b>{html.escape(character.text)}</b></td><td>{points}</td><td>{len(character.data)}</td>"
            f'<td class="gb-mono">{numbers}</td><td class="gb-mono">{stand_ins}</td></tr>'
        )
    heads = "".join(
        f"<th>{html.escape(t('encode', key))}</th>"
        for key in ("char", "code_points", "num_bytes", "bytes", "stand_ins")
    )
    return f'<table class="gb-table"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def forms_note() -> str | None:
    """Return a sentence about both normal forms of the text, None when it has only one."""
    forms = normal_forms(str(st.session_state["encode_text"])[:MAX_CHARS])
    if not forms.differ:
        return None
    return t(
        "encode",
        "forms_note",
        composed=sum(len(one.code_points) for one in forms.composed),
        composed_bytes=sum(len(one.data) for one in forms.composed),
        decomposed=sum(len(one.code_points) for one in forms.decomposed),
        decomposed_bytes=sum(len(one.data) for one in forms.decomposed),
    )


def split_note(view: dict[str, Any]) -> str | None:
    """Return a sentence when the rule that cuts words has cut through a character."""
    made: EncodeLesson = view["lesson"]
    inside = sum(len(word.characters) for word in made.words)
    if made.left_out or inside == view["num_characters"]:
        return None
    return t("encode", "split_note")


def alphabet_table() -> str:
    """Return HTML of the 256 stand-ins, those of invisible bytes marked."""
    cells = []
    for byte, letter in enumerate(byte_alphabet()):
        moved_ = letter != chr(byte)
        style = (
            "background:var(--gb-seq-1);border-color:var(--gb-token);font-weight:700"
            if moved_
            else "background:var(--gb-surface);border-color:var(--gb-line)"
        )
        cells.append(
            f'<span title="{byte:02X}" style="display:inline-flex;flex-direction:column;align-items:center;width:2.3rem;border:1px solid;border-radius:.3rem;{style}">'
            f'<b class="gb-mono">{html.escape(letter)}</b><small style="color:var(--gb-quiet);font-size:.7rem">{byte:02X}</small></span>'
        )
    return f'<div style="display:flex;flex-wrap:wrap;gap:.2rem">{"".join(cells)}</div>'


def byte_details() -> None:
    """The characters of the text byte by byte, and the alphabet that stands for bytes."""
    with st.expander(t("encode", "bytes_title"), icon=":material/table_rows:", expanded=False):
        st.html(byte_table())
    with st.expander(t("encode", "alphabet_title"), icon=":material/abc:"):
        st.markdown(t("encode", "alphabet_text"))
        st.html(alphabet_table())


def token_rows(view: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the tokens left at the end as rows."""
    made: EncodeLesson = view["lesson"]
    return [
        {"word": word.text, "token": token, "id": "" if number is None else number}
        for word in made.words
        for token, number in zip(word.cut(len(made.steps)), word.token_ids, strict=True)
    ]


def step_rows(view: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the merges that fired as rows, with the words as they stood after each."""
    made: EncodeLesson = view["lesson"]
    return [
        {
            "step": at,
            "rank": step.rank,
            "left": step.pair[0],
            "right": step.pair[1],
            "merged": step.merged,
            "joins": step.joins,
            "after": " | ".join(" ".join(word.cut(at)) for word in made.words),
        }
        for at, step in enumerate(made.steps, start=1)
    ]


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    as_bytes = {"encode_view": "bytes"}
    return [
        (t("encode", "try_fast"), {"encode_text": "fast"}),
        (t("encode", "try_hello"), {"encode_text": "안녕하세요", **as_bytes}),
        (t("encode", "try_family"), {"encode_text": "👩‍👩‍👦", **as_bytes, "hexadecimal": True}),
        (t("encode", "try_accent"), {"encode_text": "é", **as_bytes, "normal_form": "NFD", "hexadecimal": True}),
    ]  # fmt: skip


def export(view: dict[str, Any]) -> Export:
    """Return what the page gives away."""
    about = {"text": text(), "model": view["model"], "merges": len(view["merges"])}
    return Export(
        "encode",
        caption(view),
        about,
        {"tokens": lambda: token_rows(view), "steps": lambda: step_rows(view)},
        lambda: {"tokens": token_rows(view), "steps": step_rows(view)},
    )


_MODELS = Path(__file__).parents[3] / "assets" / "models"


# One table of merges a model: a few MB at GPT-2's size.
@st.cache_resource(max_entries=4, show_spinner=False)
def bytes_of_model(name: str) -> "ByteLevelBpe":
    """Return the byte-level BPE of a bundled model, read from its file without transformers."""
    from components.lm.tokens.encode_lesson import byte_level_from_file

    return byte_level_from_file(_MODELS / name / "tokenizer.json")


# The largest text with 2,000 merges: some 8 MB.
@shared
def bytes_of_same_words(identity: str, _trace: "BpeTrace") -> "ByteLevelBpe":
    """Return a byte-level BPE trained on the words of a run, with its number of merges and its tie rule."""
    from components.lm.tokens.bpe import train_bpe
    from components.lm.tokens.byte_level import ByteLevelBpe, byte_alphabet, byte_level_words

    words = byte_level_words(dict(zip(_trace.words, _trace.counts, strict=True)))
    rule, merges = _trace.settings.tie_rule, _trace.settings.num_merges
    trained = train_bpe(words, merges, tie_rule=rule, extra_alphabet=byte_alphabet())
    return ByteLevelBpe.from_trace(trained)


@cache
def unknown_shares() -> dict[str, str]:
    """Return the shares of held-out words that the WordPiece of the Korean BERT turns into [UNK], as its card says: of all
    ``words``, and of those that are ``hangul`` from end to end; empty where there is no such card."""
    card = Path(__file__).parents[3] / "assets" / "models" / KOREAN_BERT / "README.md"
    text = card.read_text(encoding="utf-8") if card.exists() else ""
    found = re.search(r"held-out words ([\d.]+%) become \[UNK\].*end to end ([\d.]+%)", text)
    return {"words": found[1], "hangul": found[2]} if found else {}
