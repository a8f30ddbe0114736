"""Answers to questions about the figures."""
