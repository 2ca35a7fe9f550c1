"""State and data of the page "Next sentence, or not"."""

from __future__ import annotations

import csv
import html
import json
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.elements.engine import model_files
from components.elements.page_fields import page_fields
from components.elements.predict_first import Prediction, answer
from components.elements.view import started
from components.lessons.bert.masked_text import MODEL, percent
from components.lessons.known_language import reads_korean, say_if_foreign
from components.lessons.recorded import first_view
from components.lm import checkpoints
from components.lm.checkpoints.bundled import KOREAN_BERT
from components.lm.reading import CannotRead, read
from components.shell import links
from components.shell.layout import note_line, working
from components.shell.loading import load_model
from components.shell.refusals import cannot_read
from components.shell.results import shared
from components.words import language, t, told

if TYPE_CHECKING:
    from components.elements.bert.next_probe import Probed
    from components.elements.bert.next_rounds import NextPair, NextRounds
    from components.lm.bert.next_sentence import Pair, Verdict
    from components.lm.checkpoints.model_card import ModelCard


ASSETS = Path(__file__).parents[3] / "assets"
ROUNDS = 10
ELSEWHERE = ("another_text", "same_text")
CASES = ("given", "swapped", "another_topic", "paraphrase", "nonsense", "repeated")
_PROBE = ("first", "second", "another_topic", "paraphrase")


@cache
def scene(lang: str) -> dict[str, Any]:
    """Return the dialogue of a language: lines and lines from elsewhere as (speaker, text), sentences to probe."""
    return tomllib.loads((ASSETS / "samples" / f"dialogue_{lang}.toml").read_text(encoding="utf-8"))


def korean() -> dict[str, Any]:
    """What the page begins with in Korean."""
    return {
        "bert_model": KOREAN_BERT,
        **{f"nsp_{key}": scene("ko")["probe"][key] for key in _PROBE},
    }


def params() -> tuple[links.Param, ...]:
    """What the link of the page holds; a probe that is empty, or that of the English scene, stands for the scene's."""
    return (
        links.Text("bert_model", MODEL, max_chars=120, example="nano-bert"),
        links.Choice("nsp_part", ("rounds", "probe"), "rounds"),
        links.Choice("elsewhere", ELSEWHERE, "another_text"),
        links.Integer("nsp_seed", 0, 999_999, 3),
        links.Integer("round", 0, ROUNDS - 1, 0),
        links.Numbers("votes", (), most=ROUNDS, high=1, example=(1, 0)),
        *(links.Text(f"nsp_{key}", scene("en")["probe"][key], max_chars=2000) for key in _PROBE),
    )


def scene_language(card: ModelCard) -> str:
    """Return the language of the scene: the reader's, if the model can read it."""
    if language() == "ko" and reads_korean(card):
        return "ko"
    return "ko" if card.languages == ("ko",) else "en"


def notices(card: ModelCard) -> None:
    """Say it when the scene is not in the reader's language."""
    if language() == "ko" and scene_language(card) == "en":
        note_line(t("nsp", "only_english", model=card.name, other=KOREAN_BERT))


MOVED = ("elsewhere", "nsp_seed", "round", "votes")
"""What the browser moves by itself in the rounds."""
VIEW = "next_rounds"
"""The name that the elements of the rounds share."""
PROBE_VIEW = "next_sentence"
"""The name that the elements of the probe share."""


def kept() -> tuple[str, tuple[str, ...]]:
    """The name and the parameters of what the browser keeps in the part on screen."""
    rounds_on = st.session_state["nsp_part"] == "rounds"
    return (VIEW, MOVED) if rounds_on else (PROBE_VIEW, tuple(f"nsp_{key}" for key in _PROBE))


def state() -> dict[str, Any]:
    """What the browser moves, as the link holds it."""
    s = st.session_state
    return {key: list(value) if isinstance(value := s[key], tuple) else value for key in MOVED}


def ask_elsewhere() -> None:
    """Where the wrong lines come from, as a field of the browser."""
    links.name_field("elsewhere", t("nsp", "elsewhere"))
    page_fields(
        VIEW,
        links.revision(),
        state(),
        [
            {
                "key": "elsewhere",
                "label": t("nsp", "elsewhere"),
                "wide": 1,
                "options": [(name, t("nsp", f"elsewhere_{name}")) for name in ELSEWHERE],
                "help": t("nsp", "elsewhere_help"),
                "resets": {"votes": [], "round": 0},
            }
        ],
    )


def took_rounds() -> None:
    """Callback: the class voted, went to another round or drew other pairs; the browser sends the whole state."""
    said = links.heard("next_rounds")
    if said is None:
        return
    st.session_state["_rounds_browser"] = said.get("browser")
    p = said.get("p")
    st.session_state["_rounds_p"] = float(p) if isinstance(p, int | float) else None


