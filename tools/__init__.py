"""Scripts for maintainers, which are not installed."""
