"""What a reader sets on the page of ELECTRA."""

import streamlit as st

from components.lessons.bert import electra as page
from components.shell.held import held
from components.shell.layout import controls
from components.words import t


def settings() -> None:
    """Draw the text, whose fakes are put into it, and how they are drawn."""
    with controls():
        row = st.columns([4, 2.6, 1.8, 0.9], vertical_alignment="bottom")
        held(row[0]).text_area(t("electra", "text"), key="el_text", height=68)
        held(row[1]).segmented_control(
            t("electra", "fakes"),
            page.FAKES,
            key="el_fakes",
            required=True,
            format_func=lambda name: t("electra", f"fakes_{name}"),
            help=t("electra", "fakes_help"),
        )
        held(row[2]).slider(
            t("electra", "temperature"),
            0.3,
            3.0,
            step=0.1,
            key="el_temperature",
            help=t("electra", "temperature_help"),
        )
        with row[3].popover(t("layout", "more")):
            held().number_input(t("electra", "seed"), 0, 999_999, key="el_seed")


def game_settings() -> None:
    """Draw who plays, and against which fakes."""
    row = st.columns([2.4, 2.6, 4], vertical_alignment="bottom")
    held(row[0]).segmented_control(
        t("electra", "game"),
        ("judge", "fool"),
        key="el_game",
        required=True,
        format_func=lambda name: t("electra", f"game_{name}"),
    )
    if st.session_state["el_game"] == "judge":
        held(row[1]).segmented_control(
            t("electra", "fakes"),
            ("random", "generator"),
            key="el_game_fakes",
            required=True,
            format_func=lambda name: t("electra", f"fakes_{name}"),
        )


def table_choice() -> None:
    """Draw which table stands below."""
    held().segmented_control(
        t("electra", "table_choice"),
        page.TABLES,
        key="el_table",
        required=True,
        format_func=lambda name: t("electra", f"table_{name}"),
    )
