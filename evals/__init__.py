"""How we know that answers are right: cases, checks, suites."""
