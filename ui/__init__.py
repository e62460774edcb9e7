"""What people touch: terminal, web console, shopper widget."""
