"""The Zalo Official Account channel, over its Open API v3 (https://developers.zalo.me/docs)."""
