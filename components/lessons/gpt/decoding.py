"""State and data of the page "Choosing a text": lanes, the tree of a beam, and the file of the first view."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from components.elements.engine import ModelFiles, model_files
from components.elements.gpt.lane_race import (
    LaneSettings,
    LaneText,
    RaceData,
    RaceTexts,
    TreeData,
    TreeTexts,
    ViewData,
)
from components.elements.page_fields import Field
from components.elements.predict_first import Prediction
from components.lessons.known_language import reads_korean
from components.lessons.probabilities import short
from components.lessons.recorded import of_shipped_model, trace_file
from components.lm import checkpoints
from components.lm.checkpoints.bundled import KOREAN_GPT
from components.lm.checkpoints.model_card import ModelCard
from components.shell import links
from components.shell.layout import Export, working
from components.shell.loading import FIRST_MODEL, load_model
from components.shell.notebook import Notebook, opening
from components.shell.results import shared
from components.words import t, told

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

NAME = "gpt/decoding"
RACE, TREE = "lane_race", "beam_tree"
BEGINNING = "Old Bram kept bees behind the mill. One morning the hives were silent, and"
STORY = (
    " not a single bee came out to the clover. He tapped the nearest box and put his ear to the wood. From far inside came a sound"
    " like someone humming in her sleep. Bram sat down in the wet grass. He took off his hat and hummed back until the sun stood"
    " over the roof of the mill."
)
"""How our story goes on; at the default number of tokens its last sentence is whole."""
KOREAN = {
    "dec_prompt": "할아버지는 집 뒤에서 벌을 키운다. 어느 날 벌들이 조용했다. 할아버지는",
    "model": KOREAN_GPT,
    "dec_seed": 11,  # the first whose drawn lanes do not end early and have no broken letter
}
"""What the page begins with in Korean."""
STORIES = {
    BEGINNING: STORY,
    str(KOREAN["dec_prompt"]): (
        " 벌통에 가서 귀를 기울였다. 안에서 누군가 잠결에 노래하는 소리가 났다. 할아버지는 모자를 벗고 풀밭에 앉아 해가 질 때까지"
        " 같은 노래를 불렀다. 그러자 벌들이 하나둘 벌통 밖으로 나왔다."
    ),
}
"""Our stories by their beginnings; each is read by the model of its language."""
STRATEGIES = (
    "story",
    "greedy",
    "sample",
    "temperature",
    "top_k",
    "top_p",
    "typical",
    "min_p",
    "beam",
    "contrastive",
)
FIRST_LANES = ("top_p", "story", "beam", "sample")
"""The covered lanes, in an order that gives nothing away."""
MOST, MOST_PROMPT, MOST_DEPTH = 48, 120, 40
"""A beam of 8 lanes of 48 tokens and the beginning fill the 512 places of the model's memory."""
LOOKS = ("tree", "study", "nothing")
STUDY = Path(__file__).parents[3] / "assets" / "facts" / "decoding_study.csv"

PARAMS = (
    links.Text("dec_prompt", BEGINNING, example="The old woman opened the door and"),
    links.Text("model", FIRST_MODEL, max_chars=120, example="nano-gpt"),
    links.Text("dec_lanes", ",".join(FIRST_LANES), max_chars=120, example="greedy,beam"),
    links.Flag("dec_named"),
    links.Integer("dec_seed", 0, 9999, 3),
    links.Integer("dec_most", 8, MOST, MOST, example=16),
    links.Integer("dec_step", 0, MOST, MOST, example=8),
    links.Number("dec_temperature", 0.0, 2.0, 0.7),
    links.Integer("dec_top_k", 1, 200, 40),
    links.Number("dec_top_p", 0.05, 1.0, 0.9),
    links.Number("dec_typical", 0.05, 1.0, 0.5),
    links.Number("dec_min_p", 0.0, 1.0, 0.05),
    links.Integer("dec_width", 1, 8, 4),
    links.Number("dec_alpha", 0.0, 1.0, 0.6),
    links.Number("dec_heat", 0.1, 2.0, 1.0),
    links.Choice("dec_order", ("first", "last"), "first"),
    links.Number("dec_penalty", 1.0, 2.0, 1.2),
    links.Text("dec_penalised", "", max_chars=120, example="greedy"),
    links.Number("dec_length", 0.0, 2.0, 1.0),
    links.Numbers("dec_picks", most=60, example=(1, 3, 300)),
    links.Choice("dec_look", LOOKS, "tree"),
    links.Integer("dec_depth", 2, MOST_DEPTH, 10),
)

