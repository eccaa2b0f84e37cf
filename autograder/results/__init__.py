"""A report as files and pages."""
