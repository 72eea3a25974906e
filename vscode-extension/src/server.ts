// The language server's life: one client at a time, restarted on command or when its path changes.
import * as vscode from "vscode";
import { LanguageClient, State, type LanguageClientOptions } from "vscode-languageclient/node";
import { programPath, sayMissing, versionOf } from "./program";

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private turn: Promise<void> = Promise.resolve();
  private readonly output = vscode.window.createOutputChannel("fleetc");
  private readonly changed = new vscode.EventEmitter<boolean>();

  /** True: it runs from now on; false: no longer. */
  readonly onDidChange = this.changed.event;

  /** The client while it runs. */
  get running(): LanguageClient | undefined {
    return this.client?.state === State.Running ? this.client : undefined;
  }

  /** Ends the server if there is one and starts another; calls take turns. */
  restart(): Promise<void> {
    this.turn = this.turn.then(() => this.stop()).then(() => this.start());
    return this.turn;
  }

  private async start(): Promise<void> {
    const program = programPath();
    try {
      await versionOf(program);
    } catch (error) {
      void sayMissing(program, error instanceof Error ? error.message : String(error));
      return;
    }
    const options: LanguageClientOptions = {
      documentSelector: [{ scheme: "file", language: "fleet" }, { scheme: "untitled", language: "fleet" }],
      outputChannel: this.output,
      synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.{fleet,md,lock}") },
    };
    const client = new LanguageClient("fleetc", "fleetc", { command: program, args: ["lsp"] }, options);
    client.onDidChangeState((event) => this.changed.fire(event.newState === State.Running));
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      void sayMissing(`${program} lsp`, error instanceof Error ? error.message : String(error));
    }
  }

  private async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.stop().catch(() => undefined);
    await client?.dispose();
  }

  async dispose(): Promise<void> {
    await this.turn.catch(() => undefined);
    await this.stop();
    this.output.dispose();
    this.changed.dispose();
  }
}
