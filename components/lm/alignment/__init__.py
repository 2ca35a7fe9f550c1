"""Alignment: what a language model becomes when it is paid for its texts or learns what people prefer, and what holds it near the model it was."""
