"""The page "Does it answer?", from links, in both languages, with the recorded runs and a tuning of its own."""

import csv
import unicodedata

import pytest
import safetensors.numpy

from components.lessons import live
from components.lessons.alignment import instructions as page
from components.lessons.alignment import instructions_live, instructions_panels
from components.lm import checkpoints
from components.lm.alignment import instructions as lm
from components.lm.fine_tuning import transfer
from tests.pages.conftest import Open, data_of, modules_after, notes, said

pytestmark = pytest.mark.skipif(
    "pocket-gpt" not in checkpoints.store().bundled_names(), reason="pocket-gpt is not in assets/models"
)
PAGE = "alignment/instructions"


def test_opens(open_page: Open, lang: str) -> None:
    board = data_of(open_page(PAGE, lang=lang), page.BOARD)
    assert board["sizes"] == list(lm.SIZES)
    assert len(board["tuned"]) == len(lm.SIZES)
    assert len(board["lines"]) == 3
    assert board["start"] == {"size": lm.SIZES.index(100)}
    assert board["prompted"]["before"].count("Story:") == 2


def test_needs_no_torch() -> None:
    assert modules_after(PAGE, page.BOARD) == []


def test_the_runs_belong_to_the_shipped_model() -> None:
    kept = page.recorded()
    assert kept["revision"] == checkpoints.card(kept["model"]).revision, (
        "make them again: python -m components.pretraining instructions"
    )
    assert sorted((run["pairs"], run["seed"]) for run in kept["runs"]) == sorted(
        (size, seed) for size in lm.SIZES for seed in lm.SEEDS
    )
    for kind in ("seen", "new"):
        asked = [lm.Asked(*words) for words in kept["requests"][kind]]
        assert asked == list(lm.requests(kind)[: len(asked)])
    assert [tuple(row) for row in kept["feelings"]] == transfer.sentences(0)[1][: len(kept["feelings"])]


def test_what_is_recorded_holds_together() -> None:
    """Whatever is kept of the first seed's answers is counted among all of them; every model answered every request."""
    for run in (*page.recorded()["runs"], *page.recorded()["prompted"]):
        for kind, counts in run["counts"].items():
            assert counts["answers"] == lm.HELD_OUT
            for answers in (run["answers"].get(kind, []),):
                assert sum(map(lm.takes_form, answers)) <= counts["form"]
                asked = lm.requests(kind)[: len(answers)]
                assert sum(map(lm.words_used, answers, asked)) <= counts["used"]
        feelings = run["feelings"]
        assert feelings["right"] <= feelings["labels"] <= feelings["asked"]
        shown = [lm.feeling_said(text) for text in feelings["answers"]]
        assert sum(map(bool, shown)) <= feelings["labels"]


def test_a_recorded_answer_is_written_again_by_its_seed() -> None:
    """With untouched weights nothing but the draws decides, so this holds on other machines too."""
    loaded = checkpoints.load(page.recorded()["model"], "generation")
    asked = [lm.request(one) for one in lm.requests("seen")[: lm.AT_ONCE]]
    written = next(lm.answers(loaded, loaded.model, asked, 0))
    assert [one.text for one in written] == page.runs_of(0)[0]["answers"]["seen"][: lm.AT_ONCE]


def test_what_the_page_says_is_what_was_found() -> None:
    """Form from at most 5% to at least 90%, in every seed; words of no pair hardly more than without any tuning."""
    base, hundred, most = (page.runs_of(size) for size in (0, 100, lm.SIZES[-1]))
    assert page.spread(base, "form", "seen")[2] <= 0.05
    assert page.spread(hundred, "form", "seen")[1] >= 0.6
    assert page.spread(most, "form", "seen")[1] >= 0.9
    gain = {
        kind: page.spread(most, "used", kind)[0] - page.spread(base, "used", kind)[0]
        for kind in ("seen", "new")
    }
    assert gain["seen"] > gain["new"] + 0.1
    assert gain["new"] < 0.2
    form = page.spread(hundred, "form", "seen")[0] - page.spread(base, "form", "seen")[0]
    words = page.spread(hundred, "used", "seen")[0] - page.spread(base, "used", "seen")[0]
    assert form > words + 0.3, "form is learned first"


@pytest.mark.parametrize("request_", ["seen-3", "new-5", "feelings-2"])
def test_a_request_in_all_lanes(open_page: Open, lang: str, request_: str) -> None:
    size = len(lm.SIZES) - 1
    at = open_page(PAGE, lang=lang, ins_request=request_, ins_size=str(size), ins_look="nothing")
    kind, place = request_.split("-")
    board = data_of(at, page.BOARD)
    run = page.runs_of(lm.SIZES[size])[0]
    kept = run["feelings"]["answers"] if kind == "feelings" else run["answers"][kind]
    assert board["tuned"][size]["answer"] == kept[int(place)]
    assert board["head"]["happy"] == page.recorded()["heads"][0]["happy"][kind][int(place)]
    assert board["frame"].startswith(board["instruction"])
    assert len(board["asked"]) == (0 if kind == "feelings" else 2)
    measure, about = ("labels", "feelings") if kind == "feelings" else ("used", "new")
    assert page.percent(page.spread(page.runs_of(lm.SIZES[size]), measure, about)[0]) in said(at)


