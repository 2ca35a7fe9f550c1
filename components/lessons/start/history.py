"""State and data of the page "From RNN to ChatGPT": stops of a history, and what some of them run."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from components.elements.predict_first import Prediction
from components.elements.start.history_line import LineData, LineStop, LineView
from components.lessons.recorded import shipped
from components.lm.start.gradients import FORGETS
from components.lm.start.two_classes import WAYS
from components.shell import links
from components.shell.layout import Export
from components.words import cited, labels, language, t

NAME = "start/history"
WORDS = "history"
LINE = "history_line"
FACTS = Path(__file__).parents[3] / "assets" / "facts"
LANES = ("words", "recurrent", "readers", "writers", "training")
OUTLOOK = "look_up"
RUNS = ("rnn", "lstm", "word2vec", "seq2seq", "attention", "bpe", "gpt1", "gpt2", OUTLOOK)
"""Stops for which something is computed here."""
CORRECTED = ("attention", "instructgpt")
"""Stops whose date is another one in the course."""
CARDS = ("bert", "word2vec", "t5", "lstm", "gpt1", "transformer")
"""To be put in order; shown in this order."""
MODEL = "pocket-gpt"
TEXT = "The little girl saw a bird in the tree."
KOREAN = "옛날 옛적에 작은 마을에 한 소녀가 살았어요."
QUESTION = "When did the bakery at the mill open?"
NOTES = """The old mill stands by the river. It was built of grey stone. In 1921 the mill was sold to two sisters. They opened a bakery in it the year after. Every morning the smell of bread lay over the bridge. The baker's cat slept on the warm roof. In winter the river froze and the mill wheel stood still. Children walked to school over the ice."""
KOREAN_START = {
    "look_question": "방앗간의 빵집은 언제 문을 열었나요?",
    "look_text": "오래된 방앗간이 강가에 서 있어요. 회색 돌로 지은 집이에요. 1921년에 방앗간은 두 자매에게 팔렸어요. 자매는 이듬해 거기에 빵집을 열었어요. 아침마다 다리 위로 빵 냄새가 퍼져요. 빵집 고양이는 따뜻한 지붕에서 자요. 겨울이면 강이 얼고 물레방아가 멈춰요. 아이들은 얼음 위를 걸어 학교에 가요.",
}
"""What the page opens with in Korean."""
LOOKS = ("data", "gpts", "nothing")