def restart() -> None:
    """Callback: the pairs changed, so the votes mean nothing."""
    links.put("votes", ())
    links.put("round", 0)
    links.moved()


def marks(card: ModelCard) -> tuple[str, str, str]:
    """Return what the model reads before A, between A and B, and after B; of the bundled ones without torch."""
    if card.source == "bundled":
        return "[CLS]", "[SEP]", "[SEP]"
    reading = read(load_model(card.name, "next_sentence"), "a", "b")
    places: list[list[str]] = [[], [], []]
    for i, (token, part) in enumerate(zip(reading.tokens, reading.parts, strict=True)):
        if part == "frame":
            places[len({p for p in reading.parts[:i] if p != "frame"})].append(token)
    return " ".join(places[0]), " ".join(places[1]), " ".join(places[2])


def drawn(card: ModelCard) -> list[Pair]:
    """Return the ten pairs of the seed."""
    from components.lm.bert.next_sentence import draw_pairs

    s, of = st.session_state, scene(scene_language(card))
    return draw_pairs(
        [text for _, text in of["lines"]],
        [text for _, text in of["elsewhere"]],
        rounds=ROUNDS,
        seed=s["nsp_seed"],
        elsewhere=s["elsewhere"],
    )


def in_browser(card: ModelCard) -> bool:
    """Whether the browser judges with this model, so that nothing need be computed here."""
    return model_files(card.name) is not None and st.session_state.get("_rounds_browser") == card.name


def pairs(card: ModelCard) -> list[NextPair]:
    """Return ten pairs with the truth and P(IsNext) of the model."""
    of = scene(scene_language(card))
    lines, others = of["lines"], of["elsewhere"]
    found = drawn(card)
    verdicts = is_next(card, tuple((p.first, p.second) for p in found))
    return [
        {
            "first": pair.first,
            "second": pair.second,
            "who": [
                lines[pair.first_line][0],
                (others if pair.other_text else lines)[pair.second_line][0],
            ],
            "is_next": pair.is_next,
            "other": pair.other_text,
            "line": pair.second_line,
            "p": p,
        }
        for pair, p in zip(found, verdicts, strict=True)
    ]


def rounds(card: ModelCard) -> NextRounds:
    """Return the element's data."""
    s, of = st.session_state, scene(scene_language(card))
    known = _recorded(card)
    lines = [text for _, text in of["lines"]]

    def table(seconds: list[str]) -> list[list[float | None]]:
        return [[known.get((first, second)) for second in seconds] for first in lines]

    return {
        "rev": links.revision(),
        "state": started("next_rounds", state(), links.revision()),
        "params": links.described(*MOVED),
        "marks": list(marks(card)),
        "model": card.name,
        "files": model_files(card.name),
        "scene": {
            "lines": of["lines"],
            "others": of["elsewhere"],
            "known": {"lines": table(lines), "others": table([text for _, text in of["elsewhere"]])},
        },
        "title": of["title"],
        "said": _of_model(card),
        "asked": [s["elsewhere"], s["nsp_seed"]],
        "pairs": None if in_browser(card) else pairs(card),
    }


def example(card: ModelCard, data: NextRounds) -> tuple[str, str, float] | None:
    """Return the two sentences of the round that is shown and P(IsNext); None if the browser has not told it."""
    number = st.session_state["round"]
    if data["pairs"] is not None:
        pair = data["pairs"][number]
        return pair["first"], pair["second"], pair["p"]
    p, shown = st.session_state.get("_rounds_p"), drawn(card)[number]
    return None if p is None else (shown.first, shown.second, p)


def _recorded(card: ModelCard) -> Mapping[tuple[str, str], float]:
    """Return P(IsNext) of pairs of the scene by the model it was recorded for; nothing for another."""
    trace = first_view("bert/next_sentence", card, ())
    if trace is None:
        return {}
    sentences = trace["sentences"]
    return {(sentences[i], sentences[j]): float(p) for i, j, p in trace["verdicts"]}


def is_next(card: ModelCard, pairs: tuple[tuple[str, str], ...]) -> list[float]:
    """Return P(IsNext) of each pair: from a file for pairs of the scene and the bundled model, else from the model."""
    known = _recorded(card)
    if all(pair in known for pair in pairs):
        return [known[pair] for pair in pairs]
    return [v.is_next_prob for v in pair_verdicts(card.name, card.revision, pairs)]


