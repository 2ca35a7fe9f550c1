"""Compare tokenizers: through app.py, from a link, in both languages."""

import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components.lm import checkpoints
from tests.lm.checkpoints.test_hub import FakeHub
from tests.pages.conftest import Open, data_of, modules_after

PAGE = "tokens/compare"
ROOT = Path(__file__).parents[3]


def lanes(at: AppTest) -> dict[str, dict[str, Any]]:
    return {lane["key"]: lane for lane in data_of(at, "token_lanes")["lanes"]}


def test_the_first_view_has_every_kind(open_page: Open, lang: str) -> None:
    found = lanes(open_page(PAGE, lang=lang, cmp_part="text"))  # bare, Korean begins with another text
    assert list(found)[:6] == ["characters", "words", "bpe", "wordpiece", "unigram", "pocket-gpt"]
    assert found["characters"]["count"] == len("The lowest wheel is the slowest. I love NLP! 안녕하세요")
    assert found["pocket-gpt"]["unknown"] == 0
    assert [group[2] for group in found["pocket-gpt"]["groups"]] == list("안녕하세요")
    assert found["wordpiece"]["unknown"] == 1
    assert found["bpe"]["tokens"][1][0] == "low"


def test_the_tokens_of_pocket_gpt_are_transformers_tokens(open_page: Open) -> None:
    from transformers import AutoTokenizer

    text = "lowest 안녕 👩‍👩‍👦\ncafé"
    lane = lanes(open_page(PAGE, cmp_text=text))["pocket-gpt"]
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "assets" / "models" / "pocket-gpt")
    assert [one[1] for one in lane["tokens"]] == tokenizer.encode(text)


def test_words_of_the_bpe_page(open_page: Open, lang: str) -> None:
    found = lanes(
        open_page(
            PAGE, lang=lang, cmp_text="lowest fast", cmp_source="words", cmp_merges="10", cmp_part="text"
        )
    )
    assert [one[0] for one in found["bpe"]["tokens"]] == ["low", "est", "[UNK]", "[UNK]", "s", "t"]
    assert [one[0] for one in found["wordpiece"]["tokens"]] == ["low", "##est", "[UNK]"]


def test_languages(open_page: Open, lang: str) -> None:
    rows = data_of(open_page(PAGE, lang=lang, cmp_part="languages"), "language_cost")["rows"]
    gpt = next(row for row in rows if row["name"] == "pocket-gpt")
    assert gpt["ko"] > 2 * gpt["en"] > 0
    assert (gpt["en_unknown"], gpt["ko_unknown"]) == (0, 0)


def test_both_first_sentences_are_new_to_what_is_learned_here(open_page: Open) -> None:
    """Otherwise the words of the training text would make one language look cheap."""
    from components.lessons.tokens.compare import ENGLISH, KOREAN
    from components.lm.tokens.words import count_words, split_words

    learned = count_words(
        "\n".join(
            (ROOT / f"assets/samples/{name}.txt").read_text(encoding="utf-8")
            for name in ("tale_en", "story_ko")
        ),
        lowercase=True,
    )
    for text in (ENGLISH, KOREAN):
        words = [span.text for span in split_words(text.lower()) if span.text.isalpha()]
        assert len(words) >= 5
        assert not set(words) & set(learned.words)
    rows = data_of(open_page(PAGE, cmp_part="languages"), "language_cost")["rows"]
    bpe = next(row for row in rows if row["name"] == "BPE")
    assert (bpe["en_unknown"], bpe["ko_unknown"]) == (0, 0)


def test_the_question_knows_its_answer(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, cmp_part="languages")
    asked = data_of(at, "predict_first")
    gpt = next(row for row in data_of(at, "language_cost")["rows"] if row["name"] == "pocket-gpt")
    assert asked["options"][asked["answer"]] == f"× {gpt['ko'] / gpt['en']:.1f}"


def test_small_letters_are_said(open_page: Open) -> None:
    found = lanes(open_page(PAGE, cmp_text="The cat", cmp_part="text"))
    assert {key for key, lane in found.items() if "lowercased" in lane["about"]} == {
        "words",
        "bpe",
        "wordpiece",
        "unigram",
        "pocket-bert",
    }
    assert not any(
        "lowercased" in lane["about"] for lane in lanes(open_page(PAGE, cmp_text="the cat")).values()
    )


