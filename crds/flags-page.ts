import type { Command } from "commander";
import { commandLine } from "../src/cli.ts";
import { code, table } from "./markdown.ts";

/** `docs/reference/flags.md`: every command and flag, from the command line itself. */
export function flagsPage(): string {
  const commands = commandLine()
    .commands.flatMap((command) => runnable(command, ""))
    .map(({ name, command }) => {
      const rows = command.options.map((option) => [
        code(option.flags),
        option.defaultValue === undefined ? "" : code(String(option.defaultValue)),
        option.description,
      ]);
      return `## ${name}\n\n${command.description()}\n\n${table(["Flag", "Default", "Meaning"], rows)}\n`;
    });
  return `# Commands and flags

Generated from \`src/cli.ts\` by \`make generate\`; change it there. The chart sets the flags; \`KM_LOG_LEVEL\` (\`debug\`, \`info\`, \`warn\`,
\`error\`) sets how much is logged.

${commands.join("\n")}`;
}

/** A command, or those that it only gathers, by their full names. */
function runnable(command: Command, before: string): { readonly name: string; readonly command: Command }[] {
  const name = `${before}${command.name()}`;
  return command.commands.length === 0
    ? [{ name, command }]
    : command.commands.flatMap((inner) => runnable(inner, `${name} `));
}
