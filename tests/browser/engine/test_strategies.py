"""The ways of choosing in the browser give the texts that the server's give."""

from typing import Any

import pytest
from playwright.sync_api import Page
from transformers import AutoModelForCausalLM, AutoTokenizer

from components.lm.gpt.frontier import CachedFrontier, tell
from components.lm.gpt.strategies import Lane, beam_search, write
from tests.browser.engine.files import ASSETS

PROMPT = "The old woman opened the door and"
LANES = (
    Lane("greedy"),
    Lane("sample"),
    Lane("temperature", 0.7),
    Lane("temperature", 0.0),
    Lane("top_k", 40),
    Lane("top_p", 0.9),
    Lane("top_p", 0.9, temperature=1.5),
    Lane("top_p", 0.9, temperature=1.5, order="last"),
    Lane("typical", 0.5),
    Lane("min_p", 0.05),
    Lane("beam", 1),
    Lane("beam", 4),
    Lane("beam", 3, length_penalty=2.0),
    Lane("contrastive", 0.6),
    Lane("greedy", penalty=1.3),
    Lane("beam", 4, penalty=1.2),
    Lane("contrastive", 0.6, penalty=1.2, k=8),
)
WRITE = """async ([lane, ids, most, seed, ends]) => {
  const { write, told } = await import("/elements/lib/engine/strategies.js");
  window.pocket ??= await engine("/models/pocket-gpt");
  const made = write(pocket, read, ids, lane, most, seed, ends);
  return { ...made, told: told(pocket, read, ids, made.ids) };
}"""


@pytest.fixture(scope="module")
def pocket() -> tuple[Any, list[int]]:
    """pocket-gpt in torch, and the beginning as tokens."""
    folder = ASSETS / "models" / "pocket-gpt"
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype="float32").eval()
    return model, AutoTokenizer.from_pretrained(folder, local_files_only=True)(PROMPT).input_ids


def asked(lane: Lane) -> dict[str, Any]:
    """A lane as the browser is given it."""
    return {name: getattr(lane, name) for name in ("strategy", "value", "penalty", "temperature", "order", "k", "length_penalty")}  # fmt: skip


@pytest.mark.parametrize("lane", LANES, ids=str)
def test_the_same_text_as_on_the_server(blank: Page, pocket: tuple[Any, list[int]], lane: Lane) -> None:
    model, ids = pocket
    ends = [model.config.eos_token_id]
    got = blank.evaluate(WRITE, [asked(lane), ids, 24, 3, ends])
    assert got["ids"] == write(CachedFrontier(model), ids, lane, 24, 3, ends)
    wanted = tell(model, ids, got["ids"])
    assert got["told"]["logprobs"] == pytest.approx(wanted.logprobs, abs=5e-4)
    assert got["told"]["ranks"] == list(wanted.ranks)
    assert [[i for i, _ in row] for row in got["told"]["candidates"]] == [[i for i, _ in row] for row in wanted.candidates]  # fmt: skip


def test_the_same_tree(blank: Page, pocket: tuple[Any, list[int]]) -> None:
    model, ids = pocket
    got = blank.evaluate(WRITE, [asked(Lane("beam", 5)), ids, 16, 0, [model.config.eos_token_id]])["tree"]
    wanted = beam_search(CachedFrontier(model), ids, 5, 16, [model.config.eos_token_id])
    assert got["winner"] == wanted.winner
    assert [(n[0], n[1], n[2], n[5]) for n in got["nodes"]] == [(n.parent, n.step, n.token_id, n.fate) for n in wanted.nodes]  # fmt: skip
    assert [n[4] for n in got["nodes"]] == pytest.approx([n.total for n in wanted.nodes], abs=5e-4)


def test_a_wide_beam_is_grown_in_two_seconds_and_eight_lanes_step_in_a_tenth(
    blank: Page, pocket: tuple[Any, list[int]]
) -> None:
    """The processor's time of this machine, which other work may share: the bounds are ten times those of the bench."""
    blank.evaluate(WRITE, [asked(Lane("greedy")), pocket[1], 2, 0, [0]])
    seconds = blank.evaluate(
        """async ([ids]) => {
          const { write } = await import("/elements/lib/engine/strategies.js"), from = performance.now();
          write(pocket, read, ids, { strategy: "beam", value: 8 }, 40, 0, []);
          return (performance.now() - from) / 1000;
        }""",
        [pocket[1]],
    )
    assert seconds < 20
