import type {BenchCommand} from './run.ts';

const options = ['drivers', 'sizes', 'packetSizes', 'depths', 'queues', 'guests', 'price', 'setup'] as const;

/** The command that does it again. */
export const commandOf = (command: BenchCommand): string =>
  [
    `pvsim bench ${command.device}`,
    ...options.flatMap((name) => (command[name] === undefined ? [] : [`--${dashed(name)} ${command[name]}`])),
    `--seed ${command.seed}`,
  ].join(' ');

const dashed = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
