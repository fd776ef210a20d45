import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {DomId} from '../../hypervisor/index.ts';
import {createHost, type XenHost} from '../host/host.ts';
import {type BenchRow, median} from './row.ts';

/** A process of its own, so that its memory is what a host with these guests takes. Prints rows as JSON. */

const RUNS = 5;
/** The code of the guest is compiled meanwhile. */
const WARM_UP_RUNS = 3;
const POLL_MS = 5;
const SETTLE_MS = 5000;
const IDLE_MS = 20_000;
const MIB = 2 ** 20;
const DISK_MIB = 64;
const TCP_MIB = 32;

const PROMPT = /# /;
const DONE = 'DONE';

/** CPU time of this process, seconds. */
const cpuSeconds = (): number => {
  const {user, system} = process.cpuUsage();
  return (user + system) / 1e6;
};

interface Timed {
  wall: number;
  cpu: number;
}

const timed = async (work: () => Promise<unknown>): Promise<Timed> => {
  const [wall, cpu] = [performance.now(), cpuSeconds()];
  await work();
  return {wall: (performance.now() - wall) / 1000, cpu: cpuSeconds() - cpu};
};

/** Linux guests of an image, and their consoles. */
class Guests {
  readonly host: XenHost;
  private readonly directory: string;
  private readonly texts = new Map<number, string>();

  constructor(host: XenHost, directory: string) {
    this.host = host;
    this.directory = directory;
    const decoder = new TextDecoder();
    host.consoles.output.subscribe(({domid, bytes}) => this.texts.set(domid, this.text(domid) + decoder.decode(bytes)));
  }

  /** Returns once the shell has its prompt. */
  async boot(name: string, address: string): Promise<DomId> {
    const config = readFileSync(join(this.directory, 'linux.cfg'), 'utf8')
      .replace(/^name .*/m, `name = "${name}"`)
      .replace(/^(kernel|ramdisk)\s*= "/gm, (line) => `${line}${this.directory}/`)
      .replace(/pvsim\.ip=[\d.]+/, `pvsim.ip=${address}`);
    const domid = await this.host.create(this.host.parse(config));
    await this.waitFor(domid, PROMPT, 0);
    return domid;
  }

  /** Runs a command in the guest's shell to its end. */
  async run(domid: DomId, command: string): Promise<void> {
    const from = this.text(domid).length;
    // The quotes keep the echo of what is typed from looking like the answer.
    this.host.consoleInput(domid, new TextEncoder().encode(`${command}; echo DO''NE $?\r`));
    const [, status] = await this.waitFor(domid, new RegExp(`^${DONE} (\\d+)\\r`, 'm'), from);
    if (status !== '0') throw new Error(`${command}: status ${status}\n${this.text(domid).slice(from)}`);
  }

  private async waitFor(domid: DomId, pattern: RegExp, from: number): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.text(domid).slice(from));
      if (match !== null) return match;
      if (this.host.xen.domain(domid)?.shutdownReason !== undefined) throw new Error(this.text(domid));
      await sleep(POLL_MS);
    }
  }

  private text(domid: number): string {
    return this.texts.get(domid) ?? '';
  }
}

const repeat = async (work: () => Promise<Timed>): Promise<Timed> => {
  const runs: Timed[] = [];
  for (let run = 0; run < WARM_UP_RUNS + RUNS; run++) runs.push(await work());
  const measured = runs.slice(WARM_UP_RUNS);
  return {wall: median(measured.map(({wall}) => wall)), cpu: median(measured.map(({cpu}) => cpu))};
};

const measure = async (directory: string): Promise<BenchRow[]> => {
  const guests = new Guests(await createHost(), directory);
  let domid: DomId | undefined;
  const boot = await timed(async () => (domid = await guests.boot('linux', '10.0.0.5')));
  if (domid === undefined) throw new Error('no guest');
  const reader = domid;
  const rssMb = process.memoryUsage.rss() / 1e6;
  await sleep(SETTLE_MS);
  const idle = await timed(() => sleep(IDLE_MS));
  const read = await repeat(() => timed(() => guests.run(reader, 'dd if=/dev/xvda of=/dev/null bs=1M iflag=direct')));
  const peer = await guests.boot('peer', '10.0.0.6');
  const transfer = await repeat(async () => {
    const chunks = (TCP_MIB * MIB) / 65536;
    await guests.run(reader, `(nc -l -p 99 -e dd if=/dev/zero bs=64k count=${chunks} 2> /dev/null &); sleep 1`);
    return timed(() => guests.run(peer, 'nc 10.0.0.5 99 -e dd of=/dev/null bs=64k'));
  });
  await guests.host.close({graceNs: 0});
  const diskMb = (DISK_MIB * MIB) / 1e6;
  const megabits = (TCP_MIB * MIB * 8) / 1e6;
  return [
    {
      name: 'Linux: from create to the prompt, cold',
      value: boot.wall,
      unit: 's',
      target: {value: 6, sense: 'at most'},
      beside: {name: 'CPU time', value: boot.cpu, unit: 's'},
    },
    {
      name: 'Linux: memory of the process, a guest of 128 MiB at its prompt',
      value: rssMb,
      unit: 'MB RSS',
      target: {value: 300, sense: 'at most'},
    },
    {
      name: 'Linux: an idle guest',
      value: (idle.cpu / idle.wall) * 100,
      unit: '% of a core',
      target: {value: 3, sense: 'at most'},
    },
    {
      name: 'Linux: O_DIRECT reads of 1 MiB from xvda, RAM image',
      value: diskMb / read.wall,
      unit: 'MB/s',
      target: {value: 120, sense: 'at least'},
      beside: {name: 'a second of CPU time', value: diskMb / read.cpu, unit: 'MB'},
    },
    {
      name: 'Linux: TCP from guest to guest, dd behind nc',
      value: megabits / transfer.wall,
      unit: 'Mbit/s',
      target: {value: 100, sense: 'at least'},
      beside: {name: 'a second of CPU time', value: megabits / transfer.cpu, unit: 'Mbit'},
    },
  ];
};

console.log(JSON.stringify(await measure(process.argv[2])));
process.exit(0);
