"""Who may look at whom: both sides in BERT, the left side in GPT, and the four masks."""

import streamlit as st

from components.elements.mask_patterns import MaskPanel, mask_patterns
from components.elements.two_readers import two_readers
from components.lm import attention_patterns as patterns
from components.lm.attention import TooLong
from components.lm.word_context import word_spans
from components.shell import attention_page, cached, links
from components.shell.i18n import t
from components.shell.layout import Export, caption, controls, foot, page_header, reading_aid, slide_note
from components.shell.models import model_in_use, model_picker

NAME = "transformer/masks"
WORDS = "masks"
SENTENCE = "The little girl saw a bird in the tree."
MOST_TOKENS = 40
TOKENS = ("The", "fox", "saw", "a", "bird", ".")
PADDED = ("The", "fox", "saw", "it", "[PAD]", "[PAD]")
TARGET, ENCODED = ("Der", "Fuchs", "sah", "es"), ("The", "fox", "saw", "it", ".")
# Scores of the example, whole numbers made by a rule so that the same key differs from row to row.
SCORES = [[(3 * q + 5 * k + q * k) % 4 for k in range(6)] for q in range(6)]
PANELS = (
    MaskPanel("padding", patterns.padding(6, 4), PADDED, PADDED, 1),
    MaskPanel("causal", patterns.causal(6), TOKENS, TOKENS, 2),
    MaskPanel("prefix", patterns.prefix_lm(6, 3), TOKENS, TOKENS, 1),
    MaskPanel("cross", patterns.cross(4, 5), TARGET, ENCODED, 1),
)

links.open_view(
    NAME,
    links.Text("sentence", SENTENCE, max_chars=300),
    links.Text("left_model", attention_page.default_model(), max_chars=120),
    links.Text("right_model", cached.FIRST_MODEL, max_chars=120),
    links.Integer("mask_layer", 0, 199, 1),
    links.Integer("word", 0, 200, 5),
    links.Numbers("flips", (), most=60, high=399),
)
page_header(NAME)
s = st.session_state

# The reader sets one sentence, two models and a layer; the word is chosen in the picture.
with controls():
    row = st.columns([5, 2, 2, 1.2], vertical_alignment="bottom")
    row[0].text_input(t(WORDS, "sentence"), key="sentence")
    with row[1]:
        model_picker("attention", key="left_model")
    with row[2]:
        model_picker("attention", key="right_model")
    row[3].number_input(t(WORDS, "layer"), 0, 199, key="mask_layer")
text = s["sentence"] if s["sentence"].strip() else SENTENCE
spans = word_spans(text)
word = min(s["word"], len(spans) - 1)
held = (s.get("two_readers") or {}).get("word")
if held and held["rev"] == links.revision():
    word = min(int(held["word"]), len(spans) - 1)

names = dict.fromkeys((("left_model", s["left_model"]), ("right_model", s["right_model"])))
cards = {}
for key, _ in names:
    card = model_in_use("attention", default=cached.FIRST_MODEL, key=key)
    cards.setdefault(card.name, card)
readers = []
for card in cards.values():
    try:
        with st.spinner(t(WORDS, "computing", model=card.name)):
            guess = cached.word_guess(
                card.name, card.revision, text, word, min(s["mask_layer"], card.num_layers - 1)
            )
        if len(guess.tokens) > MOST_TOKENS:
            raise TooLong(len(guess.tokens), MOST_TOKENS)
        readers.append((card.name, guess))
    except TooLong as error:
        st.error(t(WORDS, "too_long", tokens=error.num_tokens, limit=error.limit))
    except ValueError:
        st.info(t(WORDS, "no_guess", model=card.name))
if readers:
    links.put(
        "word",
        two_readers([text[a:b] for a, b in spans], word, readers, key="two_readers", rev=links.revision()),
    )
    caption(
        " · ".join(
            f"{name} ({cards[name].revision[:14]}), {t(WORDS, 'of_layer', layer=g.layer)}"
            for name, g in readers
        )
    )
    kinds = {g.causal for _, g in readers}
    reading_aid(
        t(
            WORDS,
            "aid_both" if kinds == {True, False} else "aid_causal" if True in kinds else "aid_bidirectional",
        )
    )

# The masks that make the difference.
st.subheader(t(WORDS, "four"))
flips = mask_patterns(PANELS, SCORES, s["flips"], rev=links.revision())
links.put("flips", flips)
caption(t(WORDS, "four_caption"))
slide_note("E70", "E71", "E79")

rows = [
    {"model": name, "rank": i + 1, "guess": token, "probability": p}
    for name, g in readers
    for i, (token, p) in enumerate(g.guesses)
]
foot(
    NAME,
    terms=["masked (causal) self-attention", "attention mask", "padding", "encoder-decoder attention"],
    try_this=[
        (t(WORDS, "try_first"), {"word": 0}),
        (t(WORDS, "try_last"), {"word": 8}),
        (t(WORDS, "try_cheat"), {"flips": (102, 103, 104)}),
    ],
    sources=[
        ("Vaswani et al. 2017, 3.2.3", "https://arxiv.org/abs/1706.03762"),
        ("Devlin et al. 2019, 3.1", "https://arxiv.org/abs/1810.04805"),
        ("Raffel et al. 2020, figure 4", "https://arxiv.org/abs/1910.10683"),
    ],
    export=Export(
        name="masks",
        caption=f"{text} · {' · '.join(name for name, _ in readers)}",
        about={"sentence": text, "word": text[slice(*spans[word])]},
        tables={"guesses": lambda: rows},
        result=lambda: {"guesses": rows, "flips": list(flips)},
    ),
)
