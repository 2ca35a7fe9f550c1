"""State, data and panels of the page "Token + segment + position"."""

import contextlib
import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.bert.code_steps import code_steps
from components.elements.bert.embedding_sum import LAST_STEP, SCALES, SumView
from components.elements.bert.input_effects import input_effects
from components.elements.bert.near_rows import near_rows
from components.elements.bert.padding_board import asked_flips, padding_board
from components.elements.predict_first import Prediction
from components.lessons.bert import inputs_recorded
from components.lessons.known_language import reads_korean
from components.lm import checkpoints
from components.lm.bert.embeddings import (
    FAMILIES,
    POSITIONS,
    SEGMENTS,
    Changes,
    InputEmbeddings,
    Line,
    ModelInput,
    NoPadding,
    NotBert,
    norms,
    run_through,
)
from components.lm.checkpoints.bundled import KOREAN_BERT, best_bert
from components.lm.checkpoints.model_card import ModelCard, ModelRefused
from components.lm.reading import CannotRead
from components.lm.transformer.model_size import fact_rows
from components.shell import links
from components.shell.held import held
from components.shell.layout import Export, caption, reading_aid, working
from components.shell.loading import load_model
from components.shell.refusals import cannot_read, refusal
from components.shell.results import shared
from components.words import labels, t, told

if TYPE_CHECKING:
    from components.lm.bert.embeddings import Effects, Neighbour, PaddedBatch


FIRST, SECOND = "my dog is cute", "he likes playing"
MODEL = best_bert()
LIVELY = 9
"""The dimension of the first view in which the chosen token's final number is largest: ``choose_dimension`` in
inputs_recorder."""
PANELS = ("neighbours", "changes", "padding", "special", "code")
PADDING = ("the dog is cute", "he likes playing in the garden", "yes")
KOREAN = {
    "in_a": "우리 고양이는 귀엽다",
    "in_b": "고양이는 공을 좋아한다",
    "bert_model": KOREAN_BERT,
    "in_dim": 190,  # by the same rule
    "in_pad_1": "고양이는 귀엽다",
    "in_pad_2": "고양이는 마당에서 공을 가지고 논다",
    "in_pad_3": "응",
}
"""What the page begins with in Korean."""
PARAMS = (
    links.Text("in_a", FIRST),
    links.Text("in_b", SECOND),
    links.Text("bert_model", MODEL, max_chars=120, example="nano-bert"),
    links.Integer("in_step", 0, LAST_STEP, 0),
    links.Integer("in_token", 0, 4095, 2),
    links.Integer("in_dim", 0, 16_383, LIVELY, example=7),
    links.Choice("in_scale", SCALES, "row"),
    links.Choice("in_panel", PANELS, "neighbours"),
    links.Choice("in_segments", SEGMENTS, "normal"),
    links.Numbers("in_painted", (), most=512, high=4095, example=(1,)),
    links.Choice("in_positions", POSITIONS, "normal"),
    links.Integer("in_seed", 0, 99, 1),
    links.Numbers("in_swap", (), most=2, high=4095, example=(1, 2)),
    links.Text("in_pad_1", PADDING[0], max_chars=400),
    links.Text("in_pad_2", PADDING[1], max_chars=400),
    links.Text("in_pad_3", PADDING[2], max_chars=400, example="no"),
    links.Text("in_ids", "", max_chars=800, example="2 5 7 3"),
    links.Numbers("in_flips", (), most=64, high=2 * 4096 + 4095, example=(4096,)),
    links.Integer("in_line", 0, 12, 0),
)
_CHIPS = (
    "<style>.gb-nears{display:flex;flex-wrap:wrap;gap:.4rem}.gb-near{border:1px solid var(--gb-line);border-radius:.4rem;"
    "padding:.15rem .6rem;background:var(--gb-surface)}.gb-near span{color:var(--gb-quiet);font-size:.875rem}</style>"
)
_CHANGES = ("in_segments", "in_painted", "in_positions", "in_swap")


def texts() -> tuple[str, str]:
    """The two texts on screen; a second one of spaces only counts as none."""
    s = st.session_state
    return s["in_a"], s["in_b"] if s["in_b"].strip() else ""


