"""What the shop knows: tables, import, indexes and the models learned from its data."""
