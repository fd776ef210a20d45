import {ToolstackError} from '../errors.ts';
import type {BridgeConfig, HostOptions} from '../host/api.ts';

/** What the command line of a daemon can say about its host: `--memory=MIB`, `--bridge=NAME[,DOM0-ADDRESS]`. */
export type HostArguments = Pick<HostOptions, 'memoryMib' | 'bridges'>;

export const formatHostArguments = ({memoryMib, bridges = []}: HostArguments): string[] => [
  ...(memoryMib === undefined ? [] : [`--memory=${memoryMib}`]),
  ...bridges.map(({name, dom0Address}) => `--bridge=${[name, dom0Address].filter((part) => part).join(',')}`),
];

export const parseHostArguments = (args: readonly string[]): HostArguments => {
  const values = (name: string): string[] =>
    args.filter((arg) => arg.startsWith(`--${name}=`)).map((arg) => arg.slice(name.length + 3));
  const memory = values('memory').at(-1);
  const bridges = values('bridge').map(parseBridge);
  return {...(memory !== undefined && {memoryMib: Number(memory)}), ...(bridges.length > 0 && {bridges})};
};

export const parseBridge = (text: string): BridgeConfig => {
  const [name, dom0Address, ...more] = text.split(',');
  if (name === '' || dom0Address === '' || more.length > 0) {
    throw new ToolstackError('EINVAL', `pvsim: "${text}" is not of the form NAME[,ADDRESS OF DOM0]`);
  }
  return {name, ...(dom0Address !== undefined && {dom0Address})};
};