def test_the_call(open_page: Open, lang: str) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(ROOT / "assets" / "models" / "pocket-gpt")
    love = tokenizer.convert_tokens_to_ids("Ġlove")
    at = open_page(
        PAGE, lang=lang, cmp_part="call", cmp_model="pocket-gpt", call_ids=f"41, {love}, x, 99999999999999"
    )
    data = data_of(at, "tokenizer_call")
    called = tokenizer("I love NLP!")
    assert data["input_ids"] == called["input_ids"]
    assert data["attention_mask"] == called["attention_mask"]
    assert data["token_type_ids"] == []
    assert str(called["input_ids"]) in data["printed"]
    shown = " ".join(block.proto.body for block in at.get("html"))
    assert "Ġlove" in shown


@pytest.mark.parametrize("part", ["text", "languages", "call"])
@pytest.mark.parametrize("text", ["", "   ", "\u0000", "a" * 3000, "<b>x</b>", "é e\u0301 \u200d ﷽ 👩‍👩‍👦"])
def test_odd_texts_are_answered(open_page: Open, part: str, text: str) -> None:
    at = open_page(
        PAGE, cmp_part=part, cmp_text=text, cmp_en=text, cmp_ko=text, call_text=text, call_pair=text
    )
    assert not at.exception


def test_bad_words_are_told_and_the_other_tokenizers_stay(open_page: Open) -> None:
    at = open_page(PAGE, cmp_source="words", bpe_words='[["low",0]]')
    assert at.warning
    assert list(lanes(at))[:2] == ["characters", "pocket-gpt"]


def test_a_model_that_is_not_here_leaves_the_page_standing(open_page: Open) -> None:
    at = open_page(PAGE, cmp_model="local:nothing-like-it")
    assert at.warning
    assert "pocket-gpt" in lanes(at)


def test_the_state_survives_a_change_of_language(open_page: Open) -> None:
    at = open_page(PAGE, cmp_part="call", call_text="low", cmp_model="pocket-gpt")
    at.session_state["lang"] = "ko"
    at.run()
    assert data_of(at, "tokenizer_call")["words"]["tokens_head"] == "토큰"
    assert at.session_state["call_text"] == "low"


def test_the_first_view_needs_no_torch() -> None:
    assert modules_after("tokens/compare", "token_lanes") == []


def vocabulary(folder: Path, *pieces: str) -> Path:
    """A folder with the vocab.txt of a BERT and nothing else: no configuration, no weights."""
    folder.mkdir()
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    (folder / "vocab.txt").write_text("\n".join((*special, *pieces)) + "\n", encoding="utf-8")
    return folder


def test_a_folder_with_a_tokenizer_alone_is_enough(open_page: Open, lang: str, tmp_path: Path) -> None:
    folder = vocabulary(tmp_path / f"my words {lang}", "i", "love", "nl", "##p", "!")
    checkpoints.add_local_folder(folder, tokenizer_only=True)  # as typing its path does
    at = open_page(PAGE, lang=lang, cmp_part="call", cmp_model=f"local:my words {lang}")
    assert not at.exception
    assert not at.warning
    data = data_of(at, "tokenizer_call")
    assert data["tokens"] == ["[CLS]", "i", "love", "nl", "##p", "!", "[SEP]"]
    assert data["input_ids"] == [2, 5, 6, 7, 8, 9, 3]
    assert data["token_type_ids"] == [0] * 7
    again = lanes(open_page(PAGE, lang=lang, cmp_model=f"local:my words {lang}", cmp_text="I love NLP fast"))
    lane = again[f"local:my words {lang}"]
    assert [one[0] for one in lane["tokens"]] == ["i", "love", "nl", "##p", "[UNK]"]
    assert lane["unknown"] == 1


def test_a_tokenizer_is_fetched_without_its_model(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, name = tmp_path / "model", "owner/any"
    shutil.copytree(ROOT / "assets" / "models" / "pocket-gpt", folder)
    (folder / "config.json").write_text('{"model_type": "t5"}', encoding="utf-8")  # no page runs a T5
    hub = FakeHub(folder, name)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    for variable in ("HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    try:
        at = open_page(PAGE, cmp_model=name)
        assert name not in lanes(at)
        at.button(key=f"describe-{name}").click().run()
        at.button(key=f"get-{name}").click().run()
        for _ in range(100):
            if name in lanes(at):
                break
            time.sleep(0.1)
            at.run()
        assert lanes(at)[name]["tokens"] == lanes(at)["pocket-gpt"]["tokens"]
        assert not at.exception
        assert not hub.ranges(), "the weights were not asked for"
    finally:
        hub.close()
