"""Attention heads: who reads whom, in every head of a real model."""

import streamlit as st

from components.elements.attention_view import attention_view
from components.lm.attention import Attention, Unreadable, as_rows, pack_weights
from components.shell import attention_page as page
from components.shell import attention_panels as panels
from components.shell import cached, links
from components.shell.i18n import t
from components.shell.layout import Export, caption, controls, foot, page_header, slide_note
from components.shell.models import model_in_use, model_picker

NAME = "bert/attention"
links.open_view(NAME, *page.params())
page_header(NAME)

# The reader sets one or two texts, the model, and what is measured.
with controls():
    row = st.columns([4, 3, 2, 2.4], vertical_alignment="bottom")
    row[0].text_input(t("attention", "text"), key="text")
    row[1].text_input(t("attention", "second"), key="second", placeholder=t("attention", "second_hint"))
    with row[2]:
        model_picker("attention", key="attention_model")
    row[3].selectbox(
        t("attention", "measure"),
        page.MEASURES,
        key="measure",
        format_func=lambda measure: t("attention", measure),
        help=t("attention", "measure_help"),
    )
card = model_in_use("attention", default=page.default_model(), key="attention_model")
attention = page.read(card)
if attention is None:
    foot(NAME)
    st.stop()

# The model reads; the weights, or what else was asked for, go to the browser in one byte each.
s = st.session_state
texts = (card.name, card.revision, s["text"], s["second"])
measure = s["measure"]
if measure == "value_weighted":
    try:
        cached.attention_measure(*texts, measure)
    except Unreadable:
        st.info(t("attention", "unreadable", family=card.family))
        measure = "weights"
sent, only = page.shown(card, attention)
scores = cached.attention_scores(*texts)
weights = (
    sent.weights if measure == "weights" else cached.attention_measure(*texts, measure)[list(sent.layers)]
)
rolled = measure == "rollout"
columns = (
    [t("attention", "mean"), t("attention", "rolled")] if rolled else [str(i) for i in range(card.num_heads)]
)
if only is not None:
    st.number_input(
        t("attention", "only_layer", tokens=len(attention.encoded)), 0, card.num_layers - 1, key="layer"
    )
choice = attention_view(
    pack_weights(weights),
    sent.encoded,
    key=f"{card.name} {card.revision[-8:]} {hash((texts, measure, only))}",
    layers=sent.layers,
    columns=columns,
    scores={} if rolled or only is not None else page.plain_scores(scores),
    strongest=None if rolled or only is not None else page.strongest(scores),
    start=page.start(),
    rev=links.revision(),
)
page.keep(choice, only)

about = {
    "model": card.name,
    "revision": card.revision,
    "text": s["text"],
    "second": s["second"],
    "measure": measure,
}
where = t("attention", "caption_heads", layer=choice.layer, heads=", ".join(map(str, choice.heads)))
caption(
    f"{card.name} ({card.revision[:14]}) · {where} · {t('attention', measure)} · {t('attention', 'caption_tokens', n=len(sent.encoded))}"
)

# Attention is not an explanation: the tools to see why.
st.markdown(t("attention", "not_explanation"))
panel = st.segmented_control(
    t("attention", "panel"),
    page.PANELS,
    key="panel",
    required=True,
    format_func=lambda name: t("attention", f"panel_{name}"),
)
if panel == "ablation":
    panels.ablation(card, attention)
elif panel == "bertviz":
    panels.bertviz(card, attention, choice)
elif panel == "numbers":
    panels.numbers(card, attention, choice, about)

slide_note("E73", "E74")
exact = Attention(sent.encoded, weights, sent.layers, sent.causal)
foot(
    NAME,
    try_this=page.prepared(card),
    sources=[
        ("Vaswani et al. 2017, 3.2", "https://arxiv.org/abs/1706.03762"),
        ("Clark et al. 2019, 3", "https://arxiv.org/abs/1906.04341"),
        ("Abnar and Zuidema 2020, 3", "https://arxiv.org/abs/2005.00928"),
        ("Kobayashi et al. 2020, 3", "https://arxiv.org/abs/2004.10102"),
    ],
    export=Export(
        name="attention",
        caption=f"{card.name} {card.revision} · {where} · {t('attention', measure)} · {s['text']} {s['second']}",
        about=about,
        tables={"weights": lambda: as_rows(exact, [(choice.layer, head) for head in choice.heads])},
        result=lambda: {
            "weights": as_rows(exact, [(choice.layer, head) for head in choice.heads]),
            "tokens": list(sent.encoded.tokens),
        },
    ),
)
