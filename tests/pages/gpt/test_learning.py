"""The page "Watching a model learn", from links, in both languages, with the bundled snapshots."""

import itertools
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from components.lessons.gpt import learning as page
from components.lessons.gpt import learning_panels as panels
from components.lm import checkpoints
from components.lm.training.learning import Learned, load_snapshots, moments
from components.lm.training.learning import learn as put_to_every
from tests import float32
from tests.pages.conftest import APP, Open, data_of, modules_after, notes, on_page, said

pytestmark = pytest.mark.skipif(
    not {*page.MODELS} <= {*checkpoints.store().bundled_names()},
    reason="the nano and pocket models are not in assets/models",
)
PAGE = "gpt/learning"
LAST = page.MOMENTS - 1
POCKET, NANO = page.TWINS["pocket"], page.TWINS["nano"]


def opened(**query: str) -> AppTest:
    """The page, where it may show an error."""
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params.update({"lang": "en"})
    at.run()
    at.query_params.update(query)
    at.switch_page(f"pages/{PAGE}.py").run()
    assert not at.exception
    return at


@pytest.mark.parametrize("twins", page.TWINS)
def test_opens(open_page: Open, lang: str, twins: str) -> None:
    at = open_page(PAGE, lang=lang, twins=twins)
    board = data_of(at, "learning_board")
    assert [model["name"] for model in board["models"]] == list(page.TWINS[twins])
    assert [kind["kind"] for kind in board["kinds"]] == list(page.kinds())
    assert len(board["probes"]) == len(page.probes()) == page.NUM_PROBES
    for model in board["models"]:
        assert len(model["moments"]) == len(model["losses"]) == page.MOMENTS
    for probe in board["probes"]:
        assert all(len(asked["logprobs"]) == page.MOMENTS for asked in probe["asked"])
    assert on_page(at, "moment_lines")


def test_every_kind_has_forty_probes() -> None:
    assert {kind: len(numbers) for kind, numbers in page.kinds().items()} == dict.fromkeys(page.kinds(), 40)
    assert "reasoning" in page.kinds()


@pytest.mark.parametrize("name", page.MODELS)
def test_the_recorded_moments_are_of_the_models_that_ship(name: str) -> None:
    """``python -m components.pretraining moments`` records them again after a training."""
    recorded = page.recorded(name)
    assert recorded.revision == checkpoints.card(name).revision
    assert recorded.model == name
    assert len(recorded.moments) == page.MOMENTS
    assert [one.probe for one in recorded.learned] == list(page.probes())
    assert len(recorded.tokens) == len(recorded.attention) == page.NUM_HEAD_TEXTS
    for tokens, weights in zip(recorded.tokens, recorded.attention, strict=True):
        assert weights.shape[-2:] == (len(tokens), len(tokens))
        # Each weight was rounded to a 255th: a row of n of them adds up to 1 within n / 2 / 255.
        assert abs(weights.sum(-1).astype(int) - 255).max() <= len(tokens) / 2


@pytest.mark.parametrize("name", page.MODELS)
def test_shipped_snapshots_say_what_was_recorded(name: str) -> None:
    """The snapshots whose weights ship: asked again, some probes of each kind get the recorded numbers."""
    recorded, snapshots = page.recorded(name), load_snapshots(name)
    at = [[m.step for m in recorded.moments].index(moment.step) for moment in snapshots.moments]
    assert snapshots.moments[-1].step == recorded.moments[-1].step
    for one in recorded.learned[7::40]:
        again = put_to_every(snapshots, one.probe)
        assert again.pieces == one.pieces
        for row, moment in zip(again.logprobs, at, strict=True):
            # A sentence of some ten tokens, each a logit less the sum over all of them; four decimals are kept.
            assert row == pytest.approx(one.logprobs[moment], abs=10 * 2 * float32.LOGIT + 1e-4)


def test_the_first_view_still_belongs_to_the_models() -> None:
    """``make traces`` makes it again after a model was replaced."""
    assert page.first_view() is not None


def test_a_first_view_of_another_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page.first_view()
    of = {**before["of"], "nano-bert": "sha256:other"}
    monkeypatch.setattr(page, "trace_file", lambda _: {**before, "of": of})
    assert page.first_view() is None


def test_the_first_panels_are_what_is_computed(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = data_of(open_page(PAGE, twins="nano"), "moment_lines")
    own = data_of(open_page(PAGE, twins="nano", learn_look="own"), "candidate_curves")
    monkeypatch.setattr(page, "first_view", lambda: None)
    assert data_of(open_page(PAGE, twins="nano"), "moment_lines")["lines"] == shown["lines"]
    again = data_of(open_page(PAGE, twins="nano", learn_look="own"), "candidate_curves")
    for one, other in zip(own["models"], again["models"], strict=True):
        for row, same in zip(one["shares"], other["shares"], strict=True):
            assert row == pytest.approx(
                same, abs=10 * float32.LOGIT
            )  # a quarter of the change of two sentences


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
    assert data_of(at, "learning_board")["start"] == {"probe": len(page.probes()) - 1, "moment": 0}
    assert notes(at)


@pytest.mark.parametrize("number", range(5, page.NUM_PROBES, 40))
def test_the_aid_counts_what_is_right(open_page: Open, number: int) -> None:
    at = open_page(PAGE, probe=str(number), moment=str(LAST))
    board = data_of(at, "learning_board")
    kind = board["probes"][number]["kind"]
    for model, name in enumerate(POCKET):
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
            (rows[place[number] < right][: len(probe.candidates)],) * page.MOMENTS,
        )
        for number, probe in enumerate(page.probes())
    )


