"""What the agent may do: one file, one tool."""