def forget_places() -> None:
    """Callback: another text, so what was painted or swapped on the old one is forgotten."""
    st.session_state["in_painted"] = ()
    st.session_state["in_swap"] = ()
    st.session_state["_in_swap_one"] = st.session_state["_in_swap_two"] = None


def reset() -> None:
    """Callback: take every change back."""
    defaults = links.defaults()
    for key in _CHANGES:
        st.session_state[key] = defaults[key]
    st.session_state["_in_swap_one"] = st.session_state["_in_swap_two"] = None
    links.adopt({key: defaults[key] for key in ("in_painted",)})  # the element lets go of what was painted
    links.forget_notes()


def swap() -> tuple[int, int] | None:
    """The two places whose tokens change seats, if two were chosen."""
    chosen = tuple(st.session_state["in_swap"])
    return (chosen[0], chosen[1]) if len(chosen) == 2 and chosen[0] != chosen[1] else None


def changes(painted: bool) -> Changes:
    """What is done to the input; without ``painted`` what the browser does not do by itself."""
    s = st.session_state
    return Changes(
        s["in_segments"], tuple(s["in_painted"]) if painted else (), s["in_positions"], s["in_seed"], swap()
    )


def view() -> SumView:
    """Where the reader is, from the link."""
    s = st.session_state
    return SumView(s["in_step"], s["in_token"], s["in_dim"], s["in_scale"], tuple(s["in_painted"]))


def keep(now: SumView) -> None:
    """Hand what the element holds to the link. Another token opens its row where a panel shows no token."""
    if now.token != st.session_state["in_token"] and st.session_state["in_panel"] in ("padding", "special"):
        st.session_state["in_panel"] = "neighbours"
    for key, value in zip(
        ("in_step", "in_token", "in_dim", "in_scale", "in_painted"),
        (now.step, now.token, now.dim, now.scale, now.painted),
        strict=True,
    ):
        links.put(key, value)


@dataclass(frozen=True, eq=False)
class Reading:
    """What the model reads, before any token is painted; ``name`` is another one for another text or model."""

    name: str
    segments: int
    given: ModelInput
    parts: InputEmbeddings


def read_ahead() -> None:
    """Compute before anything is drawn, so that the page reaches the browser at once and is painted once.

    Only with a model in memory: loading one is said on the page.
    """
    name = st.session_state["bert_model"]
    if name in checkpoints.store().loaded_names():
        with contextlib.suppress(NotBert, CannotRead, ModelRefused):
            _read(checkpoints.card(name))


def _read(card: ModelCard) -> Reading:
    plain = changes(painted=False)
    return Reading(
        f"{card.name}\n{texts()}",
        bert_segments(card.name, card.revision),
        bert_input(card.name, card.revision, *texts(), plain),
        bert_embedding(card.name, card.revision, *texts(), plain),
    )


def of_bert(card: ModelCard) -> ModelCard:
    """Return the card, or that of the page's own model after saying why this one cannot be shown."""
    if card.family in FAMILIES:
        return card
    said = told("inputs", "not_bert", model=card.name, family=card.family)
    st.warning(f"{said} {told('models', 'meanwhile', name=MODEL)}")
    return checkpoints.card(MODEL)


def read(card: ModelCard) -> Reading | None:
    """Return what the model reads, or say why it cannot."""
    try:
        with working(told("inputs", "computing", model=card.name)):
            return _read(card)
    except CannotRead as error:
        st.error(cannot_read(error))
    except ModelRefused as error:
        st.warning(refusal(error))
    return None


def now(card: ModelCard) -> InputEmbeddings:
    """Return the rows with every change, painted tokens too."""
    return bert_embedding(card.name, card.revision, *texts(), changes(painted=True))


def about(card: ModelCard) -> str:
    """The caption: model, width, changes, and how far the picture is from the model."""
    with working(told("inputs", "computing", model=card.name)):
        parts = now(card)
    return t(
        "inputs",
        "caption",
        model=card.name,
        revision=card.revision[:14],
        width=parts.token_embedding.shape[1],
        changes=said_changes(changes(painted=True)),
        difference=f"{parts.largest_difference:.1e}",
    )


