"""State and data of the page "ALBERT"."""

from typing import Any

import streamlit as st

from components.elements.bert.comparison_table import Cell, bar, words
from components.elements.predict_first import Prediction
from components.lessons.bert import albert_order as order
from components.lm.bert.albert import EMBEDDINGS, LAYERS, WIDTH, Published, cost, costs, published, size
from components.lm.transformer.model_size import SHARED, fact_rows
from components.shell import links
from components.shell.layout import Export
from components.words import t

TABLES = ("config", "embedding-size ablation", "sharing ablation", "sop")
TOKENS, RUNS = 64, 3


def params() -> tuple[links.Param, ...]:
    """What the link of the page holds: both levers, the table, and the sentences put in order."""
    return (
        links.Integer("alb_embedding", EMBEDDINGS[0], EMBEDDINGS[-1], 128, example=256),
        links.Choice("alb_shared", SHARED, "all"),
        links.Choice("alb_table", TABLES, "config"),
        *order.params(),
    )


def embedding() -> int:
    """The width in the link, or the nearest one that can be chosen."""
    wanted = st.session_state["alb_embedding"]
    return min(EMBEDDINGS, key=lambda width: abs(width - wanted))


def moved() -> None:
    """Callback: the reader moved a lever."""
    said = st.session_state["albert_levers"].get("levers")
    if not isinstance(said, dict):
        return
    if said.get("embedding") in EMBEDDINGS:
        links.put("alb_embedding", said["embedding"])
    if said.get("shared") in SHARED:
        links.put("alb_shared", said["shared"])


# Two numbers a setting. Two readers at once would measure each other: see _one_at_a_time.
@st.cache_resource(max_entries=len(EMBEDDINGS) * len(SHARED), show_spinner=False)
def measured(width: int, shared: str) -> tuple[float, float]:
    """Return the seconds of a pass of BERT's setting and of this one, measured on this machine."""
    from components.lm.bert.albert import pass_seconds

    with _one_at_a_time():
        bert, here = pass_seconds([size(WIDTH, "none"), size(width, shared)], tokens=TOKENS, runs=RUNS)
    return bert, here


# One lock, some hundred bytes.
@st.cache_resource(show_spinner=False)
def _one_at_a_time() -> Any:
    from threading import Lock

    return Lock()


def measure() -> None:
    """Callback: the reader wants the time of this setting."""
    st.session_state["_alb_measured"] = (embedding(), st.session_state["alb_shared"])


def asked() -> tuple[int, str] | None:
    """The setting whose time was asked for, if it is the one on screen."""
    found: tuple[int, str] | None = st.session_state.get("_alb_measured")
    return found if found == (embedding(), st.session_state["alb_shared"]) else None


def aid() -> str:
    """What the setting on screen costs, in words."""
    now, bert = cost(size(embedding(), st.session_state["alb_shared"])), cost(size(WIDTH, "none"))
    return t(
        "albert",
        "aid",
        times=f"{bert.parameters / now.parameters:.1f}",
        table=f"{now.table:,}",
        before=f"{bert.table:,}",
        compute=f"{now.multiplications / bert.multiplications:.0%}",
    )


def prediction() -> Prediction:
    """A ninth of the parameters: how long does a pass take?"""
    now, bert = cost(size(128, "all")), cost(size(WIDTH, "none"))
    speeds = {row.name: row.speed for row in published("config")}
    return Prediction(
        t("albert", "predict", n=f"{now.parameters:,}", before=f"{bert.parameters:,}"),
        [t("albert", f"predict_{k}") for k in range(3)],
        2,
        t(
            "albert",
            "predict_why",
            share=f"{now.multiplications / bert.multiplications:.0%}",
            layers=LAYERS,
            bert=speeds["BERT-Base (as counted in the ALBERT paper)"],
            albert=speeds["ALBERT-base"],
        ),
        {"alb_embedding": 128, "alb_shared": "all"},
    )


