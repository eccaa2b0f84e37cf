"""The instructors' package: release, grade, audit, report."""
