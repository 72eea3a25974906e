"""OpenAI's Responses protocol, as codex speaks it: streamed as server-sent events."""
import json

import conversation as c

FAILURES = {
    c.AUTH: (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided: dummy", {}),
    c.LIMITED: (429, "requests", "rate_limit_exceeded", "Rate limit reached for requests. Please try again in 2s.",
                {"retry-after": "2"}),
    c.OVERLOADED: (529, "server_error", None, "Overloaded", {}),
    c.UNAVAILABLE: (503, "server_error", "server_is_overloaded", "The server is overloaded", {}),
    c.TOO_LONG: (400, "invalid_request_error", "context_length_exceeded",
                 "Your input exceeds the context window of this model. Please adjust your input and try again.", {}),
    c.NO_MONEY: (429, "insufficient_quota", "insufficient_quota",
                 "You exceeded your current quota, please check your plan and billing details.", {}),
}
USAGE = {"input_tokens": 6500, "input_tokens_details": {"cached_tokens": 5000}, "output_tokens": 42,
         "output_tokens_details": {"reasoning_tokens": 7}, "total_tokens": 6542}


def serves(path):
    return path.endswith("/responses")


def asked(path, body, raw):
    calls, results = 0, []
    for item in body.get("input", []):
        kind = item.get("type", "")
        calls += kind.endswith("_call")
        if kind.endswith("_call_output"):
            results.append(c.texts_of(item.get("output")))
    return c.Asked.of(raw, calls, body.get("tools", []), results)


def patch_of(call):
    given = call.arguments
    if call.kind == "write":
        lines = "".join(f"+{line}\n" for line in given["content"].splitlines())
        change = f"*** Add File: {given['path']}\n{lines}"
    else:
        change = (f"*** Update File: {given['path']}\n@@\n"
                  + "".join(f"-{line}\n" for line in given["old"].splitlines())
                  + "".join(f"+{line}\n" for line in given["new"].splitlines()))
    return f"*** Begin Patch\n{change}*** End Patch\n"


def function(name, arguments, **more):
    return {"type": "function_call", "id": c.new_id("fc_"), "call_id": c.new_id("call_"), "name": name, **more,
            "arguments": json.dumps(arguments)}


def shell_item(command, tools):
    by_name = {tool.get("name"): tool for tool in tools}
    if "exec_command" in by_name:
        return function("exec_command", {"cmd": command})
    if "shell_command" in by_name:
        return function("shell_command", {"command": command})
    return function("shell", {"command": ["bash", "-c", command]})


def item_of(call, tools):
    """The call as an item of the answer, in the words of the tools that the CLI offers."""
    given = call.arguments
    if call.kind == "fleet":
        for tool in tools:
            if tool.get("type") == "namespace" and "fleet" in tool["name"]:
                return function(given["verb"], given["arguments"], namespace=tool["name"])
        name = next((tool["name"] for tool in tools if "fleet" in tool.get("name", "")
                     and tool["name"].endswith("_" + given["verb"])), "missing " + given["verb"])
        return function(name, given["arguments"])
    if call.kind == "read":
        return shell_item(f"cat {given['path']}", tools)
    if call.kind == "shell":
        return shell_item(given["command"], tools)
    patcher = next((tool for tool in tools if tool.get("name") == "apply_patch"), None)
    if patcher is None:
        return shell_item(f"apply_patch <<'END'\n{patch_of(call)}END\n", tools)
    if patcher["type"] == "custom":
        return {"type": "custom_tool_call", "id": c.new_id("ctc_"), "call_id": c.new_id("call_"),
                "name": "apply_patch", "input": patch_of(call)}
    return function("apply_patch", {"input": patch_of(call)})


def answer(path, body, asked, step):
    items = []
    if step.text:
        items.append({"type": "message", "id": c.new_id("msg_"), "role": "assistant", "status": "completed",
                      "content": [{"type": "output_text", "text": step.text, "annotations": []}]})
    if step.call:
        items.append(item_of(step.call, asked.tools))
    response = {"id": c.new_id("resp_"), "object": "response", "created_at": 1, "model": body.get("model")}
    events = [("response.created", {"response": {**response, "status": "in_progress", "output": []}})]
    for index, item in enumerate(items):
        events += [("response.output_item.added", {"output_index": index, "item": item}),
                   ("response.output_item.done", {"output_index": index, "item": item})]
    if step.refuses:
        events.append(("response.incomplete", {"response": {
            **response, "status": "incomplete", "incomplete_details": {"reason": "content_filter"},
            "output": items, "usage": USAGE}}))
    else:
        events.append(("response.completed",
                       {"response": {**response, "status": "completed", "output": items, "usage": USAGE}}))
    return "text/event-stream", "".join(
        f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, **fields})}\n\n"
        for number, (kind, fields) in enumerate(events))


def failure(kind):
    status, name, code, message, headers = FAILURES[kind]
    return status, headers, json.dumps({"error": {"message": message, "type": name, "param": None, "code": code}})
