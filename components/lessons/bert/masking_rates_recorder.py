"""The miniature of "Masking rates compared"."""

from components.elements.start.course_map import Frame, Miniature
from components.lessons.recorded import TRACES


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
