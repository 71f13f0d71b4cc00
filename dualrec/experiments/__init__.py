"""What is measured beside the notebooks, each by a command of its own, and what the audit's notebook works on."""