def ask_probe(card: ModelCard) -> None:
    """Take the sentences of the reader, and draw what the model says of the pair and its changes."""
    from components.elements.bert.next_probe import next_probe

    st.markdown(t("nsp", "probe_text"))
    of_scene = scene(scene_language(card))["probe"]
    for key in _PROBE:
        links.put(f"nsp_{key}", probe_text(card, key))  # a sentence to change, not an empty field
        links.name_field(f"nsp_{key}", t("nsp", key))
    state = {f"nsp_{key}": str(st.session_state[f"nsp_{key}"]) for key in _PROBE}
    page_fields(
        PROBE_VIEW,
        links.revision(),
        state,
        [
            {
                "key": f"nsp_{key}",
                "label": t("nsp", key),
                "wide": 6,
                "high": 2000,
                "placeholder": of_scene[key],
            }
            for key in _PROBE
        ],
    )
    say_if_foreign(card, *(probe_text(card, key) for key in _PROBE))
    files = model_files(card.name)
    here = files is not None and st.session_state.get("_nsp_browser") == card.name
    found = None
    if not here:
        try:
            with working(told("nsp", "loading", model=card.name)):
                found = probe(card)
        except CannotRead as error:
            st.error(cannot_read(error))
            return
    with answer():
        next_probe(
            {
                "rev": links.revision(),
                "state": state,
                "params": links.described(*state),
                "scene": of_scene,
                "prepared": {key: [scene(lang)["probe"][key] for lang in ("en", "ko")] for key in _PROBE},
                "between": marks(card)[1],
                "model": card.name,
                "files": files,
                "asked": json.dumps(
                    {key: probe_text(card, key) for key in _PROBE}, ensure_ascii=False, separators=(",", ":")
                ),
                "found": found,
            },
            on_view=took_probe,
        )


def took_probe() -> None:
    """Callback: the reader changed a sentence; the browser sends all four, and whether it judged them."""
    said = links.heard("next_probe")
    if said is None:
        return
    st.session_state["_nsp_browser"] = said.get("browser")


def probe_text(card: ModelCard, key: str) -> str:
    """Return a sentence to probe: the reader's, or the scene's."""
    own = str(st.session_state[f"nsp_{key}"])
    prepared = [scene(lang)["probe"][key] for lang in ("en", "ko")]
    return own if own and own not in prepared else str(scene(scene_language(card))["probe"][key])


def prediction() -> Prediction | None:
    """Which change of sentence B does the model notice? None where it notices not exactly one."""
    begins = korean() if st.session_state["bert_model"] == KOREAN_BERT else {}
    card = checkpoints.card(KOREAN_BERT if begins else MODEL)
    of_scene = scene("ko" if begins else "en")["probe"]
    pairs = probe_pairs(*(of_scene[key] for key in _PROBE))
    asked = ("swapped", "another_topic", "nonsense", "repeated")
    found = dict(zip(pairs, is_next(card, tuple(pairs.values())), strict=True))
    noticed_ = [case for case in asked if found[case] <= 0.5]
    if found["given"] <= 0.5 or len(noticed_) != 1:
        return None
    unseen = [case for case in asked if case not in noticed_]
    return Prediction(
        t("nsp", "predict", first=of_scene["first"], second=of_scene["second"], p=percent(found["given"])),
        [t("nsp", f"probe_{case}") for case in asked],
        asked.index(noticed_[0]),
        t(
            "nsp",
            "predict_why",
            p=percent(found[noticed_[0]]),
            least=percent(min(found[case] for case in unseen)),
        ),
        {**begins, "nsp_part": "probe"},
    )


def prepared(card: ModelCard) -> list[tuple[str, dict[str, Any]]]:
    """Return the prepared states of the foot."""
    begins = korean() if card.name == KOREAN_BERT else {}
    return [
        (t("nsp", "try_same"), {**begins, "elsewhere": "same_text"}),
        (t("nsp", "try_probe"), {**begins, "nsp_part": "probe"}),
        (t("nsp", "try_other_seed"), {**begins, "nsp_seed": 7}),
    ]


def own_sentences(card: ModelCard) -> set[str]:
    """Return which sentences are the reader's; of their pairs nobody has said what a reader would say."""
    of_scene = scene(scene_language(card))["probe"]
    return {key for key in _PROBE if probe_text(card, key) != of_scene[key]}


_NEEDS = {
    "given": ("first", "second"),
    "swapped": ("first", "second"),
    "another_topic": ("first", "another_topic"),
    "paraphrase": ("first", "second", "paraphrase"),
    "nonsense": ("second",),
    "repeated": (),
}
"""Which sentences have to be those of the scene for what a reader would say of a pair to be known."""


