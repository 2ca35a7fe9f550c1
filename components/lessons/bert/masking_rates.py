"""State and panels of the page "Masking rates compared"."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.predict_first import Prediction
from components.lessons.bert import notebooks
from components.lessons.bert.masked_text import MODEL, maskable_text
from components.lessons.known_language import has_hangul, say_if_foreign
from components.lessons.tokens.word_training import sample_text
from components.lm import checkpoints
from components.lm.bert.dice import Recipe
from components.lm.bert.masking import Action
from components.lm.bert.masking_table import (
    SCORES,
    AppliedWord,
    Comparison,
    PublishedRow,
    StudyCell,
    apply_to_words,
    compare,
    paper_difference,
    published,
    study,
)
from components.lm.checkpoints.bundled import KOREAN_BERT
from components.lm.checkpoints.model_card import ModelCard
from components.shell import links
from components.shell.background import Work, Works
from components.shell.held import held
from components.shell.layout import caption, is_dark, note_line, text_size
from components.shell.loading import load_model
from components.shell.notebook import notebook
from components.words import t, told, with_mask

if TYPE_CHECKING:
    from components.elements.bert.study_board import StudiedCell
    from components.lm.bert.mlm import RatePoint

SENTENCE = "The miller sat on the step and waited for flour while the river moved slowly past the wheel."
MOST_SENTENCES = 64
SEED = 3


def korean() -> dict[str, Any]:
    """What the page begins with in Korean."""
    return {
        "rates_sentence": "할머니는 날마다 문을 열고 먼지를 털고 창가에 앉아 눈이 내리는 것을 오래 바라보았다.",
        "rates_seed": 35,  # chosen by ``choose_seed`` in masking_rates_recorder
        "bert_model": KOREAN_BERT,
        "live_text": sample_text("story_ko"),
    }


_STYLE = {Action.MASKED: ("M", "mask"), Action.RANDOM: ("R", "random"), Action.KEPT: ("K", "kept")}


def looks() -> list[str]:
    """Return the panels that have something to show: live needs a bundled BERT, the study its file."""
    result = ["nothing"]
    if MODEL in checkpoints.store().bundled_names():
        result.append("live")
    if study() is not None:
        result.append("study")
    return [*result, "table"]


def first_look() -> str:
    """Return the panel that is open at first: our study, where there is one."""
    return "nothing" if study() is None else "study"


def params() -> tuple[links.Param, ...]:
    """What the link of the page holds."""
    rows = published()
    return (
        links.Integer("recipe", 0, len(rows) - 1, 0),
        links.Text("rates_sentence", SENTENCE, max_chars=2000),
        links.Number("apply_rate", 0.05, 1.0, 0.15),
        links.Integer("rates_seed", 0, 999_999, SEED),
        links.Choice("rates_look", ("nothing", "live", "study", "table"), first_look()),
        links.Text("bert_model", MODEL, max_chars=120, example="nano-bert"),
        links.Text("live_text", sample_text("tale_en"), example="A king had a horse. " * 40),
        links.Number("live_rate", 0.05, 0.9, 0.15),
        links.Choice("live_measure", ("accuracy", "loss"), "accuracy"),
        links.Choice("study_group", ("split", "rate"), "split"),
    )


def prediction() -> Prediction:
    """Which of the paper's three scores suffers most where every chosen token becomes [MASK]?"""
    rows = published()
    all_mask = next(i for i, row in enumerate(rows) if row.mask == 1)
    names = ("mnli", "ner_finetuned", "ner_features")
    changes = [x - base for x, base in zip(rows[all_mask].scores, rows[0].scores, strict=True)]
    options = [t("rates", f"predict_{name}") for name in names]
    said = {name: _points(change) for name, change in zip(names, changes, strict=True)}
    return Prediction(
        t("rates", "predict"),
        options,
        changes.index(min(changes)),
        t("rates", "predict_why", **said),
        {"recipe": all_mask},
    )


def took_row() -> None:
    """Callback: the reader chose a recipe."""
    row = st.session_state["recipe_board"].get("row")
    if isinstance(row, int) and 0 <= row < len(published()):
        links.put("recipe", row)


def threw() -> None:
    """Callback: another throw."""
    links.put("rates_seed", (st.session_state["rates_seed"] + 1) % 1_000_000)


def other_words(sentence: str) -> list[str]:
    """Return the words that random ones are drawn from: those of our story in the language of the sentence."""
    story = sample_text("story_ko" if has_hangul(sentence) else "tale_en")
    return [word.strip('.,"!?').lower() for word in story.split()]


def applied(row: PublishedRow) -> list[AppliedWord]:
    """Return the chosen recipe applied to the sentence."""
    s = st.session_state
    return apply_to_words(
        s["rates_sentence"],
        other_words(s["rates_sentence"]),
        row,
        mlm_probability=s["apply_rate"],
        seed=s["rates_seed"],
    )


