"""Instruction tuning: pairs without leaks, the loss against plain ``transformers``, answers against greedy decoding, and what is counted."""

import random
import re
import unicodedata

import pytest

from components.lm import checkpoints
from components.lm.alignment import instructions as lm

torch = pytest.importorskip("torch")
needs_nano = pytest.mark.skipif(
    "nano-gpt" not in checkpoints.store().bundled_names(), reason="nano-gpt is not in assets/models"
)


@pytest.fixture(scope="module")
def nano() -> checkpoints.LoadedModel:
    return checkpoints.load("nano-gpt", "generation")


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def test_flans_idea_the_request_is_held_out() -> None:
    """Wei et al. 2022, section 2.2: what is measured was never tuned on."""
    for seed in lm.SEEDS:
        tuned = lm.pairs(lm.SIZES[-1], seed)
        asked = {frozenset((p.asked.one, p.asked.other)) for p in tuned}
        assert len(asked) == len(tuned) == lm.SIZES[-1], "no request twice"
        assert not asked & {frozenset((a.one, a.other)) for a in lm.requests("seen")}
    assert len(set(lm.requests("seen"))) == len(set(lm.requests("new"))) == lm.HELD_OUT


def test_new_words_stand_in_no_pair() -> None:
    new = {*lm.NEW_CREATURES, *lm.NEW_THINGS}
    for pair in lm.pairs(lm.SIZES[-1], 0):
        assert not new & words(f"{lm.request(pair.asked)} {pair.answer}")
    for asked in lm.requests("new"):
        assert {asked.one, asked.other} <= new
    tuned = {word for pair in lm.pairs(lm.SIZES[-1], 0) for word in (pair.asked.one, pair.asked.other)}
    assert {word for asked in lm.requests("seen") for word in (asked.one, asked.other)} <= tuned


def test_every_answer_of_ours_is_a_story_with_both_words() -> None:
    for pair in lm.pairs(lm.SIZES[-1], 1):
        assert lm.takes_form(pair.answer), pair
        assert lm.words_used(pair.answer, pair.asked) == 2, pair
        assert not re.search(r"[{}]|\ba [aeiou]", pair.answer), pair


def test_fewer_pairs_are_the_first_of_more() -> None:
    """So a larger size adds pairs and takes none away."""
    assert lm.pairs(50, 2) == lm.pairs(400, 2)[:50]
    assert lm.pairs(50, 2) != lm.pairs(50, 1)
    with pytest.raises(ValueError, match="pairs"):
        lm.pairs(100_000, 0)


def test_both_words_in_either_order() -> None:
    asked = lm.Asked("egg", "apple")
    assert lm.request(asked) == "Tell a story about an egg and an apple.\nStory:"
    found = {lm.story(asked, random.Random(i)).index("egg") < lm.story(asked, random.Random(i)).index("apple") for i in range(20)}  # fmt: skip
    assert found == {True, False}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (" Once upon a time, there was a cow.", True),
        ("One sunny day, a cow", True),
        ("There was a cow", True),
        ("Tell a story about a hat and a pig.", False),
        ("Oncel", False),
        ("", False),
        ("안녕하세요", False),
        (unicodedata.normalize("NFD", "안녕하세요"), False),
        ("👨‍👩‍👧 שלום <script>", False),
        ("cow " * 5_000, False),
    ],
)
def test_form(text: str, form: bool) -> None:
    assert lm.takes_form(text) is form


def test_words_are_counted_once_and_whole() -> None:
    asked = lm.Asked("hen", "fox")
    assert lm.words_used("Then a fox met two foxes.", asked) == 1
    assert lm.words_used("Hens! A hen and a FOX.", asked) == 2
    assert lm.words_used("", asked) == 0
    counts = lm.counted(
        [" Once a hen met a fox.", "The boat."], [True, False], [asked, lm.Asked("boat", "cake")]
    )
    assert counts == lm.Counted(answers=2, form=1, used=3, by_chance=0, ended=1)


def test_what_is_said_of_feelings() -> None:
    assert lm.feeling_said(" Sad.") == "sad"
    assert lm.feeling_said(" sadly, no") == lm.feeling_said("") == lm.feeling_said("He is happy") == ""


