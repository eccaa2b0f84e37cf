"""Before the term: releases, the leak scan, the executed reference, and the audit."""
