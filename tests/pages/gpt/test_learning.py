"""The page "Watching a model learn", from links, in both languages, with the bundled snapshots."""

import itertools

import pytest
from streamlit.testing.v1 import AppTest

from components.lessons.gpt import learning as page
from components.lm import checkpoints
from components.lm.training.cloze import load_probes
from components.lm.training.learning import Learned, moments
from tests import float32
from tests.pages.conftest import APP, Open, data_of, modules_after, on_page, said

pytestmark = pytest.mark.skipif(
    not {*page.MODELS, *page.LARGE} <= {*checkpoints.store().bundled_names()},
    reason="the nano and pocket models are not in assets/models",
)
PAGE = "gpt/learning"
LAST = page.PARAMS[1].high  # type: ignore[union-attr]


def opened(**query: str) -> AppTest:
    """The page, where it may show an error."""
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params.update({"lang": "en"})
    at.run()
    at.query_params.update(query)
    at.switch_page(f"pages/{PAGE}.py").run()
    assert not at.exception
    return at


def test_opens(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang)
    board = data_of(at, "learning_board")
    assert [model["name"] for model in board["models"]] == list(page.MODELS)
    assert [kind["kind"] for kind in board["kinds"]] == list(page.kinds())
    assert len(board["probes"]) == len(load_probes())
    for model, name in enumerate(page.MODELS):
        assert board["models"][model]["moments"] == [[m.step, m.tokens] for m in moments(name)]
        assert all(len(probe["asked"][model]["logprobs"]) == len(moments(name)) for probe in board["probes"])
    assert on_page(at, "moment_lines")


def test_the_first_view_still_belongs_to_the_models() -> None:
    """``make traces`` makes it again after a model was replaced."""
    assert page.first_view() is not None


def test_a_first_view_of_another_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page.first_view()
    of = {**before["of"], "models": {**before["of"]["models"], "nano-bert": "sha256:other"}}
    monkeypatch.setattr(page, "_trace", lambda: {**before, "of": of})
    assert page.first_view() is None


