"""Reviews in the forms that people have, read with suspicion: texts, labels, names of classes."""
