"""One word, many meanings: one row of the token table, another vector in each sentence."""

import html

import streamlit as st

from components.elements.word_map import show_word_map
from components.lm.attention import TooLong
from components.lm.contextual import NotFound, layer_cosines, mean_cosine_to_others
from components.lm.model_card import ModelRefused
from components.shell import cached, links
from components.shell import contextual_page as page
from components.shell.i18n import labels, t
from components.shell.layout import Export, caption, controls, foot, page_header, reading_aid, slide_note
from components.shell.models import model_in_use, model_picker, refusal

NAME = "bert/contextual"
links.open_view(NAME, *page.PARAMS)
page_header(NAME)
state = st.session_state
with controls():
    first, second, third, fourth = st.columns([5, 1.6, 1.3, 2.1])
    first.text_area(
        t("contextual", "sentences"), key="word_sentences", height=68, help=t("contextual", "sentences_help")
    )
    second.text_input(t("contextual", "word"), key="word")
    with fourth:
        model_picker("attention", key="bert_model")
    card = model_in_use("attention", default=page.MODEL, key="bert_model")
    with third, st.container(key="gb-example-slot"):
        st.html("<div style='height:0.66rem'></div>")
        with st.popover(t("contextual", "examples"), width="stretch"):
            for word, sentences in page.examples(card).items():
                st.button(
                    word, key=f"example-{word}", on_click=page.take, args=(word, sentences), width="stretch"
                )

export = None
try:
    with st.spinner(t("contextual", "computing", model=card.name), show_time=True):
        vectors = cached.words_in_context(
            card.name, card.revision, state["word_sentences"], state["word"].strip()
        )
except NotFound:
    st.info(t("contextual", "not_found", word=state["word"]))
except TooLong as error:
    st.error(t("contextual", "too_long", tokens=error.num_tokens, limit=error.limit, model=card.name))
except ModelRefused as error:
    st.warning(refusal(error))
except ValueError:
    st.info(t("contextual", "no_offsets", model=card.name))
else:
    look = show_word_map(
        vectors,
        page.view(),
        words=labels("map_words"),
        stepper=labels("stepper"),
        rev=links.revision(),
        key="word_map",
    )
    page.keep(look)
    cosines = layer_cosines(vectors)
    one, other = look.pair
    about = t(
        "contextual",
        "caption",
        model=card.name,
        revision=card.revision[:14],
        word=state["word"],
        n=len(vectors.chosen),
        last_layer=card.num_layers - 1,
    )
    caption(about)
    pieces = max(vectors.pieces[i] for i in vectors.chosen)
    said = t(
        "contextual",
        page.verdict(cosines, one, other),
        word=html.escape(state["word"]),
        n=len(vectors.chosen),
        first=f"{cosines[0][one][other]:.3g}",
        last=f"{cosines[-1][one][other]:.3g}",
        others=f"{mean_cosine_to_others(vectors):.3g}",
        a=one + 1,
        b=other + 1,
    )
    reading_aid(said + (f" {t('contextual', 'pieces', n=pieces)}" if pieces > 1 else ""))
    export = Export(
        name="bert-contextual",
        caption=f"{about} · {state['word_sentences']}",
        about={"model": card.name, "revision": card.revision, "word": state["word"]},
        tables={"cosines": lambda: page.rows(vectors, cosines)},
        result=lambda: {"cosines": page.rows(vectors, cosines)},
    )

with st.expander(t("contextual", "elmo")):
    st.markdown(t("contextual", "elmo_text"))
slide_note("E77")
foot(
    NAME,
    terms=["static embedding", "contextual embedding", "feature-based approach"],
    try_this=[
        (
            t("contextual", f"try_{word}"),
            {
                "bert_model": state["bert_model"],
                "word": word,
                "word_sentences": "\n".join(sentences),
                "word_layer": 99,
            },
        )
        for word, sentences in list(page.EXAMPLES.items())[1:]
    ],
    sources=[
        ("Mikolov et al. 2013", "https://arxiv.org/abs/1301.3781"),
        ("Peters et al. 2018, section 3.2", "https://arxiv.org/abs/1802.05365"),
        ("Devlin et al. 2019, section 5.3", "https://arxiv.org/abs/1810.04805"),
    ],
    export=export,
)
