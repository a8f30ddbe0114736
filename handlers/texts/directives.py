"""What is said about orders to units, reports on them, and requests to explain."""
