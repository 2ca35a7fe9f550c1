"""Prompts for the same questions: the questions, the places, the thresholds, and plain ``transformers`` beside them."""

import os
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.lm import checkpoints
from components.lm.checkpoints.bundled import KOREAN_GPT
from components.lm.fine_tuning.samples import SAMPLES as TRAINED_SAMPLES
from components.lm.gpt import prompting as lm
from components.lm.gpt.prompting import ASKED, STUDY_NAMES, WAYS, BadPrompt, Prompt, Question, Scores, study
from components.pretraining.corpus import Source, read_corpus
from tests.lm.families import CAUSAL, Families

ODD = (
    "안녕하세요 {text}",
    "안녕하세요 {text}",
    "👨‍👩‍👧‍👦 {text}",
    "مرحبا {text}",
    "<script>alert(1)</script> {text}",
    "{text} {text}",
    "{text} {nothing}",
)


# -- the questions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_sixty_questions_each_asked_once(name: str) -> None:
    found = study(name)
    assert len(found.questions) == ASKED == 60
    assert len(set(found.questions)) == ASKED
    assert not set(found.questions) & set(found.spare)
    assert len({(one.template, one.labels) for one in found.prompts}) == len(found.prompts)
    for prompt in found.prompts:
        lm.check(prompt, found)
        assert not set(re.findall(r"\{(\w+)\}", prompt.template)) - {
            slot for slot, _ in found.questions[0].slots
        }


def test_half_of_the_scenes_are_happy() -> None:
    for some in (lm.feelings()[:ASKED], lm.feelings()[ASKED:]):
        assert Counter(one.right for one in some) == {0: len(some) // 2, 1: len(some) // 2}


def test_the_korean_model_answers_korean_scenes_by_chance() -> None:
    """Why the page begins with English scenes in Korean, too; a model that does better would be worth a Korean beginning."""
    loaded, asked = checkpoints.load(KOREAN_GPT, "generation"), lm.in_korean()
    for some in (asked.questions, asked.spare):
        assert Counter(one.right for one in some) == {0: len(some) // 2, 1: len(some) // 2}
    for prompt in asked.prompts:
        found = lm.ask(loaded, asked, prompt)
        assert found.mass < 0.001  # it was about to say something else
        for way in WAYS:
            low = lm.share(int(found.right(asked.questions, way).sum()), ASKED)[1]
            assert low <= 0.5, (prompt.template, way)


def test_the_wrong_answers_are_other_questions_right_ones() -> None:
    """So no answer wins by being an answer: each is right as often as it is wrong (gists), and never the word itself."""
    gists = lm.gists()
    assert Counter(g.answers[0] for g in gists if g.answers) == Counter(
        g.answers[1] for g in gists if g.answers
    )
    for one, other in zip(gists[::2], gists[1::2], strict=True):  # two by two, each the other's wrong line
        assert one.answers is not None
        assert one.answers[::-1] == other.answers
    right = {one.answers[0] for one in lm.opposites() if one.answers}
    for one in lm.opposites():
        assert one.answers is not None
        assert one.answers[1] in right
        assert len({dict(one.slots)["text"], *one.answers}) == 3


def test_the_right_word_stands_first_in_half_of_the_questions() -> None:
    first = 0
    for one in lm.questions():
        assert one.answers is not None
        text = dict(one.slots)["text"]
        places = [re.search(rf"\b{word}\b", text) for word in one.answers]
        assert all(places)
        first += places[0].start() < places[1].start()  # type: ignore[union-attr]
    assert first == 30


def test_no_question_is_among_the_samples_that_models_were_tuned_on() -> None:
    tuned = " ".join(path.read_text(encoding="utf-8") for path in TRAINED_SAMPLES.glob("*.tsv")).lower()
    for questions in (lm.feelings(), lm.gists()):
        for one in questions:
            assert dict(one.slots)["text"].lower() not in tuned


def test_no_question_is_in_the_training_text() -> None:
    """No eight words in a row; where the text is at hand: ``GLASSBOX_CORPUS`` names its folder."""
    folder = os.environ.get("GLASSBOX_CORPUS")
    if not folder:
        pytest.skip("GLASSBOX_CORPUS is not set")

    def words(text: str) -> list[str]:
        return re.findall(r"[a-z']+", text.lower())

    names = ("simple_stories_en", "more_stories_en", "childrens_books_en", "graded_news_en")
    train, held = read_corpus(Path(folder), [Source.parse(name) for name in names])
    assert train
    ours = [words(dict(one.slots)["text"]) for one in (*lm.feelings(), *lm.gists())]
    wanted = {tuple(text[i : i + 8]) for text in ours for i in range(len(text) - 7)}
    starts = {gram[:2] for gram in wanted}
    for document in (*train, *held):
        found = words(document.text)
        for i in range(len(found) - 7):
            assert (found[i], found[i + 1]) not in starts or tuple(found[i : i + 8]) not in wanted, (
                document.text[:80]
            )


# -- places and thresholds -------------------------------------------------------------------------------------------------


def test_places() -> None:
    assert lm.fill("{text}\nA:", {"text": "Was it {text}?"}) == "Was it {text}?\nA:", (
        "what is put in is not read again"
    )
    assert lm.fill("One day, {text} He", {"text": ""}) == "One day, He"
    assert lm.fill("{other} {text}", {"text": "x"}) == "{other} x"


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        (Prompt("He was very", ("happy", "sad")), "no_slot"),
        (Prompt("", ("happy", "sad")), "no_slot"),
        (Prompt("{text}"), "no_label"),
        (Prompt("{text}", ("happy", " ")), "no_label"),
        (Prompt("{text}", ("happy", "happy ")), "same_labels"),
    ],
)
def test_what_cannot_be_asked_is_refused(prompt: Prompt, code: str) -> None:
    with pytest.raises(BadPrompt) as found:
        lm.check(prompt, study("wording"))
    assert found.value.code == code


