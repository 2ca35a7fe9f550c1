"""State and data of the page "Does it answer?": one request in three lanes, and what tuning on pairs changes first."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import streamlit as st

from components.elements.alignment.instruction_lanes import (
    InstructionLanes,
    LanesView,
    Said,
    TunedLine,
)
from components.elements.predict_first import Prediction
from components.lessons.recorded import shipped
from components.lm import checkpoints
from components.lm.alignment import instructions as lm
from components.lm.fine_tuning.scores import wilson
from components.shell import links
from components.shell.layout import Export
from components.shell.notebook import Notebook, opening
from components.words import labels, t, told

NAME = "alignment/instructions"
WORDS = "instructions"
BOARD = "instruction_lanes"
LOOKS = ("wrong", "threeh", "template", "alpaca", "tune", "nothing")
KINDS = ("seen", "new", "feelings")
"""Both words are in the tuning pairs, neither is, or the request is of another task."""
OFFERED = 6
"""Requests of each kind to choose from: the first, not chosen by their answers."""
REQUESTS = tuple(f"{kind}-{i}" for kind in KINDS for i in range(OFFERED))
LIVE_MODELS = ("nano-gpt", "pocket-gpt")
LIVE_PAIRS = ("20", "50", "100", "400")
OWN_BYTES = 70
"""Of a reader's own request: with its frame and an answer it fits into nano-gpt's 128 places, whatever its letters."""
CARDS, SCALES, TEMPLATES, STAGES = 3, 3, 4, 6

PARAMS = (
    links.Choice("ins_request", REQUESTS, REQUESTS[0], example="new-1"),
    links.Integer("ins_size", 0, len(lm.SIZES) - 1, 4),
    links.Choice("ins_look", LOOKS, "wrong"),
    links.Numbers("ins_labels", most=CARDS, high=3, example=(1, 3, 0)),
    links.Numbers("ins_scales", most=SCALES, high=3, example=(1, 2, 3)),
    links.Integer("ins_template", 0, TEMPLATES - 1, 0),
    links.Integer("ins_stage", 0, STAGES - 1, 0),
    links.Choice("ins_model", LIVE_MODELS, LIVE_MODELS[0]),
    links.Choice("ins_pairs", LIVE_PAIRS, "100"),
    links.Integer("ins_seed", 0, 99, 0),
    links.Text("ins_own", "Tell a story about a frog and a hat.", OWN_BYTES, example="Say hello to my dog."),
)


@cache
def recorded() -> Mapping[str, Any]:
    """Return the recorded runs (``python -m components.pretraining instructions``)."""
    return shipped(NAME)


def runs_of(size: int) -> list[Mapping[str, Any]]:
    """Return the runs of a number of pairs, one a seed."""
    return sorted((run for run in recorded()["runs"] if run["pairs"] == size), key=lambda run: run["seed"])


def asked() -> tuple[str, int]:
    """Return the request in sight: its kind and its place among those of its kind."""
    kind, place = str(st.session_state["ins_request"]).split("-")
    return kind, int(place)


def words_of(kind: str, place: int) -> list[str]:
    """Return the two words of a request for a story, or nothing."""
    return [] if kind == "feelings" else list(recorded()["requests"][kind][place])


def instruction_of(kind: str, place: int) -> tuple[str, str]:
    """Return a request's instruction and its input, which may be empty."""
    if kind == "feelings":
        return lm.FEELING, recorded()["feelings"][place][0]
    return lm.instruction(lm.Asked(*words_of(kind, place))), ""


def named(request: str) -> str:
    """Return a request as the choice names it."""
    kind, place = request.split("-")
    instruction, given = instruction_of(kind, int(place))
    return f"{given} {instruction}" if given else instruction


def view() -> LanesView:
    """Return where the reader is, from the link."""
    return LanesView(st.session_state["ins_size"])


def keep(now: LanesView) -> None:
    """Hand what the element holds to the link."""
    links.put("ins_size", now.size)


# -- what was counted ------------------------------------------------------------------------------------------------------


def _share(found: Mapping[str, Any], measure: str, kind: str) -> float:
    """Return one run's share: of answers that take the form, of requested words, of labels, of right labels, or,
    among the answers that are kept, of stories that were not asked for."""
    if measure == "told":
        return sum(map(lm.takes_form, found["feelings"]["answers"])) / len(found["feelings"]["answers"])
    if kind == "feelings":
        return float(found["feelings"][measure]) / float(found["feelings"]["asked"])
    counts = found["counts"][kind]
    return float(counts[measure]) / float(counts["answers"] * (2 if measure in ("used", "by_chance") else 1))


