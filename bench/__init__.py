"""Measurements, side by side with other ways, in one run each."""
