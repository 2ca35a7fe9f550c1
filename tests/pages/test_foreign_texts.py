"""A text in a language that a model cannot read is answered by one sentence that offers the model that can.

*GPT writes* and *Who may look at whom* say it in the browser: tests/browser/gpt/test_generation.py, tests/browser/transformer/test_masks.py.
"""

import pytest

from tests.pages.conftest import Open

TEXTS = {"ko": "고양이가 공을 본다.", "en": "The cat sees a ball."}
PAGES = {  # page: key of the model, keys of the text, what else the link asks for
    "bert/masking": ("bert_model", ("mlm_text",), {}),
    "bert/attention": ("attention_model", ("text",), {}),
    "bert/contextual": ("bert_model", ("word_sentences",), {"word": "a"}),
    "bert/inputs": ("bert_model", ("in_a", "in_b"), {}),
    "bert/dice": ("bert_model", ("dice_text",), {}),
    "bert/masking_rates": ("bert_model", ("live_text",), {"rates_look": "live"}),
    "transformer/positions": ("pos_model", ("pos_sentence",), {}),
    "transformer/block": ("attention_model", ("block_text",), {}),
    "transformer/self_attention": ("attention_model", ("steps_text",), {"example": "model"}),
    "gpt/decoding": ("model", ("dec_prompt",), {"dec_most": "8", "dec_depth": "2"}),
}
GPT = ("transformer/block", "gpt/decoding")


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("page", PAGES)
def test_one_sentence_offers_the_model_that_reads_it(open_page: Open, page: str, language: str) -> None:
    model_key, text_keys, further = PAGES[page]
    english = "pocket-gpt" if page in GPT else "pocket-bert"
    model, other = (english, f"{english}-ko") if language == "ko" else (f"{english}-ko", english)
    text = dict.fromkeys(text_keys, TEXTS[language])
    at = open_page(page, lang="en", **{model_key: model, **text, **further})
    notes = [block.proto.body for block in at.get("html") if 'class="gb-note"' in block.proto.body]
    (said,) = [note for note in notes if f"{model} learned" in note]
    assert f" {other}" in said.replace(model, "", 1)
