"""How fast it is: whole turns, restarts, several people at once, engines, each beside something else."""