def spread(runs: Sequence[Mapping[str, Any]], measure: str, kind: str) -> tuple[float, float, float]:
    """Return the mean of the seeds, the lowest and the highest."""
    values = [_share(run, measure, kind) for run in runs]
    return round(sum(values) / len(values), 4), min(values), max(values)


LINES = {"story": (("form", "seen"), ("used", "seen"), ("used", "new")), "feelings": (("labels", "feelings"), ("right", "feelings"), ("told", "feelings"))}  # fmt: skip
"""What the chart draws: (measure, kind of request)."""


def lines() -> list[TunedLine]:
    """Return the curves over the number of pairs, each with the band of its seeds."""
    kind = "feelings" if asked()[0] == "feelings" else "story"
    return [
        {
            "name": t(WORDS, f"line_{measure}_{about}"),
            "points": [[float(i), *spread(runs_of(size), measure, about)] for i, size in enumerate(lm.SIZES)],
        }
        for measure, about in LINES[kind]
    ]


def interval(right: int, total: int) -> str:
    """Return a share with its 95% interval, as a person reads it.

    >>> interval(30, 40)
    '75% (60–86)'
    """
    low, high = wilson(right, total)
    return f"{percent(right / total)} ({100 * low:.0f}–{100 * high:.0f})"


def percent(share: float) -> str:
    """Return a share in whole percent."""
    return f"{100 * share:.0f}%"


def scored(found: Mapping[str, Any]) -> str:
    """Return the line under a lane that writes: what its answers to the requests of this kind come to."""
    kind = asked()[0]
    if kind == "feelings":
        counts = found["feelings"]
        return t(WORDS, "scored_feelings", labels=interval(counts["labels"], counts["asked"]), right=interval(counts["right"], counts["asked"]))  # fmt: skip
    counts = found["counts"][kind]
    n = counts["answers"]
    return t(WORDS, f"scored_{kind}", n=n, form=interval(counts["form"], n), used=interval(counts["used"], 2 * n), chance=percent(counts["by_chance"] / (2 * n)))  # fmt: skip


