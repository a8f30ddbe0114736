"""The morning's and Monday's digests, and how they are set."""
