"""The miniature of "Masking rates compared", and how the Korean draw to begin with was chosen."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.recorded import TRACES


def choose_seed(sentence: str, others: list[str], most: int = 1000) -> int:
    """Return the first draw of BERT's recipe in which a few words of a sentence are chosen and all three cases are seen.

    Raises:
        ValueError: there is none among the first ``most``.
    """
    from components.lm.bert.masking import Action
    from components.lm.bert.masking_table import apply_to_words, published

    cases = {Action.MASKED, Action.RANDOM, Action.KEPT}
    for seed in range(most):
        words = apply_to_words(sentence, others, published()[0], mlm_probability=0.15, seed=seed)
        actions = [word.action for word in words if word.action is not Action.NOT_CHOSEN]
        if set(actions) == cases and len(actions) <= 4:
            return seed
    raise ValueError(f"no draw of {sentence!r} shows it")


def miniature() -> Miniature:
    """Table 8 of the BERT paper: NER with features, F1."""
    import csv

    with (TRACES.parent / "facts" / "bert_masking_rates.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = [rows[0], rows[1], rows[2], rows[5]]
    bars = [
        [f"{r['mask_pct']}/{r['same_pct']}/{r['rnd_pct']}", float(r["ner_feature_based_f1"]) / 100]
        for r in shown
    ]
    frames: list[Frame] = [
        {"text": "NER, F1", "next": "", "bars": bars, "chosen": k} for k in range(len(bars))
    ]
    return {"kind": "bars", "frames": frames}
