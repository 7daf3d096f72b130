"""The command line: training, and one file for each verb."""
