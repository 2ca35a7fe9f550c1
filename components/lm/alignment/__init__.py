"""Alignment: what a language model becomes when it is paid for its texts, and what holds it near the model it was."""
