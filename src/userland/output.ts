// Standard output and error of a command.

export interface Output {
  out(text: string): void;
  err(text: string): void;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}
