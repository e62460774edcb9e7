"""What can go wrong with a model server, what may be tried again, and how it is said."""

import re
from typing import Any
from urllib.parse import urlsplit

import httpx2
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

from shopwright.agent.engines.base import ContextOverflowError, EngineError

# OpenAI: context_length_exceeded; llama-server: exceed_context_size_error; others say it in words only.
OVERFLOW = re.compile(
    r"context_length_exceeded|exceed_context_size|(?:context|model) (?:length|size|window)"
    r"|maximum model length|max_model_len|prompt \S*\s?(?:is )?too long|max_tokens must be at least 1, got -",
    re.IGNORECASE,
)
LONGEST_QUOTE = 200  # characters of a server's own message in a sentence of ours
BUSY = (408, 425, 429)


class BrokenOffError(Exception):
    """The stream ended before the server said that the answer is complete."""


def status(error: Exception) -> int:
    """The HTTP status of an error, or the code of one that came inside a stream; 0 where there is none."""
    if isinstance(error, APIStatusError):
        return error.status_code
    code = _body(error).get("code")
    return code if isinstance(code, int) else 0


def overflows(error: Exception) -> bool:
    """Whether the server refused a prompt because it is longer than the model's context."""
    if not isinstance(error, APIError) or isinstance(error, APIConnectionError):
        return False
    body = _body(error)
    told = f"{body.get('code')} {body.get('type')} {body.get('message') or error.message}"
    return status(error) in (0, 400, 413, 422, 500) and bool(OVERFLOW.search(told))


def transient(error: BaseException) -> bool:
    """Whether the same request may do better a moment later; a silence was waited for long enough."""
    if not isinstance(error, Exception) or overflows(error):
        return False
    if isinstance(error, APITimeoutError):
        return isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout)
    return (
        isinstance(error, APIConnectionError | BrokenOffError)
        or status(error) in BUSY
        or status(error) >= 500
    )


def ill(error: Exception) -> bool:
    """Whether an error tells against the server rather than against our request."""
    return not overflows(error) and not (400 <= status(error) < 500 and status(error) not in BUSY)


def _body(error: Exception) -> dict[str, Any]:
    """A server's error object; some wrap it once more."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    return inner if isinstance(inner, dict) else {}


class Wording:
    """Puts errors of one server into sentences; the key, and a query in the address, stay out."""

    def __init__(self, url: str, model: str, secret: str, timeout_seconds: float) -> None:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
        self.server = f"The model server at {parts.scheme}://{host}{parts.path}"
        self._model, self._secret, self._timeout = model, secret, timeout_seconds

    def paused(self, seconds: float) -> EngineError:
        """The breaker is open for `seconds` more."""
        return EngineError(
            f"{self.server} failed several times in a row, so it is left alone for now. It will be tried "
            f"again in {max(1, round(seconds))} seconds; check meanwhile that it runs."
        )

    def explain(self, error: Exception, *, begun: bool) -> Exception:
        """The EngineError for an error of the server, `begun` after its first words."""
        if overflows(error):
            return ContextOverflowError(
                f"The conversation is longer than what the model {self._model} can read at once. Start a new "
                "conversation, or run the model server with a longer context."
            )
        if isinstance(error, APIStatusError):
            return EngineError(self._status(error))
        sentence = self._broken(error) if begun else self._never_begun(error)
        return EngineError(f"{self.server} {sentence}") if sentence else error

    def _status(self, error: APIStatusError) -> str:
        code = error.status_code
        if code in (401, 403):  # their messages quote the key
            return f"{self.server} refused the API key (HTTP {code}). Check SHOPWRIGHT_REMOTE_API_KEY."
        advice = "Check SHOPWRIGHT_REMOTE_MODEL and what the server supports."
        if code == 404:
            advice = "Check SHOPWRIGHT_REMOTE_MODEL, and that SHOPWRIGHT_REMOTE_URL ends in /v1."
        elif code in BUSY:
            advice = "It is busy: try again in a minute."
        elif code >= 500:
            advice = "Try again; if it lasts, look into the server's log."
        what = "failed" if code >= 500 else "refused the request"
        return f"{self.server} {what} (HTTP {code}){self._quote(error)}. {advice}"

    def _broken(self, error: Exception) -> str:
        kept = "What it wrote so far is kept. Ask again; if it happens again, look into the server's log."
        if isinstance(error, APITimeoutError):
            return f"fell silent for {self._timeout:g} seconds in the middle of the answer. {kept}"
        if isinstance(error, APIConnectionError | BrokenOffError):
            return f"broke off in the middle of the answer. {kept}"
        return self._garbled(error) and f"{self._garbled(error)} {kept}"

    def _never_begun(self, error: Exception) -> str:
        if isinstance(error, APIConnectionError) and not _answered(error):
            return "cannot be reached. Check that it runs and that SHOPWRIGHT_REMOTE_URL is right."
        if isinstance(error, APITimeoutError):
            return (
                f"gave no answer within {self._timeout:g} seconds. Try again, or raise "
                "SHOPWRIGHT_REMOTE_TIMEOUT_SECONDS."
            )
        if isinstance(error, APIConnectionError | BrokenOffError):
            return (
                "ended the connection without an answer. Look into its log, and check that "
                "SHOPWRIGHT_REMOTE_URL is the address of an OpenAI-compatible server, ending in /v1."
            )
        return self._garbled(error) and f"{self._garbled(error)} Try again, or look into the server's log."

    def _garbled(self, error: Exception) -> str:
        if isinstance(error, APIError):
            return f"reported an error{self._quote(error)}."
        if isinstance(error, ValueError):  # JSONDecodeError, UnicodeDecodeError
            return "sent something that no OpenAI-compatible server sends."
        return ""

    def _quote(self, error: APIError) -> str:
        body = _body(error)
        said = " ".join(str(body.get("message") or body.get("detail") or "").split())
        if self._secret:
            said = said.replace(self._secret, "…")
        return f": {said[:LONGEST_QUOTE].rstrip('. ')}" if said else ""


def _answered(error: APIConnectionError) -> bool:
    """Whether the server took the connection."""
    return not isinstance(
        error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol
    )
