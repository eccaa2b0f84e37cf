"""A notebook as it comes: bytes, cells, and which cell answers which question.

The pre-check and the grader read with the same functions, so that they agree.
"""
