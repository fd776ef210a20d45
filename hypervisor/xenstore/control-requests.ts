import type {ByteString} from './byte-string.ts';
import {refuse} from './refusal.ts';
import {ACK, type Reply, type Request} from './request.ts';

interface Command {
  readonly parameters: string;
  run(parameters: readonly ByteString[]): Reply;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  check: {parameters: '', run: (parameters) => (parameters.length === 0 ? ACK : refuse.EINVAL)},
  print: {parameters: '<string>', run: (parameters) => (parameters.length === 1 ? ACK : refuse.EINVAL)},
  help: {parameters: '', run: (parameters) => (parameters.length === 0 ? help() : refuse.EINVAL)},
};

/** `<command>\0<parameter>\0...`. @see docs/misc/xenstore.txt, CONTROL */
export function control({strings}: Request): Reply {
  const [name, ...parameters] = strings;
  return name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name].run(parameters) : refuse.EINVAL;
}

const help = (): Reply =>
  Object.entries(COMMANDS)
    .map(([name, {parameters}]) => `${name}\t${parameters}\n`)
    .join('') + '\0';
