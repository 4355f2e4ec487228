"""The server: one supervisor over the web process and the workers. It knows nothing of what they do."""
