"""State and data of the page "Compare tokenizers": which tokenizers, which texts, what is given away."""

import html
from typing import Any

import streamlit as st

from components.elements.predict_first import Prediction
from components.elements.tokens.token_lanes import LaneOfTokens
from components.lessons.tokens import word_training
from components.lessons.tokens.word_training import (
    in_letters,
    sample_text,
    show_progress,
    tokenizer_file,
    trainings,
    words_key,
)
from components.lm import checkpoints
from components.lm.checkpoints import TokenizerCard
from components.lm.checkpoints.model_card import ModelRefused
from components.lm.tokens.comparison import TrainedHere, train_all
from components.lm.tokens.tokenizations import Tokenization, by_characters
from components.lm.tokens.tokenizer_call import TokenizerCall
from components.lm.tokens.tokenizer_files import NoTokenizer, TokenizerFile
from components.lm.tokens.words import InputProblem, WordTable, count_words
from components.shell import links
from components.shell.background import Work
from components.shell.held import held
from components.shell.layout import Export, working
from components.words import t, told

PARTS = ("text", "languages", "call")
SOURCES = ("samples", "words")
TEXT = "The lowest wheel is the slowest. I love NLP! 안녕하세요"
TEXT_KO = "아이들이 도서관에서 이야기를 읽었다. I love NLP! 안녕하세요"
"""The text to begin with, and the one in Korean."""
CALL = "I love NLP!"
ENGLISH = "Children love visiting beaches each summer."
KOREAN = "아이들은 여름마다 바다로 놀러 가기를 좋아한다."
"""One meaning twice; no word of either is in the texts learned from here, and every letter is."""
BUNDLED = ("pocket-gpt", "pocket-bert")
MAX_CHARS = 4_000


def first_model() -> str:
    """Return the model to begin with: pocket-bert where it is, because its call is the one of the course."""
    names = checkpoints.store().bundled_names()
    return next((name for name in ("pocket-bert", "pocket-gpt") if name in names), "pocket-gpt")


def params() -> tuple[links.Param, ...]:
    """Return what the link holds."""
    return (
        *word_training.TRAINING[:3],
        links.Choice("cmp_part", PARTS, "text"),
        links.Text("cmp_text", TEXT, max_chars=MAX_CHARS),
        links.Choice("cmp_source", SOURCES, "samples"),
        links.Integer("cmp_merges", 1, 1_000, 300),
        links.Text("cmp_model", first_model(), max_chars=120, example="pocket-gpt"),
        links.Text("cmp_en", ENGLISH, max_chars=MAX_CHARS),
        links.Text("cmp_ko", KOREAN, max_chars=MAX_CHARS),
        links.Text("call_text", CALL, max_chars=MAX_CHARS),
        links.Text("call_pair", "", max_chars=MAX_CHARS),
        links.Text("call_ids", "", max_chars=MAX_CHARS, example="101 7 2"),
    )


def clean(key: str) -> str:
    """Return a text of the reader's; half of a character becomes a question mark."""
    return str(st.session_state[key] or "").encode("utf-8", "replace").decode("utf-8")


def trained() -> TrainedHere | None:
    """Return the tokenizers trained here, or None while they are being trained or cannot be."""
    state = st.session_state
    merges, from_samples = state["cmp_merges"], state["cmp_source"] == "samples"
    source, words, text = state["bpe_source"], state["bpe_words"], state["bpe_text"]

    def do(work: Work) -> TrainedHere:
        table: WordTable
        if from_samples:
            both = sample_text("tale_en") + "\n" + sample_text("story_ko")
            table = count_words(both, lowercase=True)
        else:
            table = word_training.word_table(source, words, text)
        return train_all(table, merges, on_progress=work.tell, should_stop=work.should_stop)

    key = ("compare", "samples" if from_samples else words_key(), merges)
    work = trainings().start(key, do)
    if not work.ends_in(2 * word_training.PATIENCE):
        show_progress("compare", work)
        return None
    try:
        found: TrainedHere = work.result()
    except InputProblem as problem:
        word_training.show_problems(problem)
        return None
    return found


def model_tokenizers(card: TokenizerCard) -> list[tuple[str, TokenizerFile]]:
    """Return the tokenizers of the bundled models and of the chosen one; says so when the chosen one has none."""
    names = [name for name in BUNDLED if name in checkpoints.store().bundled_names()]
    if card.name not in names:
        names.append(card.name)
    found = []
    for name in names:
        file = tokenizer_of(name)
        if file is not None:
            found.append((name, file))
    return found


