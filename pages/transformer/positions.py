"""Positions: a formula and a learned table, side by side."""

import html

import streamlit as st

from components.elements.position_tables import VIEWS, Look, Panel, position_tables
from components.elements.shuffle_board import shuffle_board
from components.lm.model_card import ModelRefused
from components.lm.positions import NoTable, angular_frequencies, sinusoids, wavelengths
from components.shell import cached, links
from components.shell.i18n import labels, t
from components.shell.layout import Export, caption, controls, foot, page_header, reading_aid, slide_note
from components.shell.models import model_in_use, model_picker, refusal
from components.shell.positions_page import default_model, example, rows_of

NAME = "transformer/positions"
given = st.session_state
links.open_view(
    NAME,
    links.Text("pos_model", default_model(), max_chars=120),
    links.Choice("pos_width", ("8", "32", "128", "512"), "128"),
    links.Choice("pos_count", ("64", "128", "256"), "64"),
    links.Choice("pos_measure", ("dot", "cosine"), "dot"),
    links.Integer("pos_at", 0, 255, 7),
    links.Integer("pos_dim", 0, 4095, 10),
    links.Choice("pos_view", VIEWS, "curve"),
    links.Flag("pos_shuffle"),
    links.Text("pos_sentence", "", max_chars=400),
    links.Integer("pos_seed", 0, 99, 3),
)
page_header(NAME)
with controls():
    model, width, count, measure = st.columns([3, 2.4, 2.2, 2.2])
    with model:
        model_picker("attention", key="pos_model")
    width.segmented_control(
        t("positions", "width"),
        ["8", "32", "128", "512"],
        key="pos_width",
        required=True,
        help=t("positions", "width_help"),
    )
    count.segmented_control(t("positions", "count"), ["64", "128", "256"], key="pos_count", required=True)
    measure.segmented_control(
        t("positions", "measure"),
        ["dot", "cosine"],
        key="pos_measure",
        required=True,
        help=t("positions", "measure_help"),
    )

# The waves are a formula; the learned table is read from the model's file, without torch.
d_model, shown = int(given["pos_width"]), int(given["pos_count"])
waves = sinusoids(shown, d_model)
about_waves = t("positions", "sinusoids_about", width=d_model)
panels = [Panel("sinusoids", waves, t("positions", "sinusoids_title"), about_waves, value_range=1.0)]
card = model_in_use("attention", default=default_model(), key="pos_model")
table = None
try:
    table = cached.position_table(card.name, card.revision)
    about = t("positions", "learned_about", rows=len(table.rows), width=table.rows.shape[1])
    note = t("positions", "learned_note")
    panels.append(
        Panel("learned", table.rows[:shown], t("positions", "learned_title", model=card.name), about, note)
    )
except NoTable:
    st.info(t("positions", "no_table", model=card.name, family=card.family))

look = position_tables(
    panels,
    Look(given["pos_at"], given["pos_dim"], given["pos_view"]),
    frequencies=angular_frequencies(d_model),
    measure=given["pos_measure"],
    words=labels("positions_words"),
    stepper=labels("stepper"),
    rev=links.revision(),
    key="position_tables",
)
links.put("pos_at", look.position)
links.put("pos_dim", look.dim)
links.put("pos_view", look.view)
said = t(
    "positions",
    "caption",
    width=d_model,
    model=card.name,
    revision=card.revision[:14],
    p=look.position,
    d=look.dim,
)
caption(said)
pair = min(look.dim, d_model - 1) // 2
slots = {"i": pair, "wave": f"{wavelengths(d_model)[pair]:,.3g}", "model": html.escape(card.name)}
reading_aid(t("positions", "aid", **slots) if table is not None else t("positions", "aid_alone", **slots))

shuffle = None
if st.toggle(t("positions", "shuffle"), key="pos_shuffle"):
    gpt, sentence = card.can("generation"), example(card)
    line, seed = st.columns([6, 1])
    help_text = t("positions", "shuffle_help_gpt" if gpt else "shuffle_help_bert")
    line.text_input(t("positions", "shuffle_text"), key="pos_sentence", placeholder=sentence, help=help_text)
    seed.number_input(t("positions", "shuffle_seed"), 0, 99, key="pos_seed")
    try:
        with st.spinner(t("positions", "shuffle_running"), show_time=True):
            shuffle = cached.shuffle(
                card.name, card.revision, given["pos_sentence"].strip() or sentence, given["pos_seed"]
            )
        shuffle_board(shuffle, words=labels("shuffle_words"), key="shuffle_board")
        caption(
            t(
                "positions",
                "shuffle_caption",
                model=card.name,
                revision=card.revision[:14],
                seed=given["pos_seed"],
            )
        )
        differences = {kind: f"{value:.2g}" for kind, value in shuffle.largest.items()}
        reading_aid(t("positions", "shuffle_aid_gpt" if gpt else "shuffle_aid_bert", **differences))
    except ModelRefused as error:
        st.warning(refusal(error))
    except NoTable:
        st.info(t("positions", "no_table", model=card.name, family=card.family))
    except ValueError:
        st.info(t("positions", "shuffle_short"))

with st.expander(t("positions", "formula")):
    st.markdown(t("positions", "formula_text"))
turns = [
    {"pair": i, "dims": f"{2 * i}, {2 * i + 1}", "frequency": float(f), "wavelength": float(n)}
    for i, (f, n) in enumerate(zip(angular_frequencies(d_model), wavelengths(d_model), strict=True))
]
with st.expander(t("positions", "wavelengths")):
    st.dataframe(
        [{t("positions", f"col_{key}"): value for key, value in row.items()} for row in turns],
        hide_index=True,
    )
slide_note("E13")

foot(
    NAME,
    terms=["positional encoding", "position embedding"],
    try_this=[
        (t("positions", "try_far"), {"pos_at": 60, "pos_model": given["pos_model"]}),
        (t("positions", "try_slow"), {"pos_dim": 100, "pos_count": "256", "pos_model": given["pos_model"]}),
        (
            t("positions", "try_matrix"),
            {"pos_view": "matrix", "pos_measure": "cosine", "pos_model": given["pos_model"]},
        ),
    ],
    sources=[
        ("Vaswani et al. 2017, section 3.5", "https://arxiv.org/abs/1706.03762"),
        ("Devlin et al. 2019, section 3", "https://arxiv.org/abs/1810.04805"),
    ],
    export=Export(
        name="transformer-positions",
        caption=said,
        about={"model": card.name, "revision": card.revision, "d_model": d_model},
        tables={p.name: lambda rows=p.rows: rows_of(rows) for p in panels} | {"wavelengths": lambda: turns},
        result=lambda: {"wavelengths": turns, "look": vars(look)},
    ),
)