@pytest.mark.parametrize(
    ("counts", "said_there", "not_there"),
    [
        ((40, 40), "Both models are above", "guessing can"),
        ((40, 18), "pocket-bert is above", "Both"),
        ((18, 40), "pocket-gpt is above", "Below"),
        ((18, 19), "neither model does better here than guessing", "above"),
        ((0, 18), "wrong words are preferred: pocket-bert.", "neither"),
        ((40, 0), "wrong words are preferred: pocket-gpt.", "neither"),
    ],
)
def test_the_aid_says_what_the_counts_are_worth(
    open_page: Open,
    monkeypatch: pytest.MonkeyPatch,
    counts: tuple[int, int],
    said_there: str,
    not_there: str,
) -> None:
    made = {name: made_up(count) for name, count in zip(POCKET, counts, strict=True)}
    monkeypatch.setattr(page, "found", lambda: made)
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
    at = open_page(PAGE, twins="nano", learn_prompt=prompt)
    lines = data_of(at, "moment_lines")
    assert len(lines["lines"]) == len(moments(panels.WRITER))
    assert len(lines["prompt"]) <= 402
    assert ("English only" in said(at)) == (prompt in ("안녕하세요", "שלום"))


def test_dice_write_another_text(open_page: Open) -> None:
    greedy = data_of(open_page(PAGE, twins="nano"), "moment_lines")["lines"]
    dice = data_of(open_page(PAGE, twins="nano", learn_dice="1"), "moment_lines")["lines"]
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


def test_export_has_every_number() -> None:
    asked = {name: page.recorded(name).learned for name in POCKET}
    rows = page.kind_rows(asked)
    assert len(rows) == len(page.kinds()) * page.MOMENTS * len(POCKET)
    assert all(0 <= row["guessing_low"] <= row["guessing"] <= row["guessing_high"] <= 40 for row in rows)


@pytest.mark.parametrize("number", range(page.NUM_SAMPLES))
def test_a_recorded_beginning_and_what_each_moment_made_of_it(open_page: Open, number: int) -> None:
    lines = data_of(open_page(PAGE, learn_sample=str(number)), "moment_lines")
    assert len(lines["lines"]) == page.MOMENTS
    assert lines["prompt"] in page.recorded(POCKET[1]).given + page.recorded(POCKET[0]).given
    assert len({line["text"] for line in lines["lines"]}) > page.MOMENTS // 2
    assert ("[MASK]" in lines["prompt"]) == all(line["text"].startswith(" → ") for line in lines["lines"])


@pytest.mark.parametrize("twins", page.TWINS)
@pytest.mark.parametrize("model", ["gpt", "bert"])
def test_heads(open_page: Open, lang: str, twins: str, model: str) -> None:
    at = open_page(
        PAGE, lang=lang, twins=twins, learn_look="heads", learn_model=model, learn_head="35", moment=str(LAST)
    )
    sent = data_of(at, "head_moments")
    assert 0 <= sent["head"] < sent["layers"] * sent["heads"]
    assert len(sent["moments"]) == page.MOMENTS
    assert "sha256" not in said(at)


def test_a_click_on_a_head_or_a_moment_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, int] = {}
    monkeypatch.setattr(panels.links, "put", kept.__setitem__)
    monkeypatch.setattr(panels.links, "moved", lambda: None)
    for pick in ({"head": 3}, {"moment": 99}, {"head": "x"}, {}, None):
        monkeypatch.setattr(panels, "st", SimpleNamespace(session_state={"head_moments": {"pick": pick}}))
        panels._jump("head_moments")
    assert kept == {"learn_head": 3, "moment": LAST}


def test_first_view_needs_no_torch() -> None:
    """In a process of its own: this one has imported torch long ago."""
    assert modules_after(PAGE, "learning_board") == []


def test_learning_rises_out_of_chance() -> None:
    """What the page shows first is true of the models it shows: the loss falls at every moment or nearly so, and every kind
    of probe rises clearly in both."""
    for name in page.MODELS:
        losses = [moment.loss for moment in page.recorded(name).moments]
        assert losses[-1] < 0.75 * losses[0]
        assert sum(b < a for a, b in itertools.pairwise(losses)) >= len(losses) - 2
    for name in POCKET:
        asked = page.recorded(name).learned
        unclear = [kind for kind in page.kinds() if not page.gains(asked, kind)[-1].clear]
        assert len(unclear) <= 1, unclear


def test_the_first_probe_is_learned_on_screen() -> None:
    """Both models are wrong before training and right at its end; with other models choose another probe by this rule."""
    asked = [page.recorded(name).learned for name in POCKET]
    good = [
        number
        for number in range(page.NUM_PROBES)
        if all(not one[number].correct(0) and one[number].correct(LAST) for one in asked)
    ]
    assert page.FIRST_PROBE in good, f"choose one of {good}"


def test_the_bias_panel_names_its_models(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, learn_look="bias")
    captions = " ".join(part for part in said(at).split("<p") if "gb-caption" in part)
    for name in panels.LARGE:
        assert name in captions
    assert {"en": "at the end of their training", "ko": "학습을 마친"}[lang] in captions
