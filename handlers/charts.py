"""Pictures of figures: what each shows, as data that travels in the outbox until it is drawn."""
