// The agent of run.sh: takes its task, is refused a verdict, and says that it is done, all by tools.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const client = new Client({ name: "test", version: "1" });
await client.connect(
  new StdioClientTransport({ command: process.env.FLEETC, args: ["mcp"], env: process.env }));
assert.equal(client.getServerVersion().name, "fleetc");
assert.match(client.getInstructions(), /identity/);

const { tools } = await client.listTools();
assert.deepEqual(tools.map((tool) => tool.name),
  ["identity", "task", "sync", "checkpoint", "handoff", "send", "inbox", "finding", "verdict", "escalate", "done", "fail"]);

const task = await client.callTool({ name: "task", arguments: {} });
assert.match(task.content[0].text, /## The task\n\nSpeak\n/);
assert.equal(task.structuredContent, undefined);
const refused = await client.callTool({ name: "verdict", arguments: { verdict: "approved" } });
assert.equal(refused.isError, true);
await assert.rejects(client.callTool({ name: "merge", arguments: {} }), /no tool/);

writeFileSync("said.txt", "spoken\n");
const done = await client.callTool({
  name: "done", arguments: { summary: "by the client of the MCP project" } });
assert.equal(done.isError, false);
await client.close();
