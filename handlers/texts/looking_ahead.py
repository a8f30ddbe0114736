"""What is said about cases likely to be late and about what rises unusually."""
