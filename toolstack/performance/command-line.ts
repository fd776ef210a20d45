import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {type BenchRow, median} from './row.ts';

const RUNS = 21;

const bin = (name: string): string => fileURLToPath(new URL(`../${name}/main.js`, import.meta.url));

const timed = (args: readonly string[], env: NodeJS.ProcessEnv): number => {
  const start = performance.now();
  const {status, stderr} = spawnSync(process.execPath, args, {env, encoding: 'utf8'});
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return performance.now() - start;
};

const GUEST = `
name = "bench"
kernel = "builtin"
memory = 16
disk = ["format=raw,vdev=xvda,access=rw,target=ram:1M"]
vif = [""]
`;

/** `xl list` and `xl create` as whole processes against an empty Node, in turns so that all see the same machine. */
export const benchCommandLine = (): BenchRow[] => {
  const home = mkdtempSync(join(tmpdir(), 'pvsim-bench-'));
  const env = {...process.env, PVSIM_HOME: home};
  const config = join(home, 'bench.cfg');
  writeFileSync(config, GUEST);
  timed([bin('pvsim'), 'host', 'start'], env);
  try {
    const list: number[] = [];
    const create: number[] = [];
    const node: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      list.push(timed([bin('xl'), 'list'], env));
      create.push(timed([bin('xl'), 'create', '-q', config], env));
      timed([bin('xl'), 'destroy', 'bench'], env);
      node.push(timed(['-e', '0'], env));
    }
    const beside = {name: 'node -e 0', value: median(node), unit: 'ms'};
    return [
      {
        name: 'xl list, cold, against node -e 0',
        value: median(list) / median(node),
        unit: 'times',
        target: {value: 2.5, sense: 'at most'},
        beside,
      },
      {
        name: 'xl create of the built-in guest, beyond node -e 0',
        value: median(create) - median(node),
        unit: 'ms',
        target: {value: 100, sense: 'at most'},
        beside,
      },
    ];
  } finally {
    timed([bin('pvsim'), 'host', 'stop'], env);
    rmSync(home, {recursive: true, force: true});
  }
};
