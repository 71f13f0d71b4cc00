"""What is measured beside the notebooks, and the cases of the audit."""
