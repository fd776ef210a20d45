import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
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

/** `xl list` as a whole process against an empty Node, in turns so that both see the same machine. */
export const benchCommandLine = (): BenchRow[] => {
  const home = mkdtempSync(join(tmpdir(), 'pvsim-bench-'));
  const env = {...process.env, PVSIM_HOME: home};
  timed([bin('pvsim'), 'host', 'start'], env);
  try {
    const list: number[] = [];
    const node: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      list.push(timed([bin('xl'), 'list'], env));
      node.push(timed(['-e', '0'], env));
    }
    return [
      {
        name: 'xl list, cold, against node -e 0',
        value: median(list) / median(node),
        unit: 'times',
        target: {value: 2.5, sense: 'at most'},
        beside: {name: 'node -e 0', value: median(node), unit: 'ms'},
      },
    ];
  } finally {
    timed([bin('pvsim'), 'host', 'stop'], env);
    rmSync(home, {recursive: true, force: true});
  }
};
