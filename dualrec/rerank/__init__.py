"""Re-ranking: Sentence-BERT similarity and diversity."""
