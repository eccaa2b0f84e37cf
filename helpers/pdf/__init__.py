"""An executed notebook as a PDF."""
