"""A judge that learned from presses, as a reward."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.lm import checkpoints
from components.lm.alignment import rewards
from components.lm.alignment.judge import Judge, judge_of
from components.lm.alignment.preferences import happiness

RECORDED = Path(__file__).parents[3] / "assets" / "traces" / "alignment" / "preferences.json"
pytestmark = pytest.mark.skipif(
    "pocket-gpt" not in checkpoints.store().bundled_names(), reason="pocket-gpt is not in assets/models"
)


@pytest.fixture(scope="module")
def kept() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def judge(kept: Mapping[str, Any]) -> Judge:
    return judge_of(checkpoints.load(kept["model"], "generation"), kept, kept["clicks"])


def test_it_prefers_what_was_pressed(judge: Judge) -> None:
    begin = "One day Lucy lost her red ball."
    happy, sad = judge.scores(
        [begin] * 2,
        [
            " She was happy and hugged her friends. They laughed and smiled together.",
            " She was sad and cried. She was alone and scared of the dark.",
        ],
    )
    assert happy > 0 > sad


def test_it_agrees_with_its_rule_on_stories_it_never_saw(judge: Judge, kept: Mapping[str, Any]) -> None:
    """Of the recorded unseen stories the happier ones have the higher scores, on average."""
    texts = [row[1] if isinstance(row, list) else row for row in kept["unseen"]]
    scored = list(zip(judge.scores([""] * len(texts), texts), map(happiness, texts), strict=True))
    happier = [score for score, rule in scored if rule >= 2]
    others = [score for score, rule in scored if rule <= 0]
    assert sum(happier) / len(happier) > sum(others) / len(others) + 0.5


@pytest.mark.parametrize("text", ["", "안녕하세요", "👩‍👩‍👧‍👦", "<script>", "a " * 100])
def test_odd_texts_have_a_score(judge: Judge, text: str) -> None:
    (score,) = judge.scores(["One day."], [text])
    assert abs(score) < 100
    if not text:
        assert score == 0


def test_without_presses_every_text_is_alike(kept: Mapping[str, Any]) -> None:
    nobody = judge_of(checkpoints.load(kept["model"], "generation"), kept, "")
    assert nobody.scores(["One day."] * 2, [" He ran.", " She sang."]) == [0, 0]


def test_presses_are_no_rule() -> None:
    with pytest.raises(ValueError, match="judge"):
        rewards.reward("clicks", "text")
    assert rewards.paid("clicks", "happy") == []