def table() -> tuple[list[str], list[list[Cell]]]:
    """Return the chosen table of the paper: titles and rows."""
    kind = st.session_state["alb_table"]
    if kind == "sop":
        head = ["sop_task", "sop_mlm", "sop_nsp", "sop_sop", "score"]
        keys = ("MLM_accuracy", "NSP_accuracy", "SOP_accuracy", "average_downstream")
        sop = [
            [words(t("albert", "sop_none") if row["sentence_task_in_pretraining"] == "none" else row["sentence_task_in_pretraining"]),
             *(bar(float(row[key]) / 100, row[key], float(row[key])) for key in keys)]
            for row in fact_rows("albert_sop")
        ]  # fmt: skip
        return [t("albert", name) for name in head], sop
    rows = published(kind)
    most = max(row.parameters for row in rows)
    found: list[list[Cell]] = []
    for row in rows:
        cells = [
            words(_name(row)),
            bar(row.parameters / most, f"{row.parameters:.0f}M", row.parameters),
            bar(row.score / 100, f"{row.score:.1f}", row.score),
        ]
        if kind == "config":
            fastest = max(one.speed or 0 for one in rows)
            cells.append(bar((row.speed or 0) / fastest, f"{row.speed}×", row.speed or 0))
        found.append(cells)
    head = ["setting", "parameters", "score", *(["speed"] if kind == "config" else [])]
    return [t("albert", name) for name in head], found


def _name(row: Published) -> str:
    if row.kind == "config":
        return row.name.removesuffix(" (as counted in the ALBERT paper)")
    shared = {"none": "none", "all": "all", "attention only": "attention", "FFN only": "feed_forward"}
    return f"E = {row.embedding}, {t('albert', 'sharing')}: {t('albert', 'shared_' + shared[row.shared])}"


def caption() -> str:
    """The line under the drawing."""
    return t(
        "albert", "caption", E=embedding(), shared=t("albert", f"shared_{st.session_state['alb_shared']}")
    )


def beside_caption() -> str:
    """The line under our two models."""
    albert, _, bert = order.made_with()
    return t("albert_order", "beside_caption", bert=bert.removeprefix("sha256:")[:10], albert=albert.removeprefix("sha256:")[:10])  # fmt: skip


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    attention = {"alb_embedding": 128, "alb_shared": "attention", "alb_table": "sharing ablation"}
    own_pair = {"alb_first": "The sky is blue.", "alb_second": "The grass is green."}
    return [
        (t("albert", "try_narrow"), {"alb_embedding": 128, "alb_shared": "none"}),
        (t("albert", "try_attention"), attention),
        (t("albert", "try_bert"), {"alb_embedding": 768, "alb_shared": "none"}),
        (t("albert_order", "try_own_pair"), own_pair),
    ]


def export() -> Export:
    """What the page gives away: every setting counted, and the paper's tables."""
    return Export(
        "bert-albert",
        caption(),
        {"embedding_size": embedding(), "shared_across_layers": st.session_state["alb_shared"], "revision": ", ".join(order.made_with())},
        {"settings": settings, "published": lambda: fact_rows("albert_facts"), "sop": lambda: fact_rows("albert_sop"), "pairs": answer_rows},
        lambda: {"settings": settings(), "published": fact_rows("albert_facts"), "study": order.study(), "pairs": answer_rows()},
    )  # fmt: skip


def settings() -> list[dict[str, Any]]:
    """Return what every setting costs, as rows."""
    return [
        {
            "shared": shared,
            "embedding": width,
            "parameters": one.parameters,
            "token_table": one.table,
            "bytes_fp32": one.bytes_fp32,
            "multiplications_per_token": one.multiplications,
        }
        for shared, by_width in costs().items()
        for width, one in by_width.items()
    ]


def answer_rows() -> list[dict[str, Any]]:
    """Return what everybody says of the reader's pairs, as rows."""
    pairs = order.pairs(*order.texts())
    return [{"case": case, "first": pairs[case][0], "second": pairs[case][1], **said} for case, said in order.said().items()]  # fmt: skip