MOVED = tuple(param.key for param in PARAMS if param.key not in ("model", "dec_look"))
"""What the browser moves by itself."""
VIEW = "decoding"
"""The name that the elements of the page share."""


# -- what the link asks for ------------------------------------------------------------------------------------------------


def has_story() -> bool:
    """Whether a story of ours goes on from the beginning: only from its own."""
    return st.session_state["dec_prompt"] in STORIES


def shown() -> list[str]:
    """Return the strategies of the lanes; names that are none are left out."""
    asked = (st.session_state["dec_lanes"] or "").split(",")
    found = [name for name in dict.fromkeys(asked) if name in STRATEGIES and (name != "story" or has_story())]
    return found or ["greedy"]


def label(strategy: str) -> str:
    """Return the name of a lane with its number."""
    s = st.session_state
    key = {"beam": "dec_width", "contrastive": "dec_alpha"}.get(strategy, f"dec_{strategy}")
    return t("decoding", f"name_{strategy}", value=f"{s[key]:g}" if key in s else "")


def lane(strategy: str) -> LaneSettings:
    """Return a lane as both engines are given it; see ``components.lm.gpt.strategies.Lane``."""
    s = st.session_state
    key = {"beam": "dec_width", "contrastive": "dec_alpha"}.get(strategy, f"dec_{strategy}")
    penalised = strategy in (s["dec_penalised"] or "").split(",")
    return {
        "strategy": strategy,
        "value": s.get(key, 1),
        "penalty": s["dec_penalty"] if penalised and strategy != "story" else 1,
        "temperature": s["dec_heat"],
        "order": s["dec_order"],
        "k": 4,
        "length_penalty": s["dec_length"],
    }


