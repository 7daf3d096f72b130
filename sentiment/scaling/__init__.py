"""More than one machine's work: parts of a data set, where they lie, and workers that share them.

What is done to a part is handed in by the rooms above; a cluster maps the very function that a
plain loop would call.
"""
