/** Takes a line for people about what is being done. */
export type Say = (line: string) => void;

/** Writes it where it is in the way of no output: to stderr. */
export function sayOnStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