def picks() -> list[int]:
    """Return whole triples of (number of the strategy, step from 1, token)."""
    given = list(st.session_state["dec_picks"])
    return given[: len(given) // 3 * 3]


def race_key(card: ModelCard) -> str:
    """What decides the lanes."""
    s = st.session_state
    return json.dumps([card.revision, s["dec_prompt"], s["dec_seed"], s["dec_most"], [lane(name) for name in shown()], picks()])  # fmt: skip


def tree_key(card: ModelCard) -> str:
    """What decides the tree."""
    s = st.session_state
    return json.dumps([card.revision, s["dec_prompt"], s["dec_width"], s["dec_depth"], s["dec_length"]])


# -- the server's way of computing it --------------------------------------------------------------------------------------


def _prompt(loaded: LoadedModel, text: str) -> tuple[list[int], int]:
    from components.lm.gpt.generation import encode_prompt

    ids = encode_prompt(loaded, text, reserve=MOST).token_ids
    return list(ids[-MOST_PROMPT:]), max(0, len(ids) - MOST_PROMPT)


def _described(
    loaded: LoadedModel, prompt: Sequence[int], ids: Sequence[int], ends: Sequence[int]
) -> LaneText:
    from components.lm.gpt.frontier import tell
    from components.lm.tokens.token_text import token_info

    def text(token: int) -> str:
        return token_info(loaded.tokenizer, token).text

    said = tell(loaded.model, prompt, ids)
    return {
        "ids": list(ids),
        "texts": [text(token) for token in ids],
        "logprobs": [float(f"{x:.6g}") for x in said.logprobs],
        "ranks": list(said.ranks),
        "candidates": [[(i, short(p), text(i)) for i, p in row] for row in said.candidates],
        "tree": None,
        "ended": bool(ids) and ids[-1] in ends,
    }


def _model(name: str) -> tuple[LoadedModel, list[int]]:
    from components.lm.gpt.generation import end_of_text_ids

    loaded = load_model(name, "generation")
    return loaded, sorted(end_of_text_ids(loaded.model, loaded.tokenizer))


# Ten lanes of 48 tokens with their candidates: some 150 kB.
@shared
def race(
    name: str,
    revision: str,
    prompt: str,
    lanes: tuple[str, ...],
    seed: int,
    most: int,
    taken: tuple[int, ...],
) -> RaceTexts:
    """Return every lane as the element draws it; ``lanes`` are the lanes as JSON."""
    from components.lm.gpt.frontier import CachedFrontier
    from components.lm.gpt.generation import encode_prompt
    from components.lm.gpt.strategies import Lane, write_with_picks

    loaded, ends = _model(name)
    ids, dropped = _prompt(loaded, prompt)
    made = []
    for text in lanes:
        given = json.loads(text)
        if given["strategy"] == "story":
            whole = encode_prompt(loaded, prompt + STORIES[prompt], reserve=MOST).token_ids
            written = list(whole[len(ids) : len(ids) + most])
        else:
            number = STRATEGIES.index(given["strategy"])
            mine = [(step, token) for which, step, token in zip(taken[::3], taken[1::3], taken[2::3], strict=True) if which == number]  # fmt: skip
            valid = [(step, token) for step, token in mine if token < loaded.model.config.vocab_size]
            written = write_with_picks(
                CachedFrontier(loaded.model), ids, Lane(**given), most, seed, ends, valid
            )
        made.append(_described(loaded, ids, written, ends))
    from components.lm.tokens.token_text import token_info

    return {
        "prompt": {
            "ids": ids,
            "texts": [token_info(loaded.tokenizer, token).text for token in ids],
            "dropped": dropped,
        },
        "lanes": made,
    }


# A beam of 8 over 40 tokens, with what it dropped, and two texts with their candidates: some 100 kB.
@shared
def tree(name: str, revision: str, prompt: str, width: int, depth: int, length_penalty: float) -> TreeTexts:
    """Return the search and greedy's text as the element draws them."""
    from components.lm.gpt.frontier import CachedFrontier
    from components.lm.gpt.strategies import Lane, beam_search, write
    from components.lm.tokens.token_text import token_info

    loaded, ends = _model(name)
    ids, _ = _prompt(loaded, prompt)
    frontier = CachedFrontier(loaded.model)
    found = beam_search(frontier, ids, width, depth, ends, length_penalty)
    nodes = [
        (n.parent, n.step, n.token_id, float(f"{n.logprob:.6g}"), float(f"{n.total:.6g}"), n.fate, token_info(loaded.tokenizer, n.token_id).text)
        for n in found.nodes
    ]  # fmt: skip
    beam = _described(loaded, ids, found.best, ends)
    beam["tree"] = {"nodes": nodes, "winner": found.winner}
    greedy = write(frontier, ids, Lane("greedy"), depth, 0, ends)
    return {"beam": beam, "greedy": _described(loaded, ids, greedy, ends)}


def made_race(card: ModelCard) -> RaceTexts:
    """Compute the lanes of the link here."""
    s = st.session_state
    lanes = tuple(json.dumps(lane(name)) for name in shown())
    return race(
        card.name, card.revision, s["dec_prompt"], lanes, s["dec_seed"], s["dec_most"], tuple(picks())
    )


def made_tree(card: ModelCard) -> TreeTexts:
    """Compute the tree of the link here."""
    s = st.session_state
    return tree(card.name, card.revision, s["dec_prompt"], s["dec_width"], s["dec_depth"], s["dec_length"])


# -- what the browser holds ------------------------------------------------------------------------------------------------


def state() -> dict[str, Any]:
    """What the browser moves, as the link holds it."""
    return {key: st.session_state[key] for key in MOVED} | {"dec_picks": picks()}


def _field(
    key: str, word: str, wide: float, low: float, high: float, step: float = 1, help: str = ""
) -> Field:
    links.name_field(key, t("decoding", word))
    field: Field = {
        "key": key,
        "label": t("decoding", word),
        "wide": wide,
        "low": low,
        "high": high,
        "step": step,
    }
    return {**field, "help": help} if help else field


def fields() -> list[Field]:
    """The beginning, the seed and the number of tokens; tokens taken by hand belong to their beginning."""
    links.name_field("dec_prompt", t("decoding", "prompt"))
    beginning: Field = {"key": "dec_prompt", "label": t("decoding", "prompt"), "wide": 5, "high": 20_000, "help": t("decoding", "prompt_help", n=MOST_PROMPT), "resets": {"dec_picks": []}}  # fmt: skip
    return [
        beginning,
        _field("dec_seed", "seed", 1.1, 0, 9999, help=t("decoding", "seed_help")),
        _field("dec_most", "most", 1.1, 8, MOST),
    ]


def lane_fields() -> list[Field]:
    """The number of every lane."""
    links.name_field("dec_order", t("decoding", "order"))
    order: Field = {"key": "dec_order", "label": t("decoding", "order"), "wide": 2, "options": [(name, t("decoding", f"order_{name}")) for name in ("first", "last")]}  # fmt: skip
    return [
        _field("dec_temperature", "temperature", 1, 0, 2, 0.1),
        _field("dec_top_k", "top_k", 1, 1, 200),
        _field("dec_top_p", "top_p", 1, 0.05, 1, 0.05),
        _field("dec_typical", "typical", 1, 0.05, 1, 0.05, t("decoding", "typical_help")),
        _field("dec_min_p", "min_p", 1, 0, 1, 0.05),
        _field("dec_alpha", "alpha", 1, 0, 1, 0.1, t("decoding", "alpha_help")),
        _field("dec_heat", "heat", 1, 0.1, 2, 0.1, t("decoding", "heat_help")),
        order,
        _field("dec_penalty", "penalty", 1, 1, 2, 0.1, t("decoding", "penalty_help")),
    ]


def tree_fields() -> list[Field]:
    """Width and depth of the tree, and how the lengths of its texts count."""
    return [
        _field("dec_width", "width", 1, 1, 8, help=t("decoding", "width_help")),
        _field("dec_depth", "depth", 1, 2, MOST_DEPTH),
        _field("dec_length", "length", 1, 0, 2, 0.5, t("decoding", "length_help")),
    ]


def _files(card: ModelCard) -> ModelFiles | None:
    return None if st.session_state.get("_dec_server") else model_files(card.name)


Made = TypeVar("Made", RaceTexts, TreeTexts)


def traces() -> list[dict[str, Any]]:
    """Return the recorded views: of the defaults, and of what the page begins with in Korean."""
    found = (trace_file(name) for name in (NAME, f"{NAME}_ko"))
    return [trace for trace in found if trace is not None]


def _known(card: ModelCard, part: str, key: str, compute: Callable[[ModelCard], Made]) -> Made | None:
    for trace in traces():
        if trace[part]["key"] == key and of_shipped_model(trace):
            made: Made = trace[part]["made"]
            return made
    if _files(card) is not None:
        return None
    with working(told("decoding", "computing")):
        return compute(card)


def _view(card: ModelCard) -> ViewData:
    return {
        "rev": links.revision(),
        "state": state(),
        "asked": state(),
        "model": {"name": card.name, "revision": _revision(card)},
        "files": _files(card),
        "most_prompt": MOST_PROMPT,
    }


def race_data(card: ModelCard) -> RaceData:
    """Return the data of the lanes; what the browser computes is not in it."""
    return {
        **_view(card),
        "params": links.described(*MOVED),
        "known": _known(card, "race", race_key(card), made_race),
        "all": list(STRATEGIES),
        "stories": STORIES,
        "aid": {
            "covered": t("decoding", "aid_covered"),
            "named": t("decoding", "aid_named", **facts()),
        },
    }


def tree_data(card: ModelCard) -> TreeData:
    """Return the data of the tree."""
    return {**_view(card), "known": _known(card, "tree", tree_key(card), made_tree)}


# -- callbacks -------------------------------------------------------------------------------------------------------------


def took_view() -> None:
    """Callback: the reader moved the view; the browser sends all of it."""
    links.heard(RACE)


def wanted() -> None:
    """Callback: this browser cannot compute; from now on the server does for this reader."""
    for element in (RACE, TREE):
        links.heard(element, "want")
    st.session_state["_dec_server"] = True


def edited() -> None:
    """Callback: another model; tokens taken by hand belong to the old one."""
    links.put("dec_picks", ())
    links.moved()


# -- words, tables ---------------------------------------------------------------------------------------------------------


def _revision(card: ModelCard) -> str:
    return card.revision.removeprefix("sha256:")[:10]


def caption(card: ModelCard) -> str:
    """The line of every file: model, revision, seed, settings; the element has the same under the picture."""
    s = st.session_state
    parts = [
        t("decoding", "caption", model=card.name, revision=_revision(card), seed=s["dec_seed"], tokens=s["dec_most"]),
        ", ".join(label(name) for name in STRATEGIES if name in shown()) if s["dec_named"] else t("decoding", "caption_covered"),
    ]  # fmt: skip
    if s["dec_heat"] != 1:
        parts.append(t("decoding", f"caption_heat_{s['dec_order']}", heat=f"{s['dec_heat']:g}"))
    if "story" in shown():
        parts.append(t("decoding", "caption_story"))
    return " · ".join(parts)


def numbers(one: Mapping[str, Any]) -> dict[str, float]:
    """Return what the lane's line says of its whole text."""
    from components.lm.gpt.strategies import distinct, repeated

    logprobs = one["logprobs"]
    count = max(1, len(logprobs))
    return {
        "logprob": sum(logprobs),
        "logprob_per_token": sum(logprobs) / count,
        "distinct_3": distinct(one["ids"], 3),
        "repeated_4grams": repeated(one["ids"]),
        "below_one_percent": sum(x < math.log(0.01) for x in logprobs) / count,
    }


def lane_rows(card: ModelCard) -> list[dict[str, Any]]:
    """One row a lane."""
    return [
        {"strategy": name, "name": label(name), "text": "".join(one["texts"]), **numbers(one)}
        for name, one in zip(shown(), made_race(card)["lanes"], strict=True)
    ]


def token_rows(card: ModelCard) -> list[dict[str, Any]]:
    """One row a token."""
    return [
        {"strategy": name, "step": i + 1, "token": one["texts"][i], "token_id": one["ids"][i], "logprob": one["logprobs"][i], "rank": one["ranks"][i]}
        for name, one in zip(shown(), made_race(card)["lanes"], strict=True)
        for i in range(len(one["ids"]))
    ]  # fmt: skip


def tree_rows(card: ModelCard) -> list[dict[str, Any]]:
    """One row a hypothesis."""
    power, found = st.session_state["dec_length"], made_tree(card)["beam"]["tree"]
    return [
        {"node": i, "parent": n[0], "step": n[1], "token": n[6], "token_id": n[2], "logprob": n[3], "sum": n[4], "score": n[4] / n[1] ** power, "fate": n[5]}
        for i, n in enumerate(found["nodes"] if found else ())
    ]  # fmt: skip


@cache
def study() -> list[dict[str, Any]]:
    """Return the table of the held-out stories: the strategy, then numbers."""
    with STUDY.open(encoding="utf-8", newline="") as file:
        return [{key: value if key == "strategy" else float(value) for key, value in row.items()} for row in csv.DictReader(file)]  # fmt: skip


def study_of(strategy: str) -> dict[str, Any]:
    """Return one line of it."""
    return next(row for row in study() if row["strategy"] == strategy)


def facts() -> dict[str, object]:
    """Return the numbers that the text under the table names."""

    def nats(strategy: str) -> str:
        return f"{study_of(strategy)['mean_logprob']:.2f}".replace("-", "−")

    def share(strategy: str, column: str) -> str:
        value = study_of(strategy)[column]
        return f"{value:.0%}" if value >= 0.1 else f"{value:.1%}"

    first = study()[0]
    return {
        "n": int(first["texts"]),
        "tokens": int(first["tokens"] / first["texts"]),
        "story": nats("story"),
        "sample": nats("sample"),
        "beam": nats("beam 4"),
        "greedy": nats("greedy"),
        "beam_repeats": share("beam 4", "repeated_4grams"),
        "story_repeats": share("story", "repeated_4grams"),
        "sample_repeats": share("sample", "repeated_4grams"),
        "story_rare": share("story", "below_one_percent"),
        "sample_rare": share("sample", "below_one_percent"),
        "beats": share("beam 4", "beats_greedy"),
        "beats_two": share("beam 2", "beats_greedy"),
        "typical_same": share("typical 0.95", "same_as_top_p_95"),
    }


def export(card: ModelCard) -> Export:
    """What the page gives away."""
    s = st.session_state
    return Export(
        name="gpt-decoding",
        caption=caption(card),
        models=(card.name,),
        about={"model": card.name, "revision": card.revision, "beginning": s["dec_prompt"], "seed": s["dec_seed"]},
        tables={
            "lanes": lambda: lane_rows(card),
            "tokens": lambda: token_rows(card),
            "beam": lambda: tree_rows(card),
            "held_out": study,
        },
        result=lambda: {"lanes": lane_rows(card), "tokens": token_rows(card), "beam": tree_rows(card), "held_out": study()},
    )  # fmt: skip


def first_trace() -> dict[str, Any]:
    """Return the recorded view that the page begins with: in Korean where its Korean model is chosen."""
    korean = st.session_state["model"] == KOREAN_GPT
    return next(trace for trace in traces() if (trace["model"] == KOREAN_GPT) == korean)


def prediction() -> Prediction:
    """Which of the texts does the model itself find the most probable per token?"""
    trace = first_trace()
    lanes = zip(FIRST_LANES, trace["race"]["made"]["lanes"], strict=True)
    means = {name: numbers(one)["logprob_per_token"] for name, one in lanes}
    order = ("beam", "story", "top_p")
    slots = {name: f"{means[name]:.2f}".replace("-", "−") for name in means}
    return Prediction(
        t("decoding", "predict"),
        [t("decoding", f"predict_{name}") for name in order],
        max(range(len(order)), key=lambda i: means[order[i]]),
        t("decoding", "predict_why", **slots),
        KOREAN if trace["model"] == KOREAN_GPT else {},
    )


def prepared(card: ModelCard) -> list[tuple[str, dict[str, Any]]]:
    """Return the prepared states of the foot, in a language that the model knows."""
    begins = {**(KOREAN if reads_korean(card) else {}), "dec_named": True}
    return [
        (t("decoding", "try_eight"), {**begins, "dec_lanes": ",".join(STRATEGIES[1:])}),
        (t("decoding", "try_typical"), {**begins, "dec_lanes": "top_p,typical", "dec_top_p": 0.95, "dec_typical": 0.95}),
        (t("decoding", "try_heat"), {**begins, "dec_lanes": "top_p,min_p", "dec_heat": 1.5}),
        (t("decoding", "try_penalty"), {**begins, "dec_lanes": "greedy,beam", "dec_penalised": "greedy"}),
    ]  # fmt: skip


def notebook_of(card: ModelCard) -> Notebook | None:
    """Beam search of the tree in plain ``transformers``: the sum of the winner divided by its length."""
    s = st.session_state
    trace = next((trace for trace in traces() if trace["tree"]["key"] == tree_key(card)), None)
    if trace is None:
        return None
    made = trace["tree"]["made"]["beam"]
    _, step, *_, total, _, _ = made["tree"]["nodes"][made["tree"]["winner"]]
    code = f"""{opening(card, "AutoModelForCausalLM")}
given = tokenizer({s["dec_prompt"]!r}, return_tensors="pt")
with torch.inference_mode():
    found = model.generate(given.input_ids, attention_mask=given.attention_mask, num_beams={s["dec_width"]}, do_sample=False,
                           max_new_tokens={s["dec_depth"]}, length_penalty={s["dec_length"]}, pad_token_id=model.config.eos_token_id,
                           return_dict_in_generate=True, output_scores=True)
print(f"{{found.sequences_scores[0]:.3f}}")
"""
    return Notebook(code, (f"{total / step ** s['dec_length']:.3f}",))


def recorded(begins: Mapping[str, Any]) -> dict[str, Any]:
    """Compute a first view, for the recorder of this page: that of the defaults with what the page ``begins`` with."""
    for param in PARAMS:
        st.session_state[param.key] = begins.get(param.key, param.default)
    card = checkpoints.card(st.session_state["model"])
    return {
        "model": card.name,
        "revision": card.revision,
        "race": {"key": race_key(card), "made": made_race(card)},
        "tree": {"key": tree_key(card), "made": made_tree(card)},
    }
