"""A turn's parts as attributes, under the names that OpenInference gives them.

https://arize-ai.github.io/openinference/spec. Without `text` they hold names, counts and times: no word of a
person, a model or a tool.
"""

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from openinference.semconv.trace import OpenInferenceMimeTypeValues as Mime
from openinference.semconv.trace import OpenInferenceSpanKindValues as Kind
from openinference.semconv.trace import SpanAttributes as Name

from shopwright.agent.turn import Answer, ModelCall, Request, Step

Attributes = dict[str, str | int | float | bool]


def turn_attributes(request: Request, answer: Answer, text: bool) -> Attributes:
    """The AGENT span's attributes. Without text the person is known by the role only."""
    facts = {
        "role": request.role,
        "language": answer.language,
        "message_id": answer.message_id,
        "stopped": answer.stopped,
        "error_id": answer.error_id,
        "notices": len(answer.notices),
        "evidence": len(answer.evidence),
        "characters_asked": len(request.text),
        "characters_answered": len(answer.text),
        "first_event_seconds": answer.timings.first_event_seconds,
        "prefill_seconds": answer.usage.prefill_seconds,
        "decode_seconds": answer.usage.decode_seconds,
    }
    said: Attributes = {
        Name.INPUT_VALUE: request.text,
        Name.INPUT_MIME_TYPE: Mime.TEXT.value,
        Name.OUTPUT_VALUE: answer.text,
        Name.OUTPUT_MIME_TYPE: Mime.TEXT.value,
    }
    return {
        Name.OPENINFERENCE_SPAN_KIND: Kind.AGENT.value,
        Name.AGENT_NAME: f"shopwright {request.role}",
        Name.USER_ID: request.actor if text else request.role,
        Name.METADATA: _json(facts),
        **({Name.SESSION_ID: answer.conversation} if answer.conversation else {}),
        **(said if text else {}),
    }


def call_attributes(call: ModelCall, engine: str, text: bool) -> Attributes:
    """An LLM span's attributes; with text, the last message the model read and what it wrote."""
    home, _, model = engine.partition(":")
    said: Attributes = {
        Name.INPUT_VALUE: call.read,
        Name.INPUT_MIME_TYPE: Mime.TEXT.value,
        Name.OUTPUT_VALUE: call.wrote,
        Name.OUTPUT_MIME_TYPE: Mime.TEXT.value,
    }
    return {
        Name.OPENINFERENCE_SPAN_KIND: Kind.LLM.value,
        Name.LLM_MODEL_NAME: model_name(model or home),
        Name.LLM_TOKEN_COUNT_PROMPT: call.prompt_tokens,
        Name.LLM_TOKEN_COUNT_COMPLETION: call.completion_tokens,
        Name.LLM_TOKEN_COUNT_TOTAL: call.prompt_tokens + call.completion_tokens,
        Name.LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_READ: call.cached_tokens,
        Name.METADATA: _json({"call": call.kind, "engine": home}),
        **(said if text else {}),
    }


def step_attributes(step: Step, text: bool) -> Attributes:
    """A TOOL span's attributes; without text its arguments are named and no more."""
    said: Attributes = {
        Name.TOOL_PARAMETERS: _json(step.arguments),
        Name.INPUT_VALUE: _json(step.arguments),
        Name.INPUT_MIME_TYPE: Mime.JSON.value,
        Name.OUTPUT_VALUE: step.text,
        Name.OUTPUT_MIME_TYPE: Mime.TEXT.value,
    }
    return {
        Name.OPENINFERENCE_SPAN_KIND: Kind.TOOL.value,
        Name.TOOL_NAME: step.tool,
        Name.TOOL_ID: step.id,
        Name.METADATA: _json({"status": step.status, "arguments": sorted(step.arguments)}),
        **(said if text else {}),
    }


def evidence_attributes(answer: Answer, text: bool) -> Attributes:
    """The GUARDRAIL span's attributes: what of the answer was bound, and to which tools' results."""
    tools = sorted({one.tool for one in answer.evidence})
    claims = [one.model_dump() for one in answer.evidence]
    said: Attributes = {Name.OUTPUT_VALUE: _json(claims), Name.OUTPUT_MIME_TYPE: Mime.JSON.value}
    return {
        Name.OPENINFERENCE_SPAN_KIND: Kind.GUARDRAIL.value,
        Name.METADATA: _json({"claims": len(claims), "tools": tools}),
        **(said if text else {}),
    }


def model_name(name: str) -> str:
    """A model's name without the folders it lies in, which may tell of the machine."""
    return PurePath(name).name if PurePath(name).is_absolute() else name


def _json(value: Mapping[str, Any] | list[Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
