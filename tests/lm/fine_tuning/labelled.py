"""The words of the generator that have a label."""

from components.lm.fine_tuning.sentences import ANIMALS, NAMES, PERSONS, PLACES, Side


def labelled_words(side: Side) -> frozenset[str]:
    """Return every word of a side that has a label, in small letters."""
    return frozenset(
        word.lower() for pool in (NAMES, PERSONS, ANIMALS, PLACES) for word in pool[side].split()
    )
