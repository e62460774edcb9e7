"""Chat models behind one LangChain interface."""
