"""The retail domain of tau2-bench, run on our engines and graded by the state that the database ends in.

Barres et al., "tau2-bench: Evaluating Conversational Agents in a Dual-Control Environment", 2025; the retail
domain is from Yao et al., "tau-bench", 2024. The data is theirs and is not part of this package; the tools,
the conversation and the grading follow their rules, written down anew here.
"""
