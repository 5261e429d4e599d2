"""Scripts of those who maintain the package; nothing of them is installed."""
