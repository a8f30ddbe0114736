"""Tables and queries. Functions take a transaction and never commit."""
