"""Evaluation: metrics, intervals, ledgers and results; knows nothing of models."""