def pooled(found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the counts of all seeds together."""
    kinds = ("seen", "new")
    return {
        "counts": {
            kind: {name: sum(one["counts"][kind][name] for one in found) for name in found[0]["counts"][kind]}
            for kind in kinds
        },
        "feelings": {name: sum(one["feelings"][name] for one in found) for name in ("asked", "labels", "right")},
    }  # fmt: skip


def head_said() -> Said:
    """What the head says: it has two words, whatever it reads."""
    kind, place = asked()
    happy = float(recorded()["heads"][0]["happy"][kind][place])
    heads = recorded()["heads"]
    right, total = sum(one["right"] for one in heads), sum(one["asked"] for one in heads)
    return {
        "before": "",
        "answer": "",
        "happy": happy,
        "score": t(WORDS, "scored_head", right=interval(right, total), n=total),
    }


def frame_of(kind: str, place: int) -> str:
    """Return what a writing lane reads of the request in sight."""
    instruction, given = instruction_of(kind, place)
    return lm.feeling_request(given) if given else lm.framed(instruction)


def prompted_said() -> Said:
    """What the untouched model writes after two worked examples."""
    kind, place = asked()
    found = recorded()["prompted"][0]
    if kind == "feelings":
        shown = "\n\n".join(
            f"{lm.feeling_request(text)} {label}" for text, label in found["feeling_examples"]
        )
        answer = found["feelings"]["answers"][place]
    else:
        pairs = [lm.Pair(lm.Asked(**one["asked"]), one["answer"]) for one in found["examples"]]
        shown = "\n\n".join(f"{lm.request(one.asked)} {one.answer}" for one in pairs)
        answer = found["answers"][kind][place]
    return {"before": shown, "answer": answer, "happy": None, "score": scored(pooled(recorded()["prompted"]))}


def tuned_said() -> list[Said]:
    """What each tuned model writes, by the number of pairs."""
    kind, place = asked()
    made: list[Said] = []
    for size in lm.SIZES:
        runs = runs_of(size)
        first = runs[0]["feelings"]["answers"] if kind == "feelings" else runs[0]["answers"][kind]
        made.append({"before": "", "answer": first[place], "happy": None, "score": scored(pooled(runs))})
    return made


def board() -> InstructionLanes:
    """Return what the lanes draw."""
    kind, place = asked()
    instruction, given = instruction_of(kind, place)
    return {
        "sizes": lm.SIZES,
        "instruction": instruction,
        "given": given,
        "frame": frame_of(kind, place),
        "asked": words_of(kind, place),
        "expected": "" if kind != "feelings" else recorded()["feelings"][place][1],
        "head": head_said(),
        "prompted": prompted_said(),
        "tuned": tuned_said(),
        "lines": lines(),
        "guess": 0.5 if kind == "feelings" else None,
        "words": labels("instruction_lanes"),
        "stepper": labels("stepper"),
    }


def aid(now: LanesView) -> str:
    """What this many pairs have changed, and what they have not; HTML."""
    size, runs = lm.SIZES[now.size], runs_of(lm.SIZES[now.size])
    if asked()[0] == "feelings":
        shares = {name: percent(spread(runs, name, "feelings")[0]) for name in ("labels", "right", "told")}
        kept = sum(len(run["feelings"]["answers"]) for run in runs)
        other = [t(WORDS, "aid_feelings", pairs=f"{size:,}", kept=kept, **shares)]
        if spread(runs, "told", "feelings")[0] >= 0.3:
            other.append(t(WORDS, "aid_told"))
        return html.escape(" ".join(other))
    form = spread(runs, "form", "seen")
    if not size:
        shares = {kind: percent(spread(runs, "used", kind)[0]) for kind in ("seen", "new")}
        return html.escape(t(WORDS, "aid_none", form=percent(form[0]), **shares))
    said = [
        t(
            WORDS,
            "aid",
            pairs=f"{size:,}",
            form=percent(form[0]),
            low=percent(form[1]),
            high=percent(form[2]),
            seen=percent(spread(runs, "used", "seen")[0]),
            new=percent(spread(runs, "used", "new")[0]),
            base=percent(spread(runs_of(0), "used", "seen")[0]),
            base_new=percent(spread(runs_of(0), "used", "new")[0]),
        )
    ]
    seen, new, before = (
        spread(r, "used", kind)[0] for r, kind in ((runs, "seen"), (runs, "new"), (runs_of(0), "new"))
    )
    if seen > new + 0.15 and new < before + 0.1:
        said.append(t(WORDS, "aid_practised"))
    if form[0] >= 0.8:
        said.append(t(WORDS, "aid_form_first"))
    return html.escape(" ".join(said))


def caption() -> str:
    """The line under the lanes: model, runs, requests, time."""
    kept = recorded()
    runs = kept["runs"]
    last = runs_of(lm.SIZES[-1])
    return t(
        WORDS,
        "caption",
        model=kept["model"],
        revision=str(kept["revision"]).removeprefix("sha256:")[:10],
        date=kept["recorded"],
        runs=len(runs),
        seeds=", ".join(map(str, lm.SEEDS)),
        requests=lm.HELD_OUT,
        seconds=f"{sum(run['seconds'] for run in last) / len(last):.0f}",
        pairs=f"{lm.SIZES[-1]:,}",
    )


def prediction() -> Prediction:
    """Asked before the lanes are seen: what do a hundred pairs change most?"""
    before, after = runs_of(0), runs_of(100)
    gains = [
        spread(after, measure, kind)[0] - spread(before, measure, kind)[0] for measure, kind in LINES["story"]
    ]
    place = max(range(3), key=gains.__getitem__)
    slots = {
        f"{name}_{when}": percent(spread(runs, measure, kind)[0])
        for (measure, kind), name in zip(LINES["story"], ("form", "seen", "new"), strict=True)
        for when, runs in (("before", before), ("after", after))
    }
    return Prediction(
        t(WORDS, "predict"),
        [t(WORDS, f"predict_{name}") for name in ("form", "seen", "new")],
        place,
        t(WORDS, "predict_why", **slots),
        {"ins_size": lm.SIZES.index(100)},
    )


# -- to take home ----------------------------------------------------------------------------------------------------------


def run_rows() -> list[dict[str, Any]]:
    """Return every recorded run with its counts."""
    rows: list[dict[str, Any]] = []
    for lane, runs in (("tuned", recorded()["runs"]), ("prompted", recorded()["prompted"])):
        for run in runs:
            rows.append(
                {
                    "lane": lane,
                    "pairs": run.get("pairs", 0),
                    "run_seed": run["seed"],
                    "cpu_seconds": run["seconds"],
                    **{f"{kind}_{name}": value for kind, counts in run["counts"].items() for name, value in counts.items()},
                    **{f"feelings_{name}": run["feelings"][name] for name in ("asked", "labels", "right")},
                }
            )  # fmt: skip
    return rows


def answer_rows() -> list[dict[str, Any]]:
    """Return every kept answer to the requests on offer, of seed 0."""
    rows: list[dict[str, Any]] = []
    for request in REQUESTS:
        kind, place = request.split("-")
        at = int(place)
        rows.append({"request": named(request), "lane": "head", "pairs": "", "answer": f"happy {recorded()['heads'][0]['happy'][kind][at]}"})  # fmt: skip
        first = recorded()["prompted"][0]
        own = first["feelings"]["answers"] if kind == "feelings" else first["answers"][kind]
        rows.append({"request": named(request), "lane": "prompted", "pairs": 0, "answer": own[at]})
        for size in lm.SIZES:
            run = runs_of(size)[0]
            own = run["feelings"]["answers"] if kind == "feelings" else run["answers"][kind]
            rows.append({"request": named(request), "lane": "tuned", "pairs": size, "answer": own[at]})
    return rows


def pair_rows() -> list[dict[str, Any]]:
    """Return the pairs of seed 0, in the order in which fewer are taken."""
    return [
        {"instruction": lm.instruction(pair.asked), "input": "", "output": pair.answer}
        for pair in lm.pairs(lm.SIZES[-1], 0)
    ]


def export() -> Export:
    """Everything of the picture, and the pairs."""
    return Export(
        "alignment-instructions",
        caption(),
        {"model": recorded()["model"], "revision": recorded()["revision"]},
        {"runs": run_rows, "answers": answer_rows, "pairs": pair_rows},
        lambda: {
            "request": str(st.session_state["ins_request"]),
            "lanes": {k: v for k, v in board().items() if k not in ("words", "stepper")},
        },
    )


def notebook_of() -> Notebook:
    """How likely the untouched model finds the first answer of the first pair after its request: the loss before tuning."""
    pair = lm.pairs(1, 0)[0]
    code = f"""{opening(checkpoints.card(recorded()["model"]), "AutoModelForCausalLM")}
request = tokenizer(tokenizer.bos_token + {lm.request(pair.asked)!r}, add_special_tokens=False).input_ids
answer = tokenizer({" " + pair.answer!r} + tokenizer.eos_token, add_special_tokens=False).input_ids
with torch.inference_mode():
    logprobs = model(torch.tensor([request + answer])).logits[0].log_softmax(-1)
own = logprobs[len(request) - 1 : -1].gather(1, torch.tensor(answer)[:, None])
print(f"loss before tuning {{-own.mean():.3f}}")
"""
    return Notebook(code, (f"loss before tuning {recorded()['first_loss']:.3f}",))


def how() -> str:
    """How it is made; Markdown."""
    sample = lm.pairs(1, 0)[0]
    return told(
        WORDS,
        "how_text",
        words=len(lm.CREATURES) + len(lm.THINGS),
        new=", ".join([*lm.NEW_CREATURES, *lm.NEW_THINGS]),
        request=lm.instruction(sample.asked),
        answer=sample.answer,
        requests=lm.HELD_OUT,
        tokens=lm.NEW_TOKENS,
        temperature=lm.TEMPERATURE,
        rate=f"{lm.RATE:g}",
        batch=lm.BATCH,
        passes=", ".join(f"{size:,}: {n}" for size, n in lm.PASSES.items()),
        sentences=recorded()["heads"][0]["sentences"],
    )


def prepared() -> list[tuple[str, dict[str, Any]]]:
    """States worth a look."""
    return [
        (t(WORDS, "try_none"), {"ins_size": 0}),
        (t(WORDS, "try_new"), {"ins_request": "new-0", "ins_size": len(lm.SIZES) - 1}),
        (t(WORDS, "try_other"), {"ins_request": "feelings-0"}),
        (t(WORDS, "try_alpaca"), {"ins_look": "alpaca", "ins_stage": 2}),
    ]
