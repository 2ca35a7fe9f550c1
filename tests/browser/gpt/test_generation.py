"""GPT writes: a cold link, ten fast keys, another candidate, back, export, compared with the library."""

import csv
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import free_port, serving
from tests.browser.waiting import settle
from tests.lm.conftest import build_tiny_gpt

Open = Callable[[str], Page]
ROOT = Path(__file__).parents[3]


def step_of(page: Page) -> int:
    return int(page.locator(".gb-scrub").input_value())


def wait_for_link(page: Page, part: str) -> None:
    page.wait_for_function(f"location.search.includes({part!r})")


def test_the_main_job(open_at: Open, outside: list[str], tmp_path: Path) -> None:
    page = open_at("/gpt-generation?prompt=Once+upon+a+time&strategy=greedy")
    page.locator(".candidates table").wait_for()
    for step in range(1, 6):  # on a busy machine a step may still have to be computed
        page.keyboard.press("ArrowRight")
        expect(page.locator(".gb-scrub")).to_have_value(str(step))
    wait_for_link(page, "step=5")
    page.locator(".candidates tbody tr:not(.chosen)").nth(2).get_by_role("button").click()
    page.locator(".tok.hand").wait_for()
    assert step_of(page) == 6
    wait_for_link(page, "picks=6.")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".gb-scrub")).to_have_value("5")
    wait_for_link(page, "step=5")
    settle(page)

    page.get_by_test_id("stPopover").get_by_role("button", name="Export").click()
    with page.expect_download() as started:
        page.get_by_role("button", name="candidates.csv").click()
    file = tmp_path / "candidates.csv"
    started.value.save_as(file)
    rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))
    assert {row["model"] for row in rows} == {"pocket-gpt"}
    _compare(rows)
    assert outside == []