def mean_lengths(card: ModelCard) -> dict[str, float]:
    """How long the three rows are, on average over the tokens."""
    parts = now(card)
    rows = {
        "token": parts.token_embedding,
        "segment": parts.segment_embedding,
        "position": parts.position_embedding,
    }
    return {name: float(norms(row).mean()) for name, row in rows.items()}


def prediction() -> Prediction:
    """Which of the three rows of the first view's token is the longest?"""
    begins = KOREAN if st.session_state["bert_model"] == KOREAN_BERT else {}
    card = checkpoints.card(KOREAN_BERT if begins else MODEL)
    first, second = (str(begins["in_a"]), str(begins["in_b"])) if begins else (FIRST, SECOND)
    at = int(links.defaults()["in_token"])
    parts = bert_embedding(card.name, card.revision, first, second, Changes())
    lengths = {
        "position": float(norms(parts.position_embedding)[at]),
        "segment": float(norms(parts.segment_embedding)[at]),
        "token": float(norms(parts.token_embedding)[at]),
    }
    token = bert_input(card.name, card.revision, first, second, Changes()).tokens[at]
    return Prediction(
        t("inputs", "predict", token=token),
        [t("sum_words", f"row_{name}") for name in lengths],
        list(lengths).index(max(lengths, key=lengths.__getitem__)),
        t("inputs", "predict_why", **{name: f"{value:#.3g}" for name, value in lengths.items()}),
        {**begins, "in_step": LAST_STEP},
    )


def aid(card: ModelCard, segments: int) -> str:
    """Which part dominates, and what is particular to this model."""
    lengths = mean_lengths(card)
    longest = t("sum_words", f"row_{max(lengths, key=lengths.__getitem__)}")
    said = [
        t(
            "inputs",
            "aid" if segments else "aid_two",
            row=longest,
            **{name: f"{value:#.3g}" for name, value in lengths.items()},
        )
    ]
    if projected := now(card).projected_width:
        said.append(t("inputs", "projected", width=projected))
    if segments < 2:
        said.append(t("inputs", "one_segment" if segments else "no_segments", model=html.escape(card.name)))
    return " ".join(said)


def export(card: ModelCard) -> Export:
    """What the page gives away."""
    done = changes(painted=True)
    first, second = texts()
    return Export(
        name="bert-inputs",
        caption=f"{about(card)} · {first} / {second}",
        about={"model": card.name, "revision": card.revision, "a": first, "b": second},
        tables=tables(card, done),
        result=lambda: {"lists": tables(card, done)["lists"](), "mean_lengths": mean_lengths(card)},
    )


def prepared(card: ModelCard) -> list[tuple[str, dict[str, Any]]]:
    """Three states worth trying, each after the last step of the picture, in a language that the model knows."""
    begins = KOREAN if reads_korean(card) else {}
    kept = {**begins, "bert_model": st.session_state["bert_model"], "in_step": LAST_STEP}
    return [
        (t("inputs", "try_all_b"), kept | {"in_panel": "changes", "in_segments": "all_b"}),
        (t("inputs", "try_reversed"), kept | {"in_panel": "changes", "in_positions": "reversed"}),
        (t("inputs", "try_leak"), kept | {"in_panel": "padding", "in_flips": (2 * 4096 + 4,)}),
    ]


def panel(card: ModelCard, reading: Reading, token: int) -> None:
    """Draw what was chosen to stand below the picture."""
    try:
        match st.session_state["in_panel"]:
            case "neighbours":
                panel_neighbours(card, reading.given, token)
            case "changes":
                plain = bert_input(card.name, card.revision, *texts(), Changes())
                panel_changes(card, plain, token, reading.segments)
            case "padding":
                panel_padding(card)
            case "special":
                panel_special(card, reading.given)
            case "code":
                panel_code(card, token)
    except CannotRead as error:
        st.error(cannot_read(error))
    except NoPadding:
        st.info(told("inputs", "no_padding", model=card.name))


