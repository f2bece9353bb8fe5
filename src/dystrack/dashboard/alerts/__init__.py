"""Tells people what needs them: troubles → few messages → mail, chats, webhooks."""
