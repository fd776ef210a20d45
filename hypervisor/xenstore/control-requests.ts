import type {ByteString} from './byte-string.ts';
import {atoi} from './c-number.ts';
import {formatQuotas, QUOTA_NAMES} from './quota.ts';
import {refuse} from './refusal.ts';
import {ACK, type Reply, type Request} from './request.ts';
import {findFaults} from './check-store.ts';
import type {Store} from './store.ts';

interface Command {
  readonly parameters: string;
  run(store: Store, parameters: readonly ByteString[]): Reply;
}

/** @see docs/misc/xenstore.txt, CONTROL: the commands differ from daemon to daemon */
const COMMANDS: Readonly<Record<string, Command>> = {
  check: {parameters: '', run: check},
  log: {parameters: 'on|off', run: log},
  logfile: {parameters: '<file>', run: logfile},
  memreport: {parameters: '[<file>]', run: memreport},
  print: {parameters: '<string>', run: print},
  quota: {parameters: '[set <name> <val>|<domid>]', run: quota},
  'quota-soft': {parameters: '[set <name> <val>]', run: softQuota},
  help: {parameters: '', run: help},
};

/** `<command>\0<parameter>\0...`. */
export function control({store, strings}: Request): Reply {
  const [name, ...parameters] = strings;
  return name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name].run(store, parameters) : refuse.EINVAL;
}

function help(_store: Store, parameters: readonly ByteString[]): Reply {
  if (parameters.length > 0) return refuse.EINVAL;
  const lines = Object.entries(COMMANDS).map(([name, command]) => `${name}\t${command.parameters}\n`);
  return `${lines.join('')}\0`;
}

/** What is wrong goes to the log: as a reply a client knows OK only. */
function check(store: Store, parameters: readonly ByteString[]): Reply {
  if (parameters.length > 0) return refuse.EINVAL;
  for (const fault of findFaults(store)) store.log.write(`check: ${fault}`);
  return ACK;
}

function log(store: Store, [word, ...rest]: readonly ByteString[]): Reply {
  if ((word !== 'on' && word !== 'off') || rest.length > 0) return refuse.EINVAL;
  store.log.isOn = word === 'on';
  return ACK;
}

function logfile(store: Store, [path, ...rest]: readonly ByteString[]): Reply {
  return path !== undefined && rest.length === 0 && store.log.redirect(path) ? ACK : refuse.EINVAL;
}

/** To a file, or to the log; without one it is refused, as by a daemon without a trace file. */
function memreport(store: Store, [path, ...rest]: readonly ByteString[]): Reply {
  if (rest.length > 0) return refuse.EINVAL;
  const {nodes, bytes} = store.measure();
  const report = `memreport: ${nodes} nodes with ${bytes} bytes of names and values`;
  if (path !== undefined) return store.log.writeTo(path, report) ? ACK : refuse.EINVAL;
  if (!store.log.hasSink) return refuse.EINVAL;
  store.log.write(report);
  return ACK;
}

function print(store: Store, parameters: readonly ByteString[]): Reply {
  if (parameters.length !== 1) return refuse.EINVAL;
  store.log.write(`control: ${parameters[0]}`);
  return ACK;
}

function quota(store: Store, parameters: readonly ByteString[]): Reply {
  const [first, ...rest] = parameters;
  if (first === undefined) return `${formatQuotas(store.quota, HARD_NAMES)}\0`;
  if (first === 'set') return setQuota(store, rest, 'quota');
  return rest.length > 0 ? refuse.EINVAL : domainUse(store, atoi(first) >>> 0);
}

function softQuota(store: Store, parameters: readonly ByteString[]): Reply {
  const [first, ...rest] = parameters;
  if (first === undefined) return `${formatQuotas(store.quota, SOFT_NAMES)}\0`;
  return first === 'set' ? setQuota(store, rest, 'quota-soft') : refuse.EINVAL;
}

const HARD_NAMES = QUOTA_NAMES.filter(({command}) => command === 'quota');
const SOFT_NAMES = QUOTA_NAMES.filter(({command}) => command === 'quota-soft');

function setQuota(store: Store, parameters: readonly ByteString[], command: string): Reply {
  if (parameters.length !== 2) return refuse.EINVAL;
  const value = atoi(parameters[1]);
  const known = QUOTA_NAMES.find((each) => each.name === parameters[0] && each.command === command);
  if (value < 1 || known === undefined) return refuse.EINVAL;
  store.quota = {...store.quota, [known.key]: value};
  return ACK;
}

function domainUse(store: Store, domId: number): Reply {
  const domain = store.domains.find(domId);
  if (domain === undefined) return refuse.ENOENT;
  const {nodes, watches, outstanding, connection} = domain;
  const use = {
    nodes,
    watches,
    transactions: connection?.transactions.size ?? 0,
    outstanding,
    memory: connection?.queue.sizeBytes ?? 0,
  };
  const lines = Object.entries(use).map(([name, value]) => `${name.padEnd(16)}: ${String(value).padStart(8)}\n`);
  return `Domain ${domId}:\n${lines.join('')}\0`;
}
