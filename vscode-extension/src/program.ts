// Where the fleetc program is, and what it says of itself.
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import * as vscode from "vscode";

export function programPath(): string {
  const set = vscode.workspace.getConfiguration("fleetc").get<string>("path")?.trim() || "fleetc";
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  return set.replace(/^~(?=\/)/, homedir()).replaceAll("${workspaceFolder}", folder);
}

/** "fleetc 0.1.0"; rejects with why it could not be asked. */
export function versionOf(program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, ["version"], { timeout: 10_000 }, (error, out) => {
      if (error) reject(error);
      else resolve(out.split("\n", 1)[0]);
    });
  });
}

/** Tells that the program can't be started, and offers what helps. */
export async function sayMissing(program: string, why: string): Promise<void> {
  const settings = "Set its path";
  const chosen = await vscode.window.showErrorMessage(
    `fleetc: "${program}" could not be started: ${why}`, settings);
  if (chosen === settings)
    await vscode.commands.executeCommand("workbench.action.openSettings", "fleetc.path");
}
