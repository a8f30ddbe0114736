"""People who do not exist, living on a virtual clock through the real handlers, storage and outbox."""
