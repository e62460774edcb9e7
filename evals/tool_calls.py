"""The 40 requests of a marketer as a suite of tool calls, under any way of decoding."""

from typing import Any

from shopwright.agent.assistant import Assistant
from shopwright.evals.turns import run_requests

SHOWN = ("id", "text", "tool", "arguments", "wrong_arguments", "unbound", "invented", "leaked", "error_id")


def tool_figures(assistant: Assistant) -> dict[str, Any]:
    """The suite's summary, with those verdicts only in which something was wrong."""
    assistant.warm()
    summary = run_requests(assistant)
    verdicts = summary.pop("verdicts")
    return {"summary": summary, "wrong": [_brief(verdict) for verdict in verdicts if _wrong(verdict)]}


def _wrong(verdict: dict[str, Any]) -> bool:
    faults = ("wrong_arguments", "unbound", "invented", "leaked", "error_id")
    return not verdict["tool_right"] or any(verdict[fault] for fault in faults)


def _brief(verdict: dict[str, Any]) -> dict[str, Any]:
    return {name: verdict[name] for name in SHOWN}
