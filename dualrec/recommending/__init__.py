"""The command `recommend`: for a taste typed by hand, and for everybody in the data."""
