"""Teaching a language model: examples, loss, LoRA, and what it takes in memory."""
