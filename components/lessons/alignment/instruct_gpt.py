"""InstructGPT's three steps, the map of this chapter: which page shows which, with the numbers of the paper.

Ouyang et al. 2022 (https://arxiv.org/abs/2203.02155), section 3 and appendix A.3; the figures are in ``assets/facts``.
"""

from __future__ import annotations

import csv
import html
import re
from functools import cache
from pathlib import Path

import streamlit as st

from components.shell import links
from components.shell.layout import small_table
from components.shell.navigation import Lesson, lessons
from components.words import t, told

W = "instruct_gpt"
FACTS = Path(__file__).parents[3] / "assets" / "facts"
STEPS = {
    "first": "alignment/instructions",
    "second": "alignment/preferences",
    "third": "alignment/reward",
}
"""Demonstrations, comparisons, reinforcement, and the page where each can be seen."""


@cache
def facts() -> dict[str, str]:
    """Return the published figures of InstructGPT, by item."""
    with (FACTS / "alignment_facts.csv").open(encoding="utf-8", newline="") as file:
        return {row["item"]: row["value"] for row in csv.DictReader(file) if row["system"] == "InstructGPT"}


def _numbers(item: str) -> list[str]:
    """Return the numbers in the value of an item, as they are printed."""
    return re.findall(r"\d[\d,]*", facts()[item])


def slots() -> dict[str, str]:
    """Return what the words of the three steps are filled with: people, prompts, and the size of the reward model."""
    sft, reward, ppo = (_numbers(f"{name} training prompts") for name in ("SFT", "reward-model", "PPO"))
    return {
        "people": _numbers("people labelling")[0],
        **dict(zip(("sft", "sft_labeler", "sft_customer"), sft, strict=False)),
        **dict(zip(("reward", "reward_labeler", "reward_customer"), reward, strict=False)),
        "ppo": ppo[0],
        "size": facts()["reward model size"],
    }


def _page_of(step: str) -> Lesson:
    """Return the page of a step."""
    return next(one for one in lessons() if one.name == STEPS[step])


def chapter_map(name: str) -> None:
    """Draw the three steps in one line; the one that page ``name`` shows is marked, the others lead to their pages."""
    found = slots()
    with st.container(horizontal=True, vertical_alignment="center", key="gb-steps"):
        st.html(f'<p class="gb-foot-title">{html.escape(t(W, "map"))}</p>', width="content")
        for step, shown in STEPS.items():
            label, number = t(W, f"map_{step}"), t(W, f"map_{step}_data", **found)
            if shown != name:
                st.page_link(_page_of(step).page, label=f"{label} :small[{number}]", query_params=links.frame_query(), width="content")  # fmt: skip
                continue
            st.html(
                f'<p class="here" aria-current="page">{html.escape(label)} <small>{html.escape(number)}</small></p>',
                width="content",
            )


def three_steps() -> None:
    """Demonstrations, comparisons, reinforcement, with who and how many, and where each is on these pages."""
    found = slots()
    st.markdown(told(W, "steps_text", **found))
    rows = []
    for step in STEPS:
        rows.append(
            [t(W, f"steps_{step}_{part}", **found) for part in ("step", "data", "loss")]
            + [told(W, f"steps_{step}_here", title=_page_of(step).title)]
        )
    small_table([t(W, f"steps_{name}") for name in ("step", "data", "loss", "here")], rows, sentences=True)
    st.markdown(told(W, "steps_after", **found))