def tokenizer_of(name: str) -> TokenizerFile | None:
    """Return the tokenizer of a model, or say why there is none."""
    try:
        card = checkpoints.tokenizer_card(name)
        with working(told("compare", "loading", name=name)):
            return tokenizer_file(card.name, card.revision)
    except NoTokenizer as error:
        st.warning(told("compare", "no_tokenizer", name=name, reason=str(error)[:200]))
    except ModelRefused:
        pass  # the picker has said why
    return None


def lanes(text: str, own: TrainedHere | None, models: list[tuple[str, TokenizerFile]]) -> list[LaneOfTokens]:
    """Return a text through every tokenizer."""
    state = st.session_state
    found = [
        LaneOfTokens(
            "characters", t("compare", "characters"), t("compare", "about_characters"), by_characters(text)
        )
    ]
    if own is not None:
        prepared = text.lower() if state["cmp_source"] == "samples" else in_letters(text)
        for name, made in own.tokenize(prepared):
            about = t("compare", f"about_{name}", size=f"{made.vocab_size:,}")
            found.append(LaneOfTokens(name, t("compare", name), about + lowered(text, made), made))
    for name, file in models:
        kind = t("compare", "kind_byte_level" if file.byte_level else f"kind_{file.kind}")
        about = t("compare", "about_model", kind=kind, size=f"{file.vocab_size:,}")
        made = file.tokenization(text)
        found.append(LaneOfTokens(name, name, about + lowered(text, made), made))
    return found


def lowered(text: str, made: Tokenization) -> str:
    """Return a sign that a tokenizer read the text in small letters, nothing when it kept its capitals."""
    kept = any(letter.isupper() for one in made.tokens if not one.unknown for letter in one.token)
    return "" if kept or not any(map(str.isupper, text)) else " · " + t("compare", "lowered")


def printed(name: str, call: TokenizerCall, text: str, pair: str | None) -> str:
    """Return the call as Python prints it."""
    arguments = repr(text) if pair is None else f"{text!r}, {pair!r}"
    fields = [f"'input_ids': {list(call.input_ids)}"]
    if call.token_type_ids:
        fields.append(f"'token_type_ids': {list(call.token_type_ids)}")
    fields.append(f"'attention_mask': {list(call.attention_mask)}")
    return (
        f">>> encoded = tokenizer({arguments})  # {name}\n"
        f"{{{', '.join(fields)}}}\n"
        ">>> tokenizer.convert_ids_to_tokens(encoded['input_ids'])\n"
        f"{list(call.tokens)}"
    )


def back_to_tokens(file: TokenizerFile) -> list[tuple[str, str | None]]:
    """Return what was typed as ids with the token of each; None for what is no id of this tokenizer."""
    typed = clean("call_ids").replace(",", " ").replace("[", " ").replace("]", " ").split()[:200]
    found: list[tuple[str, str | None]] = []
    for one in typed:
        number = int(one) if one.isascii() and one.isdigit() and len(one) < 12 else -1
        found.append((one, file.tokens([number])[0]))
    return found


# What is typed.


def ids_to_tokens(file: TokenizerFile, call: TokenizerCall) -> None:
    """Ids that the reader types, and their tokens."""
    held().text_input(
        t("compare", "ids"), key="call_ids", placeholder=" ".join(map(str, call.input_ids[:12]))
    )
    cells = "".join(
        f'<span class="gb-cell"><b class="gb-mono">{html.escape(t("compare", "no_such_id") if token is None else token)}</b>'
        f"{html.escape(number)}</span>"
        for number, token in back_to_tokens(file)
    )
    if cells:
        st.html(f'<div class="gb-cells">{cells}</div>')


# In words and files.


def caption(part: str, card: TokenizerCard) -> str:
    """Return the line under the picture."""
    state = st.session_state
    if part == "call":
        return t(
            "compare", "caption_call", model=card.name, revision=card.revision.removeprefix("sha256:")[:10]
        )
    source = (
        t("compare", "source_samples") if state["cmp_source"] == "samples" else word_training.source_name()
    )
    return t("compare", "caption", source=source, merges=state["cmp_merges"])