def said_changes(done: Changes) -> str:
    """The changes in words, for captions."""
    parts = []
    if done.segments != "normal":
        parts.append(f"{t('inputs', 'segments')}: {t('inputs', f'segments_{done.segments}')}")
    if done.painted:
        parts.append(t("inputs", "painted", n=len(done.painted)))
    if done.positions != "normal":
        parts.append(f"{t('inputs', 'positions')}: {t('inputs', f'positions_{done.positions}')}")
    if done.swap:
        parts.append(t("inputs", "swapped"))
    return ", ".join(parts) or t("inputs", "unchanged")


def panel_changes(card: ModelCard, before: ModelInput, token: int, segments: int) -> None:
    """What each part is good for: take it away and look."""
    s = st.session_state
    row = st.columns([2.2, 2.2, 1, 1.8, 1.8, 1.6], vertical_alignment="bottom")
    held(row[0]).selectbox(
        t("inputs", "segments"),
        SEGMENTS if segments > 1 else SEGMENTS[: 1 + (segments > 0)],
        key="in_segments",
        format_func={kind: t("inputs", f"segments_{kind}") for kind in SEGMENTS}.__getitem__,
        disabled=segments == 0,
    )
    held(row[1]).selectbox(
        t("inputs", "positions"),
        POSITIONS,
        key="in_positions",
        format_func={kind: t("inputs", f"positions_{kind}") for kind in POSITIONS}.__getitem__,
    )
    held(row[2]).number_input(
        t("inputs", "seed"), 0, 99, key="in_seed", disabled=s["in_positions"] != "shuffled"
    )
    places = list(range(len(before)))
    one, two = (*s["in_swap"], None, None)[:2]
    if s.get("_in_swap_rev") != links.revision():  # a link has moved what the two boxes say
        s["_in_swap_rev"] = links.revision()
        s["_in_swap_one"] = s["_in_swap_two"] = None
    for key, now in (("_in_swap_one", one), ("_in_swap_two", two)):
        if s.get(key) is None or s[key] not in places:
            s[key] = now if now in places else None
    for at, key in ((3, "_in_swap_one"), (4, "_in_swap_two")):
        held(row[at]).selectbox(
            t("inputs", key.removeprefix("_in_")),
            places,
            key=key,
            placeholder="–",
            format_func=lambda i: f"{i} {before.tokens[i]}",
            on_change=_took_swap,
        )
    row[5].button(t("inputs", "reset"), key="in_reset", on_click=reset, shortcut="x", width="stretch")
    done = changes(painted=True)
    asked = token if not before.special[token] else None
    with working(told("inputs", "computing", model=card.name)):
        effects = bert_effects(card.name, card.revision, *texts(), done, asked)
    input_effects(
        effects,
        before.tokens,
        asked=before.tokens[asked] if asked is not None else None,
        pair=bool(texts()[1]),
        words=labels("effects_words", mask=str(load_model(card.name, "attention").tokenizer.mask_token)),
        key="input_effects",
    )
    caption(t("inputs", "effects_caption", model=card.name, changes=said_changes(done)))
    if not done:
        reading_aid(html.escape(t("inputs", "effects_none")))
        return
    least = int(effects.cosines.argmin())
    reading_aid(
        t(
            "inputs",
            "effects_aid",
            changes=html.escape(said_changes(done)),
            token=html.escape(before.tokens[least]),
            cosine=f"{effects.cosines[least]:.3g}",
        )
    )


def _took_swap() -> None:
    s = st.session_state
    pair = (s["_in_swap_one"], s["_in_swap_two"])
    s["in_swap"] = pair if None not in pair else ()


def panel_neighbours(card: ModelCard, given: ModelInput, token: int) -> None:
    """The row of the chosen token and the rows most like it."""
    token_id = int(given.input_ids[token])
    with working(told("inputs", "computing", model=card.name)):
        found = bert_neighbours(card.name, card.revision, token_id)
    reading_aid(t("inputs", "near_title", token=html.escape(given.tokens[token]), id=token_id))
    near_rows(found, words=labels("near_words"), key="near_rows")
    caption(t("inputs", "near_caption", model=card.name, vocab=f"{card.vocab_size:,}"))


