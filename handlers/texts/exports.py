"""What is said about workbooks, and what stands in them."""