def probe(card: ModelCard) -> list[Probed]:
    """Return the pair and its changes, each with P(IsNext)."""
    pairs = probe_pairs(*(probe_text(card, key) for key in _PROBE))
    own = own_sentences(card)
    if {"first", "second"} & own and "paraphrase" not in own:
        del pairs["paraphrase"]  # it says another sentence differently
    return [
        {"case": case, "first": a, "second": b, "is_next": p, "known": not own.intersection(_NEEDS[case])}
        for (case, (a, b)), p in zip(pairs.items(), is_next(card, tuple(pairs.values())), strict=True)
    ]


def probe_pairs(first: str, second: str, topic: str, said_again: str) -> dict[str, tuple[str, str]]:
    """Return the pair as given and its changes, by case."""
    from components.lm.bert.next_sentence import shuffled_words

    return {
        "given": (first, second),
        "swapped": (second, first),
        "another_topic": (first, topic),
        "paraphrase": (first, said_again),
        "nonsense": (first, shuffled_words(second)),
        "repeated": (first, first),
    }


def _of_model(card: ModelCard) -> dict[str, str]:
    return {
        "model": card.name,
        "revision": card.revision.removeprefix("sha256:")[:10],
        "parameters": f"{card.num_parameters:,}",
    }


def caption(card: ModelCard) -> str:
    """Return the line under the picture."""
    s = st.session_state
    if s["nsp_part"] == "probe":
        return t("nsp", "caption_probe", **_of_model(card)).replace("[CLS]", marks(card)[0])
    return t(
        "nsp",
        "caption",
        **_of_model(card),
        scene=scene(scene_language(card))["title"],
        part=t("nsp", f"elsewhere_{s['elsewhere']}"),
        seed=s["nsp_seed"],
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (ASSETS / "facts" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def facts_html() -> str:
    """Return ALBERT's and RoBERTa's findings as two tables."""
    heads = "".join(
        f"<th scope='col'>{html.escape(t('nsp', f'sop_{k}'))}</th>"
        for k in ("task", "mlm", "nsp", "sop", "average")
    )
    body = "".join(
        f"<tr><th scope='row'>{html.escape(t('nsp', 'sop_none') if row['sentence_task_in_pretraining'] == 'none' else row['sentence_task_in_pretraining'])}</th>"
        + "".join(
            f"<td>{row[k]}</td>"
            for k in ("MLM_accuracy", "NSP_accuracy", "SOP_accuracy", "average_downstream")
        )
        + "</tr>"
        for row in _rows("albert_sop")
    )
    roberta = "".join(
        f"<tr><th scope='row'>{html.escape(t('nsp', f'roberta_row_{number}'))}</th>"
        + "".join(f"<td>{html.escape(part.strip().split(' ')[-1])}</td>" for part in row["value"].split(","))
        + "</tr>"
        for number, row in enumerate(
            (row for row in _rows("roberta_spanbert_facts") if row["group"] == "sentence task"), 1
        )
    )
    results = "".join(
        f"<th scope='col'>{name}</th>" for name in ("SQuAD 1.1 / 2.0", "MNLI-m", "SST-2", "RACE")
    )
    titles = {k: html.escape(t("nsp", k)) for k in ("sop_title", "sop_aid", "roberta_title", "roberta_input")}
    return (
        f"<h4>{titles['sop_title']}</h4><table class='gb-table'><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        f"<p>{titles['sop_aid']}</p><h4>{titles['roberta_title']}</h4><table class='gb-table'><thead><tr>"
        f"<th scope='col'>{titles['roberta_input']}</th>{results}</tr></thead><tbody>{roberta}</tbody></table>"
    )


def export_rows(card: ModelCard) -> list[dict[str, Any]]:
    """Return the ten pairs, or the probed ones, for the export; the classes are named, not numbered."""
    if st.session_state["nsp_part"] == "probe":
        return [
            {
                **{k: v for k, v in one.items() if k != "known"},
                "model": "IsNext" if one["is_next"] > 0.5 else "NotNext",
            }
            for one in probe(card)
        ]
    votes = st.session_state["votes"]
    names = ("NotNext", "IsNext")
    return [
        {
            "round": i + 1,
            "first": pair["first"],
            "second": pair["second"],
            "truth": names[pair["is_next"]],
            "is_next_probability": pair["p"],
            "model": names[pair["p"] > 0.5],
            "class": names[votes[i]] if i < len(votes) else "",
        }
        for i, pair in enumerate(pairs(card))
    ]


# Ten pairs: 5 kB.
@shared
def pair_verdicts(name: str, revision: str, pairs: tuple[tuple[str, str], ...]) -> list[Verdict]:
    """Return what a model says of sentence pairs."""
    from components.lm.bert.next_sentence import judge

    return judge(load_model(name, "next_sentence"), pairs)
