"""What BERT does: its input, masked tokens, words in context, the next sentence."""
