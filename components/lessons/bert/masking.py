"""State and data of the page "Masked language model", and what the pages of masking share."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.bert.guess_cards import GuessCard, GuessedBlank, ReadBlank
from components.elements.engine import model_files
from components.elements.page_fields import Field
from components.elements.predict_first import Prediction
from components.elements.view import sent
from components.lessons.bert.masked_text import MODEL, maskable_text, percent
from components.lessons.known_language import reads_korean
from components.lessons.recorded import first_view, of_shipped_model, trace_of
from components.lm.checkpoints.bundled import KOREAN_BERT, KOREAN_GPT
from components.shell import links
from components.shell.layout import example_button, panel_choice, reading_aid
from components.shell.loading import load_model
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
NEED_EACH_OTHER_KO = "학생은 책을 읽고 글을 쓴다."
TWO_BLANKS_KO = (2, 3)  # 책을 읽: 사진을 읽 at once, 사진을 찍 from left to right, 책을 읽 from right to left
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


MOVED = ("mlm_text", "whole_words", "hidden", "filled")
"""What the browser moves by itself."""


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
    """Callback: another text or model; positions of the old one mean nothing."""
    links.put("hidden", ())
    links.put("filled", ())


class WayCard(ReadBlank):
    """A blank read in one way, without words: ``side`` is left, right, both, or gpt."""

    side: str


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


def look_further(card: ModelCard, text: MaskableText | None) -> None:
    """Ask the same blanks in another way, as the reader chose."""
    from components.elements.bert.guess_cards import guess_cards

    look = panel_choice("mlm", LOOKS, key="mlm_look")
    if look == "nothing":
        return
    title = {"three_ways": "three"}.get(look, look)
    st.markdown(f"#### {t('mlm', f'{title}_title')}")
    st.markdown(t("mlm", f"{title}_text"))
    recorded = first_view("bert/masking", card, ("mlm_text", "hidden", "filled")) if text is None else None
    if look == "three_ways" and recorded is not None:
        guess_cards([_worded(one) for one in recorded["three_ways"]], key="three_ways")
        return
    text = text or maskable_text(card.name, card.revision, st.session_state["mlm_text"])
    if look == "three_ways" and (cards := three_ways(card, text, *blanks(text))):
        guess_cards([_worded(one) for one in cards], key="three_ways")
    elif look == "order" and (filled := orders(card, text)):
        show_orders(text, filled)
    elif look == "pieces" and (pieces := piece_cards(card, text)):
        reading_aid(html.escape(pieces_sum(pieces)))
        guess_cards(pieces, key="pieces")
    else:
        st.info(t("mlm", f"{title}_none"))
        for i, (label, state) in enumerate(lab_examples(card)):
            if state["mlm_look"] == look:
                example_button(label, state, key=f"mlm_example_{i}")


def _worded(card: WayCard) -> GuessCard:
    """Return a card of the three ways with its words."""
    read: ReadBlank = card
    own = card["original"] if card["side"] == "gpt" else None
    note = own and t("mlm", "gpt_line", token=own["token"].replace(" ", "·"), rank=own["rank"])
    return {**read, "title": t("mlm", f"side_{card['side']}"), "note": note}


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
) -> list[WayCard]:
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
    cards: list[WayCard] = [
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


def piece_cards(card: ModelCard, text: MaskableText) -> list[GuessCard]:
    """Return cards of a word of several pieces: each piece hidden alone, then the whole word hidden."""
    from components.lm.bert import mlm

    hidden, _ = blanks(text)
    words = [p for p in (*reversed(hidden), *text.maskable) if len(text.word_of(p)) > 1 and not text.blank[p]]
    if not words:
        return []
    loaded = load_model(card.name, "masked_prediction")
    word = text.word_of(words[0])
    cards: list[GuessCard] = []
    for piece in mlm.pieces_of(loaded, text, words[0])[:3]:
        for guess, blank, key in (
            (piece.alone, (piece.position,), "piece_alone"),
            (piece.together, word, "piece_together"),
        ):
            token = text.tokens[piece.position]
            cards.append(
                {
                    "title": t("mlm", key, token=token),
                    "note": None,
                    "about": "",
                    "line": line_with(text, blank),
                    **card_of(guess),
                }
            )
    return cards


def orders(card: ModelCard, text: MaskableText) -> list[Filled]:
    """Return the open blanks filled in each order."""
    from components.lm.bert import mlm

    hidden, _ = blanks(text)
    if len(hidden) < 2:
        return []
    loaded = load_model(card.name, "masked_prediction")
    return [mlm.fill_in(loaded, text, hidden, order) for order in ORDERS]  # type: ignore[arg-type]


def show_orders(text: MaskableText, filled: Sequence[Filled]) -> None:
    """Draw what each order writes: when a blank was filled, and how sure the model was at that moment."""
    from components.elements.bert.comparison_table import comparison_table, tokens, words

    written = {tuple(choice.token_id for _, choice in sorted(one.tokens.items())) for one in filled}
    said = t("mlm", "order_agree") if len(written) == 1 else t("mlm", "order_differ", n=len(written))
    reading_aid(html.escape(said))
    own = words(t("mlm", "order_text_itself"))
    read = [i for i in range(len(text)) if not text.special[i]]
    blanks = filled[0].tokens
    rows = [[own, tokens([(text.tokens[i], "M" if i in blanks else "read", "") for i in read]), words("")]]
    for one in filled:
        turn = {position: k for k, (position, _) in enumerate(one.steps, 1)}
        line = [
            (c.token, "filled", _turn(None if one.order == "at_once" else turn[i], c.prob))
            if (c := one.tokens.get(i))
            else (text.tokens[i], "read", "")
            for i in read
        ]
        rows.append([words(t("mlm", f"order_{one.order}")), tokens(line), words(_minus(one.log_prob))])
    comparison_table(
        [t("mlm", k) for k in ("order", "order_result", "order_sum")],
        rows,
        name="order-of-filling",
        label=t("mlm", "order_title"),
        key="orders",
    )


def _minus(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")


def _turn(turn: int | None, prob: float) -> str:
    shown = percent(prob)
    return shown if turn is None else f"{turn}: {shown}"


def pieces_sum(cards: Sequence[GuessCard]) -> str:
    """Return the loss over the word in both ways of hiding; cards come in pairs (alone, together)."""
    losses = [c["original"]["loss"] or 0.0 for c in cards if c["original"]]
    return t("mlm", "pieces_sum", alone=f"{sum(losses[::2]):.3g}", together=f"{sum(losses[1::2]):.3g}")


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
@st.cache_resource(max_entries=1000, show_spinner=False)
def mlm_changes(
    name: str, revision: str, text: str, hidden: tuple[int, ...], filled: tuple[tuple[int, int], ...]
) -> list[Change]:
    """Return what the model says at the open blanks, with and without what was filled in."""
    from components.lm.bert.mlm import changes

    loaded = load_model(name, "masked_prediction")
    return changes(loaded, maskable_text(name, revision, text), hidden, dict(filled))
