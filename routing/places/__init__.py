"""The places of Viet Nam: units now and before 1 July 2025, their names in text, and positions."""