def applied_html(words: list[AppliedWord]) -> str:
    """Return the sentence after the dice as HTML; the three cases look as on every page."""
    parts = []
    for word in words:
        if word.action is Action.NOT_CHOSEN:
            parts.append(f"<span>{html.escape(word.word)}</span>")
            continue
        letter, role = _STYLE[word.action]
        title = html.escape(t("rates", f"applied_{letter}", word=word.word), quote=True)
        below = (
            ""
            if word.action is Action.KEPT
            else f"<small style='display:block;font-size:.8rem'>{html.escape(word.word)}</small>"
        )
        parts.append(
            f"<span title='{title}' tabindex='0' style='border:2px {'dashed' if letter == 'K' else 'solid'} var(--gb-{role});"
            f"border-radius:.4rem;padding:.05rem .4rem;text-align:center;line-height:1.25'>"
            f"<b style='background:var(--gb-{role});color:var(--gb-background);border-radius:.2rem;padding:0 .3rem;font-size:.85rem'>{letter}</b> "
            f"<b>{html.escape(word.read)}</b>{below}</span>"
        )
    return (
        "<div class='gb-mono' style='display:flex;flex-wrap:wrap;gap:.35rem .6rem;align-items:center;font-size:1.25rem;min-height:3.2rem'>"
        + "".join(parts)
        + "</div>"
    )


def applied_line(words: list[AppliedWord]) -> str:
    """Return what happened to the sentence, in words."""
    count = {action: sum(w.action is action for w in words) for action in _STYLE}
    chosen = sum(count.values())
    if not chosen:
        return t("rates", "applied_none")
    return t(
        "rates",
        "applied_line",
        chosen=chosen,
        all=len(words),
        mask=count[Action.MASKED],
        random=count[Action.RANDOM],
        kept=count[Action.KEPT],
    )


def table_html(rows: tuple[PublishedRow, ...]) -> str:
    """Return Table 8 with its two header rows, as HTML."""
    w = {
        k: html.escape(t("rates", k))
        for k in (
            "mask",
            "kept",
            "random",
            "table_split",
            "table_scores",
            "table_mnli",
            "table_ner",
            "table_finetuned",
            "table_features",
        )
    }
    body = "".join(
        "<tr>" + "".join(f"<td>{100 * x:.0f}%</td>" for x in (r.mask, r.same, r.random))
        + "".join(f"<td>{x:.1f}</td>" for x in r.scores) + "</tr>"
        for r in rows
    )  # fmt: skip
    return (
        "<table class='gb-table' style='max-width:56rem'><thead>"
        f"<tr><th colspan='3' scope='colgroup'>{w['table_split']}</th><th colspan='3' scope='colgroup'>{w['table_scores']}</th></tr>"
        f"<tr><th scope='col' rowspan='2'>{w['mask']}</th><th scope='col' rowspan='2'>{w['kept']}</th><th scope='col' rowspan='2'>{w['random']}</th>"
        f"<th scope='col'>{w['table_mnli']}</th><th scope='colgroup' colspan='2'>{w['table_ner']}</th></tr>"
        f"<tr><th scope='col'>{w['table_finetuned']}</th><th scope='col'>{w['table_finetuned']}</th><th scope='col'>{w['table_features']}</th></tr>"
        f"</thead><tbody>{body}</tbody></table>"
    )


def export_rows() -> list[dict[str, Any]]:
    """Return the published rows for the export."""
    return [
        {"mask": r.mask, "same": r.same, "random": r.random, "mnli": r.scores[0], "ner_finetuned": r.scores[1], "ner_features": r.scores[2]}
        for r in published()
    ]  # fmt: skip


# -- live ------------------------------------------------------------------------------------------------------------


