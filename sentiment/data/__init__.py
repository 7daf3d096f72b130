"""Data: fetched, checked, tokenized, and written in the form that training reads."""
