"""How the bundled models were made: a command-line program of its own (``python -m components.pretraining``).

Nothing else in the app imports this package. It imports ``components.lm`` for the things a page also shows
(masking, head scores, cloze probes), so that what the pages explain is what the models were trained with.
"""