def test_the_first_view_is_what_is_computed(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = open_page(PAGE)
    board, lines = data_of(shown, "learning_board"), data_of(shown, "moment_lines")
    monkeypatch.setattr(page, "first_view", lambda: None)
    computed = open_page(PAGE)
    assert data_of(computed, "moment_lines")["lines"] == lines["lines"]
    again = data_of(computed, "learning_board")
    for one, other in zip(board["probes"], again["probes"], strict=True):
        for a, b in zip(one["asked"], other["asked"], strict=True):
            assert a["pieces"] == b["pieces"]
            # A sentence of some ten tokens, each a logit less the sum over all of them.
            for row, same in zip(a["logprobs"], b["logprobs"], strict=True):
                assert row == pytest.approx(same, abs=10 * 2 * float32.LOGIT)


def test_a_link_opens_the_same_view(open_page: Open, lang: str) -> None:
    at = open_page(
        PAGE, lang=lang, probe="3", moment=str(LAST), learn_look="own", own="I ___ it", own_words="saw, see"
    )
    assert data_of(at, "learning_board")["start"] == {"probe": 3, "moment": LAST}
    curves = data_of(at, "candidate_curves")
    assert curves["candidates"] == ["saw", "see"]
    assert curves["sentence"] == ["I ", " it"]
    for model in curves["models"]:
        assert all(sum(row) == pytest.approx(1, abs=1e-4) for row in model["shares"])  # two of four digits


def test_a_link_out_of_bounds_ends_at_the_nearest(open_page: Open) -> None:
    at = open_page(PAGE, probe="9999", moment="-3")
    assert data_of(at, "learning_board")["start"] == {"probe": len(load_probes()) - 1, "moment": 0}
    assert "gb-note" in said(at)


@pytest.mark.parametrize("number", range(0, len(load_probes()), 7))
def test_the_aid_counts_what_is_right(open_page: Open, number: int) -> None:
    at = open_page(PAGE, probe=str(number), moment=str(LAST))
    board = data_of(at, "learning_board")
    kind = board["probes"][number]["kind"]
    for model, name in enumerate(page.MODELS):
        rows = [p["asked"][model]["logprobs"][-1] for p in board["probes"] if p["kind"] == kind]
        assert f"{name} {sum(row[0] > max(row[1:]) for row in rows)}" in said(at)


def made_up(right: int) -> tuple[Learned, ...]:
    """Every kind with as many right answers as asked for, at every moment."""
    place = {number: k for numbers in page.kinds().values() for k, number in enumerate(numbers)}
    rows = {True: (-1.0, -2.0, -3.0), False: (-2.0, -1.0, -3.0)}
    return tuple(
        Learned(
            probe,
            tuple(("one",) for _ in probe.candidates),
            (rows[place[number] < right][: len(probe.candidates)],) * (LAST + 1),
        )
        for number, probe in enumerate(load_probes())
    )


@pytest.mark.parametrize(
    ("counts", "said_there", "not_there"),
    [
        ((10, 10), "Both models are above", "guessing can"),
        ((10, 4), "nano-bert is above", "Both"),
        ((4, 10), "nano-gpt is above", "Below"),
        ((4, 5), "neither model does better here than guessing", "above"),
        ((0, 4), "wrong words are preferred: nano-bert.", "neither"),
        ((10, 0), "wrong words are preferred: nano-gpt.", "neither"),
    ],
)
def test_the_aid_says_what_the_counts_are_worth(
    open_page: Open,
    monkeypatch: pytest.MonkeyPatch,
    counts: tuple[int, int],
    said_there: str,
    not_there: str,
) -> None:
    made = {name: made_up(count) for name, count in zip(page.MODELS, counts, strict=True)}
    monkeypatch.setattr(page, "learned", made.__getitem__)
    words = said(open_page(PAGE, learn_look="nothing")).split("gb-aid")[1]
    assert said_there in words
    assert not_there not in words
    assert "equally long" not in words


@pytest.mark.parametrize(
    ("own", "words", "message"),
    [
        ("", "a, b", "Type a sentence"),
        ("no blank here", "a, b", "no blank"),
        ("___ and ___", "a, b", "2 blanks"),
        ("a ___", "a, b, c, d, e", "5 candidates"),
        ("a ___", "a", "At least two"),
        ("___ " + "word " * 3998, "a, b", "tokens; the model reads"),
    ],
)
def test_a_sentence_that_cannot_be_asked_is_said(own: str, words: str, message: str) -> None:
    at = opened(learn_look="own", own=own, own_words=words)
    assert message.lower() in at.error[0].value.lower()
    assert on_page(at, "learning_board")


ODD = ["안녕하세요 ___", "👩‍👩‍👧‍👦 ___", "שלום ___ עולם", "<script>alert(1)</script> ___", "\u0301___\u200b"]


@pytest.mark.parametrize("text", ODD)
def test_odd_sentences(open_page: Open, text: str) -> None:
    at = open_page(PAGE, learn_look="own", own=text, own_words="나, <b>")
    assert data_of(at, "candidate_curves")["candidates"] == ["나", "<b>"]
    assert "English only" in said(at)


@pytest.mark.parametrize("prompt", ["", "안녕하세요", "👩‍👩‍👧‍👦", "שלום", "<script>", "a " * 10_000])
def test_odd_beginnings(open_page: Open, prompt: str) -> None:
    at = open_page(PAGE, learn_prompt=prompt)
    lines = data_of(at, "moment_lines")
    assert len(lines["lines"]) == len(moments(page.MODELS[1]))
    assert len(lines["prompt"]) <= 402
    assert ("English only" in said(at)) == (prompt in ("안녕하세요", "שלום"))


def test_dice_write_another_text(open_page: Open) -> None:
    greedy = data_of(open_page(PAGE), "moment_lines")["lines"]
    dice = data_of(open_page(PAGE, learn_dice="1"), "moment_lines")["lines"]
    assert [line["text"] for line in greedy] != [line["text"] for line in dice]


def test_bias(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, learn_look="bias")
    bars = data_of(at, "pair_bars")
    assert [row["sentence"] for row in bars["rows"]] == page.BIAS.splitlines()
    for row in bars["rows"]:
        assert all(sum(shares) == pytest.approx(1) for shares in row["shares"])


def test_other_lines_are_computed(open_page: Open) -> None:
    at = open_page(PAGE, learn_look="bias", bias="The king said ___ was tired.", bias_words="he, she")
    known = data_of(open_page(PAGE, learn_look="bias"), "pair_bars")["rows"][0]
    (row,) = data_of(at, "pair_bars")["rows"]
    for ours, theirs in zip(row["shares"], known["shares"], strict=True):
        # A quarter of the change of two sentences of some ten tokens.
        assert ours == pytest.approx(theirs, abs=10 * float32.LOGIT)


def test_a_bad_line_of_many_is_said() -> None:
    at = opened(learn_look="bias", bias="The king ___.\nno blank", bias_words="sat, ran")
    assert "no blank" in at.error[0].value
    assert opened(learn_look="bias", bias=" \n ", bias_words="sat, ran").error


def test_export_has_every_number(open_page: Open) -> None:
    found = {name: page.learned(name) for name in page.MODELS}
    rows = page.kind_rows(found)
    assert len(rows) == len(page.kinds()) * sum(len(moments(name)) for name in page.MODELS)
    assert all(0 <= row["guessing_low"] <= row["guessing"] <= row["guessing_high"] <= 10 for row in rows)


def test_first_view_needs_no_torch() -> None:
    """In a process of its own: this one has imported torch long ago."""
    assert modules_after(PAGE, "learning_board") == "[]"


def test_learning_rises_out_of_chance() -> None:
    """What the page shows first is true of the models it shows: the loss falls at every snapshot or nearly so, and of the
    kinds of probes at least two rise clearly in a model that writes."""
    for name in page.MODELS:
        losses = [moment.loss for moment in moments(name)]
        assert losses[-1] < 0.75 * losses[0]
        assert sum(b < a for a, b in itertools.pairwise(losses)) >= len(losses) - 2
    found = {name: page.learned(name) for name in page.MODELS}
    clear = [kind for kind in page.kinds() if page.gains(found[page.MODELS[1]], kind)[-1].clear]
    assert len(clear) >= 2, f"only {clear}: the page has nothing to show for these models"


def test_the_first_probe_is_learned_on_screen() -> None:
    """Both models are wrong before training and right at its end; with other models choose another probe by this rule."""
    found = {name: page.learned(name)[page.FIRST_PROBE] for name in page.MODELS}
    good = [
        number
        for number in range(len(load_probes()))
        if all(
            not page.learned(name)[number].correct(0) and page.learned(name)[number].correct(LAST)
            for name in page.MODELS
        )
    ]
    assert all(not one.correct(0) for one in found.values()), f"choose one of {good}"
    assert all(one.correct(LAST) for one in found.values()), f"choose one of {good}"


def test_the_bias_panel_names_its_models(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, learn_look="bias")
    captions = " ".join(part for part in said(at).split("<p") if "gb-caption" in part)
    for name in page.LARGE:
        assert name in captions
    assert {"en": "at the end of their training", "ko": "학습을 마친"}[lang] in captions
