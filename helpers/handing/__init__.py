"""Recorded results, the check before handing in, the hand-in itself, and Colab."""
