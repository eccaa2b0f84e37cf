"""Where things lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The checkout, or what stands for it where the kit is packed."""