def test_every_size_says_its_numbers(open_page: Open) -> None:
    for place, size in enumerate(lm.SIZES):
        at = open_page(PAGE, ins_size=str(place), ins_look="nothing")
        form = page.spread(page.runs_of(size), "form", "seen")
        assert f"{size:,} pairs: {page.percent(form[0])}" in said(at)


def test_every_panel(open_page: Open, lang: str) -> None:
    for look in page.LOOKS:
        assert not open_page(PAGE, lang=lang, ins_look=look).exception


def test_what_was_pressed_is_in_the_link(open_page: Open) -> None:
    at = open_page(PAGE, ins_labels="2.1.3")
    assert data_of(at, "answer_cards")["start"] == [2, 1, 3]
    at = open_page(PAGE, ins_look="threeh", ins_scales="1.3")
    assert data_of(at, "answer_cards")["start"] == [1, 3, 0]


def test_alpaca_by_the_table_of_facts(open_page: Open, lang: str) -> None:
    """175 pairs become 52K; 90 : 89 is a tie: its interval holds one half."""
    stages = data_of(open_page(PAGE, lang=lang, ins_look="alpaca", ins_stage="4"), "alpaca_steps")["stages"]
    assert [stage["count"] for stage in stages] == ["175", "davinci", "52K", "7B", "90 : 89", "!"]
    assert [bar[2] for bar in stages[2]["bars"]] == ["175", "52,000"]
    assert stages[4]["low"] < 0.5 < stages[4]["high"]
    assert stages[4]["share"] == pytest.approx(90 / 179)
    assert len(stages[0]["rows"]) == instructions_panels.SEEDS
    with (instructions_panels.FACTS / "alignment_facts.csv").open(encoding="utf-8") as file:
        rows = {(row["system"], row["item"]): row["value"] for row in csv.DictReader(file)}
    assert rows["Alpaca", "seed set"].startswith("175 ")
    assert rows["Alpaca", "blind pairwise comparison"].startswith("Alpaca 90 wins, text-davinci-003 89 wins")


def test_a_template_holds_its_fields(open_page: Open) -> None:
    board = data_of(open_page(PAGE, ins_look="template", ins_template="1"), "template_board")
    assert board["start"] == {"template": 1}
    sentence, label = page.recorded()["feelings"][0]
    first = "".join(text for _, text in board["templates"][0]["parts"])
    assert first == f"{lm.feeling_request(sentence)} {label}", (
        "the first is what the models of this page read"
    )
    for template in board["templates"]:
        assert [field for field, _ in template["parts"]].count("output") == 1


def test_impossible_links_are_told(open_page: Open) -> None:
    at = open_page(PAGE, ins_request="<b>", ins_size="99", ins_pairs="7", ins_labels="x", ins_look="all")
    assert notes(at)
    assert data_of(at, page.BOARD)["start"] == {"size": len(lm.SIZES) - 1}


@pytest.mark.parametrize(
    ("own", "starts"),
    [
        ("", True),
        ("Sing for my dog.", True),
        ("<script>", True),
        ("שלום", True),
        ("👨‍👩‍👧", True),
        ("안녕하세요", True),
        (unicodedata.normalize("NFD", "안녕하세요"), True),
        ("안녕하세요 여러분 이야기를 하나 해 주세요 부탁해요", False),
        ("x" * 20_000, True),
    ],
)
def test_any_request_of_ones_own(open_page: Open, own: str, starts: bool) -> None:
    """What is too long for the model is refused in words before anything starts; what a link cuts off is cut off."""
    at = open_page(PAGE, ins_look="tune", ins_own=own)
    assert not at.exception
    assert bool([b for b in at.button if b.key == "instructions_stand_start"]) is starts
    assert starts or str(page.OWN_BYTES) in said(at)


def test_a_tuning_by_hand() -> None:
    """Moments, answers to one's own request, parts that can be stopped between, and a difference that can be taken home."""
    setting = lm.Setting(5, 7)
    tuned = instructions_live.Tuning(
        instructions_live.Asked("nano-gpt", checkpoints.card("nano-gpt").revision, setting, "Sing.")
    )
    assert tuned.result()["run"]["steps"] == []
    while tuned.fraction < 1:
        assert tuned.result()["difference"] is None
        tuned.step()
    found = tuned.result()
    assert found["run"]["steps"][0] == 0
    assert found["run"]["steps"][-1] == found["steps"]
    assert len(found["run"]["answers"][-1]["own"]) == instructions_live.DRAWS
    assert found["difference"] is not None
    moved = safetensors.numpy.load(found["difference"])
    assert any(abs(change).max() > 0 for change in moved.values())
    points = instructions_panels._points(found["run"], "used", "seen")
    assert all(low <= share <= high for _, share, low, high in points)


def test_the_tuning_starts_and_stops(open_page: Open) -> None:
    at = open_page(PAGE, ins_look="tune", ins_seed="9", ins_pairs="400")
    next(b for b in at.button if b.key == "instructions_stand_start").click().run()
    assert not at.exception
    wanted = instructions_live.Asked(
        "nano-gpt",
        checkpoints.card("nano-gpt").revision,
        lm.Setting(400, 9),
        "Tell a story about a frog and a hat.",
    )
    training = live.trainings().get(wanted)
    assert training is not None
    assert training.work is not None
    for reader in list(training.wanted_by):
        live.trainings().stop(wanted, reader)
    assert training.work.wait(300)
    assert not training.finished
