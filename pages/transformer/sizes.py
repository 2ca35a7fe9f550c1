"""How big is it: a model drawn to scale, its parameters counted part by part."""

import streamlit as st

from components.elements.model_stack import model_stack
from components.lm.model_size import (
    NUMBERS,
    SHARED,
    STACKS,
    Size,
    bundled_presets,
    compute_per_token,
    count,
    fact_rows,
    part_count,
    parts,
    presets,
    times,
)
from components.shell import links
from components.shell.i18n import labels, t
from components.shell.layout import Export, caption, foot, page_header, slide_note

NAME = "transformer/sizes"
TITLES = {"bert": "BERT", "albert": "ALBERT", "gpt": "GPT", "transformer": "Transformer"}
FAMILIES = ("Glassbox", "Transformer", "BERT", "ALBERT", "GPT-1", "GPT-2", "GPT-3")

every = {preset.name: preset for preset in (*bundled_presets(), *presets())}
base = every["bert-base"].size
KEYS = {f"s_{field}": field for field in NUMBERS}  # link key -> number of a Size
links.open_view(
    NAME,
    links.Choice("s_stack", STACKS, base.stack),
    *(links.Integer(key, *NUMBERS[field], getattr(base, field)) for key, field in KEYS.items()),
    links.Integer("s_types", 0, 16, base.token_types),
    links.Choice("s_shared", SHARED, base.shared),
    links.Flag("s_heads"),
)
page_header(NAME)


def title(name: str) -> str:
    """A model's name as its paper writes it: gpt-2-117m -> GPT-2 117M."""
    family, *rest = name.split("-")
    if family not in TITLES:
        return name
    tail = [part.upper() if part[:1].isdigit() else part for part in rest]
    if family == "gpt":
        return " ".join([f"GPT-{tail[0]}", *tail[1:]])
    return "-".join([TITLES[family], *(part.capitalize() if family == "bert" else part for part in tail)])


given = st.session_state
size = Size(
    stack=given["s_stack"],
    token_types=given["s_types"],
    shared=given["s_shared"],
    heads=given["s_heads"],
    **{field: given[key] for key, field in KEYS.items()},
)
size = model_stack(
    size,
    list(every.values()),
    titles={name: title(name) for name in every},
    shorts={name: preset.paper_label or name for name, preset in every.items()},
    notes=labels("sizes_notes"),
    families={family: t("sizes", f"fam_{family}") for family in FAMILIES},
    words=labels("sizes_words"),
    rev=links.revision(),
    key="model_stack",
)


def state_of(size: Size) -> dict[str, object]:
    """The state of this page that shows ``size``."""
    numbers = {key: getattr(size, field) for key, field in KEYS.items()}
    more = {
        "s_stack": size.stack,
        "s_types": size.token_types,
        "s_shared": size.shared,
        "s_heads": size.heads,
    }
    return numbers | more


for key, value in state_of(size).items():
    links.put(key, value)

known = next((name for name, preset in every.items() if preset.size == size), None)
total = count(size)
about = t(
    "sizes",
    "caption",
    title=title(known) if known else t("sizes_words", "your_model"),
    stack=t("sizes_words", f"stack_{size.stack}"),
    L=size.num_layers,
    H=f"{size.hidden_size:,}",
    A=size.num_heads,
    F=f"{size.intermediate_size:,}",
    V=f"{size.vocab_size:,}",
    P=f"{size.max_positions:,}",
    n=f"{total:,}",
)
caption(about)
rows = [
    {
        "part": f"{t('sizes_words', part.name)} ({part.place})",
        "shapes": ", ".join(f"{tensor.name} {' × '.join(tensor.shape)}" for tensor in part.tensors),
        "each": part_count(part, size),
        "copies": times(part, size),
        "total": part_count(part, size) * times(part, size),
    }
    for part in parts(size)
]
with st.expander(t("sizes", "table")):
    st.table(
        [
            {t("sizes", f"table_{key}"): f"{v:,}" if isinstance(v, int) else v for key, v in row.items()}
            for row in rows
        ]
    )
with st.expander(t("sizes", "formula")):
    approx = 12 * size.num_layers * size.hidden_size**2
    st.markdown(t("sizes", "formula_text", approx=f"{approx:,}", exact=f"{total:,}"))
    st.markdown(t("sizes", "training", bytes=f"{16 * total / 1e9:,.3g} GB"))
with st.expander(t("sizes", "albert_title")):
    st.markdown(t("sizes", "albert_text"))
    wanted = ("hidden_H", "embedding_E", "one_matrix_VxH", "factorized_VxE_plus_ExH", "ratio")
    st.table(
        [{t("sizes", f"col_{key}"): row[key] for key in wanted} for row in fact_rows("albert_embedding_math")]
    )
slide_note("E18", "E24", "E38", "E40", "E44", "E45", "E54")
foot(
    NAME,
    terms=["embedding", "feed-forward network", "multi-head attention", "vocabulary"],
    try_this=[
        (t("sizes", f"try_{short}"), state_of(every[name].size))
        for short, name in (("large", "bert-large"), ("albert", "albert-base"), ("gpt3", "gpt-3-175b"))
    ],
    sources=[
        ("Vaswani et al. 2017, Table 3", "https://arxiv.org/abs/1706.03762"),
        ("Devlin et al. 2019, section 3", "https://arxiv.org/abs/1810.04805"),
        ("Lan et al. 2020, Tables 1 and 4", "https://arxiv.org/abs/1909.11942"),
        ("Brown et al. 2020, Tables 2.1 and D.1", "https://arxiv.org/abs/2005.14165"),
    ],
    export=Export(
        name="transformer-sizes",
        caption=about,
        about=state_of(size),
        tables={"parts": lambda: rows},
        result=lambda: {"parts": rows, "total": total, "multiplications_per_token": compute_per_token(size)},
    ),
)
