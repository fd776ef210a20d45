import type {CommandSpec} from './command.ts';
import {COMMANDS, findCommand} from './command-table.ts';

/** Longer names get a line of their own. */
const NAME_COLUMNS = 19;

export const helpForAll = (): string => {
  const lines = COMMANDS.map(({name, summary}) =>
    name.length > NAME_COLUMNS
      ? ` ${name} \n${' '.repeat(NAME_COLUMNS + 2)}${summary}\n`
      : ` ${name.padEnd(NAME_COLUMNS)} ${summary}\n`,
  );
  return `Usage xl [-vfNtT] <subcommand> [args]\n\nxl full list of subcommands:\n\n${lines.join('')}`;
};

export const helpFor = ({name, usage, summary, optionHelp, modifies, dryRun}: CommandSpec): string => {
  const globals = `-vtT${modifies ? 'f' : ''}${dryRun ? 'N' : ''}`;
  const options = optionHelp === undefined ? '' : `Options:\n\n${optionHelp}\n`;
  return `Usage: xl [${globals}] ${name} ${usage}\n\n${summary}.\n\n${options}`;
};

/** What `xl help WORD` prints. */
export const helpForWord = (word: string | undefined): string => {
  if (word === undefined) return helpForAll();
  const spec = findCommand(word);
  return spec === undefined ? `command "${word}" not implemented\n` : helpFor(spec);
};
