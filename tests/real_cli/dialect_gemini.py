"""Gemini's generateContent and streamGenerateContent, as the Gemini CLI speaks them."""
import json

import conversation as c

FAILURES = {
    c.AUTH: (401, "UNAUTHENTICATED", "API key not valid. Please pass a valid API key."),
    c.LIMITED: (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota). Please retry in 2s."),
    c.OVERLOADED: (529, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    c.UNAVAILABLE: (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    c.TOO_LONG: (400, "INVALID_ARGUMENT",
                 "The input token count (1250123) exceeds the maximum number of tokens allowed (1048576)."),
    c.NO_MONEY: (403, "PERMISSION_DENIED", "This API method requires billing to be enabled."),
}
USAGE = {"promptTokenCount": 6500, "candidatesTokenCount": 42, "totalTokenCount": 6549,
         "cachedContentTokenCount": 5000, "thoughtsTokenCount": 7}


def serves(path):
    return path.endswith((":generateContent", ":streamGenerateContent"))


def asked(path, body, raw):
    calls, results = 0, []
    for content in body.get("contents", []):
        for part in content.get("parts", []):
            calls += "functionCall" in part
            if "functionResponse" in part:
                results.append(c.texts_of(part["functionResponse"].get("response")))
    tools = [tool for group in body.get("tools", []) for tool in group.get("functionDeclarations", [])]
    return c.Asked.of(raw, calls, tools, results)


def bound(call, asked):
    given = call.arguments
    if call.kind == "fleet":
        name = next((tool["name"] for tool in asked.tools if "fleet" in tool["name"]
                     and tool["name"].endswith("_" + given["verb"])), "missing " + given["verb"])
        return name, given["arguments"]
    return {"read": ("read_file", {"file_path": given.get("path")}),
            "edit": ("replace", {"file_path": given.get("path"), "old_string": given.get("old"),
                                 "new_string": given.get("new"), "instruction": "Change it."}),
            "write": ("write_file", {"file_path": given.get("path"), "content": given.get("content")}),
            "shell": ("run_shell_command", {"command": given.get("command"), "description": "Run it"})}[call.kind]


def answer(path, body, asked, step):
    parts = [{"text": step.text}] if step.text and not step.refuses else []
    if step.call:
        name, arguments = bound(step.call, asked)
        parts.append({"functionCall": {"id": c.new_id("call-"), "name": name, "args": arguments}})
    chunk = {"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0,
                             "finishReason": "SAFETY" if step.refuses else "STOP"}],
             "modelVersion": "scripted", "responseId": c.new_id("r"), "usageMetadata": USAGE}
    if path.endswith(":generateContent"):
        return "application/json", json.dumps(chunk)
    return "text/event-stream", f"data: {json.dumps(chunk)}\r\n\r\n"


def failure(kind):
    status, name, message = FAILURES[kind]
    error = {"code": status, "message": message, "status": name}
    if kind == c.AUTH:
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
                             "domain": "googleapis.com"}]
    if kind == c.LIMITED:
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}]
    return status, {}, json.dumps({"error": error})
