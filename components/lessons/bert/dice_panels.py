"""The panels below the dice: how the shares settle, static or dynamic, three ways of choosing."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import TYPE_CHECKING

import streamlit as st

from components.lessons.bert import dice as state
from components.lessons.bert.masked_text import maskable_text
from components.shell.held import held
from components.shell.layout import is_dark, panel_choice, text_size
from components.shell.loading import mask_name
from components.words import t, told, with_mask

if TYPE_CHECKING:
    from components.lm.bert.mlm import MaskableText
    from components.lm.checkpoints.model_card import ModelCard


COLUMNS = 64
"""Tokens a grid shows; more would be thinner than a line."""


def look_further(card: ModelCard, text: MaskableText | None) -> None:
    """Draw the panel the reader opened."""
    look = panel_choice("dice", state.LOOKS, key="dice_look")
    if look == "nothing":
        return
    st.markdown(f"#### {t('dice', f'{look}_title')}")
    st.markdown(t("dice", f"{look}_text"))
    if look == "settle":
        _settle(card)
        return
    text = text or maskable_text(card.name, card.revision, st.session_state["dice_text"])
    {"epochs": _epochs, "ways": _ways}[look](card, text)


def _settle(card: ModelCard) -> None:
    from components.figures.masking import shares_over_draws
    from components.lm.bert.masking import Action

    found = state.settle(card, max(100, int(st.session_state["throws"])))
    letters = {"M": Action.MASKED, "R": Action.RANDOM, "K": Action.KEPT}
    expected = state.recipe().shares()
    figure = shares_over_draws(
        found.draws,
        {x: [found.share(a, i) for i in range(len(found.draws))] for x, a in letters.items()},
        {x: expected[a] for x, a in letters.items()},
        found.tokens,
        names={x: with_mask(t("dice", f"short_{x}"), mask_name(card)) for x in letters},
        x_title=t("dice", "settle_x"),
        y_title=t("dice", "settle_y"),
        dark=is_dark(),
        size=text_size(),
    )
    st.plotly_chart(
        figure, key="shares", config={"displayModeBar": False}, theme=None, alt=t("dice", "settle_text")
    )
    if (strategy := state.recipe().strategy) != "tokens":
        st.caption(t("dice", f"settle_{strategy}"))


def _epochs(card: ModelCard, text: MaskableText) -> None:
    from components.elements.bert.seen_grid import SeenPanel, seen_grid
    from components.lm.bert.dice import BERT_STATIC_COPIES

    epochs = held().segmented_control(t("dice", "epochs"), ["1", "10", "40"], key="epochs", required=True)
    panels: list[SeenPanel] = []
    for key, copies in (("static_1", 1), ("static_10", BERT_STATIC_COPIES), ("dynamic", None)):
        seen = state.seen(
            card.name,
            card.revision,
            text.text,
            astuple(state.recipe()),
            st.session_state["seed"],
            int(epochs or 1),
            copies,
        )
        panels.append(
            {
                "title": t("dice", key),
                "line": t(
                    "dice",
                    "seen_line",
                    different=seen.different,
                    coverage=f"{seen.coverage:.1%}",
                    predicted=f"{int(seen.predicted.sum()):,}",
                ),
                "actions": seen.actions[:, :COLUMNS].tolist(),
                "predicted": seen.predicted[:COLUMNS].tolist(),
            }
        )
    tokens = [(token, bool(off)) for token, off in zip(text.tokens, text.special, strict=True)][:COLUMNS]
    seen_grid(tokens, panels)
    st.caption(t("dice", "copies_note"))


def _ways(card: ModelCard, text: MaskableText) -> None:
    from components.elements.bert.comparison_table import bar, comparison_table, tokens, words
    from components.lm.bert.dice import STRATEGIES, draw

    seed, draws = st.session_state["seed"], state.way_draws(text)
    found = []
    for strategy in STRATEGIES:
        recipe = replace(state.recipe(), strategy=strategy)
        masked, _ = draw(text, recipe, seed=seed)
        line = [
            (token, ("read", "M", "R", "K")[int(masked.actions[0, i])], "")
            for i, token in enumerate(text.tokens)
            if not text.special[i]
        ]
        found.append(
            (
                strategy,
                line,
                state.way_signal(card.name, card.revision, text.text, astuple(recipe), seed, draws),
            )
        )
    most = max(s.loss for _, _, s in found) or 1
    most_signal = max(s.loss_per_token for _, _, s in found) or 1
    comparison_table(
        [t("dice", k) for k in ("strategy", "text", "way_share", "way_loss", "way_signal")],
        [
            [
                words(t("dice", f"way_{strategy}")),
                tokens(line),
                words(f"{s.share:.1%}"),
                bar(s.loss / most, f"{s.loss:.2f}", s.loss),
                bar(s.loss_per_token / most_signal, f"{s.loss_per_token:.3f}", s.loss_per_token),
            ]
            for strategy, line, s in found
        ],
        name="ways-of-choosing",
        label=t("dice", "ways_title"),
        key="ways",
    )
    st.caption(told("dice", "way_mean", n=draws, rate=f"{state.recipe().mlm_probability:.0%}"))
    span_draws = state.most_span_draws(text) // 4
    spans = astuple(replace(state.recipe(), strategy="spans"))
    lengths = state.lengths_of_spans(card.name, card.revision, text.text, spans, seed, span_draws)
    total = sum(lengths.values())
    if total:
        shown = ", ".join(f"{n}: {count / total:.0%}" for n, count in sorted(lengths.items()))
        mean = sum(n * count for n, count in lengths.items()) / total
        st.caption(
            told("dice", "way_lengths", lengths=shown, mean=f"{mean:.2f}", n=f"{span_draws:,}")
            + " · "
            + t("dice", "way_note")
        )
