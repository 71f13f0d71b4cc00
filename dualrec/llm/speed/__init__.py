"""What makes a language model faster and changes no result; skip it at first."""
