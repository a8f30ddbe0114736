"""Drawing pictures of figures in a process of its own, so that nobody waits for an answer meanwhile."""
