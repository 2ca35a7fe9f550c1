"""How much is carried over, in a real browser: steps by key, depths and sentences by click, forms, and a training."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lessons.fine_tuning import transfer as page_data
from components.lm import checkpoints
from components.lm.fine_tuning.transfer import HELD_OUT, SEEDS

pytestmark = pytest.mark.skipif(
    not {"pocket-gpt", "nano-gpt"} <= {*checkpoints.store().bundled_names()},
    reason="the models are not in assets/models",
)
OpenAt = Callable[[str], Page]


def test_steps_depths_sentences_and_forms(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/fine_tuning-transfer?lang=en")
    expect(page.locator(".depth")).to_have_count(8)
    for carried in page_data.depths():
        share = page_data.share(page_data.counts(carried, 0.0)[-1])
        expect(page.locator(f".depth[data-carried='{carried + 1}'] .p")).to_have_text(f"{100 * share:.0f}%")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".gb-step-label")).to_contain_text("step 48 of 54")
    page.locator(".depth[data-carried='1']").click()
    expect(page.locator(".line.head")).to_contain_text("embeddings only")
    page.locator("button.line").nth(3).click()
    page.wait_for_url("**ft_sentence=3**")
    page.locator(".form").nth(3).click()
    expect(page.locator(".row")).to_have_count(3)
    expect(page.locator(".special").filter(has_text="[delim]")).to_have_count(3)
    page.wait_for_url("**ft_form=multiple_choice**")
    page.reload()
    expect(page.locator(".gb-step-label")).to_contain_text("step 48 of 54")
    expect(page.locator(".row")).to_have_count(3)
    expect(page.locator(".depth.on .name")).to_have_text("embeddings only")
    assert outside == []


def test_a_training_grows_and_stays(open_at: OpenAt, outside: list[str], unused_seed: int) -> None:
    page = open_at(
        f"/fine_tuning-transfer?lang=en&ft_look=train&ft_live_examples=30&ft_live_carried=1&ft_live_seed={unused_seed}"
    )
    page.get_by_role("button", name="Train", exact=True).click()
    done = page.locator(
        ".st-key-ft_start button:disabled"
    )  # the name is not enough: "Trained difference" appears, too
    expect(done).to_contain_text("Trained", timeout=180_000)
    expect(page.locator(".gb-score_lines svg[role=img]")).to_be_visible()
    expect(page.get_by_text(f"/ {HELD_OUT}").first).to_be_visible()
    assert len(SEEDS) == 3
    assert outside == []