def test_worked_examples_stand_before_the_request() -> None:
    examples, asked = lm.pairs(2, 0), lm.Asked("frog", "kite")
    text = lm.worked(examples, asked)
    assert text.endswith(lm.request(asked))
    assert all(f"{lm.request(one.asked)} {one.answer}\n\n" in text for one in examples)


@needs_nano
def test_the_loss_is_that_of_transformers(nano: checkpoints.LoadedModel) -> None:
    """The mean over the answers' tokens of a batch; the requests carry no loss (labels of -100), 1e-5."""
    made = lm.Instructed(nano, lm.Setting(4, 0))
    rows = made._rows
    width = max(len(a) + len(b) for a, b in rows)
    ids, labels = torch.zeros(4, width, dtype=torch.long), torch.full((4, width), -100)
    for i, (a, b) in enumerate(rows):
        ids[i, : len(a) + len(b)] = torch.tensor([*a, *b])
        labels[i, len(a) : len(a) + len(b)] = torch.tensor(b)
    plain = nano.model(input_ids=ids, labels=labels).loss
    assert float(made._loss(range(4)).detach()) == pytest.approx(float(plain), abs=1e-5)
    made._loss(range(4)).backward()
    ours = made.model.transformer.wte.weight.grad.clone()
    other = lm.Instructed(nano, lm.Setting(4, 0)).model
    other(input_ids=ids, labels=labels).loss.backward()
    assert torch.allclose(ours, other.transformer.wte.weight.grad, atol=1e-5)


@needs_nano
def test_cold_answers_are_greedy_ones(nano: checkpoints.LoadedModel) -> None:
    """At almost no temperature a row of a batch is what ``generate`` writes for it alone, whatever stands beside it."""
    rows = [lm.ids_of(nano, text) for text in ("Once upon a time", "The dog and the cat went home, and")]
    end = nano.tokenizer.eos_token_id
    found = lm.write(nano.model, rows, torch.Generator().manual_seed(0), end=end, tokens=6, temperature=1e-4)
    for row, written in zip(rows, found, strict=True):
        given = torch.tensor([row])
        alone = nano.model.generate(given, attention_mask=torch.ones_like(given), do_sample=False, max_new_tokens=6, pad_token_id=end)  # fmt: skip
        assert written == alone[0, len(row) :].tolist()


@needs_nano
def test_an_answer_stops_at_the_end(nano: checkpoints.LoadedModel) -> None:
    """Taught nothing but the end, it writes nothing."""
    end = nano.tokenizer.eos_token_id
    rows = [lm.ids_of(nano, "Say nothing.")]
    probs = nano.model(torch.tensor(rows)).logits[0, -1]
    best = int(probs.argmax())
    assert lm.write(nano.model, rows, torch.Generator(), end=best, tokens=5, temperature=1e-4) == [[best]]
    assert best != end


@needs_nano
def test_a_run_by_parts(nano: checkpoints.LoadedModel) -> None:
    """Small parts, measured at its moments; the untouched model keeps its bytes; the same seed gives the same run."""
    before = {name: p.clone() for name, p in nano.model.named_parameters()}
    runs = [
        lm.Instructed(nano, lm.Setting(5, 3), moments=2, held_out=2, own=["Sing."]).finish() for _ in range(2)
    ]
    first = runs[0].run
    assert first.steps == [0, runs[0].loop.steps]
    assert [set(one) for one in first.answers] == [{"seen", "new", "own"}] * 2
    assert first.counts[0]["seen"].answers == 2
    assert len(first.answers[-1]["own"]) == 1
    assert first.losses[-1] < first.losses[0]
    assert (first.losses, first.answers) == (runs[1].run.losses, runs[1].run.answers)
    assert all(torch.equal(p, before[name]) for name, p in nano.model.named_parameters())
    assert runs[0].fraction == 1


@needs_nano
def test_no_pairs_leave_the_model_as_it_is(nano: checkpoints.LoadedModel) -> None:
    made = lm.Instructed(nano, lm.Setting(0, 0), held_out=1).finish()
    assert (made.run.steps, made.run.losses) == ([0], [])
    other = dict(nano.model.named_parameters())
    assert all(torch.equal(p, other[name]) for name, p in made.model.named_parameters())
