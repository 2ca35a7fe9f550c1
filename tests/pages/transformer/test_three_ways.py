"""Three ways to pre-train: from links, in both languages, with the bundled models."""

import unicodedata

import pytest
from streamlit.testing.v1 import AppTest

from components.lessons.transformer import three_ways as page
from components.lm import checkpoints
from components.lm.transformer.three_ways import OBJECTIVES
from tests.pages.conftest import APP, Open, data_of, modules_after, on_page, said

NAME = "transformer/three_ways"


def test_opens(open_page: Open, lang: str) -> None:
    at = open_page(NAME, lang=lang)
    assert on_page(at, "three_ways")
    data = data_of(at, "three_ways")
    hidden = data["tokens"][data["chosen"][0]]
    assert hidden == page.HIDDEN_FIRST[page.TEXT if lang == "en" else page.TEXT_KO]
    assert data["losses"] == 1
    if lang == "ko":  # the model that learned Korean finds it
        assert data["answers"][str(data["chosen"][0])][0][0] == hidden


def test_the_first_view_imports_no_torch() -> None:
    assert modules_after(NAME, "three_ways") == []


@pytest.mark.parametrize("text", page.HIDDEN_FIRST)
def test_the_first_view_is_what_is_computed(text: str) -> None:
    """``python assets/traces/make.py transformer/three_ways`` makes it again after a model was replaced."""
    known = page.first_view(checkpoints.card(page.model_of("mlm", text)).revision, "mlm", text, ())
    assert known is not None
    read, made, answers = page.compute("mlm", text, ())
    assert (known[0], known[1].inputs, known[1].targets) == (read, made.inputs, made.targets)
    assert [text for text, _ in known[2][made.picks[0]]] == [text for text, _ in answers[made.picks[0]]]
    assert page.first_view("sha256:other", "mlm", text, ()) is None


@pytest.mark.parametrize("text", page.HIDDEN_FIRST)
def test_a_text_is_read_by_models_that_learned_its_language(text: str) -> None:
    language = "ko" if text == page.TEXT_KO else "en"
    for objective in OBJECTIVES:
        model = page.model_of(objective, text)
        assert model == page.SPANS or checkpoints.card(model).languages == (language,), objective


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective(open_page: Open, lang: str, objective: str) -> None:
    data = data_of(open_page(NAME, lang=lang, ways_objective=objective), "three_ways")
    assert data["objective"] == objective
    assert len(data["targets"]) == len(data["given"] or data["inputs"])
    assert bool(data["answers"]) == (objective != "prefix")
    assert data["losses"] == sum(bool(target) for target in data["targets"])


@pytest.mark.parametrize("line", [page.LINE, page.LINE_KO])
def test_the_gaps_of_a_date_are_filled(line: str) -> None:
    _, made, answers = page.compute("corruption", line, ())
    assert "<X>" in made.inputs
    assert [answers[i][0][0] for i in range(len(made.targets))] == list(made.targets)


def test_answers_are_those_of_plain_transformers() -> None:
    import torch

    loaded = checkpoints.load(page.NEXT, "attention")
    _, made, answers = page.compute("next", page.TEXT, ())
    ids = loaded.tokenizer(page.TEXT, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        probs = loaded.model(input_ids=ids).logits[0].softmax(-1)
    assert len(made.tokens) == ids.shape[1]
    for i, rows in answers.items():
        assert rows[0][1] == pytest.approx(float(probs[i].max()), abs=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        "안녕하세요",
        "👨‍👩‍👧‍👦",
        "<script>alert(1)</script>",
        "שלום",
        unicodedata.normalize("NFD", "안녕"),
        "a",
    ],
)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_odd_texts(open_page: Open, objective: str, text: str) -> None:
    at = open_page(NAME, ways_objective=objective, ways_text=text, ways_line=text[:60])
    assert not at.exception


@pytest.mark.parametrize("text", ["", "   "])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_text_with_nothing_to_hide_is_refused_in_words(lang: str, objective: str, text: str) -> None:
    at = _opened(lang, ways_objective=objective, ways_text=text, ways_line=text)
    assert (
        ("type a few words" in at.error[0].value) if lang == "en" else ("단어를 몇 개" in at.error[0].value)
    )


def test_a_long_text_is_refused_in_words(lang: str) -> None:
    assert "24" in _opened(lang, ways_text="word " * 39).error[0].value


def _opened(lang: str, **query: str) -> AppTest:
    """The page from a link, refusals allowed."""
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params.update({"lang": lang})
    at.run()
    at.query_params.update(query)
    at.switch_page(f"pages/{NAME}.py").run()
    assert not at.exception
    return at


def test_too_many_gaps(open_page: Open, lang: str) -> None:
    at = open_page(NAME, lang=lang, ways_objective="corruption", ways_picks="0.2.4")
    assert ("Only the first 2" in said(at)) if lang == "en" else ("빈칸 2개만" in said(at))


@pytest.mark.parametrize("look", ["t5", "pair"])
def test_what_stands_below(open_page: Open, lang: str, look: str) -> None:
    at = open_page(NAME, lang=lang, ways_look=look)
    if look == "t5":
        assert len(data_of(at, "t5_chart")["rows"]) == 10
    else:
        size = len(data_of(at, "three_ways")["tokens"])
        assert str(size * (size + 1) // 2) in " ".join(one.value for one in at.markdown)  # pairs of a decoder


def test_the_question_knows_its_answer(open_page: Open, lang: str) -> None:
    asked = data_of(open_page(NAME, lang=lang), "predict_first")
    assert "0.5" in asked["options"][asked["answer"]]
    assert "0.47" in asked["why"]
