"""Fifty labelled sentences in a real browser: steps, sentences, the head's place, and labels by hand."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lessons.fine_tuning import tasks as page_data
from components.lm import checkpoints

pytestmark = pytest.mark.skipif(
    not {"nano-bert", "pocket-bert"} <= set(checkpoints.store().bundled_names()),
    reason="nano-bert and pocket-bert are not in assets/models",
)
OpenAt = Callable[[str], Page]


def test_steps_sentences_and_heads(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/fine_tuning-tasks?lang=en")
    expect(page.locator(".lane")).to_have_count(2)
    expect(page.locator(".lane-0 .line")).to_have_count(6)
    shown = page_data.recorded()["pocket-bert"]["shown"]["tag"][0]
    expect(page.locator(".head:not(.none)")).to_have_count(len(shown["heads"]))
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**task_step=5**")
    page.locator(".lane-0 .line").nth(2).click()
    page.wait_for_url("**task_sentence=2**")
    page.get_by_role("radio", name="Pair", exact=True).click()
    expect(page.locator(".head:not(.none)")).to_have_count(1)
    page.wait_for_url("**task=pair**")
    page.reload()
    expect(page.locator(".head:not(.none)")).to_have_count(1)
    assert outside == []


def test_labels_by_hand_train(open_at: OpenAt, outside: list[str], unused_seed: int) -> None:
    page = open_at(f"/fine_tuning-tasks?lang=en&task_look=label&task_live_seed={unused_seed}")
    word = page.locator(".gb-label_board button.word").nth(4)
    word.click()
    expect(page.locator(".gb-label_board button.tag-1")).to_have_count(1)
    page.wait_for_url("**task_labels=**")
    page.get_by_role("button", name="Use our labels").click()
    expect(page.locator(".gb-label_board button.tag-3")).not_to_have_count(0)
    page.get_by_role("button", name="Train on these labels").click()
    expect(page.locator(".st-key-label_start button")).to_be_disabled(timeout=180_000)
    expect(page.locator(".gb-tasks_board")).to_have_count(2)
    assert outside == []