def test_thresholds() -> None:
    """Four questions by hand: a model that leans to the first answer by 2 nats is right on all once that is known."""
    questions = [Question((("text", str(i)),), None, right) for i, right in enumerate((0, 0, 1, 1))]
    scores = Scores((3.0, 2.5, 1.5, 1.0), (2.0,), (0.5, 1.9, 2.1, 9.0), 0.5)
    assert scores.right(questions, "plain").tolist() == [True, True, False, False]
    assert scores.right(questions, "empty").tolist() == [True, True, True, True]
    assert scores.thresholds("median").tolist() == [2.0] * 4
    own = Scores((3.0, 2.5, 1.5, 1.0), (4.0, 2.0, 1.0, 1.0), (), 0.5)
    assert own.right(questions, "empty").tolist() == [False, True, False, False], "on the threshold is wrong"
    with pytest.raises(ValueError, match="no other"):
        own.thresholds("median")
    assert lm.share(60, 60)[2] == 1
    assert lm.share(0, 60)[1] == 0


# -- plain transformers ----------------------------------------------------------------------------------------------------


def plain(loaded: checkpoints.LoadedModel, text: str, answer: str) -> float:
    """log P of an answer behind a text, one text at a time, token by token."""
    import torch

    begin = loaded.tokenizer(text).input_ids
    end = loaded.tokenizer("a " + answer).input_ids[len(loaded.tokenizer("a").input_ids) :]
    with torch.inference_mode():
        logp = loaded.model(torch.tensor([begin + end])).logits[0].double().log_softmax(-1)
    return sum(float(logp[len(begin) + i - 1, token]) for i, token in enumerate(end))


@pytest.fixture(scope="module")
def small() -> checkpoints.LoadedModel:
    if "nano-gpt" not in checkpoints.store().bundled_names():
        pytest.skip("nano-gpt is not in assets/models")
    return checkpoints.load("nano-gpt", "generation")


