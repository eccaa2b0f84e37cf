"""Runs untrusted cells: ``Sandbox`` and its jobs (grader's side); zygote and worker (theirs)."""
