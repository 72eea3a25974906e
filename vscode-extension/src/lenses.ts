// What the server's lenses over a declaration do when they are clicked. Each is given the document, a name
// in it, and where that name stands.
import * as vscode from "vscode";
import type { GraphView } from "./graph";
import type { Server } from "./server";
import { runOnce } from "./tasks";

interface WorstCase {
  text: string;
  rows: { name: string; factors: string }[];
}

interface PlainPosition {
  line: number;
  character: number;
}

export function registerLenses(server: Server, graph: GraphView): vscode.Disposable {
  const showGraph = async (uri: string, flow: string) =>
    graph.show(await vscode.window.showTextDocument(vscode.Uri.parse(uri)), flow);

  const showCost = async (uri: string, flow: string) => {
    const worst = await server.running?.sendRequest<WorstCase>("fleet/worstCase", { textDocument: { uri }, flow })
      .catch((error: Error) => ({ text: error.message, rows: [] }));
    if (!worst) return;
    const detail = worst.rows.map((row) => `${row.name}: ${row.factors}`).join("\n");
    await vscode.window.showInformationMessage(`${flow}: ${worst.text}`, { modal: true, detail });
  };

  const showReferences = async (uri: string, _name: string, at: PlainPosition) => {
    const document = vscode.Uri.parse(uri);
    const position = new vscode.Position(at.line, at.character);
    const uses = await vscode.commands.executeCommand<vscode.Location[]>(
      "vscode.executeReferenceProvider", document, position);
    await vscode.commands.executeCommand("editor.action.showReferences", document, position, uses);
  };

  const showPlan = (uri: string, flow: string) => runOnce(vscode.Uri.parse(uri), ["plan"], [flow]);
  const runTest = (uri: string, test: string) => runOnce(vscode.Uri.parse(uri), ["test"], ["--only", test]);

  return vscode.Disposable.from(
    vscode.commands.registerCommand("fleet.showGraph", showGraph),
    vscode.commands.registerCommand("fleet.showPlan", showPlan),
    vscode.commands.registerCommand("fleet.runTest", runTest),
    vscode.commands.registerCommand("fleet.showCost", showCost),
    vscode.commands.registerCommand("fleet.showReferences", showReferences));
}