@pytest.mark.parametrize("name", ["wording", "summary", "question"])
def test_equals_plain_transformers(small: checkpoints.LoadedModel, name: str) -> None:
    """One token or many, whatever stands beside it in the batch. 1e-4 nats: float32 over batches of other shapes."""
    found = study(name)
    some = found.questions[:11]
    prompt = found.prompts[2]
    pairs = [one.answers or prompt.labels or ("", "") for one in some]
    texts = [lm.fill(prompt.template, dict(one.slots)) for one in some]
    got = lm.log_probs(small, texts, pairs)
    wanted = [
        [plain(small, text, answer) for answer in pair] for text, pair in zip(texts, pairs, strict=True)
    ]
    np.testing.assert_allclose(got, wanted, atol=1e-4)


def test_asking_step_by_step_is_asking_at_once(small: checkpoints.LoadedModel) -> None:
    found = study("opposite")
    asking = lm.Asking(small, found, found.prompts[0])
    assert asking.total == 120, "60 with the word and 60 without"
    with pytest.raises(ValueError, match="of 120"):
        asking.scores()
    while asking.done < asking.total:
        asking.step()
    assert asking.scores() == lm.ask(small, found, found.prompts[0])
    scores = asking.scores()
    assert len(scores.margins) == len(scores.empty) == 60
    assert scores.spare == ()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.text(max_size=20), after=st.text(max_size=20), label=st.text(min_size=1, max_size=8))
def test_any_prompt_and_any_answer(
    small: checkpoints.LoadedModel, before: str, after: str, label: str
) -> None:
    """The places are filled as they are, a log-probability is none above 0, and a swap of the answers swaps the numbers."""
    text = lm.fill(f"{before}{{text}}{after}", {"text": "It rained."})
    assert "It rained." in text
    if not label.strip():
        return
    one = lm.log_probs(small, [text], [("happy", label)])
    two = lm.log_probs(small, [text], [(label, "happy")])
    assert (one <= 0).all()
    np.testing.assert_allclose(one[:, ::-1], two, atol=1e-4)  # batches of other shapes


@pytest.mark.parametrize("template", ODD)
def test_odd_prompts(small: checkpoints.LoadedModel, template: str) -> None:
    got = lm.log_probs(small, [lm.fill(template, {"text": "It rained."})], [("happy", "안녕하세요")])
    assert np.isfinite(got).all()
    assert (got < 0).all()


def test_a_prompt_that_does_not_fit_says_how_long_it_is(small: checkpoints.LoadedModel) -> None:
    with pytest.raises(BadPrompt) as found:
        lm.log_probs(small, ["day " * 5_000], [("happy", "sad")])
    assert found.value.code == "too_long"
    assert found.value.slots["n"] > found.value.slots["most"]  # type: ignore[operator]


def test_an_answer_of_nothing_is_refused(small: checkpoints.LoadedModel) -> None:
    with pytest.raises(BadPrompt) as found:
        lm.answer_ids(small, "")
    assert found.value.code == "no_token"


def test_an_empty_prompt_is_read_from_the_beginning_of_a_text(small: checkpoints.LoadedModel) -> None:
    got = lm.log_probs(small, [""], [("happy", "sad")])
    assert np.isfinite(got).all()


@pytest.mark.parametrize("name", CAUSAL)
def test_every_family_is_read(families: Families, name: str) -> None:
    """What plain transformers gives for one answer's tokens behind the prompt's, in any family."""
    import torch

    from components.lm.reading import pieces, read

    loaded = families.load(name)
    got = lm.log_probs(loaded, ["the king said", "my dog is"], [("yes", "the old queen"), ("cute", "sad")])
    assert np.isfinite(got).all()
    begin, end = (
        read(loaded, "the king said").input_ids.tolist(),
        pieces(loaded, " the old queen", before="a"),
    )
    with torch.inference_mode():
        logp = loaded.model(torch.tensor([[*begin, *end]])).logits[0].double().log_softmax(-1)
    wanted = sum(float(logp[len(begin) + i - 1, token]) for i, token in enumerate(end))
    # 1e-4 nats: float32, and a batch of another shape.
    assert got[0, 1] == pytest.approx(wanted, abs=1e-4)


def test_ways() -> None:
    assert WAYS == ("plain", "empty", "median")
