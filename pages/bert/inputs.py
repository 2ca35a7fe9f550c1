"""Token + segment + position: BERT's input, taken apart and put together again."""

import html

import streamlit as st

from components.elements.embedding_sum import embedding_sum
from components.lm.attention import TooLong
from components.lm.embeddings import NotBert, norms
from components.lm.model_card import ModelRefused
from components.shell import cached, links
from components.shell import inputs_page as page
from components.shell.i18n import labels, t
from components.shell.layout import Export, caption, controls, foot, page_header, reading_aid, slide_note
from components.shell.models import model_in_use, model_picker, refusal

NAME = "bert/inputs"
links.open_view(NAME, *page.PARAMS)
page_header(NAME)
with controls():
    first, second, model = st.columns([4, 4, 2.4])
    first.text_input(t("inputs", "a"), key="in_a", on_change=page.forget_places)
    second.text_input(t("inputs", "b"), key="in_b", on_change=page.forget_places)
    with model:
        model_picker("attention", key="bert_model", on_change=page.forget_places)

card = model_in_use("attention", default=page.MODEL, key="bert_model")
export = None
try:
    segments = cached.bert_segments(card.name)
    shown = page.changes(painted=False)
    with st.spinner(t("inputs", "computing", model=card.name), show_time=True):
        given = cached.bert_input(card.name, card.revision, *page.texts(), shown)
        parts = cached.bert_embedding(card.name, card.revision, *page.texts(), shown)
except NotBert as error:
    st.info(t("inputs", "not_bert", model=card.name, family=error.family))
except TooLong as error:
    st.error(t("inputs", "too_long", tokens=f"{error.num_tokens:,}", limit=error.limit, model=card.name))
except ModelRefused as error:
    st.warning(refusal(error))
else:
    look = embedding_sum(
        parts,
        given,
        page.view(),
        text=f"{card.name}\n{page.texts()}",
        words=labels("sum_words"),
        stepper=labels("stepper"),
        rev=links.revision(),
        key="embedding_sum",
    )
    page.keep(look)
    done = page.changes(painted=True)
    now = cached.bert_embedding(card.name, card.revision, *page.texts(), done)
    about = t(
        "inputs",
        "caption",
        model=card.name,
        revision=card.revision[:14],
        width=parts.token_embedding.shape[1],
        changes=page.said_changes(done),
        difference=f"{now.largest_difference:.1e}",
    )
    caption(about)
    lengths = {
        name: float(norms(rows).mean())
        for name, rows in (
            ("token", now.token_embedding),
            ("segment", now.segment_embedding),
            ("position", now.position_embedding),
        )
    }
    largest = max(lengths, key=lengths.__getitem__)
    said = {name: f"{value:.3g}" for name, value in lengths.items()}
    extra = f" {t('inputs', 'projected', width=now.projected_width)}" if now.projected_width else ""
    extra += (
        ""
        if segments > 1
        else f" {t('inputs', 'one_segment' if segments else 'no_segments', model=html.escape(card.name))}"
    )
    reading_aid(t("inputs", "aid", row=t("sum_words", f"row_{largest}"), **said) + extra)
    export = Export(
        name="bert-inputs",
        caption=f"{about} · {' / '.join(page.texts())}",
        about={"model": card.name, "revision": card.revision, "a": page.texts()[0], "b": page.texts()[1]},
        tables=page.tables(card, done),
        result=lambda: {"lists": page.tables(card, done)["lists"](), "mean_lengths": lengths},
    )
    st.segmented_control(
        t("inputs", "panel"),
        page.PANELS,
        key="in_panel",
        required=True,
        format_func={name: t("inputs", f"panel_{name}") for name in page.PANELS}.__getitem__,
    )
    try:
        match st.session_state["in_panel"]:
            case "neighbours":
                page.panel_neighbours(card, given, look.token)
            case "changes":
                plain = cached.bert_input(card.name, card.revision, *page.texts(), page.Changes())
                page.panel_changes(card, plain, look.token, segments)
            case "padding":
                page.panel_padding(card)
            case "special":
                page.panel_special(card, given)
            case "code":
                page.panel_code(card, look.token)
    except (TooLong, ValueError):
        st.info(t("inputs", "no_padding"))

slide_note("E12", "E13", "E15", "E16", "E17")
model = st.session_state["bert_model"]
foot(
    NAME,
    terms=[
        "embedding",
        "segment embedding",
        "position embedding",
        "special token",
        "attention mask",
        "layer normalization",
    ],
    try_this=[
        (
            t("inputs", "try_all_b"),
            {"bert_model": model, "in_step": 6, "in_panel": "changes", "in_segments": "all_b"},
        ),
        (
            t("inputs", "try_reversed"),
            {"bert_model": model, "in_step": 6, "in_panel": "changes", "in_positions": "reversed"},
        ),
        (
            t("inputs", "try_leak"),
            {"bert_model": model, "in_step": 6, "in_panel": "padding", "in_flips": (2 * 4096 + 4,)},
        ),
    ],
    sources=[
        ("Devlin et al. 2019, section 3, Figure 2", "https://arxiv.org/abs/1810.04805"),
        ("Ba et al. 2016, section 3", "https://arxiv.org/abs/1607.06450"),
    ],
    export=export,
)
