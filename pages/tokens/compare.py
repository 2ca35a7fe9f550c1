"""Compare tokenizers: one text through everything, the cost of a language, and the call a model is given."""

import html

import streamlit as st

from components.elements.predict_first import answer
from components.elements.tokens.language_cost import language_cost
from components.elements.tokens.token_lanes import token_lanes
from components.elements.tokens.tokenizer_call import tokenizer_call
from components.lessons.tokens import compare as cmp
from components.lessons.tokens.compare_controls import choices
from components.shell import links
from components.shell.layout import caption, foot, page_header, prediction, reading_aid, slide_note
from components.shell.models import tokenizer_in_use
from components.words import t

NAME = "tokens/compare"
links.open_view(NAME, *cmp.params(), korean={"cmp_text": cmp.TEXT_KO})
page_header(NAME)
if asked := cmp.prediction():
    prediction(asked)
part = st.session_state["cmp_part"]
export = None

# The reader chooses the part, the text, and a model of any kind.
choices(part)
card = tokenizer_in_use(default=cmp.first_model(), key="cmp_model")

if part == "call":
    file = cmp.tokenizer_of(card.name)
    if file is not None:
        text, pair = cmp.clean("call_text"), cmp.clean("call_pair") or None
        call = file.call(text, pair)
        tokenizer_call(
            call, special=file.special, unknown=file.unknown, printed=cmp.printed(card.name, call, text, pair)
        )
        caption(cmp.caption(part, card))
        cmp.ids_to_tokens(file, call)
        export = cmp.call_export(card, call)
else:
    own, models = cmp.trained(), cmp.model_tokenizers(card)
    texts = [cmp.clean(key) for key in (("cmp_text",) if part == "text" else ("cmp_en", "cmp_ko"))]
    shown = [(text, cmp.lanes(text, own, models)) for text in texts]
    with answer():
        if part == "text":
            token_lanes(shown[0][1])
        else:
            language_cost(shown[0][1], shown[1][1])
        caption(cmp.caption(part, card))
        reading_aid(html.escape(cmp.said(part, shown)))
    export = cmp.export(part, shown, card)

with st.expander(t("compare", "details"), icon=":material/menu_book:"):
    st.markdown(t("compare", "details_text"))
slide_note(*(("E11", "E12") if part == "call" else ("E07", "E01", "E09")))

foot(
    NAME,
    terms=["tokenization", "token", "vocabulary", "special token", "attention mask"],
    try_this=[
        (t("compare", "try_emoji"), {"cmp_text": "안녕하세요 👩‍👩‍👦 café cafe\u0301"}),
        (t("compare", "try_languages"), {"cmp_part": "languages"}),
        (t("compare", "try_call"), {"cmp_part": "call"}),
        (t("compare", "try_toy"), {"cmp_text": "lowest newer fast", "cmp_source": "words", "cmp_merges": 10}),
    ],
    sources=[
        ("Devlin et al. 2019, section 3", "https://arxiv.org/abs/1810.04805"),
        ("Sennrich et al. 2016", "https://arxiv.org/abs/1508.07909"),
        ("Kudo and Richardson 2018", "https://arxiv.org/abs/1808.06226"),
        (
            "Radford et al. 2019, section 2.2",
            "https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf",
        ),
    ],
    export=export,
)
