"""The screens of identity: the queue of pairs, merging and undoing, where values come from, the settings."""
