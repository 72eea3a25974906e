// `fleetc check`, `plan` and `test` of each fleet as tasks, with their messages in the Problems view.
import * as vscode from "vscode";
import { programPath } from "./program";

interface Definition extends vscode.TaskDefinition {
  command: string;
  file: string;
}

export class Tasks implements vscode.TaskProvider {
  async provideTasks(token: vscode.CancellationToken): Promise<vscode.Task[]> {
    const tasks: vscode.Task[] = [];
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      const fleets = await vscode.workspace.findFiles(
        new vscode.RelativePattern(folder, "**/*.fleet"), "**/node_modules/**", 200, token);
      for (const fleet of fleets) {
        const file = vscode.workspace.asRelativePath(fleet, false);
        for (const command of ["check", "plan", "test"]) tasks.push(made({ type: "fleetc", command, file }, folder));
      }
    }
    return tasks;
  }

  resolveTask(task: vscode.Task): vscode.Task | undefined {
    const folder = task.scope;
    const { command, file } = task.definition as Definition;
    if (!command || !file || typeof folder !== "object") return undefined;
    return made(task.definition as Definition, folder, task.definition);
  }
}

/** Runs `fleetc VERB FILE …` on what is saved, in a terminal of its own that the next such run takes over. */
export async function runOnce(file: vscode.Uri, before: string[], after: string[]): Promise<void> {
  const open = vscode.workspace.textDocuments.find((one) => one.uri.toString() === file.toString());
  if (open?.isDirty && !(await open.save())) return;
  const folder = vscode.workspace.getWorkspaceFolder(file);
  const words = [...before, file.fsPath, ...after];
  const task = new vscode.Task({ type: "fleetc", command: before[0], file: file.fsPath },
    folder ?? vscode.TaskScope.Workspace, words.join(" "), "fleetc",
    new vscode.ProcessExecution(programPath(), words, { cwd: folder?.uri.fsPath }), "$fleetc");
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true, panel: vscode.TaskPanelKind.Dedicated };
  await vscode.tasks.executeTask(task);
}

// VS Code takes a resolved task only with the very definition that it asked with.
function made(about: Definition, folder: vscode.WorkspaceFolder, definition: vscode.TaskDefinition = about) {
  const words = about.command === "check" ? ["check", "--format=short", about.file] : [about.command, about.file];
  return new vscode.Task(definition, folder, `${about.command} ${about.file}`, "fleetc",
    new vscode.ProcessExecution(programPath(), words, { cwd: folder.uri.fsPath }), "$fleetc");
}
