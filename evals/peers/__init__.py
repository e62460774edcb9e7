"""What we are measured against. Evaluations import LangChain, llama.cpp's bindings and torch only here."""
