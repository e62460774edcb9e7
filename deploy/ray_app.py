"""vLLM on Ray Serve behind an API key: what `import_path: ray_app:build` in the YAML files starts.

Ray Serve LLM checks no key itself, and its ready-made application offers more endpoints than Shopwright
needs. This builds the same application from Ray's public parts, with a key before it and three endpoints.
Written for Ray 2.60 and vLLM 0.29.
"""

import hmac
import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

KEY = "SHOPWRIGHT_REMOTE_API_KEY"
ENDPOINTS = {
    "models": lambda app: app.get("/v1/models"),
    "model_data": lambda app: app.get("/v1/models/{model:path}"),
    "chat": lambda app: app.post("/v1/chat/completions"),
}
Asgi = Callable[[MutableMapping[str, Any], Callable[..., Any], Callable[..., Any]], Awaitable[None]]


class RequireKey:
    """ASGI middleware that answers 401 to every request without `Authorization: Bearer <key>`."""

    def __init__(self, app: Asgi, key: str) -> None:
        self._app = app
        self._expected = f"Bearer {key}".encode()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] == "lifespan" or hmac.compare_digest(_given(scope), self._expected):
            await self._app(scope, receive, send)
            return
        error = {
            "message": "a valid API key is needed",
            "type": "invalid_request_error",
            "code": "invalid_api_key",
        }
        headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps({"error": error}).encode()})


def _given(scope: MutableMapping[str, Any]) -> bytes:
    return next((value for name, value in scope.get("headers", ()) if name == b"authorization"), b"")


def build(args: dict[str, Any]) -> Any:
    """The Ray Serve application for `args` as in the YAML files: `llm_configs`, and `ingress` options.

    Raises SystemExit when the key is not set: an open server is no default.
    """
    from ray import serve
    from ray.llm._internal.serve.core.configs.openai_api_models import to_model_metadata
    from ray.llm._internal.serve.core.ingress.ingress import init
    from ray.serve.llm import LLMConfig, build_llm_deployment
    from ray.serve.llm.ingress import OpenAiIngress, make_fastapi_ingress

    key = os.environ.get(KEY, "")
    if len(key) < 16:
        raise SystemExit(f"{KEY} must be set to a key of at least 16 characters before Ray is started.")
    configs = [LLMConfig(**config) for config in args["llm_configs"]]
    app = init()  # Ray's FastAPI application: errors in OpenAI's form, metrics, request ids
    app.add_middleware(RequireKey, key=key)
    ingress = make_fastapi_ingress(OpenAiIngress, endpoint_map=ENDPOINTS, app=app)
    options = {**OpenAiIngress.get_deployment_options(configs), **args.get("ingress", {})}
    return serve.deployment(ingress, **options).bind(
        llm_deployments={config.model_id: build_llm_deployment(config) for config in configs},
        model_cards={config.model_id: to_model_metadata(config.model_id, config) for config in configs},
    )
