"""How the first views of the history and its miniature are made."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from components.elements.start.course_map import Frame, Miniature
from components.lessons.recorded import save
from components.lm import checkpoints
from components.lm.fine_tuning.sentences import ANIMALS, PERSONS

MODELS = ("pocket-gpt", "pocket-bert")
WORDS_OF = "pocket-bert"


def record() -> None:
    """The gradients and the sentence that stand at first, and the words of the plane."""
    from components.lessons.start.history import MODEL, NAME, TEXT
    from components.lm.start.chain import chain
    from components.lm.start.gradients import NETWORKS, Recurrence, gradient_back

    loaded = checkpoints.load(MODEL, "generation")
    save(
        NAME,
        {
            "gradients": {network: gradient_back(network, Recurrence()) for network in NETWORKS},
            "chain": {
                "model": loaded.card.name,
                "revision": loaded.card.revision,
                "text": TEXT,
                "links": [asdict(one) for one in chain(loaded, TEXT)],
            },
            "words": _words(),
        },
    )


def _words() -> dict[str, object]:
    """Animals and persons, in turn, on the two axes along which their rows of the token table differ most."""
    from components.lm.reading import pieces

    loaded = checkpoints.load(WORDS_OF, "masked_prediction")
    rows = loaded.model.get_input_embeddings().weight.detach().double().numpy()
    lists = [f"{words['train']} {words['test']}".split() for words in (ANIMALS, PERSONS)]
    size = min(map(len, lists))
    names = [lists[k][i] for i in range(size) for k in (0, 1)]
    vectors = np.stack([rows[list(pieces(loaded, name))].mean(0) for name in names])
    centred = vectors - vectors.mean(0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    two = axes[:2] * np.sign(axes[:2][np.arange(2), np.abs(axes[:2]).argmax(1)])[:, None]
    return {
        "model": loaded.card.name,
        "revision": loaded.card.revision,
        "words": names,
        "classes": [i % 2 for i in range(len(names))],
        "places": (centred @ two.T).round(4).tolist(),
        "explained": (sizes[:2] ** 2 / (sizes**2).sum()).round(4).tolist(),
    }


def record_gpt2(folder: Path) -> None:
    """Write ``gpt2_korean_tokens.csv`` from a folder with GPT-2's released ``encoder.json`` and ``vocab.bpe``."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel

    from components.lessons.start.history import FACTS, KOREAN
    from components.lm.reading import frame

    vocab = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    lines = (folder / "vocab.bpe").read_text(encoding="utf-8").splitlines()[1:]
    merges: list[tuple[str, str]] = [(a, b) for a, b in (line.split() for line in lines if line)]
    tokenizer = Tokenizer(BPE(vocab=vocab, merges=merges))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    if (len(vocab), frame(tokenizer, "Hello world").ids) != (50_257, (15496, 995)):
        raise ValueError("not GPT-2's released vocabulary")
    made = frame(tokenizer, KOREAN)
    rows = [f"{token},{number}" for token, number in zip(made.tokens, made.ids, strict=True)]
    (FACTS / "gpt2_korean_tokens.csv").write_text("\n".join(["token,token_id", *rows, ""]), encoding="utf-8")


def miniature() -> Miniature:
    """The stops of the line, a few at a time."""
    from components.lessons.start.history import table

    names = [row["system"] for row in table("nlp_timeline")]
    wanted = ("RNN", "Word2Vec", "Attention", "Transformer", "BERT", "GPT-3", "ChatGPT")
    shown = [name for name in names if name in wanted]
    frames: list[Frame] = [{"rows": [shown[:4], shown[4:]], "marked": [name]} for name in shown]
    return {"kind": "strips", "frames": frames}


if __name__ == "__main__":
    record_gpt2(Path(sys.argv[1]))