def _compare(rows: list[dict[str, str]]) -> None:
    """The exported probabilities are those of plain transformers on the same tokens."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = ROOT / "assets/models/pocket-gpt"
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer.encode("Once upon a time")
    for step in sorted({int(row["step"]) for row in rows}):
        mine = [row for row in rows if int(row["step"]) == step]
        with torch.inference_mode():
            probs = model(torch.tensor([ids])).logits[0, -1].double().softmax(-1)
        for row in mine:
            if row["token_id"]:
                # float32 forward passes with and without a cache differ in the last bits
                assert float(row["prob"]) == pytest.approx(float(probs[int(row["token_id"])]), abs=1e-5)
        assert sum(float(row["prob"]) for row in mine) == pytest.approx(1, abs=1e-9)
        chosen = [row for row in mine if row["chosen"] == "True"]
        ids.append(int(chosen[0]["token_id"]))


def test_ten_presses_twenty_milliseconds_apart_move_ten_steps(open_at: Open) -> None:
    page = open_at("/gpt-generation")
    page.locator(".candidates table").wait_for()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(20)
    assert step_of(page) == 10
    wait_for_link(page, "step=10")
    page.wait_for_timeout(800)
    assert step_of(page) == 10  # nothing the server sends afterwards takes a step back


def test_a_step_past_the_known_end_is_computed(open_at: Open) -> None:
    page = open_at("/gpt-generation?step=16")
    page.locator(".candidates table").wait_for()
    until = time.monotonic() + 90  # a busy machine computes eight steps in seconds
    while step_of(page) <= 30 and time.monotonic() < until:
        page.keyboard.press("PageDown")
        page.wait_for_timeout(60)
    assert step_of(page) > 30


def test_a_wish_for_more_steps_survives_a_report_of_the_step(open_at: Open) -> None:
    page = open_at("/gpt-generation?step=0&seed=11")
    page.locator(".candidates table").wait_for()
    page.keyboard.press("End")
    known = step_of(page)
    for _ in range(3):  # past the known end; the reporter of the step is due in between
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(70)
    expect(page.locator(".gb-scrub")).to_have_value(str(known + 3), timeout=60_000)
    wait_for_link(page, f"step={known + 3}")


def test_keys_typed_into_the_beginning_stay_there(open_at: Open) -> None:
    page = open_at("/gpt-generation?step=3")
    page.locator(".candidates table").wait_for()
    page.locator("textarea").first.click()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    assert step_of(page) == 3


def test_arrows_step_again_after_the_mouse_used_a_control(open_at: Open) -> None:
    page = open_at("/gpt-generation?step=3")
    page.locator(".candidates table").wait_for()
    page.get_by_text("greedy", exact=True).click()
    wait_for_link(page, "strategy=greedy")
    settle(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".gb-scrub")).to_have_value("4")


def test_a_control_reached_by_tab_keeps_its_keys_until_escape(open_at: Open) -> None:
    page = open_at("/gpt-generation?step=3")
    page.locator(".candidates table").wait_for()
    page.locator(".gb-step-first").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert step_of(page) == 3
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".gb-scrub")).to_have_value("4")


def test_back_and_forward_undo_and_redo(open_at: Open) -> None:
    page = open_at("/gpt-generation?seed=5")
    page.locator(".candidates table").wait_for()
    page.keyboard.press("ArrowRight")
    wait_for_link(page, "step=1")
    settle(page)
    page.keyboard.press("End")
    page.wait_for_function("!location.search.includes('step=1&') && !location.search.endsWith('step=1')")
    far = step_of(page)
    settle(page)
    page.go_back()
    page.wait_for_function("document.querySelector('body') && location.search.includes('step=1')")
    expect(page.locator(".gb-scrub")).to_have_value("1")
    page.go_forward()
    expect(page.locator(".gb-scrub")).to_have_value(str(far))


def test_branches_are_kept_and_returned_to(open_at: Open) -> None:
    page = open_at("/gpt-generation?step=4")
    page.locator(".candidates table").wait_for()
    before = page.locator(".text").inner_text()
    page.locator(".candidates tbody tr:not(.chosen)").nth(5).get_by_role("button").click()
    page.locator(".tok.hand").wait_for()
    leaf = page.locator(".tree .leaf:not(.current)")
    expect(leaf).to_have_count(1)
    leaf.click()
    page.locator(".tok.hand").wait_for(state="detached")
    assert page.locator(".text").inner_text().startswith(before)


def test_an_edit_keeps_the_earlier_beginning(open_at: Open) -> None:
    page = open_at("/gpt-generation?step=4")
    page.locator(".candidates table").wait_for()
    page.locator("textarea").first.fill("The king")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".text")).to_contain_text("king")
    chip = page.locator(".earlier .chip")
    expect(chip).to_have_count(1)
    chip.click()
    expect(page.locator(".text")).to_contain_text("woman")


def test_pictures_and_json_come_home(open_at: Open, tmp_path: Path) -> None:
    page = open_at("/gpt-generation?step=2")
    page.locator(".candidates table").wait_for()
    page.get_by_test_id("stPopover").get_by_role("button", name="Export").click()
    for kind, start in (("svg", b"<svg"), ("png", b"\x89PNG")):
        with page.expect_download() as started:
            page.locator(f"[data-kind={kind}]").first.click()
        file = tmp_path / f"picture.{kind}"
        started.value.save_as(file)
        assert file.read_bytes().startswith(start)
    assert "pocket-gpt" in (tmp_path / "picture.svg").read_text(encoding="utf-8")
    assert "var(--" not in (tmp_path / "picture.svg").read_text(encoding="utf-8")
    with page.expect_download() as started:
        page.get_by_role("button", name="gpt-generation.json").click()
    file = tmp_path / "all.json"
    started.value.save_as(file)
    saved = json.loads(file.read_text(encoding="utf-8"))
    assert saved["state"]["step"] == 2
    saved["state"]["step"] = 1
    file.write_text(json.dumps(saved), encoding="utf-8")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator(".gb-scrub")).to_have_value("1")


def test_a_token_cannot_become_markup(open_at: Open) -> None:
    page = open_at("/gpt-generation?prompt=%3Cimg+src%3Dx+onerror%3D%22window.hit%3D1%22%3E&step=1")
    page.locator(".candidates table").wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate("window.hit") is None
    assert "onerror" in page.locator(".text").inner_text()


@pytest.mark.parametrize("panel", ["attention", "lens", "cache", "tokens"])
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_inside_opens(open_at: Open, panel: str, lang: str) -> None:
    page = open_at(f"/gpt-generation?step=3&lang={lang}&inside={panel}")
    expect(page.locator("h4")).to_be_visible(timeout=60_000)
    assert page.locator("[data-testid=stAlertContentError]").all_inner_texts() == []


def test_a_folder_typed_by_hand_is_named_in_the_link(open_at: Open, tmp_path: Path) -> None:
    folder = build_tiny_gpt(tmp_path / "my model")
    page = open_at("/gpt-generation?step=1")
    page.locator(".candidates table").wait_for()
    box = page.get_by_test_id("stSelectbox").first.locator("input")
    box.fill(str(folder))
    box.press("Enter")
    wait_for_link(page, "model=local%3Amy+model")
    expect(page.locator(".gb-caption").first).to_contain_text("local:my model")
    assert "tmp" not in page.evaluate("location.search")


def test_space_plays_and_pauses_and_home_and_end_jump(open_at: Open) -> None:
    page = open_at("/gpt-generation")
    page.locator(".candidates table").wait_for()
    page.keyboard.press("Space")
    page.wait_for_function(
        "Number(document.querySelector('.gb-scrub')?.value) >= 2 || [...document.querySelectorAll('*')].some(n => Number(n.shadowRoot?.querySelector('.gb-scrub')?.value) >= 2)"
    )
    page.keyboard.press("Space")
    stopped = step_of(page)
    page.wait_for_timeout(2500)  # longer than one step of playing
    assert step_of(page) in (stopped, stopped + 1)  # a step may have been under way
    stopped = step_of(page)
    page.wait_for_timeout(2500)
    assert step_of(page) == stopped
    page.keyboard.press("Home")
    assert step_of(page) == 0
    page.keyboard.press("End")
    assert step_of(page) >= 16


@pytest.mark.parametrize("told", [True, False])
def test_the_view_comes_back_after_the_server_was_gone(context: BrowserContext, told: bool) -> None:
    """Also the step that nobody had told the server yet: it stands in the address."""
    port = free_port()
    page = context.new_page()
    page.set_default_timeout(150_000)
    with serving(port, end=subprocess.Popen.terminate if told else subprocess.Popen.kill) as url:
        page.goto(f"{url}/gpt-generation?seed=9&top_k=40")
        page.locator(".candidates table").wait_for()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        wait_for_link(page, "step=3")
        if told:
            page.wait_for_timeout(1000)
            settle(page)
    before = page.locator(".text").inner_text()
    page.wait_for_timeout(1500)
    with serving(port):
        expect(page.get_by_test_id("stConnectionStatus")).to_have_count(0, timeout=150_000)
        settle(page)
        page.locator(".candidates table").wait_for()
        expect(page.locator(".gb-scrub")).to_have_value("3")
        assert page.locator(".text").inner_text() == before
        assert page.get_by_role("spinbutton", name="Seed").input_value() == "9"
        page.keyboard.press("ArrowRight")
        wait_for_link(page, "step=4")
        assert "seed=9" in page.evaluate("location.search")


def test_a_long_branch_keeps_its_whole_sum(open_at: Open) -> None:
    """Every label ends inside the picture, and the sums are those of the tokens."""
    page = open_at("/gpt-generation?strategy=greedy&step=60")
    page.locator(".candidates table").wait_for()
    expect(page.locator(".gb-scrub")).to_have_value("60")
    page.locator(".candidates tbody tr:not(.chosen)").nth(1).get_by_role("button").click()
    page.locator(".tree .sum").nth(1).wait_for()
    outside_of_box = page.locator(".tree").evaluate(
        """svg => [...svg.querySelectorAll("text")].map((text) => text.getBBox())
        .filter((box) => box.x < 0 || box.x + box.width > svg.viewBox.baseVal.width).length"""
    )
    assert outside_of_box == 0
    overlapping = page.locator(".tree").evaluate(
        """svg => [...svg.querySelectorAll(".leaf")].filter((leaf) => {
          const one = leaf.getBBox(), other = leaf.previousElementSibling.getBBox();
          return one.x + one.width > other.x;
        }).length"""
    )
    assert overlapping == 0
    said = page.locator(".sums span").first.inner_text().split()[-1]
    assert str(page.locator(".tree .sum").first.text_content()).endswith(said)


def test_the_strip_of_attention_stays_on_the_page(open_at: Open) -> None:
    page = open_at("/gpt-generation?step=60&strategy=greedy&inside=attention")
    page.locator(".strip .tok").nth(60).wait_for()
    wider = page.locator(".gb-attention_strip").evaluate(
        "box => [...box.querySelectorAll('.tok')].filter((tok) => tok.getBoundingClientRect().right > box.getBoundingClientRect().right + 1).length"
    )
    assert wider == 0


def test_the_picture_has_the_letters_and_the_chosen_token(open_at: Open, tmp_path: Path) -> None:
    """A Korean beginning in its own letters, and a token from far below the list with its rank."""
    page = open_at("/gpt-generation?prompt=%EC%95%88%EB%85%95&temperature=2&top_p=1&seed=5&step=3")
    page.locator(".candidates tr.beyond, .candidates tr.chosen").first.wait_for()
    page.get_by_test_id("stPopover").get_by_role("button", name="Export").click()
    with page.expect_download() as started:
        page.locator(".gb-pictures .row").first.get_by_role("button", name="SVG").click()
    started.value.save_as(tmp_path / "picture.svg")
    picture = (tmp_path / "picture.svg").read_text(encoding="utf-8")
    assert "안녕" in picture
    assert "\\x" not in picture.split("softmax")[0].split("안녕")[1][:20]
    assert picture.count("✓") == 1


def test_a_token_alone_in_the_draw_has_all_of_it(open_at: Open) -> None:
    page = open_at("/gpt-generation?top_k=1&step=2")
    expect(page.locator("tr.chosen td.final .value")).to_have_text("100%")


@pytest.mark.parametrize(
    ("model", "prompt", "other"),
    [
        ("pocket-gpt", "고양이가 마당에서", "pocket-gpt-ko"),
        ("pocket-gpt-ko", "The cat played in", "pocket-gpt"),
    ],
)
def test_a_text_that_the_model_cannot_read_is_offered_the_one_that_can(
    open_at: Open, model: str, prompt: str, other: str
) -> None:
    page = open_at(f"/gpt-generation?lang=en&model={model}&prompt={quote(prompt)}")
    note = page.locator(".gb-writer .note").first
    expect(note).to_contain_text(f"{model} learned")
    expect(note).to_contain_text(f"by {other}.")
