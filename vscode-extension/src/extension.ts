import * as vscode from "vscode";
import { GraphView } from "./graph";
import { registerLenses } from "./lenses";
import { programPath, sayMissing, versionOf } from "./program";
import { Server } from "./server";
import { Tasks } from "./tasks";

async function showVersion(): Promise<void> {
  const program = programPath();
  try {
    await vscode.window.showInformationMessage(`${await versionOf(program)} (${program})`);
  } catch (error) {
    await sayMissing(program, error instanceof Error ? error.message : String(error));
  }
}

export function activate(context: vscode.ExtensionContext): Promise<void> {
  const server = new Server();
  const graph = new GraphView(server);
  context.subscriptions.push(
    graph,
    server,
    registerLenses(server, graph),
    vscode.tasks.registerTaskProvider("fleetc", new Tasks()),
    vscode.commands.registerCommand("fleetc.showVersion", showVersion),
    vscode.commands.registerCommand("fleetc.restartServer", () => server.restart()),
    vscode.commands.registerCommand("fleetc.showGraph", () => {
      const editor = vscode.window.activeTextEditor;
      if (editor?.document.languageId === "fleet") graph.show(editor);
      else void vscode.window.showInformationMessage("fleetc: open a .fleet file first.");
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("fleetc.path")) void server.restart();
    }),
  );
  return server.restart();
}
