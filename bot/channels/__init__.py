"""One adapter per chat channel; each imports the port and nothing else of the program."""
