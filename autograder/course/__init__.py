"""course.toml: problem sets, limits, secrets."""
