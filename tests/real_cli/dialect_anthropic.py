"""The Messages protocol, as claude speaks it (opencode does, too): streamed as server-sent events."""
import json
import os
import time

import conversation as c

FAILURES = {
    c.AUTH: (401, "authentication_error", "invalid x-api-key", {}),
    c.LIMITED: (429, "rate_limit_error", "This request would exceed your organization's rate limit",
                {"retry-after": "2"}),
    c.OVERLOADED: (529, "overloaded_error", "Overloaded", {}),
    c.UNAVAILABLE: (503, "api_error", "Service unavailable", {}),
    c.TOO_LONG: (400, "invalid_request_error", "prompt is too long: 250123 tokens > 200000 maximum", {}),
    c.NO_MONEY: (400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API. "
                 "Please go to Plans & Billing to upgrade or purchase credits.", {}),
}
# Of each request; the CLIs reckon with them.
USAGE = {"input_tokens": 1200, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 5000, "output_tokens": 42}


def serves(path):
    return path.endswith("/messages")


def asked(path, body, raw):
    calls, results = 0, []
    for message in body.get("messages", []):
        for block in message["content"] if isinstance(message["content"], list) else []:
            calls += block.get("type") == "tool_use"
            if block.get("type") == "tool_result":
                results.append(c.texts_of(block.get("content")))
    return c.Asked.of(raw, calls, body.get("tools", []), results)


def bound(call, asked):
    """The call in the words of the tools that the CLI offers."""
    names = [tool.get("name", "") for tool in asked.tools]
    given = call.arguments
    path = os.path.join(asked.directory, given.get("path", ""))
    if call.kind == "fleet":
        name = next((n for n in names if "fleet" in n and n.endswith("_" + given["verb"])), "missing " + given["verb"])
        return name, given["arguments"]
    if "Bash" in names:
        return {"read": ("Read", {"file_path": path}),
                "edit": ("Edit", {"file_path": path, "old_string": given.get("old"), "new_string": given.get("new")}),
                "write": ("Write", {"file_path": path, "content": given.get("content")}),
                "shell": ("Bash", {"command": given.get("command"), "description": "Run it"})}[call.kind]
    return {"read": ("read", {"filePath": path}),
            "edit": ("edit", {"filePath": path, "oldString": given.get("old"), "newString": given.get("new")}),
            "write": ("write", {"filePath": path, "content": given.get("content")}),
            "shell": ("bash", {"command": given.get("command"), "description": "Run it"})}[call.kind]


def answer(path, body, asked, step):
    """Content type and body."""
    content = [{"type": "text", "text": step.text}] if step.text else []
    if step.call:
        name, arguments = bound(step.call, asked)
        content.append({"type": "tool_use", "id": c.new_id("toolu_"), "name": name, "input": arguments})
    reason = "refusal" if step.refuses else "tool_use" if step.call else "end_turn"
    message = {"id": c.new_id("msg_"), "type": "message", "role": "assistant", "model": body.get("model")}
    if not body.get("stream"):
        return "application/json", json.dumps(
            {**message, "content": content, "stop_reason": reason, "stop_sequence": None, "usage": USAGE})
    events = [("message_start", {"message": {**message, "content": [], "stop_reason": None, "stop_sequence": None,
                                             "usage": {**USAGE, "output_tokens": 1}}})]
    for index, block in enumerate(content):
        if block["type"] == "text":
            begun, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            begun = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        events += [("content_block_start", {"index": index, "content_block": begun}),
                   ("content_block_delta", {"index": index, "delta": delta}),
                   ("content_block_stop", {"index": index})]
    ended = {"delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": 42}}
    events += [("message_delta", ended), ("message_stop", {})]
    return "text/event-stream", "".join(
        f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n" for kind, fields in events)


def failure(kind):
    status, name, message, headers = FAILURES[kind]
    if kind == c.LIMITED:
        # What the service adds for subscriptions; a CLI that has a key passes over it.
        resets = str(int(time.time()) + 20)
        headers = {**headers, "anthropic-ratelimit-unified-status": "rejected",
                   "anthropic-ratelimit-unified-reset": resets, "anthropic-ratelimit-unified-5h-status": "rejected",
                   "anthropic-ratelimit-unified-5h-reset": resets,
                   "anthropic-ratelimit-unified-representative-claim": "five_hour"}
    return status, headers, json.dumps({"type": "error", "error": {"type": name, "message": message}})
