"""OpenAI's chat completions, as opencode speaks them with most providers: streamed as server-sent events."""
import json

import conversation as c
from dialect_anthropic import bound
from dialect_responses import failure  # the service's errors are the same

USAGE = {"prompt_tokens": 6500, "completion_tokens": 42, "total_tokens": 6542,
         "prompt_tokens_details": {"cached_tokens": 5000}}

__all__ = ["serves", "asked", "answer", "failure"]


def serves(path):
    return path.endswith("/chat/completions")


def asked(path, body, raw):
    calls, results = 0, []
    for message in body.get("messages", []):
        calls += len(message.get("tool_calls") or [])
        if message.get("role") == "tool":
            results.append(c.texts_of(message.get("content")))
    tools = [tool.get("function", {}) for tool in body.get("tools", [])]
    return c.Asked.of(raw, calls, tools, results)


def answer(path, body, asked, step):
    message = {"role": "assistant", "content": step.text}
    reason = "content_filter" if step.refuses else "stop"
    if step.call:
        name, arguments = bound(step.call, asked)
        message["tool_calls"] = [{"index": 0, "id": c.new_id("call_"), "type": "function",
                                  "function": {"name": name, "arguments": json.dumps(arguments)}}]
        reason = "tool_calls"
    whole = {"id": c.new_id("chatcmpl-"), "created": 1, "model": body.get("model")}
    if not body.get("stream"):
        return "application/json", json.dumps({**whole, "object": "chat.completion", "usage": USAGE, "choices": [
            {"index": 0, "message": message, "finish_reason": reason}]})
    chunks = [{"choices": [{"index": 0, "delta": message, "finish_reason": None}]},
              {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
              {"choices": [], "usage": USAGE}]
    return "text/event-stream", "".join(
        f"data: {json.dumps({**whole, 'object': 'chat.completion.chunk', **chunk})}\n\n"
        for chunk in chunks) + "data: [DONE]\n\n"
