"""Answers to a report: run, compared with the reference, and their mistakes named."""
