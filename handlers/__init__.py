"""What people do with the bot, and the machinery that carries one message from inbox to answer."""
