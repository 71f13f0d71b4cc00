"""Language stage: prompts, generation, LoRA and grounding."""
