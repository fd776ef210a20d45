import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {SyncXs, Xenstored} from '../../hypervisor/xenstore/index.ts';
import {isServed, realXenstoredMissing, startRealXenstored} from './real-xenstored.ts';
import {median, type BenchRow} from './row.ts';
import {benchDomains} from './xenstore-domains.ts';

const CLIENT = 'toolstack/performance/xenstore-client.c';
const ROUNDS = 5;
/** Daemon and clients share one core: how the system places two processes that wake each other would drown all else. */
const PINNED = ['taskset', '-c', '0'];

interface Operation {
  readonly name: string;
  readonly op: string;
  readonly count: number;
}

const OPERATIONS: readonly Operation[] = [
  {name: 'read', op: 'read', count: 10_000},
  {name: 'write', op: 'write', count: 10_000},
  {name: 'directory of 1,000', op: 'directory', count: 6000},
  {name: 'transaction of 3 writes', op: 'transaction', count: 2000},
];

interface Daemon {
  readonly socket: string;
  stop(): Promise<void>;
}

/** Ours and, where it is installed, the C daemon, by turns, under libxenstore's clients; then our store in process. */
export const benchXenstore = async (): Promise<BenchRow[]> => [
  ...(await benchSocket()),
  ...benchInProcess(),
  ...benchDomains(),
];

const benchSocket = async (): Promise<BenchRow[]> => {
  const directory = mkdtempSync(join(tmpdir(), 'pvsim-bench-'));
  const missing = realXenstoredMissing();
  const client = join(directory, 'client');
  if (missing !== undefined) console.error(`xenstore: ${missing}: nothing over the socket is measured`);
  const daemons: Daemon[] = [];
  try {
    if (missing !== undefined) return [];
    execFileSync('gcc', ['-O2', '-o', client, CLIENT, '-lxenstore'], {stdio: 'inherit'});
    const realDirectory = join(directory, 'real');
    mkdirSync(realDirectory);
    daemons.push(await startOurs(directory));
    const real = await startRealXenstored({directory: realDirectory, under: PINNED});
    daemons.push({socket: real.socketPath, stop: () => real.stop()});
    const run = (daemon: Daemon, ...args: readonly string[]): number => {
      const env = {...process.env, XENSTORED_PATH: daemon.socket};
      const [program, ...rest] = [...PINNED, client, ...args];
      return Number(execFileSync(program, rest, {env, encoding: 'utf8'}));
    };
    for (const daemon of daemons) run(daemon, 'fill', '10000');
    const rows = measure(daemons, run, '10 k nodes');
    for (const daemon of daemons) run(daemon, 'more', '90000');
    return [...rows, ...measure(daemons, run, '100 k nodes')];
  } finally {
    for (const daemon of daemons) await daemon.stop();
    rmSync(directory, {recursive: true, force: true});
  }
};

type Run = (daemon: Daemon, ...args: readonly string[]) => number;

const measure = (daemons: readonly Daemon[], run: Run, size: string): BenchRow[] => {
  const rows: BenchRow[] = [];
  for (const clients of [1, 8]) {
    for (const {name, op, count} of OPERATIONS) {
      const {ours, real, ratio} = byTurns(daemons, (daemon) => run(daemon, op, String(count), String(clients)));
      rows.push({
        name: `xenstore ${name}, ${clients} ${clients === 1 ? 'client' : 'clients'}, ${size}`,
        value: ratio,
        unit: 'times',
        target: {value: 1, sense: 'at least'},
        beside: {name: `${Math.round(ours)}/s; C daemon`, value: real, unit: '/s'},
      });
    }
  }
  const {ours, real} = byTurns(daemons, (daemon) => run(daemon, 'watch', '3000'));
  rows.push({
    name: `xenstore watch latency, median, ${size}`,
    value: ours,
    unit: 'us',
    target: {value: Number(real.toFixed(1)), sense: 'at most'},
    beside: {name: 'C daemon', value: real, unit: 'us'},
  });
  return rows;
};

/** Medians; the ratio is that of the rounds, for in one round both have met the same machine. */
const byTurns = (
  [ours, real]: readonly Daemon[],
  once: (daemon: Daemon) => number,
): {ours: number; real: number; ratio: number} => {
  const rounds = Array.from({length: ROUNDS}, () => ({ours: once(ours), real: once(real)}));
  return {
    ours: median(rounds.map((round) => round.ours)),
    real: median(rounds.map((round) => round.real)),
    ratio: median(rounds.map((round) => round.ours / round.real)),
  };
};

const startOurs = async (directory: string): Promise<Daemon> => {
  const socket = join(directory, 'ours');
  const main = fileURLToPath(new URL('../pvsim/main.js', import.meta.url));
  const [program, ...args] = [...PINNED, process.execPath, main, 'xenstored', '--socket', socket];
  const daemon = spawn(program, args, {stdio: ['ignore', 'ignore', 'inherit']});
  const ended = once(daemon, 'exit');
  while (!(await isServed(socket))) await new Promise((resolve) => setTimeout(resolve, 10));
  const stop = async (): Promise<void> => {
    daemon.kill();
    await ended;
  };
  return {socket, stop};
};

const IN_PROCESS = 200_000;

const benchInProcess = (): BenchRow[] => {
  const xs = new SyncXs(new Xenstored().connectInProcess());
  const paths = Array.from({length: 6000}, (_, i) => `/local/domain/${Math.floor(i / 60)}/device/vbd/${i % 60}`);
  for (const path of paths) xs.write(path, 'v');
  const rate = (work: (path: string, i: number) => void): number => {
    const rates = Array.from({length: 5}, () => {
      const start = performance.now();
      for (let i = 0; i < IN_PROCESS; i++) work(paths[(i * 7919) % paths.length], i);
      return (IN_PROCESS / (performance.now() - start)) * 1000;
    });
    return median(rates);
  };
  return [
    {
      name: 'xenstore in process: read, 6 k nodes',
      value: rate((path) => void xs.read(path)) / 1e6,
      unit: 'M/s',
      target: {value: 1, sense: 'at least'},
    },
    {
      name: 'xenstore in process: write, 6 k nodes',
      value: rate((path, i) => xs.write(path, `v${i}`)) / 1e3,
      unit: 'k/s',
      target: {value: 60, sense: 'at least'},
    },
    memoryRow(),
  ];
};

/** What node --expose-gc offers. */
const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
};

const NODES = 100_000;

/** Heap that 100,000 nodes take, less their paths and values. */
const memoryRow = (): BenchRow => {
  const xs = new SyncXs(new Xenstored().connectInProcess());
  const heap = (): number => {
    collectGarbage();
    const {heapUsed, external} = process.memoryUsage();
    return heapUsed + external;
  };
  const before = heap();
  let content = 0;
  for (let i = 0; i < NODES; i++) {
    const path = `/local/domain/${Math.floor(i / 100)}/data/key-number-${i % 100}`;
    const value = `value-${i}`;
    xs.write(path, value);
    content += path.length + value.length;
  }
  const perNode = (heap() - before - content) / NODES;
  if (xs.read('/local/domain/5/data/key-number-7') === undefined) throw new Error('xenstore: a node is missing');
  return {
    name: 'xenstore memory a node beyond path and value, 100 k nodes',
    value: perNode,
    unit: 'bytes',
    target: {value: 250, sense: 'at most'},
  };
};
