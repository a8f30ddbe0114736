"""The Zalo Bot Platform as a channel (https://docs.zaloplatforms.com/docs/BOT)."""
