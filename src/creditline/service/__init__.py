"""Where the rooms are put together: each file is one thing a user asks for, from edge to store."""
