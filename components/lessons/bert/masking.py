"""State and data of the page "Masked language model"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.bert.mask_looks import (
    Found,
    GuessedBlank,
    LeftModel,
    MaskLooks,
    PieceCard,
    SideCard,
    mask_looks,
)
from components.elements.engine import model_files
from components.elements.page_fields import Field
from components.elements.predict_first import Prediction
from components.elements.view import sent
from components.lessons.bert.masked_text import MODEL, maskable_text, percent
from components.lessons.known_language import reads_korean
from components.lessons.recorded import first_view, of_shipped_model, trace_of
from components.lm.checkpoints.bundled import KOREAN_BERT, KOREAN_GPT
from components.shell import links
from components.shell.layout import example_button
from components.shell.loading import load_model
from components.shell.results import shared
from components.words import t

if TYPE_CHECKING:
    from components.elements.bert.mask_lab import LabData, LabFrame, MaskLab
    from components.lm.bert.mlm import Change, Filled, Guess, MaskableText
    from components.lm.checkpoints.model_card import ModelCard


LEFT_ONLY = "pocket-gpt"
"""Reads the left side beside a BERT; beside one that knows Korean, its Korean twin does."""
MOST_HIDDEN = 24
LOOKS = ("three_ways", "order", "pieces", "nothing")
ORDERS = ("at_once", "left_to_right", "right_to_left", "surest_first")

# Sentences where the bundled BERT shows the point; found by trying some hundred of our own.
TEXT = "The little girl opened the box and found a doll inside."
HIDDEN = (4,)  # *opened*: neither side alone tells, both together do
NEED_EACH_OTHER = "They closed their eyes and fell asleep."
TWO_BLANKS = (
    3,
    4,
)  # *their eyes*: *the eyes* at once, *the door* from left to right, *their eyes* from right to left
PIECES = "The girl stacked the stones and smiled."
IN_PIECES = (3, 4)  # stack ##ed
QUIZ = "The children ran home because it began to [MASK]."

# The same points in Korean, with the Korean twin.
KOREAN = {
    "mlm_text": "아이는 아버지의 손을 잡고 길을 건넌다.",
    "bert_model": KOREAN_BERT,
}  # 손을, at the same place
"""What the page begins with in Korean."""
NEED_EACH_OTHER_KO = "남자가 문을 열고 방에 들어간다."
TWO_BLANKS_KO = (2, 3)  # 문을 열: 손을 열 at once, 손을 씻 from left to right, 문을 열 from right to left
PIECES_KO, IN_PIECES_KO = "그는 서울에서 태어나 부산에서 살았다.", (4, 5)  # 태 ##어나
QUIZ_KO = "오늘 날씨가 너무 [MASK]."

LAB = (
    links.Text("mlm_text", TEXT),
    links.Text("bert_model", MODEL, max_chars=120, example="nano-bert"),
    links.Numbers("hidden", HIDDEN, most=MOST_HIDDEN, high=4095, example=(3, 5)),
    links.Numbers("filled", (), most=2 * MOST_HIDDEN, example=(3, 100)),
    links.Flag("whole_words"),
    links.Choice("mlm_look", LOOKS, "three_ways"),
)


MOVED = ("mlm_text", "whole_words", "hidden", "filled", "mlm_look")
"""What the browser moves by itself."""
VIEW = "masking"
"""The name that the elements of the page share."""


FIELDS = ("mlm_text", "whole_words", "mlm_look")
"""Of these, what other elements than the lab move."""


def state() -> dict[str, Any]:
    """What the fields of the browser hold."""
    return {key: st.session_state[key] for key in FIELDS}


def fields() -> list[Field]:
    """The text, and what a click hides, as fields of the browser."""
    for key, word in (("mlm_text", "text"), ("whole_words", "whole_words")):
        links.name_field(key, t("mlm", word))
    return [
        {
            "key": "mlm_text",
            "label": t("mlm", "text"),
            "wide": 5,
            "high": 20_000,
            "lines": 2,
            "help": t("mlm", "text_help"),
        },
        {
            "key": "whole_words",
            "label": t("mlm", "whole_words"),
            "wide": 1.6,
            "flag": True,
            "help": t("mlm", "whole_words_help"),
        },
    ]


def blanks(text: MaskableText) -> tuple[list[int], dict[int, int]]:
    """Return what is hidden (in the order clicked; typed masks always) and what was filled in, checked."""
    s = st.session_state
    allowed = {*text.maskable, *(int(i) for i in text.blank.nonzero()[0])}
    hidden = list(dict.fromkeys(p for p in s["hidden"] if p in allowed))[:MOST_HIDDEN]
    hidden += [p for p in allowed - set(hidden) if text.blank[p]][:MOST_HIDDEN]
    pairs = zip(s["filled"][::2], s["filled"][1::2], strict=False)
    filled = {int(p): int(i) for p, i in pairs if p in hidden and 0 <= i < text.vocab_size}
    return hidden, filled


def clicked() -> None:
    """Callback: the reader hid, opened or filled tokens; the browser sends the whole state, and who answered it."""
    said = sent(st.session_state["mask_lab"].get("blanks"), links.revision())
    if said is None:
        return
    links.take_over({key: said[key] for key in MOVED if key in said})
    st.session_state["_mlm_browser"] = said.get("browser")
    st.session_state["_mlm_first"] = _first(said.get("first"))


def _first(report: Any) -> list[dict[str, Any]]:
    """Return the first guess at each open blank, as the browser told it; nothing if it is of another shape."""
    try:
        return [
            {"position": int(at), "candidates": [[int(token_id), str(token), float(prob)]]}
            for at, token_id, token, prob in report[:MOST_HIDDEN]
        ]
    except (TypeError, ValueError):
        return []


def typed() -> None:
    """Callback: another model; positions in the text of the old one mean nothing."""
    links.put("hidden", ())
    links.put("filled", ())


def card_of(
    guess: Guess, before: Sequence[float] | None = None, own_before: float | None = None
) -> GuessedBlank:
    """Return one guess as the elements draw it."""
    return {
        "position": guess.position,
        "candidates": [
            (c.token_id, c.token, c.prob, before[i] if before else None)
            for i, c in enumerate(guess.candidates)
        ],
        "rest": guess.rest,
        "entropy": guess.entropy_bits,
        "original": None
        if guess.original is None
        else {
            "id": guess.original.token_id,
            "token": guess.original.token,
            "p": guess.original.prob,
            "before": own_before,
            "rank": guess.rank,
            "loss": guess.loss,
        },
    }


def lab(card: ModelCard, *, guesses: bool = False) -> tuple[MaskableText | None, MaskLab]:
    """Return the text (None where it comes from a file, without torch) and the element's data.

    A bundled model is served to the browser, which answers by itself as soon as it has it; then there are no guesses
    in the data unless they are asked for.
    """
    s = st.session_state
    files = model_files(card.name)
    common: LabFrame = {
        "whole": s["whole_words"],
        "look": s["mlm_look"],
        "rev": links.revision(),
        "params": links.described(*MOVED),
        "text": s["mlm_text"],
        "model": card.name,
        "files": files,
    }
    trace = first_view("bert/masking", card, ("mlm_text", "hidden", "filled"))
    if trace is not None:
        recorded: LabData = trace["lab"]
        return None, {**recorded, "mask": "[MASK]", **common}
    text = maskable_text(card.name, card.revision, s["mlm_text"])
    hidden, filled = blanks(text)
    here = guesses or files is None or s.get("_mlm_browser") != card.name
    return text, {**lab_data(card, text, hidden, filled, guesses=here), **common}


def prediction() -> Prediction | None:
    """What does the model put first at the blank of the first view? None where the recorded view is of other weights."""
    model = KOREAN_BERT if st.session_state["bert_model"] == KOREAN_BERT else MODEL
    trace = trace_of("bert/masking", model)
    if trace is None or of_shipped_model(trace) is None:
        return None
    ways = {one["side"]: one for one in trace["three_ways"]}
    best = {side: one["candidates"][0][1].strip() for side, one in ways.items()}
    options = sorted({*best.values(), ways["both"]["candidates"][2][1].strip()})
    gap = " ".join(text for text, _ in ways["both"]["line"])
    original = ways["both"]["original"]
    return Prediction(
        t("mlm", "predict", gap=gap),
        options,
        options.index(best["both"]),
        t(
            "mlm",
            "predict_why",
            token=original["token"],
            p=percent(original["p"]),
            left=percent(ways["left"]["original"]["p"]),
            first=best["left"],
        ),
        KOREAN if model == KOREAN_BERT else {},
        tokens=True,
    )


def lab_data(
    card: ModelCard, text: MaskableText, hidden: list[int], filled: dict[int, int], *, guesses: bool = True
) -> LabData:
    """Return the tokens and a card for each open blank; one forward pass, two when blanks were filled.

    Without ``guesses`` nothing is computed, and ``cards`` is None.
    """
    from components.lm.tokens.token_text import token_info

    tokenizer = load_model(card.name, "masked_prediction").tokenizer
    cards = None
    if guesses:
        found = mlm_changes(card.name, card.revision, text.text, tuple(hidden), tuple(sorted(filled.items())))
        cards = [
            card_of(c.now, c.before if filled else None, c.original_before if filled else None) for c in found
        ]
    return {
        "tokens": [
            {"id": int(token_id), "text": token, "special": bool(special), "blank": bool(blank), "word": word}
            for token_id, token, special, blank, word in zip(
                text.input_ids, text.tokens, text.special, text.blank, text.word_ids, strict=True
            )
        ],
        "hidden": hidden,
        "filled": [(p, i, token_info(tokenizer, i).token) for p, i in filled.items()],
        "vocab_size": text.vocab_size,
        "mask": text.mask_token,
        "cards": cards,
    }


def guessed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the element's data with the first guesses that the browser told of, where it computed them."""
    if data["cards"] is not None:
        return dict(data)
    filled = {place for place, _, _ in data["filled"]}
    told = st.session_state.get("_mlm_first") or []
    open_ = [place for place in data["hidden"] if place not in filled]
    return {**data, "cards": told if [card["position"] for card in told] == open_ else []}


