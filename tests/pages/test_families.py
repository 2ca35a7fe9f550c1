"""Pages with models of many families: what they read and say is that family's own, or a refusal in words."""

import re
import unicodedata
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components.lm import checkpoints
from tests.lm.families import BROKEN, CAUSAL, MASKED, Families
from tests.lm.test_reading import stranger
from tests.pages.conftest import APP, Open, data_of, lines_of_code, on_page, said
from tests.pages.test_notebooks import run

TEXT, PAIR = "The girl gave", "the boy"


@pytest.fixture
def local(families: Families) -> Any:
    """Return a function that names a family for a link, as a folder on this machine."""

    def named(name: str) -> str:
        return checkpoints.add_local_folder(families.folder(name))

    return named


def lines_print(at: Any, families: Families, name: str) -> list[str]:
    """What the lines of plain transformers under the page print."""
    return run(lines_of_code(at).replace(repr(f"path/to/{name}"), repr(str(families.folder(name)))))


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+\.\d+", text)]


@pytest.mark.parametrize("name", [*MASKED, *CAUSAL])
def test_heads_of_every_family(families: Families, local: Any, open_page: Open, name: str) -> None:
    at = open_page(
        "bert/attention", attention_model=local(name), text=TEXT, second=PAIR, heads="1", token="2"
    )
    assert not at.error
    assert on_page(at, "attention_view")
    printed = lines_print(at, families, name)
    shown = " ".join(block.value for block in at.markdown)
    for one in numbers(" ".join(printed)):
        assert any(one == pytest.approx(other, abs=2e-4) for other in numbers(shown))  # four decimals


@pytest.mark.parametrize("name", list(CAUSAL))
def test_every_family_writes_on(families: Families, local: Any, open_page: Open, name: str) -> None:
    at = open_page("gpt/generation", model=local(name), prompt=TEXT, strategy="greedy", inside="attention")
    assert not at.error
    data = data_of(at, "writer")
    _, ids = stranger(families, name, TEXT)  # without the closing token of the tokenizer
    assert [entry[1] for entry in data["prompt"]] == ids
    chosen, prob = lines_print(at, families, name)[0].split()
    assert int(chosen) == data["line"][0][1]
    assert float(prob) == pytest.approx(2.0 ** -data["line"][0][2], abs=2e-4)


@pytest.mark.parametrize("name", list(MASKED))
def test_every_family_fills_its_own_mask(families: Families, local: Any, open_page: Open, name: str) -> None:
    at = open_page("bert/masking", bert_model=local(name), mlm_text=TEXT, hidden="2")
    assert not at.error
    data = data_of(at, "mask_lab")
    mask = families.alone(name)[1].mask_token
    assert data["mask"] == mask
    assert mask in data["words"]["legend_mask"]
    assert [token["text"] for token in data["tokens"]] == families.alone(name)[1].convert_ids_to_tokens(
        stranger(families, name, TEXT)[1]
    )
    place, token, prob = lines_print(at, families, name)[0].split()
    first = data["cards"][0]
    assert (int(place), token) == (first["position"], first["candidates"][0][1])
    assert float(prob) == pytest.approx(first["candidates"][0][2], abs=2e-4)


@pytest.mark.parametrize("name", ["albert", "electra", "opt-narrow"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_narrow_table_is_left_out_of_the_map(local: Any, open_page: Open, name: str, language: str) -> None:
    at = open_page(
        "bert/contextual",
        lang=language,
        bert_model=local(name),
        word="ball",
        word_sentences="the girl gave a ball\nthe ball fell",
    )
    assert not at.error
    assert not at.info
    assert on_page(at, "word_map")
    assert "16" in said(at)
    assert "32" in said(at)


@pytest.mark.parametrize("name", list(BROKEN))
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_token_without_a_row_is_named_on_every_page(local: Any, name: str, language: str) -> None:
    text, model = "the glassbox is here", local(name)
    views: list[tuple[str, dict[str, str]]] = [
        ("bert/attention", {"attention_model": model, "text": text}),
        ("transformer/self_attention", {"attention_model": model, "example": "model", "steps_text": text}),
        ("transformer/masks", {"left_model": model, "sentence": text}),
        ("bert/contextual", {"bert_model": model, "word": "here", "word_sentences": text}),
    ]
    if name.startswith("bert"):
        views += [
            ("bert/inputs", {"bert_model": model, "in_a": text}),
            ("bert/masking", {"bert_model": model, "mlm_text": text}),
            ("bert/dice", {"bert_model": model, "dice_text": text}),
            ("bert/next_sentence", {"bert_model": model, "nsp_part": "probe", "nsp_first": text}),
        ]
    else:
        views.append(("gpt/generation", {"model": model, "prompt": text}))
    for page, query in views:
        at = AppTest.from_file(APP, default_timeout=60)
        at.query_params.update({"lang": language})
        at.run()
        at.query_params.update(query)
        at.switch_page(f"pages/{page}.py").run()
        assert not at.exception
        assert len(at.error) == 1, page
        assert "glassbox" in at.error[0].value
        assert "Error" not in at.error[0].value
        rows = 260 if name.startswith("bert") else 400
        assert str(rows) in at.error[0].value
        assert str(rows + 1) in at.error[0].value


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
def test_a_korean_word_is_found_however_it_was_typed(open_page: Open, form: str, typed: str) -> None:
    at = open_page(
        "bert/contextual",
        bert_model="nano-bert",
        word=unicodedata.normalize(typed, "배"),
        word_sentences=unicodedata.normalize(form, "배가 고파서\n배를 먹었다"),
    )
    assert not at.info
    assert on_page(at, "word_map")


def test_a_latin_word_with_a_korean_particle_is_found(open_page: Open) -> None:
    at = open_page(
        "bert/contextual",
        bert_model="nano-bert",
        word="GPT",
        word_sentences="GPT는 다음 단어를 쓴다\n나는 GPT를 배운다",
    )
    assert not at.info
    assert on_page(at, "word_map")


@pytest.mark.parametrize("name", ["roberta", "albert", "llama-closing", "gpt2-wordpiece", "xlm-roberta"])
def test_the_call_is_that_of_the_tokenizer(
    families: Families, local: Any, open_page: Open, name: str
) -> None:
    at = open_page("tokens/compare", cmp_model=local(name), cmp_part="call", call_text=TEXT, call_pair=PAIR)
    assert not at.warning
    given = families.alone(name)[1](TEXT, PAIR)
    call = data_of(at, "tokenizer_call")
    assert call["input_ids"] == given["input_ids"]
    assert call["token_type_ids"] == given.get("token_type_ids", [])
    assert f"'input_ids': {given['input_ids']}" in call["printed"]