@cache
def table(name: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a table of facts."""
    with (FACTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


STOPS = (*(row["id"] for row in table("nlp_timeline")), OUTLOOK)
PARAMS = (
    links.Choice("history_stop", STOPS, STOPS[0], example="gpt2"),
    links.Number("rnn_radius", 0.5, 2.0, 1.0, decimals=1, example=1.5),
    links.Choice("lstm_forget", FORGETS, FORGETS[0]),
    links.Integer("gradient_seed", 0, 99, 0),
    links.Text("chain_text", TEXT, max_chars=300),
    links.Text("two_vocabularies", KOREAN, max_chars=200),
    links.Choice("two_way", WAYS, WAYS[0]),
    links.Integer("two_labels", 2, 20, 5),
    links.Text("look_question", QUESTION, max_chars=200),
    links.Text("look_text", NOTES, max_chars=2000),
    links.Choice("history_look", LOOKS, LOOKS[0]),
    links.Integer("history_words", 5, 100, 20),
)


# -- the line --------------------------------------------------------------------------------------------------------


def view() -> LineView:
    """Return where the reader is, from the link."""
    return LineView(STOPS.index(st.session_state["history_stop"]))


def keep(now: LineView) -> None:
    """Hand what the element holds to the link."""
    links.put("history_stop", STOPS[now.stop])


def _facts(stop: str) -> str:
    """Parameters and context of a GPT, where they were published."""
    for row in table("gpt_history"):
        if row["id"] == stop:
            size = row["parameters"].removeprefix("about ")
            parts = [
                t(WORDS, "fact_parameters", n=size) if size else t(WORDS, "fact_unpublished"),
                t(WORDS, "fact_context", n=row["context_tokens"]) if row["context_tokens"] else "",
            ]
            return " · ".join(part for part in parts if part)
    return ""


def stop_of(row: Mapping[str, str]) -> LineStop:
    """Return a row of the timeline as the line draws it."""
    name, page = row["id"], row["page"]
    return {
        "id": name,
        "date": row["date"],
        "name": row["system"],
        "lane": row["lane"],
        "before": t(WORDS, f"before_{name}"),
        "facts": _facts(name),
        "course": t(WORDS, f"course_{name}") if name in CORRECTED else "",
        "source": cited(row["source"]),
        "url": row["url"],
        "page": t(page, "title") if page else "",
        "path": page.replace("/", "-"),
        "runs": name in RUNS,
    }


def line() -> LineData:
    """Return what the line draws."""
    outlook: Mapping[str, str] = {
        "id": OUTLOOK,
        "date": "",
        "system": t(WORDS, "look_up_name"),
        "lane": "training",
        "source": "Lewis et al. 2020, arXiv 2005.11401",
        "url": "https://arxiv.org/abs/2005.11401",
        "page": "",
    }
    return {
        "stops": [stop_of(row) for row in (*table("nlp_timeline"), outlook)],
        "lanes": [(lane, t(WORDS, f"lane_{lane}")) for lane in LANES],
        "words": labels("history_line"),
        "stepper": labels("stepper"),
    }


def caption() -> str:
    """What the line holds, and whence its dates are."""
    return t(WORDS, "caption", n=len(table("nlp_timeline")))


def in_order() -> list[int]:
    """Return the places of ``CARDS`` from the earliest to the latest."""
    dates = {row["id"]: row["date"] for row in table("nlp_timeline")}
    return sorted(range(len(CARDS)), key=lambda i: dates[CARDS[i]])


def prediction() -> Prediction:
    """Asked before the line is seen: in which order did they come?"""
    rows = {row["id"]: row for row in table("nlp_timeline")}
    order = in_order()
    return Prediction(
        t(WORDS, "predict"),
        [rows[card]["system"] for card in CARDS],
        order[0],
        t(WORDS, "predict_why", **{card: rows[card]["date"] for card in CARDS}),
        {},
        order=order,
    )


# -- to take home ----------------------------------------------------------------------------------------------------


def timeline_rows() -> list[dict[str, Any]]:
    """Return the stops as a table."""
    return [
        {"date": row["date"], "system": row["system"], "before": t(WORDS, f"before_{row['id']}")}
        | {name: row[name] for name in ("source", "url", "page")}
        for row in table("nlp_timeline")
    ]


def weights() -> str:
    """The revisions of the models that the page runs."""
    kept = shipped(NAME)
    return " ".join(kept[part]["revision"] for part in ("chain", "words"))


def export(now: LineView, result: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Export:
    """Everything of the picture: the line, and what the stop in sight ran (``result``, as a table ``rows``)."""
    stop = STOPS[now.stop]
    return Export(
        "history",
        caption(),
        {"stop": stop, "model": result.get("model", ""), "weights": weights()},
        {
            "timeline": timeline_rows,
            "gpt-history": lambda: list(table("gpt_history")),
            "datasets": lambda: list(table("datasets")),
            **({stop: lambda: rows} if rows else {}),
        },
        lambda: {"stop": stop, "ran": dict(result)},
    )


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(WORDS, "try_lstm"), {"history_stop": "lstm", "lstm_forget": "0"}),
        (t(WORDS, "try_explode"), {"history_stop": "rnn", "rnn_radius": 2.0}),
        (t(WORDS, "try_chain"), {"history_stop": "gpt2", "chain_text": "The tree saw a little girl in the bird."}),
        (t(WORDS, "try_few"), {"history_stop": "gpt1", "two_way": "unlabelled"}),
        (t(WORDS, "try_look_up"), {"history_stop": OUTLOOK} | (KOREAN_START if language() == "ko" else {})),
    ]  # fmt: skip