def look_further(card: ModelCard, text: MaskableText | None, data: MaskLab) -> None:
    """Ask the blanks of the lab in another way, as the reader chose; where there is nothing to ask, offer what to try."""
    asked = {
        **state(),
        "hidden": data["hidden"],
        "filled": [number for place, token_id, _ in data["filled"] for number in (place, token_id)],
    }
    look = st.session_state["mlm_look"]
    sent: MaskLooks = {
        "looks": LOOKS,
        "asked": asked,
        "model": card.name,
        "files": data["files"],
        "left": _left(card),
    }
    recorded = first_view("bert/masking", card, ("mlm_text", "hidden", "filled")) if text is None else None
    if look != "nothing" and not (data["files"] and st.session_state.get("_mlm_browser") == card.name):
        sent["found"] = (
            {"cards": recorded["three_ways"]}
            if look == "three_ways" and recorded is not None
            else found(look, card, text or maskable_text(card.name, card.revision, asked["mlm_text"]))
        )
    mask_looks(sent)
    if look == "nothing" or (look == "three_ways" and recorded is not None):
        return
    if not _something_to_ask(look, text or maskable_text(card.name, card.revision, asked["mlm_text"])):
        for i, (label, prepared) in enumerate(lab_examples(card)):
            if prepared["mlm_look"] == look:
                example_button(label, prepared, key=f"mlm_example_{i}", kept=(VIEW, MOVED))