def panel_padding(card: ModelCard) -> None:
    """Three texts in one batch, and what leaks when a 0 becomes a 1."""
    s = st.session_state
    for column, key in zip(st.columns(3), ("in_pad_1", "in_pad_2", "in_pad_3"), strict=True):
        held(column).text_input(
            t("inputs", "pad_text", n=key[-1]), key=key, max_chars=400, on_change=_forget_flips
        )
    given = (s["in_pad_1"], s["in_pad_2"], s["in_pad_3"])
    name = "\n".join(given)
    linked = tuple((flip // 4096, flip % 4096) for flip in s["in_flips"])
    flips = asked_flips(s.get("padding_board"), linked, name, links.revision())
    links.put("in_flips", tuple(text * 4096 + place for text, place in flips))
    with working(told("inputs", "computing", model=card.name)):
        batch = padded(card.name, card.revision, given, flips)
    padding_board(
        batch, flips, text=name, words=labels("padding_words"), rev=links.revision(), key="padding_board"
    )
    caption(t("inputs", "pad_caption", model=card.name))
    reading_aid(
        t("inputs", "pad_aid_leak" if batch.largest.max() > 0 else "pad_aid", n=f"{batch.largest.max():.3g}")
    )


def _forget_flips() -> None:
    st.session_state["in_flips"] = ()


def panel_special(card: ModelCard, given: ModelInput) -> None:
    """What each special token is for, its id here, and where it stands in the sentence."""
    tokenizer = load_model(card.name, "attention").tokenizer
    rows = []
    for fact in fact_rows("special_tokens"):
        name = fact["token"].strip("[]").lower()
        own = getattr(tokenizer, f"{name}_token", None)
        where = [str(i) for i, token in enumerate(given.tokens) if own is not None and token == own]
        rows.append(
            {
                t("inputs", "special_token"): own or "–",
                t("inputs", "special_id"): str(getattr(tokenizer, f"{name}_token_id", "–")),
                t("inputs", "special_bert_id"): fact["id"],
                t("inputs", "special_role"): t("inputs", f"special_{name}"),
                t("inputs", "special_where"): ", ".join(where) or "–",
            }
        )
    st.table(rows)
    caption(t("inputs", "special_caption", model=card.name))
    typed = held().text_input(
        t("inputs", "ids_to_tokens"), key="in_ids", placeholder=" ".join(map(str, given.input_ids))
    )
    ids = [int(part) for part in typed.replace(",", " ").split()[:200] if part.isascii() and part.isdigit()]
    inside = [i for i in ids if i < card.vocab_size] or given.input_ids.tolist()
    shown = "".join(
        f'<span class="gb-near"><b class="gb-mono">{html.escape(str(tokenizer.convert_ids_to_tokens(i) or "–"))}</b> '
        f'<span class="gb-mono">{i}</span></span>'
        for i in inside
    )
    st.html(_CHIPS + f'<div class="gb-nears">{shown}</div>')


def panel_code(card: ModelCard, token: int) -> None:
    """The forward pass of the embedding module, run line by line."""
    given = bert_input(card.name, card.revision, *texts(), changes(painted=True))
    lines = run_through(given, now(card), token)
    arguments = [
        Line("", name, (1, len(given)), tuple(map(float, values)))
        for name, values in (("input_ids", given.input_ids), ("token_type_ids", given.token_type_ids))
        if name == "input_ids" or any(line.name == name for line in lines)
    ]
    step = code_steps(
        lines,
        arguments,
        call=f"forward({', '.join(line.name for line in arguments)})",
        token=token,
        name=given.tokens[token],
        step=st.session_state["in_line"],
        words=labels("code_words"),
        stepper=labels("stepper"),
        rev=links.revision(),
        key="code_steps",
    )
    links.put("in_line", step)
    caption(t("inputs", "code_caption", model=card.name, token=token))


def tables(card: ModelCard, painted: Changes) -> dict[str, Any]:
    """Tables of the export: the lists, and every row of the picture."""

    def lists() -> list[dict[str, Any]]:
        given = bert_input(card.name, card.revision, *texts(), painted)
        return [
            {
                "place": i,
                "token": given.tokens[i],
                "input_id": int(given.input_ids[i]),
                "token_type_id": int(given.token_type_ids[i]),
                "position_id": int(given.position_ids[i]),
                "attention_mask": int(given.attention_mask[i]),
            }
            for i in range(len(given))
        ]

    def vectors() -> list[dict[str, Any]]:
        given = bert_input(card.name, card.revision, *texts(), painted)
        parts = bert_embedding(card.name, card.revision, *texts(), painted)
        named = {
            "token": parts.token_embedding,
            "segment": parts.segment_embedding,
            "position": parts.position_embedding,
            "sum": parts.embedding_sum,
            "after_layer_norm": parts.layer_norm_out,
        }
        return [
            {
                "place": i,
                "token": given.tokens[i],
                "row": name,
                **{f"dim{d}": float(x) for d, x in enumerate(row[i])},
            }
            for i in range(len(given))
            for name, row in named.items()
        ]

    return {"lists": lists, "vectors": vectors}


# The ids, segments and places of a sentence: 1 kB.
@shared
def _bert_text(name: str, revision: str, first: str, second: str) -> "ModelInput":
    from components.lm.bert.embeddings import read_input

    if known := inputs_recorded.inputs(name, revision, first, second):
        return known.given
    return read_input(load_model(name, "attention"), first, second)


def bert_segments(name: str, revision: str) -> int:
    """Return how many segment rows a model has.

    Raises:
        NotBert: the model does not add up its input as BERT does.
    """
    from components.lm.bert.embeddings import num_segments

    if known := inputs_recorded.inputs(name, revision):
        return known.segments
    return num_segments(load_model(name, "attention"))


def bert_input(name: str, revision: str, first: str, second: str, changes: "Changes") -> "ModelInput":
    """Return the lists a BERT is called with, changed.

    Raises:
        NotBert, CannotRead: in this order.
    """
    from components.lm.bert.embeddings import apply

    return apply(_bert_text(name, revision, first, second), changes, bert_segments(name, revision))


# A sentence at width 192: 0.1 MB; a text of 512 tokens at width 768: 10 MB.
@shared
def _bert_embedding(name: str, revision: str, first: str, second: str, changes: tuple[Any, ...]) -> Any:
    from components.lm.bert.embeddings import Changes, embed

    known = inputs_recorded.inputs(name, revision, first, second)
    if known and not Changes(*changes):
        return known.parts
    given = bert_input(name, revision, first, second, Changes(*changes))
    return embed(load_model(name, "attention"), given)


def bert_embedding(
    name: str, revision: str, first: str, second: str, changes: "Changes"
) -> "InputEmbeddings":
    """Return every row of the input of a text.

    Raises:
        NotBert: another kind of model.
        CannotRead: more tokens than the model has positions, or a token it has no row for.
    """
    found: InputEmbeddings = _bert_embedding(name, revision, first, second, tuple(vars(changes).values()))
    return found


# A dozen guesses and a number for each token: 1 kB.
@shared
def _bert_effects(
    name: str, revision: str, first: str, second: str, changes: tuple[Any, ...], asked: int | None
) -> Any:
    from components.lm.bert.embeddings import Changes, compare

    done = Changes(*changes)
    before = bert_input(name, revision, first, second, Changes())
    after = bert_input(name, revision, first, second, done)
    return compare(load_model(name, "attention"), before, after, asked, done.swap)


def bert_effects(
    name: str, revision: str, first: str, second: str, changes: "Changes", asked: int | None
) -> "Effects":
    """Return what changes of the input change in the model's answers."""
    found: Effects = _bert_effects(name, revision, first, second, tuple(vars(changes).values()), asked)
    return found


# Thirteen rows of 768 numbers: 40 kB.
@shared
def bert_neighbours(name: str, revision: str, token_id: int) -> "tuple[Neighbour, ...]":
    """Return a token's row of the table and the rows nearest to it."""
    from components.lm.bert.embeddings import neighbours

    known = inputs_recorded.inputs(name, revision)
    if known and token_id in known.near:
        return known.near[token_id]
    return neighbours(load_model(name, "attention"), token_id)


# The ids, masks and differences of a few texts: 2 kB.
@shared
def padded(
    name: str, revision: str, texts: tuple[str, ...], flips: tuple[tuple[int, int], ...]
) -> "PaddedBatch":
    """Return texts in one batch, read with the right attention mask and with a flipped one."""
    from components.lm.bert.embeddings import pad_batch

    return pad_batch(load_model(name, "attention"), texts, flips)
