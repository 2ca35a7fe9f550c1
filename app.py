"""The frame around every page, and the table of contents. Run with ``streamlit run app.py``."""

from typing import Any

import streamlit as st

from components.elements.toolbar import toolbar
from components.shell import links
from components.shell.held import forget_gone
from components.shell.layout import page_style, run_page
from components.shell.memory import share_arenas
from components.shell.navigation import FAVICON, contents, lesson
from components.shell.reconnects import leave_files_unwatched
from components.shell.turns import turn


def menu() -> Any:
    """Declare every page, show the table of contents, and return the page to run."""
    return contents(
        lesson("start/home", icon="home", default=True),
        {
            "start": [
                lesson("start/history", icon="timeline", minutes=15),
            ],
            "tokens": [
                lesson("tokens/bpe", icon="call_merge", minutes=15),
                lesson("tokens/encode", icon="data_array", minutes=8),
                lesson("tokens/wordpiece", icon="extension", minutes=15),
                lesson("tokens/compare", icon="compare_arrows", minutes=8),
            ],
            "transformer": [
                lesson("transformer/positions", icon="pin_drop", minutes=8),
                lesson("transformer/self_attention", icon="conversion_path", minutes=15),
                lesson("transformer/masks", icon="visibility_lock", minutes=8),
                lesson("transformer/block", icon="deployed_code", minutes=15),
                lesson("transformer/encoder_decoder", icon="sync_alt", minutes=15),
                lesson("transformer/three_ways", icon="view_column", minutes=12),
                lesson("transformer/sparse", icon="blur_linear", minutes=6),
                lesson("transformer/sizes", icon="stacks", minutes=8),
            ],
            "bert": [
                lesson("bert/inputs", icon="layers"),
                lesson("bert/contextual", icon="scatter_plot"),
                lesson("bert/attention", icon="hub"),
                lesson("bert/masking", icon="visibility_off"),
                lesson("bert/dice", icon="casino"),
                lesson("bert/masking_rates", icon="percent"),
                lesson("bert/next_sentence", icon="forum"),
                lesson("bert/albert", icon="compress"),
                lesson("bert/electra", icon="bolt"),
                lesson("bert/family", icon="family_history"),
            ],
            "gpt": [
                lesson("gpt/generation", icon="edit_note"),
                lesson("gpt/decoding", icon="alt_route"),
                lesson("gpt/learning", icon="trending_up"),
                lesson("gpt/in_context", icon="school"),
                lesson("gpt/prompting", icon="format_quote"),
                lesson("gpt/scaling", icon="stacked_line_chart"),
            ],
            "fine_tuning": [
                lesson("fine_tuning/tasks", icon="label"),
                lesson("fine_tuning/transfer", icon="move_down"),
                lesson("fine_tuning/forgetting", icon="history_toggle_off"),
                lesson("fine_tuning/change", icon="compress"),
                lesson("fine_tuning/features", icon="tune"),
                lesson("fine_tuning/start", icon="flag"),
            ],
            "alignment": [
                lesson("alignment/instructions", icon="assignment"),
                lesson("alignment/reward", icon="paid"),
                lesson("alignment/preferences", icon="thumbs_up_down"),
            ],
        },
    )


leave_files_unwatched()
share_arenas()
with turn():
    st.set_page_config(page_title="Glassbox", page_icon=FAVICON, layout="wide")
    forget_gone()
    links.open_frame()
    page_style()
    if address := toolbar():
        links.came_back(address)
    run_page(menu())
