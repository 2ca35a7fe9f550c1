"""What the reference library computed, kept so that other code can be held to it."""
