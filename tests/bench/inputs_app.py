"""The least a page can do with a sentence: one forward pass of the bundled BERT, and the sentence back."""

import html
import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from components.lm import checkpoints

text = st.text_input("text", "my dog is cute", key="text")
loaded = checkpoints.load("pocket-bert", "attention")
loaded.forward(**loaded.tokenizer(text, "he likes playing", return_tensors="pt"))
st.html(f'<p class="bare">{html.escape(text)}</p>')
