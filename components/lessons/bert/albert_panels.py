"""What stands below the levers of ALBERT: the paper's tables, our own models beside each other, and the order of two texts."""

import streamlit as st

from components.elements.bert.comparison_table import comparison_table
from components.lessons.bert import albert as page
from components.lessons.bert import albert_order as order
from components.lessons.bert import notebooks
from components.shell.held import held
from components.shell.layout import caption, reading_aid, working
from components.shell.notebook import notebook
from components.words import t, told


def published() -> None:
    """Draw the table of the paper that the reader chose."""
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
    reading_aid(t("albert", f"table_{page.TABLES.index(st.session_state['alb_table'])}_aid"))


def at_our_size() -> None:
    """Draw what the levers cost models of our own."""
    title = t("albert_order", "beside_title")
    st.markdown(f"#### {title}")
    head, rows = order.beside()
    comparison_table(head, rows, name="albert-beside", label=title, key="albert_beside")
    reading_aid(order.beside_aid())
    caption(page.beside_caption())


def order_of_two() -> None:
    """Draw two tasks on the same sentences, and how well each of them knows the other."""
    title, judged = t("albert_order", "order_title"), t("albert_order", "judged_title")
    st.markdown(f"#### {title}")
    st.markdown(t("albert_order", "order_text"))
    order.ask_texts()
    with working(told("albert_order", "order_title")):
        head, rows = order.cases()
    comparison_table(head, rows, name="albert-cases", label=title, key="albert_cases")
    reading_aid(order.cases_aid())
    caption(t("albert_order", "cases_caption", pairs=f"{order.study()['train_pairs']:,}"))
    asked = order.pairs(*order.texts())["swapped"]
    notebook(notebooks.in_order(order.albert_card(), asked, order.said()["swapped"]["albert_sop"]))
    st.markdown(f"##### {judged}")
    head, rows = order.judged()
    comparison_table(head, rows, name="albert-judged", label=judged, key="albert_judged")
    reading_aid(order.judged_aid())
