"""Gradescope: the upload that an instructor builds, and the program that runs in its container."""