def live(card: ModelCard) -> None:
    """Accuracy and loss of a BERT at one rate at once, and over 18 rates on demand."""
    from components.lm.bert.mlm import DRAWS, RATES, draw_at_rate, over_rates, sentences

    s = st.session_state
    loaded = load_model(card.name, "masked_prediction")
    found = sentences(s["live_text"])
    texts = [maskable_text(card.name, card.revision, sentence) for sentence in found[:MOST_SENTENCES]]
    say_if_foreign(card, s["live_text"])
    if not any(text.maskable for text in texts):
        note_line(t("rates", "live_empty"))
        return
    if len(found) > MOST_SENTENCES:
        note_line(t("rates", "live_cut", used=MOST_SENTENCES, all=len(found)))
    key = (card.name, card.revision, s["live_text"])
    rate = s["live_rate"]
    work = rate_curves().start(
        ("point", *key, rate), lambda _: list(over_rates(loaded, texts, rates=(rate,)))
    )
    if not work.wait(60):  # others are measured first
        note_line(t("rates", "live_waiting"))
        return
    point = work.result()[0]
    now = t(
        "rates", "live_now", rate=f"{point.rate:.0%}", accuracy=_percent(point.accuracy()), count=f"{sum(point.count.values()):,}", loss=_number(point.loss())
    )  # fmt: skip
    mask = str(loaded.tokenizer.mask_token)
    cases = with_mask(" · ".join(_case(point, action) for action in _STYLE), mask)
    st.html(f'<p class="gb-aid"><b>{html.escape(now)}</b><br>{html.escape(cases)}</p>')
    drawn = [draw_at_rate(text, i, Recipe(rate), 0) for i, text in enumerate(texts)]
    notebook(notebooks.masking_rates(card, drawn, point))
    works, curve_key = rate_curves(), ("curve", *key)
    if st.session_state.get("_curve") != curve_key:
        if st.button(t("rates", "live_start"), type="primary", key="curve_start"):
            st.session_state["_curve"] = curve_key
            st.rerun()
        return

    def compute(job: Work) -> list[RatePoint]:
        points = []
        for seed in range(DRAWS):
            for one in over_rates(loaded, texts, seed=seed, should_stop=job.should_stop):
                points.append(one)
                job.tell(len(points) / (DRAWS * len(RATES)), len(points))
        return points

    job = works.start(curve_key, compute)
    if not job.ends_in(0.3):
        _progress(job)
        return
    points = job.result()
    if len(points) < DRAWS * len(RATES):
        st.caption(told("rates", "live_stopped", done=len(points), all=DRAWS * len(RATES)))
        if st.button(t("rates", "live_again"), key="curve_again"):
            works.forget(curve_key)
            st.rerun()
    if points:
        _curve(points, mask)


@st.fragment(run_every=0.5)
def _progress(job: Work) -> None:
    if job.wait(0):
        links.run_again()
    left = job.seconds_left()
    from components.lm.bert.mlm import DRAWS, RATES

    done, every = job.detail or 0, DRAWS * len(RATES)
    words = t("rates", "live_progress", done=done, all=every) if job.started else t("rates", "live_waiting")
    if left is not None:
        words += " · " + t("rates", "live_left", seconds=f"{left:.0f}")
    st.progress(job.fraction, text=words)
    if st.button(t("rates", "live_stop"), key="curve_stop"):
        job.stop()


def _curve(points: list[RatePoint], mask: str) -> None:
    """Draw the mean of the draws at each rate, and between the lowest and the highest of them a band."""
    from components.figures.masking import accuracy_over_rates
    from components.lm.bert.mlm import pooled

    s = st.session_state
    accuracy = s["live_measure"] != "loss"
    letters: dict[str, Action | None] = {"all": None} | {
        letter: action for action, (letter, _) in _STYLE.items()
    }

    def measured(point: RatePoint, action: Action | None) -> float | None:
        return point.accuracy(action) if accuracy else point.loss(action)

    draws: dict[float, list[RatePoint]] = {}
    for point in points:
        draws.setdefault(point.rate, []).append(point)
    means = [pooled(some) for some in draws.values()]
    values = {letter: [measured(p, action) for p in means] for letter, action in letters.items()}
    drawn = [[v for p in some if (v := measured(p, None)) is not None] for some in draws.values()]
    most = max(map(len, draws.values()))
    held().segmented_control(
        t("rates", "live_measure"),
        ["accuracy", "loss"],
        key="live_measure",
        required=True,
        format_func=lambda name: t("rates", f"live_measure_{name}"),
    )
    figure = accuracy_over_rates(
        list(draws),
        values,
        spread=[(min(some), max(some)) if some else None for some in drawn],
        names={
            "all": t("rates", "live_all"),
            "spread": t("rates", "live_spread", draws=most),
            **{x: f"{x} {with_mask(t('rates', f'live_case_{x}'), mask)}" for x in ("M", "R", "K")},
        },
        chosen_rate=s["live_rate"],
        percent=accuracy,
        x_title=t("rates", "live_x"),
        y_title=t("rates", "live_accuracy" if accuracy else "live_loss"),
        dark=is_dark(),
        size=text_size(),
    )
    st.plotly_chart(
        figure, key="rate_curve", config={"displayModeBar": False}, theme=None, alt=t("rates", "live_alt")
    )
    caption(t("rates", "live_draws", draws=most))


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _case(point: RatePoint, action: Action) -> str:
    letter = _STYLE[action][0]
    name = f"{letter} {t('rates', f'live_case_{letter}')}"
    if not point.count[action]:
        return t("rates", "live_case_none", name=name)
    return t(
        "rates", "live_case", name=name, accuracy=_percent(point.accuracy(action)), count=f"{point.count[action]:,}", loss=_number(point.loss(action))
    )  # fmt: skip


