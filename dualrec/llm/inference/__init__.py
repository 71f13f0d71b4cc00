"""Reading and writing with a language model that is not changed by it."""
