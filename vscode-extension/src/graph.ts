// The graph beside the editor: drawn by the server from the text as it stands, saved or not. A click on
// a step goes to its source; the cursor's step is marked.
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { Server } from "./server";

const DELAY_MS = 150;

/** The answer to `fleet/graph`: a picture, and where each of its steps is written. */
interface Graph {
  text: string;
  flow: string;
  flows: string[];
  nodes: { name: string; uri: string; range: { start: { line: number; character: number } } }[];
}

/** What the page says: a step was clicked, a flow was chosen. Lines and columns count from 0. */
type Said = { place: { uri: string; line: number; column: number } } | { flow: string };

export class GraphView implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private document: vscode.TextDocument | undefined;
  private flow: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private asked = 0;
  private readonly subscriptions: vscode.Disposable[] = [];

  constructor(private readonly server: Server) {
    this.subscriptions.push(
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (event.document.languageId === "fleet") this.redrawSoon();
      }),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (this.panel && editor?.document.languageId === "fleet") this.follow(editor.document);
      }),
      vscode.window.onDidChangeTextEditorSelection((event) => this.markStep(event.textEditor)),
      server.onDidChange(() => this.redrawSoon()),
    );
  }

  /** Without `flow` the one that was shown last, or the server's choice. */
  show(editor: vscode.TextEditor, flow?: string): void {
    if (!this.panel) {
      this.panel = vscode.window.createWebviewPanel(
        "fleetc.graph", "Fleet graph", { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
        { enableScripts: true, localResourceRoots: [] });
      this.panel.onDidDispose(() => (this.panel = undefined));
      this.panel.webview.onDidReceiveMessage((said: Said) => this.heard(said));
      this.panel.webview.html = page();
    }
    this.panel.reveal(undefined, true);
    this.follow(editor.document, flow);
  }

  private follow(document: vscode.TextDocument, flow?: string): void {
    if (flow || this.document !== document) this.flow = flow;
    this.document = document;
    void this.redraw();
  }

  private redrawSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.redraw(), DELAY_MS);
  }

  private async redraw(): Promise<void> {
    if (!this.panel || !this.document) return;
    const turn = ++this.asked;
    const answer = await this.ask(this.document);
    if (turn !== this.asked || !this.panel) return; // a newer text is on its way
    await this.panel.webview.postMessage(answer);
    const editor = vscode.window.activeTextEditor;
    if (editor) this.markStep(editor);
  }

  private async ask(document: vscode.TextDocument): Promise<{ graph: Graph } | { problem: string }> {
    const client = this.server.running;
    if (!client) return { problem: "The language server does not run." };
    try {
      return { graph: await client.sendRequest<Graph>("fleet/graph",
        { textDocument: { uri: document.uri.toString() }, flow: this.flow, format: "svg" }) };
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  }

  private markStep(editor: vscode.TextEditor): void {
    if (editor.document !== this.document) return;
    void this.panel?.webview.postMessage({
      cursor: { uri: editor.document.uri.toString(), line: editor.selection.active.line } });
  }

  private async heard(said: Said): Promise<void> {
    if ("flow" in said) {
      this.flow = said.flow;
      return this.redraw();
    }
    const place = new vscode.Position(said.place.line, said.place.column);
    await vscode.window.showTextDocument(vscode.Uri.parse(said.place.uri), {
      viewColumn: vscode.ViewColumn.One, selection: new vscode.Range(place, place) });
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.panel?.dispose();
    vscode.Disposable.from(...this.subscriptions).dispose();
  }
}

// The picture comes from the server as text and is parsed as SVG, never as a page: nothing in it can run,
// and the policy allows only the script below.
function page(): string {
  const nonce = randomBytes(16).toString("base64");
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-${nonce}'">
<style>
  body { margin: 0; padding: 8px; background: var(--vscode-editor-background); }
  header { font: var(--vscode-font-weight) var(--vscode-font-size) var(--vscode-font-family); min-height: 1.5em;
           color: var(--vscode-foreground); }
  header button { color: inherit; background: none; border: 0; cursor: pointer; padding: 2px 8px; }
  header button[aria-pressed=true] { border-bottom: 2px solid var(--vscode-focusBorder); }
  #problem { color: var(--vscode-descriptionForeground); white-space: pre-wrap; }
  #picture.stale { opacity: .45; }
  #picture svg { max-width: 100%; height: auto; }
  #picture svg text { fill: var(--vscode-editor-foreground); }
  #picture svg .page { fill: none; }
  #picture svg .more, #picture svg .on { fill: var(--vscode-descriptionForeground); }
  #picture svg .on { stroke: var(--vscode-editor-background); }
  #picture [data-line] { cursor: pointer; }
  #picture [data-line]:focus { outline: none; }
  #picture [data-line]:focus .box, #picture .here .box { stroke: var(--vscode-focusBorder); stroke-width: 4; }
</style></head><body>
<header><nav id="flows"></nav><div id="problem" role="status"></div></header>
<main id="picture"></main>
<script nonce="${nonce}">
  const vscode = acquireVsCodeApi();
  const picture = document.getElementById("picture");
  const steps = () => picture.querySelectorAll("[data-line]");
  function place(step) {
    return { uri: step.dataset.uri, line: Number(step.dataset.line), column: Number(step.dataset.column) };
  }
  function choose(event) {
    const step = event.target.closest?.("[data-line]");
    if (step && (event.type === "click" || event.key === "Enter")) vscode.postMessage({ place: place(step) });
  }
  picture.addEventListener("click", choose);
  picture.addEventListener("keydown", choose);
  // The last picture stays, dimmed, while there is none of the text as it stands.
  function draw({ graph, problem }) {
    document.getElementById("problem").textContent = problem ?? "";
    picture.classList.toggle("stale", !graph);
    if (!graph) return;
    const parsed = new DOMParser().parseFromString(graph.text, "image/svg+xml").documentElement;
    picture.replaceChildren(document.importNode(parsed, true));
    for (const { name, uri, range: { start } } of graph.nodes) {
      const step = picture.querySelector("[data-step=" + CSS.escape(name) + "]");
      if (!step) continue;
      Object.assign(step.dataset, { uri, line: start.line, column: start.character });
      step.setAttribute("tabindex", "0");
    }
    const names = graph.flows.length > 1 ? graph.flows : [];
    document.getElementById("flows").replaceChildren(...names.map((name) => {
      const button = document.createElement("button");
      button.textContent = name;
      button.setAttribute("aria-pressed", String(name === graph.flow));
      button.onclick = () => vscode.postMessage({ flow: name });
      return button;
    }));
  }
  function mark({ uri, line }) {
    let here;
    for (const step of steps()) {
      step.classList.remove("here");
      const at = place(step);
      if (at.uri === uri && at.line <= line && (!here || at.line >= place(here).line)) here = step;
    }
    here?.classList.add("here");
  }
  addEventListener("message", ({ data }) => (data.cursor ? mark(data.cursor) : draw(data)));
</script></body></html>`;
}
