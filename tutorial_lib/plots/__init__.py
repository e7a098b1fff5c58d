"""Pictures: of recordings, and of loads. ``picture`` is what they have in common."""
