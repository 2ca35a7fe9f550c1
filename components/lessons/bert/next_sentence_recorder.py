"""What stands on "Next sentence, or not" before anything is computed."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.bert.masked_text import MODEL
from components.lessons.probabilities import short
from components.lessons.recorded import save
from components.lm import checkpoints
from components.lm.checkpoints.bundled import KOREAN_BERT

MODELS = ("pocket-bert", "pocket-bert-ko")


def record() -> None:
    """What the bundled BERTs say of every pair that the rounds can draw, each in its language."""
    _record("bert/next_sentence", MODEL, "en")
    _record("bert/next_sentence_ko", KOREAN_BERT, "ko")


def _record(name: str, model_name: str, lang: str) -> None:
    from components.lessons.bert import next_sentence as page
    from components.lm.bert.next_sentence import judge

    loaded = checkpoints.load(model_name, "next_sentence")
    model = {"model": loaded.card.name, "revision": loaded.card.revision}
    told = page.scene(lang)
    lines, others = ([text for _, text in told[part]] for part in ("lines", "elsewhere"))
    pairs = [(a, b) for i, a in enumerate(lines[:-1]) for j, b in enumerate(lines) if i != j]
    pairs += [(a, b) for a in lines[:-1] for b in others]
    pairs += page.probe_pairs(*told["probe"].values()).values()
    sentences = list(dict.fromkeys(sentence for pair in pairs for sentence in pair))
    verdicts = [
        [sentences.index(a), sentences.index(b), verdict.is_next_prob]
        for (a, b), verdict in zip(pairs, judge(loaded, pairs), strict=True)
    ]
    save(name, {**model, "state": {}, "sentences": sentences, "verdicts": verdicts})


def miniature() -> Miniature:
    """Two pairs and what the bundled BERT says of them."""
    from components.lm.bert.next_sentence import judge

    first = "The girl opened the door."
    seconds = ("She went into the garden.", "The ship sailed to the island.")
    verdicts = judge(
        checkpoints.load("pocket-bert", "next_sentence"), [(first, second) for second in seconds]
    )
    frames: list[Frame] = [
        {
            "text": f"… {second}",
            "next": "",
            "bars": [["IsNext", short(v.is_next_prob)], ["NotNext", short(1 - v.is_next_prob)]],
            "chosen": 0 if v.says_next else 1,
        }
        for second, v in zip(seconds, verdicts, strict=True)
    ]
    return {"kind": "bars", "frames": frames}
