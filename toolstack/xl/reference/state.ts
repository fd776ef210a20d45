import type {CommandSpec} from '../command.ts';
import {COMMANDS} from '../command-table.ts';
import {NEWER_COMMANDS} from '../command-table/newer.ts';
import {NOTES} from './notes.ts';

/** What becomes of a command. */
export type CommandState = 'works' | 'accepted with a warning' | 'refused';

export interface CommandRow {
  readonly name: string;
  readonly summary: string;
  readonly state: CommandState;
  /** In Markdown; empty for none. */
  readonly note: string;
}

const HELP: CommandRow = {name: 'help', summary: 'Show the commands, or one', state: 'works', note: ''};

/** Every command that any xl up to 4.23 has. */
export const commandRows = (): CommandRow[] => [...COMMANDS.map(rowOf), HELP, ...NEWER_COMMANDS.map(rowOf)];

const rowOf = ({name, summary, warns, refuses}: CommandSpec): CommandRow => ({
  name,
  summary: summary.split('\n')[0].replace(/\.$/, ''),
  state: warns !== undefined ? 'accepted with a warning' : refuses !== undefined ? 'refused' : 'works',
  note: warns ?? refuses ?? NOTES[name] ?? '',
});

/** The table of docs/xl.md. */
export const commandTable = (): string => {
  const rows = commandRows().map(({name, state, note}) => `| \`${name}\` | ${state} | ${note} |\n`);
  return `| command | state | note |\n| --- | --- | --- |\n${rows.join('')}`;
};