# -- the study ------------------------------------------------------------------------------------------------------


def show_study(cells: tuple[StudyCell, ...]) -> None:
    """Draw our study, and say what can be told from it and what cannot."""
    from components.elements.bert.study_board import study_board

    group = held().segmented_control(
        t("rates", "study_group"),
        ["split", "rate"],
        key="study_group",
        required=True,
        format_func=lambda name: t("rates", f"study_{name}s"),
    )
    mine = [cell for cell in cells if cell.group == group]
    reference = next((c for c in mine if (c.mask, c.same, c.rate) == (0.8, 0.1, 0.15)), None)
    drawn = [score for score in SCORES if reference is not None and reference.values[score]]
    if reference is None or not drawn or len(mine) < 2:
        st.info(t("rates", "study_missing"))
        return
    found = {(c.name, c.score): c for score in drawn for c in compare(mine, reference, score)}
    if all(c.noise is None for c in found.values()):
        note_line(t("rates", "study_all_one_seed"))
    said = study_words(mine, list(found.values()))
    above = 1 if group == "split" else 0  # what the paper found large stands above the picture
    for sentence in said[:above]:
        st.markdown(sentence)
    study_board(
        [cell.name for cell in mine],
        [
            {
                "title": t("rates", f"study_score_{score}"),
                "mean": sum(reference.values[score]) / len(reference.values[score]),
                "cells": [_study_cell(cell, score, found.get((cell.name, score))) for cell in mine],
            }
            for score in drawn
        ],
        reference=mine.index(reference),
    )
    tokens = sorted({n for cell in mine for n in cell.tokens})
    caption(
        t(
            "rates",
            "study_caption",
            tokens=" … ".join(f"{n:,}" for n in {*tokens[:1], *tokens[-1:]}),
            seeds=", ".join(map(str, sorted({seed for cell in mine for seed in cell.seeds}))),
            settings=t("rates", "study_settings"),
        )
    )
    for sentence in said[above:]:
        st.markdown(sentence)


def _study_cell(cell: StudyCell, score: str, found: Comparison | None) -> StudiedCell:
    """Return one recipe on one score as the board draws it; differences in points."""
    values = cell.values[score]
    return {
        "values": values,
        "difference": None if found is None else 100 * found.difference,
        "noise": None if found is None or found.noise is None else 100 * found.noise,
        "verdict": found.verdict if found else "reference" if values else "not_run",
        "paper": paper_difference(cell.name, score) if cell.group == "split" else None,
    }


def _points(difference: float) -> str:
    return f"{difference:+.1f}".replace("-", "−")


def study_words(mine: list[StudyCell], found: list[Comparison]) -> list[str]:
    """Return what the study tells: against the paper, beyond the spread of seeds, and what is not known."""

    def item(c: Comparison) -> str:
        paper = paper_difference(c.name, c.score) if mine[0].group == "split" else None
        key = "study_item" if paper is None else "study_item_paper"
        difference = _points(100 * c.difference)
        return t(
            "rates", key, name=c.name, difference=difference, paper="" if paper is None else _points(paper)
        )

    said = []
    key = next((c for c in found if c.name == "100/0/0" and c.score == "ner_feature_f1"), None)
    if key is not None:
        verdict = t("rates", f"study_verdict_{key.verdict}")
        said.append(t("rates", "study_agree", difference=_points(100 * key.difference), verdict=verdict))
    told = [c for c in found if c.verdict in ("higher", "lower")]
    same = [c for c in found if c.verdict == "same"]
    compared = len(told) + len(same)
    if told:
        lines = [
            f"- **{t('rates', f'study_score_{score}')}**: {', '.join(item(c) for c in told if c.score == score)}"
            for score in dict.fromkeys(c.score for c in told)
        ]
        said.append("\n".join([t("rates", "study_told", n=compared), *lines]))
        if same:
            said.append(t("rates", "study_rest", n=len(same)))
    elif same:
        said.append(t("rates", "study_none_told", n=compared))
    single = list(dict.fromkeys(c.name for c in found if c.verdict == "one_seed"))
    if single and compared:
        said.append(t("rates", "study_one_seed", names=", ".join(single)))
    absent = [cell.name for cell in mine if not any(cell.values.values())]
    if absent:
        said.append(t("rates", "study_not_run", names=", ".join(absent)))
    return said


# Curves of accuracy over masking rates: three draws at each of 18 rates. One takes some seconds and runs in the background.
@st.cache_resource(show_spinner=False)
def rate_curves() -> Works:
    """Return the accuracy curves that all sessions share."""
    return Works(keep=40)
