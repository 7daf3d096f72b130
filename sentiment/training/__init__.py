"""Training: what a run keeps, its options, its batches, and the files that it leaves."""
