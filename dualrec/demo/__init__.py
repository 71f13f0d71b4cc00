"""Try it: one person's taste through the whole system, and a page on which to do so."""
