"""The lines under a page, run as a reader would run them, print the numbers that the page shows."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from tests.pages.conftest import Open, lines_of_code

ROOT = Path(__file__).parents[2]
VIEWS: list[tuple[str, dict[str, str]]] = [
    ("start/history", {}),
    ("start/history", {"history_stop": "rnn", "rnn_radius": "1.5", "gradient_seed": "3"}),
    ("start/history", {"history_stop": "gpt2", "chain_text": "She said \"no\" to the <b>."}),
    ("transformer/positions", {}),
    ("transformer/positions", {"pos_model": "nano-gpt", "pos_at": "3", "pos_dim": "5"}),
    ("transformer/self_attention", {"example": "model", "steps_layer": "1", "query": "3"}),
    ("transformer/masks", {}),
    ("transformer/masks", {"sentence": "It's 나는 <b> \"big\" tree.", "word": "4", "left_model": "nano-bert"}),
    ("transformer/block", {}),
    ("transformer/block", {"attention_model": "pocket-bert", "block_text": "She \"sang\" [MASK].", "block_layer": "5", "block_token": "2"}),
    ("transformer/encoder_decoder", {}),
    ("transformer/encoder_decoder", {"t2t_task": "fill", "t2t_text": "14 <X> '21' = 2021-03-14", "beams": "3"}),
    ("transformer/three_ways", {}),
    ("transformer/three_ways", {"ways_objective": "span", "ways_text": "The \"old\" man <b> sat down."}),
    ("transformer/three_ways", {"ways_objective": "next"}),
    ("transformer/three_ways", {"ways_objective": "corruption"}),
    ("bert/inputs", {}),
    ("bert/inputs", {"in_a": "she sang", "in_token": "3", "in_dim": "7", "in_positions": "reversed"}),
    ("bert/contextual", {}),
    ("bert/contextual", {"word_pair": "1.3", "bert_model": "pocket-gpt"}),
    ("bert/attention", {}),
    ("bert/attention", {"layer": "5", "heads": "3", "token": "4", "second": "he was \"sad\""}),
    ("bert/masking", {}),
    ("bert/masking", {"mlm_text": "a $x$ [MASK] \\ '''", "hidden": "1.3"}),
    ("bert/dice", {}),
    ("bert/dice", {"seed": "7", "strategy": "words"}),
    ("bert/masking_rates", {"rates_look": "live"}),
    ("bert/masking_rates", {"rates_look": "live", "live_rate": "0.5", "bert_model": "nano-bert"}),
    ("bert/next_sentence", {}),
    ("bert/next_sentence", {"round": "4"}),
    ("bert/albert", {}),
    ("bert/albert", {"alb_first": "She \"sang\" a song.", "alb_second": "Then <b> he slept."}),
    ("bert/electra", {}),
    ("bert/electra", {"el_text": "The \"old\" man <b> sat down by the fire.", "el_fakes": "random"}),
    ("gpt/generation", {}),
    ("gpt/generation", {"step": "4", "strategy": "greedy", "prompt": "The king said \"no"}),
    ("gpt/decoding", {}),
    ("gpt/learning", {"twins": "nano"}),
    ("gpt/learning", {"probe": "3", "moment": "11"}),
    ("gpt/in_context", {}),
    ("gpt/in_context", {"icl_off": "1.0,1.2", "icl_ask": "2", "icl_description": "moon bird", "icl_moment": "4"}),
    ("gpt/prompting", {}),
    ("gpt/prompting", {"pr_study": "labels", "pr_row": "3"}),
    ("gpt/scaling", {}),
    ("fine_tuning/transfer", {"ft_look": "swap"}),
    ("fine_tuning/tasks", {}),
    ("fine_tuning/forgetting", {}),
    ("fine_tuning/change", {"change_rank": "8", "change_matrix": "3.intermediate"}),
    ("fine_tuning/features", {}),
    ("fine_tuning/start", {}),
    ("alignment/instructions", {}),
    ("alignment/reward", {}),
    ("alignment/reward", {"reward_kind": "dog"}),
]  # fmt: skip


def run(code: str) -> list[str]:
    """What a notebook prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.chdir(ROOT):
        exec(compile(code, "notebook", "exec"), {})
    return out.getvalue().splitlines()


@pytest.mark.parametrize(("name", "query"), VIEWS, ids=[f"{name} {i}" for i, (name, _) in enumerate(VIEWS)])
def test_it_prints_what_is_on_screen(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, name: str, query: dict[str, str]
) -> None:
    made = []
    monkeypatch.setattr("components.shell.notebook.told", lambda *_, lines: made.append(lines) or lines)
    at = open_page(name, **query)
    code = lines_of_code(at)
    assert len(code.splitlines()) <= 32  # two models in the longest
    printed, shown = " · ".join(run(code)), made[0]
    number = re.compile(r"-?\d+\.\d+")
    assert number.sub("#", printed) == number.sub("#", shown)
    # Both are rounded, and float32 sums of another shape of batch may fall on either side: one unit of the last digit.
    for one, other in zip(number.findall(printed), number.findall(shown), strict=True):
        assert float(one) == pytest.approx(float(other), abs=1.01 * 10.0 ** -len(other.split(".")[1]))
    assert number.search(shown)
