"""A text becomes a model's input in one module; everything else asks it."""

import ast
from collections.abc import Iterator
from pathlib import Path

COMPONENTS = Path(__file__).parents[2] / "components"
READER = COMPONENTS / "lm" / "reading.py"
"""``components/pretraining`` is a program of its own that packs whole corpora."""
CALLS = {
    "encode_plus",
    "encode_batch",
    "batch_encode_plus",
    "build_inputs_with_special_tokens",
    "prepare_for_model",
    "create_token_type_ids_from_sequences",
}
"""What only a tokenizer has."""
FRAMES = {"cls_token_id", "sep_token_id", "bos_token_id", "model_input_names", "type_vocab_size"}
"""What a frame or segments would be rebuilt from by hand."""
ALLOWED = {
    # A tokenizer's file says which lists a call gives; nothing is framed there.
    ("lm/tokens/tokenizer_files.py", "model_input_names"),
    # A BERT's configuration is copied into that of a discriminator; no text is read.
    ("lm/bert/electra.py", "type_vocab_size"),
}


def modules() -> Iterator[Path]:
    for path in sorted(COMPONENTS.rglob("*.py")):
        if path != READER and "pretraining" not in path.parts:
            yield path


def is_tokenizer(node: ast.expr) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name in ("tokenizer", "backend_tokenizer", "_tokenizer")


def breaches(source: str, where: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func
            if is_tokenizer(called):
                found.append(f"{where}:{node.lineno} calls a tokenizer")
            if isinstance(called, ast.Attribute) and (
                called.attr in CALLS or (called.attr in ("encode", "tokenize") and is_tokenizer(called.value))
            ):
                found.append(f"{where}:{node.lineno} calls {called.attr}")
        elif isinstance(node, ast.Attribute) and node.attr in FRAMES and (where, node.attr) not in ALLOWED:
            found.append(f"{where}:{node.lineno} looks at {node.attr}")
    return found


def test_nothing_else_calls_a_tokenizer_or_frames_a_text() -> None:
    found = [
        breach
        for path in modules()
        for breach in breaches(path.read_text(encoding="utf-8"), path.relative_to(COMPONENTS).as_posix())
    ]
    assert not found, "read a text by components.lm.reading: " + "; ".join(found)


def test_the_test_can_fail() -> None:
    for source in (
        "ids = tokenizer(text)['input_ids']",
        "loaded.tokenizer(text, pair)",
        "loaded.tokenizer.encode(text)",
        "ids = [tokenizer.cls_token_id, *words, tokenizer.sep_token_id]",
        "segments = 'token_type_ids' in tokenizer.model_input_names",
    ):
        assert breaches(source, "x.py")
    assert not breaches("name.encode('utf-8'); tokenizer.convert_ids_to_tokens(3)", "x.py")