def said(part: str, shown: list[tuple[str, list[LaneOfTokens]]]) -> str:
    """Return one or two sentences about what is on screen."""
    if part == "text":
        found = [lane for lane in shown[0][1] if lane.key != "characters" and lane.made.num_tokens]
        whole = [lane for lane in found if not lane.made.num_unknown]
        lost = [lane.name for lane in found if lane.made.num_unknown]
        parts = []
        if whole:
            best = min(whole, key=lambda lane: lane.made.num_tokens)
            parts.append(t("compare", "fewest", name=best.name, n=best.made.num_tokens))
        if lost:
            parts.append(t("compare", "lost", names=", ".join(lost)))
        return " ".join(parts)
    pairs = [
        (en.name, ko.made.num_tokens / en.made.num_tokens)
        for en, ko in zip(shown[0][1], shown[1][1], strict=True)
        if en.made.num_tokens
        and not en.made.num_unknown
        and not ko.made.num_unknown
        and en.key != "characters"
    ]
    if not pairs:
        return t("compare", "no_fair_pair")
    name, ratio = max(pairs, key=lambda pair: pair[1])
    said = t("compare", "dearest", name=name, ratio=f"{ratio:.2f}")
    here = dict(pairs).get(t("compare", "bpe"))
    if here is not None and st.session_state["cmp_source"] == "samples":
        said += " " + t("compare", "learned_both", ratio=f"{here:.2f}")
    return said


def prediction() -> Prediction | None:
    """How many times as many tokens does the same sentence need in a language that pocket-gpt never learned?"""
    if "pocket-gpt" not in checkpoints.store().bundled_names():
        return None
    file = tokenizer_of("pocket-gpt")
    if file is None:
        return None
    english, korean = (file.tokenization(text).num_tokens for text in (ENGLISH, KOREAN))
    ratio = f"{korean / english:.1f}"
    ratios = sorted({ratio, "0.7", "1.0", "1.8"}, key=float)
    return Prediction(
        t("compare", "predict", english=ENGLISH, korean=KOREAN),
        [f"× {one}" for one in ratios],
        ratios.index(ratio),
        t("compare", "predict_why", english=english, korean=korean, ratio=ratio),
        {"cmp_part": "languages"},
    )


def export(part: str, shown: list[tuple[str, list[LaneOfTokens]]], card: TokenizerCard) -> Export:
    """Return what the page gives away: ``shown`` is (text, lanes) for each text on screen."""
    state = st.session_state
    about = {"trained_on": state["cmp_source"], "merges": state["cmp_merges"]}

    def costs() -> list[dict[str, Any]]:
        return [
            {
                "text": text,
                "tokenizer": lane.name,
                "tokens": lane.made.num_tokens,
                "words": lane.made.num_words,
                "characters": lane.made.num_characters,
                "bytes": lane.made.num_bytes,
                "tokens_per_word": lane.made.tokens_per_word,
                "characters_per_token": lane.made.characters_per_token,
                "unknown": lane.made.num_unknown,
                "vocab_size": lane.made.vocab_size or "",
            }
            for text, found in shown
            for lane in found
        ]

    def tokens() -> list[dict[str, Any]]:
        return [
            {
                "text": text,
                "tokenizer": lane.name,
                "position": position,
                "token": one.token,
                "id": "" if one.token_id is None else one.token_id,
                "stands_for": one.text,
                "unknown": int(one.unknown),
            }
            for text, found in shown
            for lane in found
            for position, one in enumerate(lane.made.tokens)
        ]

    return Export(
        "compare-tokenizers",
        caption(part, card),
        about,
        {"costs": costs, "tokens": tokens},
        lambda: {"costs": costs(), "tokens": tokens()},
    )


def call_export(card: TokenizerCard, call: TokenizerCall) -> Export:
    """Return what the call gives away."""

    def rows() -> list[dict[str, Any]]:
        types = call.token_type_ids or ("",) * len(call.tokens)
        return [
            {"position": i, "token": token, "input_id": number, "token_type_id": kind, "attention_mask": mask}
            for i, (token, number, kind, mask) in enumerate(
                zip(call.tokens, call.input_ids, types, call.attention_mask, strict=True)
            )
        ]

    about = {
        "model": card.name,
        "revision": card.revision,
        "text": clean("call_text"),
        "pair": clean("call_pair"),
    }
    return Export("tokenizer-call", caption("call", card), about, {"call": rows}, lambda: {"call": rows()})
