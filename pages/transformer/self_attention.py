"""Self-attention, step by step: from vectors to scores to weights to a new vector."""

import streamlit as st

from components.elements.attention_steps import StepsView, attention_steps
from components.lm.attention import TooLong, Unreadable
from components.lm.attention_steps import worked_example
from components.shell import attention_page, cached, links
from components.shell.i18n import t
from components.shell.layout import Export, caption, controls, foot, page_header, slide_note
from components.shell.models import model_in_use, model_picker

NAME = "transformer/self_attention"
WORDS = "self_attention"
MOST_TOKENS = 40
links.open_view(
    NAME,
    links.Choice("example", ("numbers", "model"), "numbers"),
    links.Flag("causal"),
    links.Text("steps_text", "The fox sat on the stone.", max_chars=400),
    links.Text("attention_model", attention_page.default_model(), max_chars=120),
    links.Integer("steps_layer", 0, 199, 0),
    links.Integer("steps_head", 0, 199, 0),
    links.Integer("step", 0, 9, 0),
    links.Integer("query", -1, MOST_TOKENS - 1, -1),
    links.Integer("key", -1, MOST_TOKENS - 1, -1),
    links.Number("divisor", 0.0, 100.0, 0.0),
)
page_header(NAME)
s = st.session_state
toy = s["example"] == "numbers"

# The reader sets what is computed: whole numbers by hand, or a head of a real model.
with controls():
    row = st.columns([2.4, 4, 2, 1.1, 1.1], vertical_alignment="bottom")
    row[0].segmented_control(
        t(WORDS, "example"),
        ["numbers", "model"],
        key="example",
        required=True,
        format_func=lambda e: t(WORDS, f"example_{e}"),
    )
    if toy:
        row[1].toggle(t(WORDS, "causal"), key="causal")
    else:
        row[1].text_input(t(WORDS, "text"), key="steps_text")
        with row[2]:
            model_picker("attention", key="attention_model")

if toy:
    steps, tokens = worked_example(s["causal"]), ["The", "cat", "sat"]
    shown, about = f"numbers {s['causal']}", {"example": "whole numbers", "causal": s["causal"]}
    said = t(WORDS, "caption_numbers", mask=t(WORDS, "mask_causal" if s["causal"] else "mask_none"))
else:
    card = model_in_use("attention", default=attention_page.default_model(), key="attention_model")
    s["steps_layer"], s["steps_head"] = (
        min(s["steps_layer"], card.num_layers - 1),
        min(s["steps_head"], card.num_heads - 1),
    )
    row[3].number_input(t(WORDS, "layer"), 0, card.num_layers - 1, key="steps_layer")
    row[4].number_input(t(WORDS, "head"), 0, card.num_heads - 1, key="steps_head")
    layer, head = s["steps_layer"], s["steps_head"]
    try:
        with st.spinner(t(WORDS, "computing", model=card.name)):
            steps = cached.head_steps(card.name, card.revision, s["steps_text"], "", layer, head)
        if len(steps.encoded) > MOST_TOKENS:
            raise TooLong(len(steps.encoded), MOST_TOKENS)
    except (TooLong, Unreadable) as error:
        too_long = isinstance(error, TooLong)
        st.error(
            t(WORDS, "too_long", tokens=error.num_tokens, limit=error.limit)
            if too_long
            else t(WORDS, "unreadable", family=card.family)
        )
        foot(NAME)
        st.stop()
    tokens = list(steps.encoded.texts)
    shown = f"{card.name} {card.revision[-8:]} {layer} {head} {s['steps_text']}"
    about = {
        "model": card.name,
        "revision": card.revision,
        "text": s["steps_text"],
        "layer": layer,
        "head": head,
    }
    said = t(
        WORDS,
        "caption_model",
        model=card.name,
        revision=card.revision[:14],
        layer=layer,
        head=head,
        scaling=f"{1 / steps.scaling:.3g}",
    )

held = s.get("_steps_start")
if held is None or held[0] != links.revision():
    held = s["_steps_start"] = (links.revision(), StepsView(s["step"], s["query"], s["key"], s["divisor"]))
view = attention_steps(steps, tokens, key=shown, start=held[1], rev=links.revision())
for name in ("step", "query", "key", "divisor"):
    links.put(name, getattr(view, name))
caption(said)

slide_note("E73", "E72", "E74", "E79")
matrices = {"scores": steps.scores, "scaled": steps.scaled, "weights": steps.weights}
rows = [
    {
        "query": q,
        "query_token": tokens[q],
        "key": k,
        "key_token": tokens[k],
        **{n: float(m[q, k]) for n, m in matrices.items()},
    }
    for q in range(len(tokens))
    for k in range(len(tokens))
]
foot(
    NAME,
    terms=[
        "self-attention",
        "scaled dot-product attention",
        "softmax",
        "residual connection",
        "layer normalization",
        "pre-LN",
    ],
    try_this=[
        (t(WORDS, "try_numbers"), {"step": 5, "query": 2, "key": 2}),
        (t(WORDS, "try_causal"), {"causal": True, "step": 4, "query": 1, "key": 2}),
        (t(WORDS, "try_model"), {"example": "model", "step": 5, "steps_layer": 1, "divisor": 1.0}),
    ],
    sources=[("Vaswani et al. 2017, 3.2", "https://arxiv.org/abs/1706.03762")],
    export=Export(
        name="self-attention", caption=said, about=about, tables={"scores": lambda: rows}, result=lambda: rows
    ),
)
