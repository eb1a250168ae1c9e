"""A server that speaks OpenAI's chat completions, and answers what it is told to."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs
from aiohttp import web

from adapters.openai.mail_analyst import OpenAIOptions

KEY = "canary-key-of-openai"
_JSON = "application/json"
_LONG = timedelta(seconds=60)


@attrs.frozen(kw_only=True)
class Step:
    """An answer. `stalls`: it is not given before the server is released."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    stalls: bool = False


@attrs.frozen(kw_only=True)
class Asked:
    """One request, as it came."""

    path: str
    headers: Mapping[str, str]
    document: dict[str, object]

    @property
    def messages(self) -> list[dict[str, str]]:
        """Return what the model is told, by whom."""
        messages = self.document["messages"]
        assert isinstance(messages, list)
        return messages

    @property
    def mail(self) -> dict[str, str]:
        """Return the mail in the last message."""
        mail = json.loads(self.messages[-1]["content"])
        assert isinstance(mail, dict)
        return mail


def completion(content: str | None, **choice: object) -> Step:
    """Return an answer of success with this content."""
    message = {"role": "assistant", "content": content}
    whole = {"id": "c1", "object": "chat.completion", "choices": [{"index": 0, "message": message, **choice}]}
    return Step(body=json.dumps({**whole, "usage": {"total_tokens": 12}}))


def analysis(deadline: str | None, *keywords: str) -> Step:
    """Return an answer of success that says this."""
    return completion(json.dumps({"deadline": deadline, "keywords": keywords}), finish_reason="stop")


def refusal(status: int, code: str | None = None, **headers: str) -> Step:
    """Return a refusal, which quotes the key as OpenAI's do; `Retry_After` becomes `Retry-After`."""
    error = {"message": f"Incorrect API key provided: {KEY}. The mail was: secret-words", "type": code, "code": code}
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Step(status=status, body=json.dumps({"error": error}), headers=fields)


@attrs.define(eq=False)
class ModelServer:
    """Gives the next of `script` to each request; then what `answers` has for a part of the mail; else `otherwise`."""

    url: str = ""
    script: deque[Step] = attrs.field(factory=deque)
    answers: dict[str, Step] = attrs.field(factory=dict)
    otherwise: Step = attrs.field(factory=lambda: analysis(None))
    received: list[Asked] = attrs.field(factory=list)
    stalled: asyncio.Event = attrs.field(factory=asyncio.Event)
    released: asyncio.Event = attrs.field(factory=asyncio.Event)
    changed: asyncio.Condition = attrs.field(factory=asyncio.Condition)
    active: int = 0
    most_active: int = 0

    def will(self, *steps: Step) -> None:
        """Answer this next."""
        self.script.extend(steps)

    def options(self, *, max_concurrency: int = 4, timeout: timedelta = _LONG) -> OpenAIOptions:
        """Return how this server is asked."""
        url = f"{self.url}/v1/"
        return OpenAIOptions(
            api_key=KEY, model="some-model", base_url=url, max_concurrency=max_concurrency, timeout=timeout
        )

    async def crowd(self, number: int) -> None:
        """Wait until so many requests are being answered."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.active >= number)

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one request."""
        asked = Asked(path=request.path, headers=dict(request.headers), document=await request.json())
        self.received.append(asked)
        async with self.changed:
            self.active += 1
            self.most_active = max(self.most_active, self.active)
            self.changed.notify_all()
        try:
            step = self.script.popleft() if self.script else self._answer(asked)
            if step.stalls:
                self.stalled.set()
                await self.released.wait()
            return web.Response(status=step.status, text=step.body, headers=step.headers, content_type=_JSON)
        finally:
            self.active -= 1

    def _answer(self, asked: Asked) -> Step:
        whole = f"{asked.mail['subject']}\n{asked.mail['text']}"
        return next((step for part, step in self.answers.items() if part in whole), self.otherwise)


@asynccontextmanager
async def open_model_server() -> AsyncIterator[ModelServer]:
    """Listen on a free port of this machine."""
    model = ModelServer()
    app = web.Application(client_max_size=1 << 20)
    app.router.add_post("/{path:.*}", model.serve)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        model.url = f"http://{host}:{port}"
        yield model
    finally:
        model.released.set()
        await runner.cleanup()
