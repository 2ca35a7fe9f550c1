"""State and data of the page "15%, then 80 / 10 / 10"."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.predict_first import Prediction
from components.elements.view import sent
from components.lessons.bert.masked_text import MODEL, caption, maskable_text, percent
from components.lessons.known_language import reads_korean
from components.lessons.recorded import first_view, of_shipped_model, trace_of
from components.lm.checkpoints.bundled import KOREAN_BERT
from components.shell import links
from components.shell.loading import load_model, mask_name
from components.shell.results import shared
from components.words import t, with_mask

if TYPE_CHECKING:
    from components.elements.bert.dice_board import DiceBoard, DiceDraw
    from components.lm.bert.dice import Recipe, Seen, Settled
    from components.lm.bert.masking import MaskedTokens
    from components.lm.bert.mlm import ChosenPosition, MaskableText, Signal
    from components.lm.checkpoints.model_card import ModelCard


TEXT = (
    "The old king had three sons. When winter came, he sent them out to find a bird "
    "whose song could make the snow melt in the garden."
)
SEED = 185
"""The first draw of this text in which what the page says of kept and hidden tokens is seen; the rule is ``choose_seed``
in dice_recorder."""
KOREAN = {
    "dice_text": (
        "아이는 아침에 일어나 밥을 먹고 학교에 갔다. 학교에서 친구들과 공을 가지고 놀았다. "
        "비가 와서 우산을 쓰고 집에 돌아왔다."
    ),
    "bert_model": KOREAN_BERT,
    "seed": 0,  # by the same rule
}
"""What the page begins with in Korean."""
THROWS = ("1", "100", "10000")
LOOKS = ("settle", "epochs", "ways", "nothing")

PARAMS = (
    links.Text("dice_text", TEXT),
    links.Text("bert_model", MODEL, max_chars=120, example="nano-bert"),
    links.Number("mlm_probability", 0.0, 1.0, 0.15),
    links.Number("mask_replace_prob", 0.0, 1.0, 0.8),
    links.Number("random_replace_prob", 0.0, 1.0, 0.1),
    links.Choice("strategy", ("tokens", "words", "spans"), "tokens"),
    links.Integer("seed", 0, 999_999, SEED),
    links.Integer("stage", 0, 3, 0),
    links.Choice("throws", THROWS, "1"),
    links.Choice("dice_look", LOOKS, "nothing"),
    links.Choice("epochs", ("1", "10", "40"), "40"),
)


DREW = ("dice_text", "mlm_probability", "mask_replace_prob", "random_replace_prob", "strategy", "seed")
"""What a draw depends on, besides the model."""


def keep_split_possible() -> None:
    """Callback and before the widgets: [MASK] and random together are at most everything."""
    s = st.session_state
    room = round(1 - s["mask_replace_prob"], 2)
    if s["random_replace_prob"] > room:
        s["random_replace_prob"] = room


def recipe() -> Recipe:
    """Return the way of corrupting that the controls say."""
    from components.lm.bert.dice import Recipe

    s = st.session_state
    return Recipe(s["mlm_probability"], s["mask_replace_prob"], s["random_replace_prob"], s["strategy"])


def _recipe_key() -> tuple[float, float, float, str]:
    return astuple(recipe())


def said() -> None:
    """Callback: the reader stepped or threw; what was asked for comes again until it was answered."""
    said = sent(st.session_state["dice_board"].get("said"))
    if said is None:
        return
    stage, seed, throws = said.get("stage"), said.get("seed"), said.get("throws")
    if isinstance(stage, int) and 0 <= stage <= 3:
        links.put("stage", stage)
    if isinstance(seed, int) and 0 <= seed < 1_000_000:
        links.put("seed", seed)
    if throws in THROWS:
        links.put("throws", throws)


def board_data(card: ModelCard) -> tuple[MaskableText | None, DiceBoard]:
    """Return the text (None where the draw comes from a file) and what the board draws: one draw with the losses of each case, shares of many draws."""
    from components.lm.bert.masking import Action

    s = st.session_state
    letters = {Action.MASKED: "M", Action.RANDOM: "R", Action.KEPT: "K"}
    settled = settle(card, int(s["throws"]))
    shares = recipe().shares()
    trace = first_view("bert/dice", card, DREW) if int(s["throws"]) == 1 else None
    text: MaskableText | None = None
    if trace is not None:
        drawn: DiceDraw = trace["draw"]
    else:
        text = maskable_text(card.name, card.revision, s["dice_text"])
        drawn = draw_data(card, text, recipe(), s["seed"])
    return text, {
        **drawn,
        "rev": links.revision(),
        "mask": "[MASK]" if text is None else text.mask_token,
        "seed": s["seed"],
        "run": f"{s['seed']}|{s['dice_text']}|{_recipe_key()}",
        "stage": s["stage"],
        "expected": {letters[a]: share for a, share in shares.items()},
        "recipe": {
            "rate": recipe().mlm_probability,
            "M": recipe().mask_replace_prob,
            "R": recipe().random_replace_prob,
            "K": recipe().kept_prob,
        },
        "throws": {
            "asked": int(s["throws"]),
            "note": _capped(int(s["throws"]), settled.draws[-1]),
            "draws": settled.draws[-1],
            "tokens": settled.tokens,
            "counts": {letters[a]: c[-1] for a, c in settled.counts.items()},
        },
    }


def draw_data(card: ModelCard, text: MaskableText, how: Recipe, seed: int) -> DiceDraw:
    """Return one draw on a text, and each chosen position in all three cases."""
    from components.lm.bert.masking import IGNORED_LABEL, Action
    from components.lm.tokens.token_text import token_info

    masked, places = dice_throw(card.name, card.revision, text.text, astuple(how), seed)
    tokenizer = load_model(card.name, "masked_prediction").tokenizer
    letters = {Action.MASKED: "M", Action.RANDOM: "R", Action.KEPT: "K"}
    return {
        "tokens": [
            {
                "text": token,
                "special": bool(text.special[i]),
                "action": letters.get(Action(int(masked.actions[i])), ""),
                "input": token_info(tokenizer, int(masked.input_ids[i])).token,
                "id": int(masked.input_ids[i]),
                "label": int(masked.labels[i]) if masked.labels[i] != IGNORED_LABEL else None,
            }
            for i, token in enumerate(text.tokens)
        ],
        "places": [
            {
                "position": p.position,
                "actual": letters[p.actual],
                "cases": {
                    letters[a]: {
                        "token": c.token,
                        "p": c.prob,
                        "loss": c.loss,
                        "rank": c.rank,
                        "top": c.top.token,
                        "top_p": c.top.prob,
                    }
                    for a, c in p.cases.items()
                },
            }
            for p in places
        ],
    }


def question() -> Prediction | None:
    """Return the prepared question about the first draw, answered from the losses of that draw; None without a file."""
    begins = KOREAN if st.session_state["bert_model"] == KOREAN_BERT else {}
    trace = trace_of("bert/dice", KOREAN_BERT if begins else MODEL)
    if trace is None or of_shipped_model(trace) is None:
        return None
    actual = {place["actual"]: place["cases"][place["actual"]]["p"] for place in trace["draw"]["places"]}
    cases = ("M", "R", "K")
    tokens = {
        case: next(
            trace["draw"]["tokens"][place["position"]]["text"]
            for place in trace["draw"]["places"]
            if place["actual"] == case
        )
        for case in cases
    }
    easiest = max(cases, key=actual.__getitem__)
    return Prediction(
        t("dice", "predict"),
        [t("dice", f"predict_{case}", token=tokens[case]) for case in cases],
        cases.index(easiest),
        t("dice", "predict_why", **{case: percent(actual[case]) for case in cases}),
        {**begins, "stage": 3},
    )


def prepared(card: ModelCard) -> list[tuple[str, dict[str, Any]]]:
    """Return the prepared states of the foot, in a language that the model knows."""
    begins = {**(KOREAN if reads_korean(card) else {}), "stage": 3}
    return [
        (t("dice", "try_all_mask"), {**begins, "mask_replace_prob": 1.0, "random_replace_prob": 0.0}),
        (t("dice", "try_words"), {**begins, "strategy": "words", "dice_look": "ways"}),
        (t("dice", "try_half"), {**begins, "mlm_probability": 0.5}),
    ]


COMPARED_TOKENS = 4_000
"""Tokens that go through the model for the cases that did not come up, and for the ways of choosing: a second or two on a busy machine. Each compared
position is two texts."""


def most_span_draws(text: MaskableText) -> int:
    """Return how often spans are drawn at most: each is placed by trial, so long texts take long."""
    return max(100, min(10_000, 30_000 // max(1, len(text.maskable))))


def way_draws(text: MaskableText) -> int:
    """Return over how many draws the three ways of choosing are compared: fewer of a long text, which has more tokens."""
    return max(2, min(16, COMPARED_TOKENS // (3 * max(1, len(text.input_ids)))))


def settle(card: ModelCard, num_draws: int) -> Settled:
    """Return the shares over many draws; the first draw is the one on the board."""
    s = st.session_state
    trace = first_view("bert/dice", card, DREW) if num_draws in (1, 100) else None
    if trace is not None:
        from components.lm.bert.dice import Settled
        from components.lm.bert.masking import Action

        kept = trace["settled"][str(num_draws)]
        counts = {Action(int(a)): tuple(c) for a, c in kept["counts"].items()}
        return Settled(kept["tokens"], tuple(kept["draws"]), counts)
    if s["strategy"] == "spans":
        text = maskable_text(card.name, card.revision, s["dice_text"])
        num_draws = min(num_draws, most_span_draws(text))
    return dice_shares(card.name, card.revision, s["dice_text"], _recipe_key(), s["seed"], num_draws)


def _capped(asked: int, made: int) -> str:
    """Return in words that fewer throws were made than asked for, or nothing."""
    return "" if made >= asked else t("dice", "capped", asked=f"{asked:,}", made=f"{made:,}")


def about_board(card: ModelCard) -> str:
    """Return the line under the board: model and recipe."""
    r = recipe()
    shown = t(
        "dice",
        "caption_recipe",
        rate=f"{r.mlm_probability:.0%}",
        mask=f"{r.mask_replace_prob:.0%}",
        random=f"{r.random_replace_prob:.0%}",
        kept=f"{r.kept_prob:.0%}",
        seed=st.session_state["seed"],
    )
    return f"{caption(card)} · {with_mask(shown, mask_name(card))} · {t('dice', f'strategy_{r.strategy}')}"


def rows(card: ModelCard) -> list[dict[str, Any]]:
    """Return every position of the draw on the board as a table for the export."""
    _, data = board_data(card)
    cases = {p["position"]: p for p in data["places"]}
    found = []
    for i, token in enumerate(data["tokens"]):
        mine = cases[i]["cases"].get(token["action"]) if i in cases else None
        found.append(
            {
                "position": i,
                "token": token["text"],
                "case": {"M": "masked", "R": "random", "K": "kept"}.get(token["action"], ""),
                "input": token["input"],
                "label": -100 if token["label"] is None else token["label"],
                "probability": mine["p"] if mine else "",
                "loss": mine["loss"] if mine else "",
            }
        )
    return found


# One draw of 256 tokens and the losses at its chosen positions: some 20 kB.
@shared
def dice_throw(
    name: str, revision: str, text: str, recipe: tuple[float, float, float, str], seed: int
) -> tuple[MaskedTokens, list[ChosenPosition]]:
    """Return one draw, arrays (seq,), and each chosen position in all three cases."""
    from components.lm.bert.dice import Recipe, draw
    from components.lm.bert.masking import MaskedTokens
    from components.lm.bert.mlm import compare_cases

    read = maskable_text(name, revision, text)
    many, _ = draw(read, Recipe(*recipe), seed=seed)  # type: ignore[arg-type]
    one = MaskedTokens(many.input_ids[0], many.labels[0], many.actions[0])
    most = max(1, COMPARED_TOKENS // (2 * max(1, len(read))))
    return one, compare_cases(load_model(name, "masked_prediction"), read, one, seed=seed, most=most)


# Forty epochs of 256 tokens: some 10 kB.
@shared
def seen(
    name: str,
    revision: str,
    text: str,
    recipe: tuple[float, float, float, str],
    seed: int,
    epochs: int,
    static_copies: int | None,
) -> Seen:
    """Return what a model has met of a text after some epochs."""
    from components.lm.bert.dice import Recipe, seen_after

    read, how = maskable_text(name, revision, text), Recipe(*recipe)  # type: ignore[arg-type]
    return seen_after(read, how, num_epochs=epochs, static_copies=static_copies, seed=seed)


# A dozen counts. Each span is placed by trial: some thousand draws take up to a second.
@shared
def lengths_of_spans(
    name: str, revision: str, text: str, recipe: tuple[float, float, float, str], seed: int, num_draws: int
) -> dict[int, int]:
    """Return how often spans of each length, in words, were drawn; ``recipe`` draws spans."""
    from components.lm.bert.dice import Recipe, span_lengths

    read = maskable_text(name, revision, text)
    return span_lengths(read, Recipe(*recipe), seed=seed, num_draws=num_draws)  # type: ignore[arg-type]


# Three numbers. Computing them takes up to a second.
@shared
def way_signal(
    name: str, revision: str, text: str, recipe: tuple[float, float, float, str], seed: int, num_draws: int
) -> Signal:
    """Return the mean share and loss of one way of choosing."""
    from components.lm.bert.dice import Recipe
    from components.lm.bert.mlm import signal

    loaded, read = load_model(name, "masked_prediction"), maskable_text(name, revision, text)
    return signal(loaded, read, Recipe(*recipe), seed=seed, num_draws=num_draws)  # type: ignore[arg-type]


# Running counts at 60 places: 5 kB. Ten thousand draws take a tenth of a second to a second.
@shared
def dice_shares(
    name: str, revision: str, text: str, recipe: tuple[float, float, float, str], seed: int, num_draws: int
) -> Settled:
    """Return the running shares over many draws."""
    from components.lm.bert.dice import Recipe, settle

    read = maskable_text(name, revision, text)
    return settle(read, Recipe(*recipe), num_draws=num_draws, seed=seed)  # type: ignore[arg-type]
