"""What lies below the picture of "Attention heads": ablation, bertviz, the numbers."""

import html
from typing import Any

import streamlit as st

from components.elements.bert.ablation_board import Switched, ablation_board, chosen
from components.elements.bert.attention_view import AttentionChoice
from components.elements.bert.bertviz_frame import MOST_LINES, VIEWS, bertviz_html, lines_to_draw
from components.lessons.attention_models import head_steps
from components.lessons.bert import attention as page
from components.lessons.bert.masked_text import percent
from components.lm.checkpoints.model_card import ModelCard
from components.lm.reading import Reading
from components.lm.transformer.attention import Attention, Unreadable
from components.shell import links
from components.shell.held import held
from components.shell.layout import reading_aid, working
from components.shell.loading import load_model
from components.words import t, told

BOARD = "ablation_board"


def _head_name(layer: int, head: int) -> str:
    return t("attention_view", "head_name", layer=layer, head=head)


# --- Ablation -------------------------------------------------------------------------------------------------------


def _switched(card: ModelCard, reading: Reading, masked: bool) -> Switched:
    """What is off and what is predicted: the element's word, or the link's right after it moved."""
    s, rev = st.session_state, links.revision()
    at = int(s["at"])
    start = Switched(
        tuple(
            (code // page.HEADS_PER_LAYER, code % page.HEADS_PER_LAYER)
            for code in s["off"]
            if code // page.HEADS_PER_LAYER < card.num_layers and code % page.HEADS_PER_LAYER < card.num_heads
        ),
        at,
    )
    now = start if s.get("_ablation_rev") != rev else chosen(BOARD, start, rev)
    s["_ablation_rev"] = rev
    off = tuple(head for head in now.off if head[0] < card.num_layers and head[1] < card.num_heads)
    at = now.at
    if not 0 <= at < len(reading) or (masked and reading.special[at]):
        at = _place(reading, masked)
    links.put("off", tuple(layer * page.HEADS_PER_LAYER + head for layer, head in sorted(off)))
    links.put("at", at)
    return Switched(tuple(sorted(off)), at)


def _place(reading: Reading, masked: bool) -> int:
    """Where to predict at first: after the last token, or at the last word of a masked model's text."""
    if not masked:
        return len(reading) - 1
    ordinary = [i for i in range(len(reading)) if not reading.special[i] and not reading.punctuation[i]]
    given = [i for i in ordinary if reading.input_ids[i] == reading.mask_token_id]
    return (given or ordinary or [0])[0 if given else -1]


def ablation(card: ModelCard, attention: Attention) -> None:
    """Switch heads off and see the prediction change; find the strongest head by trying all."""
    from components.lm.transformer import ablation as lm

    if not (card.can("masked_prediction") or card.can("generation")):
        st.info(told("attention", "no_prediction", model=card.name))
        return
    masked = card.can("masked_prediction")
    plain = attention.reading
    switched = _switched(card, plain, masked)
    reading = plain.with_mask_at(switched.at) if masked else plain
    loaded = load_model(card.name, "attention")
    try:
        before = lm.predict(loaded, reading, switched.at)
        after = lm.predict(loaded, reading, switched.at, switched.off) if switched.off else before
    except Unreadable:
        st.info(told("attention", "unreadable", family=card.family))
        return
    rows = lm.compare(loaded, before, after)
    of = (card.name, card.revision, tuple(plain.input_ids.tolist()), switched.at)
    found = st.session_state.setdefault("_effects", {"of": None, "effects": [], "done": False})
    if found["of"] != of:
        if (
            found["of"] is not None and found.get("rev") == links.revision()
        ):  # not what the link asked for any more
            links.put("tried", False)
        found.update(of=of, effects=[], done=False)
    found["rev"] = links.revision()

    with st.container(horizontal=True, vertical_alignment="center"):
        half = bool(found["effects"]) and not found["done"]
        search = st.button(
            t("attention", "go_on" if half else "try_all"), key="try-all-heads", icon=":material/search:"
        )
        place = st.empty()
    again = bool(st.session_state["tried"]) and not half  # the link holds that all were tried
    if (search or again) and not found["done"]:
        links.put("tried", False)  # a search that is stopped does not begin again by itself
        total = card.num_layers * card.num_heads
        with place.container(horizontal=True, vertical_alignment="center"):
            st.button(
                t("attention", "stop"), key="stop-heads"
            )  # any click ends this run; what was found stays
            progress = st.progress(0.0)
        for batch in lm.try_heads(loaded, reading, switched.at, skip=len(found["effects"])):
            found["effects"].extend(batch)
            progress.progress(
                len(found["effects"]) / total,
                text=told("attention", "tried", done=len(found["effects"]), total=total),
            )
        found["done"] = True
        place.empty()
    links.put("tried", found["done"])
    effects = found["effects"]
    best = max(effects, key=lambda e: abs(e.log2_change), default=None)
    ablation_board(
        plain,
        rows,
        key=BOARD,
        switched=switched,
        num_layers=card.num_layers,
        num_heads=card.num_heads,
        masked=masked,
        effects=effects,
        best=best,
        rev=links.revision(),
    )
    from components.lm.tokens.token_text import token_info

    top = token_info(loaded.tokenizer, before.top(1)[0]).text
    quoted = f"<code>{html.escape(top)}</code>"
    lines = []
    if best is not None:
        if not found["done"]:
            tried = {"done": len(effects), "total": card.num_layers * card.num_heads}
            lines.append(t("attention", "stopped", **tried))
        helps = "helps" if best.log2_change < 0 else "hinders"
        lines.append(
            t(
                "attention",
                helps,
                head=_head_name(best.layer, best.head),
                token=quoted,
                before=percent(float(before.probs[before.top(1)[0]])),
                after=percent(best.prob),
            )
        )
    if switched.off:
        bits = lm.divergence(before.probs, after.probs)
        lines.append(t("attention", "without", count=len(switched.off), bits=f"{bits:.3g}"))
    elif best is None:
        lines.append(t("attention", "ablation_hint"))
    reading_aid(" ".join(lines))


# --- bertviz --------------------------------------------------------------------------------------------------------


def bertviz(card: ModelCard, attention: Attention, choice: AttentionChoice) -> None:
    """bertviz's three views of the same numbers, drawn without a network."""
    view = held().segmented_control(
        t("attention", "bertviz_view"), VIEWS, key="bertviz_view", required=True, label_visibility="collapsed"
    )
    reading = attention.reading
    num_layers, num_heads = attention.weights.shape[:2]
    lines = lines_to_draw(view, num_layers, num_heads, len(reading))
    if lines > MOST_LINES[view]:
        st.info(
            told(
                "attention",
                "bertviz_large",
                lines=f"{lines:,}",
                most=f"{MOST_LINES[view]:,}",
                tokens=len(reading),
            )
        )
        return
    layer = min(choice.layer, num_layers - 1)
    head = min(choice.heads[-1], num_heads - 1)
    given: dict[str, Any] = {}
    if view == "neuron":
        try:
            steps = head_steps(
                card.name, card.revision, st.session_state["text"], st.session_state["second"], layer, head
            )
        except Unreadable:
            st.info(told("attention", "unreadable", family=card.family))
            return
        given = {"queries": steps.q, "keys": steps.k, "causal": attention.causal}
    second = reading.segments.nonzero()[0]
    dark = st.context.theme.type == "dark"
    with working(t("attention", "bertviz_drawing")):
        page_html = bertviz_html(
            view,
            attention.weights,
            [text or "∅" for text in reading.texts],
            layer=layer,
            head=head,
            second_from=int(second[0]) if len(second) and view != "neuron" else None,
            dark=dark,
            **given,
        )
    heights = {
        "head": 110 + 24 * len(reading),
        "model": 90 + 110 * num_layers,
        "neuron": 140 + 30 * len(reading),
    }
    st.iframe(page_html, height=min(heights[view], 900))
    st.caption(
        told("attention", f"bertviz_{view}", head=_head_name(layer, head), size=f"{len(page_html) / 1e6:.2g}")
    )


# --- Numbers --------------------------------------------------------------------------------------------------------


def numbers(card: ModelCard, attention: Attention, choice: AttentionChoice, about: dict[str, Any]) -> None:
    """The exact weights of the open head as a table, and all of them as a file."""
    import pandas as pd

    layer, head = (
        min(choice.layer, attention.weights.shape[0] - 1),
        min(choice.heads[-1], attention.weights.shape[1] - 1),
    )
    names = [f"{i} {text}" for i, text in enumerate(attention.reading.texts)]
    st.markdown(f"**{_head_name(layer, head)}** · {t('attention', 'numbers_note')}")
    st.dataframe(pd.DataFrame(attention.weights[layer, head], index=names, columns=names), height=420)
    st.download_button(
        t("attention", "npz"),
        lambda: page.npz(attention, about),
        "attention.npz",
        "application/octet-stream",
        key="npz",
        on_click="ignore",
        help=t("attention", "npz_help"),
    )