def _left(card: ModelCard) -> LeftModel | None:
    files = model_files(left_of(card))
    return None if files is None else {"name": left_of(card), "files": files}


def _something_to_ask(look: str, text: MaskableText) -> bool:
    hidden, filled = blanks(text)
    if look == "three_ways":
        return any(position not in filled for position in hidden)
    return len(hidden) > 1 if look == "order" else _word_in_pieces(text, hidden) is not None


def _word_in_pieces(text: MaskableText, hidden: Sequence[int]) -> int | None:
    """Return the first hidden token, last clicked first, or else the first token, whose word has several."""
    found = (p for p in (*reversed(hidden), *text.maskable) if len(text.word_of(p)) > 1 and not text.blank[p])
    return next(found, None)


def found(look: str, card: ModelCard, text: MaskableText) -> Found | None:
    """Ask the blanks in another way, here; None where there is nothing to ask."""
    hidden, filled = blanks(text)
    if look == "order":
        in_orders = orders(card.name, card.revision, text.text, tuple(hidden)) if len(hidden) > 1 else []
        if not in_orders:
            return None
        return {
            "tokens": [
                (token, bool(special)) for token, special in zip(text.tokens, text.special, strict=True)
            ],
            "orders": [
                {"order": one.order, "steps": [(at, c.token_id, c.token, c.prob) for at, c in one.steps]}
                for one in in_orders
            ],
        }
    if look == "pieces":
        chosen = _word_in_pieces(text, hidden)
        pieces = [] if chosen is None else piece_cards(card.name, card.revision, text.text, chosen)
        return {"cards": pieces} if pieces else None
    ways = three_ways(card, text, hidden, filled)
    return {"cards": ways} if ways else None


def left_of(card: ModelCard) -> str:
    """Return the GPT that stands beside a BERT: one that reads the same language."""
    return KOREAN_GPT if reads_korean(card) else LEFT_ONLY


def line_with(
    text: MaskableText, hidden: Sequence[int], cut: range | Sequence[int] = ()
) -> list[tuple[str, str]]:
    """Return the text as (token, kind) for the cards."""
    return [
        (text.mask_token if i in hidden else token, "blank" if i in hidden else "cut" if i in cut else "read")
        for i, token in enumerate(text.tokens)
        if not text.special[i]
    ]


