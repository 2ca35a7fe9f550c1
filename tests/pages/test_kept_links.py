"""Links that were sent before the code was re-arranged open the same view."""

from urllib.parse import parse_qsl

import pytest

from components.shell import links
from tests.pages.conftest import Open, said

KEPT = {
    "tokens/bpe": "num_merges=6&tie_rule=largest&bpe_step=4&end_of_word=1",
    "tokens/encode": "encode_text=안녕&encode_view=bytes&hexadecimal=1&encode_step=2",
    "tokens/wordpiece": "wp_part=unigram&uni_step=1&uni_size=16",
    "tokens/compare": "cmp_part=languages&cmp_en=The cat sat.&cmp_ko=고양이가 앉았다.",
    "transformer/positions": "pos_width=8&pos_at=40&pos_dim=3&pos_view=matrix",
    "transformer/self_attention": "example=model&steps_layer=1&steps_head=2&step=3",
    "transformer/masks": "word=2&flips=124&left_model=nano-bert",
    "transformer/sparse": "pattern=fixed&n=40&l=5&c=2&query=30",
    "transformer/sizes": "s_shared=all&s_types=3",
    "bert/inputs": "in_a=she sang&in_b=he slept&in_step=3&in_token=2",
    "bert/contextual": "word_layer=2&word_pair=1.3",
    "bert/attention": "text=The girl saw the bird.&layer=2&heads=1.3&token=4",
    "bert/masking": "mlm_text=The dog ran home.&hidden=2&mlm_look=order",
    "bert/dice": "seed=7&strategy=words&throws=100&stage=2",
    "bert/masking_rates": "recipe=2&rates_look=live",
    "bert/next_sentence": "nsp_part=probe&nsp_seed=5",
    "gpt/generation": "prompt=The king said&strategy=greedy&step=3",
    "gpt/learning": "probe=3&moment=5&learn_look=bias",
}


@pytest.mark.parametrize("page", KEPT)
def test_a_kept_link_opens_its_view(open_page: Open, page: str) -> None:
    given = dict(parse_qsl(KEPT[page]))
    at = open_page(page, **given)
    params = {param.key: param for param in at.session_state["_view"].params}
    assert set(given) <= set(params)
    for key, value in given.items():
        assert params[key].write(at.session_state[key]) == value, key
    worded = [note for note in at.session_state["_view"].notes if isinstance(note, links.Note)]
    assert worded == [], said(at)
