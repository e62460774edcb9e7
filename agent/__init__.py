"""How Shopwright answers: engines, prompts, the loop, grounding."""