def three_ways(
    card: ModelCard, text: MaskableText, hidden: list[int], filled: dict[int, int]
) -> list[SideCard]:
    """Return cards of the blank clicked last: left only, right only, both, and GPT from the left; no words in them."""
    from components.lm.bert import mlm
    from components.lm.checkpoints.model_card import ModelRefused

    at = next((p for p in reversed(hidden) if p not in filled), None)
    if at is None:
        return []
    loaded = load_model(card.name, "masked_prediction")
    sides = mlm.guess_from(loaded, text, hidden, at, top=6)
    right, left = range(at + 1, len(text)), range(at)
    cuts: tuple[tuple[mlm.Side, Sequence[int]], ...] = (("left", right), ("right", left), ("both", ()))
    cards: list[SideCard] = [
        {
            "side": side,
            "about": card.name,
            "line": line_with(text, [p for p in hidden if p not in cut], cut),
            **card_of(sides[side]),
        }
        for side, cut in cuts
    ]
    try:
        left_only = left_of(card)
        causal = load_model(left_only, "generation")
    except ModelRefused:
        return cards
    if not text.blank[: at + 1].any() and text.spans[at][1]:
        found = mlm.next_word(causal, text, at, top=6)
        own = found.first_piece
        cards.insert(
            1,
            {
                "side": "gpt",
                "about": left_only,
                "line": line_with(text, [at], right),
                "position": at,
                "candidates": [(c.token_id, c.token, c.prob, None) for c in found.candidates],
                "rest": found.rest,
                "original": {
                    "id": own.token_id,
                    "token": own.token,
                    "p": own.prob,
                    "before": None,
                    "rank": found.rank,
                    "loss": None,
                },
            },
        )
    return cards


# Six cards: some 10 kB.
@shared
def piece_cards(name: str, revision: str, typed: str, chosen: int) -> list[PieceCard]:
    """Return cards of the word at ``chosen``, of several pieces: each piece hidden alone, then the whole word hidden."""
    from components.lm.bert import mlm

    loaded, text = load_model(name, "masked_prediction"), maskable_text(name, revision, typed)
    word = text.word_of(chosen)
    cards: list[PieceCard] = []
    for piece in mlm.pieces_of(loaded, text, chosen)[:3]:
        for guess, blank, kind in (
            (piece.alone, (piece.position,), "alone"),
            (piece.together, word, "together"),
        ):
            cards.append(
                {
                    "piece": kind,
                    "token": text.tokens[piece.position],
                    "about": "",
                    "line": line_with(text, blank),
                    **card_of(guess),
                }
            )
    return cards


# Four times 24 blanks: some 30 kB. Three of the orders take a forward pass for each blank.
@shared
def orders(name: str, revision: str, typed: str, hidden: tuple[int, ...]) -> list[Filled]:
    """Return the open blanks filled in each order."""
    from components.lm.bert import mlm

    loaded, text = load_model(name, "masked_prediction"), maskable_text(name, revision, typed)
    return [mlm.fill_in(loaded, text, hidden, order) for order in ORDERS]  # type: ignore[arg-type]


def lab_examples(card: ModelCard) -> list[tuple[str, dict[str, Any]]]:
    """Return the prepared states of the foot, in a language that the model knows."""
    model = {"bert_model": KOREAN_BERT} if reads_korean(card) else {}
    two, places, word, pieces, quiz = (
        (NEED_EACH_OTHER_KO, TWO_BLANKS_KO, PIECES_KO, IN_PIECES_KO, QUIZ_KO)
        if model
        else (NEED_EACH_OTHER, TWO_BLANKS, PIECES, IN_PIECES, QUIZ)
    )
    return [
        (t("mlm", "try_order"), {**model, "mlm_text": two, "hidden": places, "mlm_look": "order"}),
        (
            t("mlm", "try_pieces"),
            {**model, "mlm_text": word, "hidden": pieces, "mlm_look": "pieces", "whole_words": "1"},
        ),
        (
            t("mlm", "try_quiz"),
            {"bert_model": MODEL, **model, "mlm_text": quiz, "hidden": [], "mlm_look": "three_ways"},
        ),
    ]


def lab_rows(card: ModelCard) -> list[dict[str, Any]]:
    """Return the candidates of every open blank as a table for the export."""
    cards = lab(card, guesses=True)[1]["cards"] or []
    return [
        {"position": c["position"], "candidate": rank, "token_id": x[0], "token": x[1], "probability": x[2]}
        for c in cards
        for rank, x in enumerate(c["candidates"], 1)
    ] + [
        {
            "position": c["position"],
            "candidate": f"original, rank {c['original']['rank']}",
            "token_id": c["original"]["id"],
            "token": c["original"]["token"],
            "probability": c["original"]["p"],
        }
        for c in cards
        if c["original"]
    ]


# 24 blanks with 8 candidates each: some 10 kB.
@shared
def mlm_changes(
    name: str, revision: str, text: str, hidden: tuple[int, ...], filled: tuple[tuple[int, int], ...]
) -> list[Change]:
    """Return what the model says at the open blanks, with and without what was filled in."""
    from components.lm.bert.mlm import changes

    loaded = load_model(name, "masked_prediction")
    return changes(loaded, maskable_text(name, revision, text), hidden, dict(filled))
