"""What lies below the picture of "Attention heads": ablation, bertviz, the numbers."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.bert.ablation_board import Measured, Switched, ablation_board
from components.elements.bert.bertviz_frame import MOST_LINES, VIEWS, bertviz_html, lines_to_draw
from components.lessons.attention_models import head_steps
from components.lessons.bert import attention as page
from components.lessons.bert.attention import AttentionChoice
from components.lm.checkpoints.model_card import ModelCard
from components.lm.reading import Reading
from components.lm.transformer.ablation import Head
from components.lm.transformer.attention import Attention, Unreadable
from components.shell import links
from components.shell.held import held
from components.shell.layout import working
from components.shell.loading import load_model
from components.shell.results import shared
from components.words import t, told

if TYPE_CHECKING:
    from components.lm.transformer.ablation import HeadEffect, Prediction


def _head_name(layer: int, head: int) -> str:
    return t("attention_view", "head_name", layer=layer, head=head)


# --- Ablation -------------------------------------------------------------------------------------------------------


def _switched(card: ModelCard, reading: Reading, masked: bool) -> Switched:
    """What is off and what is predicted, within this model and this text."""
    codes = [divmod(code, page.HEADS_PER_LAYER) for code in st.session_state["off"]]
    off = tuple(
        sorted((layer, head) for layer, head in codes if layer < card.num_layers and head < card.num_heads)
    )
    at = int(st.session_state["at"])
    if not 0 <= at < len(reading) or (masked and reading.special[at]):
        at = _place(reading, masked)
    links.put("off", tuple(layer * page.HEADS_PER_LAYER + head for layer, head in off))
    links.put("at", at)
    return Switched(off, at)


def _place(reading: Reading, masked: bool) -> int:
    """Where to predict at first: after the last token, or at the last word of a masked model's text."""
    if not masked:
        return len(reading) - 1
    ordinary = [i for i in range(len(reading)) if not reading.special[i] and not reading.punctuation[i]]
    given = [i for i in ordinary if reading.input_ids[i] == reading.mask_token_id]
    return (given or ordinary or [0])[0 if given else -1]


def ablation(card: ModelCard, attention: Attention | None) -> None:
    """Switch heads off and see the prediction change; find the strongest head by trying all.

    Without ``attention`` the browser computes.
    """
    if not (card.can("masked_prediction") or card.can("generation")):
        st.info(told("attention", "no_prediction", model=card.name))
        return
    masked = card.can("masked_prediction")
    if attention is None:
        ablation_board(card, masked=masked, here=True, mask="[MASK]", measured=None)
        return
    here = page.could_be_in_browser(card)
    try:
        measured = _measured(card, attention.reading, masked, here)
    except Unreadable:
        st.info(told("attention", "unreadable", family=card.family))
        return
    ablation_board(card, masked=masked, here=here, mask=attention.reading.mask_token, measured=measured)


def _measured(card: ModelCard, plain: Reading, masked: bool, here: bool) -> Measured:
    """What is predicted with and without the heads that are off, and what each head does, as far as it was tried.

    The search runs here only where the browser does not compute (``here``).

    Raises:
        Unreadable: the layers of this family cannot be taken apart.
    """
    from components.lm.tokens.token_text import token_info
    from components.lm.transformer import ablation as lm

    switched = _switched(card, plain, masked)
    reading = plain.with_mask_at(switched.at) if masked else plain
    loaded = load_model(card.name, "attention")
    before = _predicted(card, reading, switched.at, ())
    after = _predicted(card, reading, switched.at, switched.off)
    effects, done = ([], False) if here else _tried(card, plain, reading, switched.at)
    [top] = before.top(1)
    return Measured(
        reading=plain,
        switched=switched,
        candidates=lm.compare(loaded, before, after),
        top=(token_info(loaded.tokenizer, top).text, float(before.probs[top])),
        bits=lm.divergence(before.probs, after.probs) if switched.off else 0.0,
        effects=effects,
        done=done,
    )


def _predicted(card: ModelCard, reading: Reading, at: int, off: tuple[Head, ...]) -> "Prediction":
    s = st.session_state
    return _prediction(card.name, card.revision, s["text"], s["second"], at, off, reading)


# A probability of each token of the vocabulary: some 200 kB.
@shared
def _prediction(
    name: str, revision: str, text: str, second: str, at: int, off: tuple[Head, ...], _reading: Reading
) -> "Prediction":
    """Return what a model predicts at one position with some heads off; the reading is of the two texts, with that position
    masked where the model fills masks.

    Raises:
        Unreadable: the layers of this family cannot be taken apart.
    """
    from components.lm.transformer.ablation import predict

    return predict(load_model(name, "attention"), _reading, at, off)


def _tried(card: ModelCard, plain: Reading, reading: Reading, at: int) -> "tuple[list[HeadEffect], bool]":
    """What each head does to this prediction, as far as it was tried, and whether all were; with the controls of the
    search."""
    from components.lm.transformer import ablation as lm

    loaded = load_model(card.name, "attention")
    of = (card.name, card.revision, tuple(plain.input_ids.tolist()), at)
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
        for batch in lm.try_heads(loaded, reading, at, skip=len(found["effects"])):
            found["effects"].extend(batch)
            progress.progress(
                len(found["effects"]) / total,
                text=told("attention", "tried", done=len(found["effects"]), total=total),
            )
        found["done"] = True
        place.empty()
    links.put("tried", found["done"])
    return found["effects"], found["done"]


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
