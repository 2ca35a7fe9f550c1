"""ALBERT: a narrow embedding and shared layers; parameters, memory and time counted apart."""

import streamlit as st

from components.elements.bert.albert_levers import albert_levers
from components.elements.bert.comparison_table import comparison_table
from components.elements.predict_first import answer
from components.lessons.bert import albert as page
from components.lessons.bert import albert_order as order
from components.lessons.bert import notebooks
from components.lm.bert.albert import EMBEDDINGS, costs
from components.shell import links
from components.shell.held import held
from components.shell.layout import caption, foot, page_header, prediction, reading_aid, slide_note, working
from components.shell.notebook import notebook
from components.words import t, told

NAME = "bert/albert"
links.open_view(NAME, *page.params())
page_header(NAME)
prediction(page.prediction())
s = st.session_state
links.put("alb_embedding", page.embedding())

# Two levers on a drawing to scale. Counting happens at once, the time is measured when it is asked for.
setting = page.asked()
seconds = None
if setting is not None:
    with working(t("albert", "measuring")):
        seconds = page.measured(*setting)
with answer():
    albert_levers(
        costs(),
        embedding=page.embedding(),
        shared=s["alb_shared"],
        embeddings=EMBEDDINGS,
        seconds=seconds,
        measured=setting,
        rev=links.revision(),
        on_levers=page.moved,
    )
    st.button(
        t("albert", "measure"), key="alb_measure", on_click=page.measure, help=t("albert", "measure_help")
    )
    reading_aid(page.aid())
    caption(page.caption())

    # What the paper measured.
    st.markdown(f"#### {t('albert', 'tables_title')}")
    held().segmented_control(
        t("albert", "table_choice"),
        page.TABLES,
        key="alb_table",
        required=True,
        format_func=lambda name: t("albert", f"table_{page.TABLES.index(name)}"),
    )
    head, rows = page.table()
    comparison_table(head, rows, name="albert-table", label=t("albert", "tables_title"), key="albert_table")
    reading_aid(t("albert", f"table_{page.TABLES.index(s['alb_table'])}_aid"))

# What the levers cost at our size.
st.markdown(f"#### {t('albert_order', 'beside_title')}")
head, rows = order.beside()
comparison_table(head, rows, name="albert-beside", label=t("albert_order", "beside_title"), key="albert_beside")  # fmt: skip
reading_aid(order.beside_aid())
caption(page.beside_caption())

# Two tasks on the same sentences, and what can be known without reading them.
st.markdown(f"#### {t('albert_order', 'order_title')}")
st.markdown(t("albert_order", "order_text"))
order.ask_texts()
with working(told("albert_order", "order_title")):
    head, rows = order.cases()
comparison_table(head, rows, name="albert-cases", label=t("albert_order", "order_title"), key="albert_cases")  # fmt: skip
reading_aid(order.cases_aid())
caption(t("albert_order", "cases_caption", pairs=f"{order.study()['train_pairs']:,}"))
asked = order.pairs(*order.texts())["swapped"]
notebook(notebooks.in_order(order.albert_card(), asked, order.said()["swapped"]["albert_sop"]))
st.markdown(f"##### {t('albert_order', 'judged_title')}")
head, rows = order.judged()
comparison_table(head, rows, name="albert-judged", label=t("albert_order", "judged_title"), key="albert_judged")  # fmt: skip
reading_aid(order.judged_aid())
slide_note("E24", "E21")
foot(
    NAME,
    terms=[
        "embedding",
        "feed-forward network",
        "sentence order prediction (SOP)",
        "next sentence prediction (NSP)",
    ],
    try_this=[
        (t("albert", "try_narrow"), {"alb_embedding": 128, "alb_shared": "none"}),
        (
            t("albert", "try_attention"),
            {"alb_embedding": 128, "alb_shared": "attention", "alb_table": "sharing ablation"},
        ),
        (t("albert", "try_bert"), {"alb_embedding": 768, "alb_shared": "none"}),
        (
            t("albert_order", "try_own_pair"),
            {"alb_first": "The sky is blue.", "alb_second": "The grass is green."},
        ),
    ],
    sources=[("Lan et al. 2020 (ALBERT), section 3.1, Tables 1 to 5", "https://arxiv.org/abs/1909.11942")],
    export=page.export(),
)
