import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {DomId} from '../../../hypervisor/index.ts';
import {virtualClock} from '../../../hypervisor/schedule/index.ts';
import {ToolstackError} from '../../errors.ts';
import {createHost, type XenHost} from '../../host/host.ts';
import {type Counted, countedOf, minus, plus, times} from './counted.ts';
import {GuestShell} from './guest-shell.ts';
import {type Contender, GUEST_ADDRESS, linuxJobs, type LinuxJob, PEER_ADDRESS} from './jobs.ts';
import type {LinuxResult} from './linux-results.ts';

const PC_DEVICES = [
  'type = "hvm"',
  'serial = "pty"',
  'disk = ["ram:32M,raw,xvda,rw", "ram:32M,raw,sdb,rw"]',
  'vif = ["type=vif", "model=rtl8139", "model=e1000"]',
];
const PEER_DEVICES = ['type = "pvh"', 'vif = ["bridge=xenbr0"]'];
/** Both kinds of each device stay. @see Linux, Documentation/admin-guide/kernel-parameters.txt */
const KEEP_EMULATED = 'xen_emul_unplug=unnecessary';
/** Of text, the console's jobs. */
const LINES_KIB = 64;
const ROUNDS = 3;

export interface LinuxBenchOptions {
  /** Where `pvsim image build debian` has made its image. */
  readonly directory: string;
  readonly seed: number;
  /** linuxJobs by default. */
  readonly jobs?: readonly LinuxJob[];
  readonly progress: (line: string) => void;
}

export interface LinuxBench {
  /** "Linux 6.1.0-50-686-pae" */
  readonly kernel: string;
  readonly results: readonly LinuxResult[];
}

/** A run's counts, and this process's CPU time. */
interface Cost {
  readonly counted: Counted;
  readonly hostNs: number;
  readonly guestNs: number;
}

/**
 * Boots an unmodified Linux as an HVM guest once and has its PV and its emulated drivers do the same jobs. Time is
 * virtual: counts are the same in each run with a seed. ToolstackError when there is no image.
 */
export const benchLinux = async ({
  directory,
  seed,
  jobs = linuxJobs,
  progress,
}: LinuxBenchOptions): Promise<LinuxBench> => {
  const host = await createHost({clock: virtualClock(seed)});
  try {
    progress('booting Linux, and a second one as its peer');
    const domid = await create(host, directory, 'pc', PC_DEVICES, KEEP_EMULATED);
    const peerDomid = await create(host, directory, 'peer', PEER_DEVICES, `pvsim.ip=${PEER_ADDRESS}/24`);
    const peer = await GuestShell.boot(host, peerDomid);
    const bench = new Bench(host, domid, await GuestShell.boot(host, domid), peer);
    return await bench.run(jobs, progress);
  } finally {
    await host.close();
  }
};

const guestTime = (costs: readonly Cost[]): number => costs.reduce((sum, {guestNs}) => sum + guestNs, 0);
const leastHostTime = (costs: readonly Cost[]): number => Math.min(...costs.map(({hostNs}) => hostNs));
const sumOf = (costs: readonly Cost[]): Counted => costs.map(({counted}) => counted).reduce(plus);

class Bench {
  private readonly host: XenHost;
  private readonly domid: DomId;
  private readonly shell: GuestShell;
  private readonly peer: GuestShell;
  /** What an idle guest does in a nanosecond. */
  private idle!: Counted;

  constructor(host: XenHost, domid: DomId, shell: GuestShell, peer: GuestShell) {
    this.host = host;
    this.domid = domid;
    this.shell = shell;
    this.peer = peer;
  }

  async run(jobs: readonly LinuxJob[], progress: (line: string) => void): Promise<LinuxBench> {
    const {shell} = this;
    await shell.run('stty -F /dev/ttyS0 raw -echo; dmesg -n 1');
    await shell.run(`yes ${'x'.repeat(63)} | head -c ${LINES_KIB * 1024} > /tmp/lines`);
    const idle = await this.cost(() => shell.run('sleep 4'));
    this.idle = times(idle.counted, 1 / idle.guestNs);
    const contenders = await this.contenders();
    const results: LinuxResult[] = [];
    for (const job of jobs) {
      for (const contender of contenders[job.device]) {
        progress(`${job.name} by ${contender.driver}`);
        results.push(await this.compete(job, contender));
      }
    }
    return {kernel: (await shell.run('uname -sr')).trim(), results};
  }

  private async contenders(): Promise<Record<LinuxJob['device'], readonly Contender[]>> {
    const link = 'echo $(basename $i) $(basename $(readlink $i/device/driver))';
    const listed = await this.shell.run(`for i in /sys/class/net/eth*; do ${link}; done`);
    const nics = listed
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    const nic = (sysName: string, driver: string, kind: Contender['kind']): Contender => {
      const device = nics.find(([, name]) => name === sysName)?.[0];
      if (device === undefined) throw new Error(`the guest has no interface of driver ${sysName}`);
      return {driver, kind, device};
    };
    return {
      disk: [
        {driver: 'xen-blkfront', kind: 'pv', device: 'xvda'},
        {driver: 'ata_piix', kind: 'emulated', device: 'sda'},
        {driver: 'sym53c8xx', kind: 'emulated', device: 'sdb'},
      ],
      net: [nic('vif', 'xen-netfront', 'pv'), nic('e1000', 'e1000', 'emulated'), nic('8139cp', '8139cp', 'emulated')],
      console: [
        {driver: 'hvc_xen', kind: 'pv', device: 'hvc0'},
        {driver: '8250', kind: 'emulated', device: 'ttyS0'},
      ],
    };
  }

  private async compete(job: LinuxJob, contender: Contender): Promise<LinuxResult> {
    const {shell} = this;
    const {device} = contender;
    if (job.device === 'net') {
      await shell.run(`ip addr add ${GUEST_ADDRESS}/24 dev ${device}; ip link set ${device} up; sleep 5`);
    }
    const perIo = await this.measure(job, device);
    if (job.device === 'net') await shell.run(`ip link set ${device} down; ip addr flush dev ${device}`);
    return {...contender, job: job.name, unit: job.unit, ...perIo};
  }

  /**
   * After a run that warms up, shorter and longer ones by turns: their difference is of I/Os alone, whatever a command
   * costs besides. What the machine does at the same time makes the host's time longer, never shorter.
   */
  private async measure(job: LinuxJob, device: string): Promise<Pick<LinuxResult, 'counted' | 'hostNs'>> {
    await this.once(job, device, job.ios);
    const short: Cost[] = [];
    const long: Cost[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      short.push(await this.once(job, device, job.ios));
      long.push(await this.once(job, device, job.ios * 3));
    }
    const extra = 2 * job.ios;
    const done = minus(sumOf(long), sumOf(short));
    const guestNs = guestTime(long) - guestTime(short);
    const counted = times(minus(done, times(this.idle, guestNs)), 1 / (ROUNDS * extra));
    return {counted, hostNs: (leastHostTime(long) - leastHostTime(short)) / extra};
  }

  private async once(job: LinuxJob, device: string, ios: number): Promise<Cost> {
    if (job.peer !== undefined) await this.peer.run(`${job.peer(ios)}; sleep 1`);
    return this.cost(() => this.shell.run(job.command(device, ios)));
  }

  private async cost(work: () => Promise<unknown>): Promise<Cost> {
    const {clock, xen} = this.host;
    const counters = (): Counted => countedOf(xen.domain(this.domid)!.vcpus[0].counters());
    const before = counters();
    const startNs = clock.now();
    const cpu = process.cpuUsage();
    await work();
    const {user, system} = process.cpuUsage(cpu);
    return {counted: minus(counters(), before), guestNs: clock.now() - startNs, hostNs: (user + system) * 1000};
  }
}

const create = async (
  host: XenHost,
  directory: string,
  name: string,
  devices: readonly string[],
  more: string,
): Promise<DomId> => {
  const config = join(directory, 'linux.cfg');
  if (!existsSync(config)) {
    throw new ToolstackError('ENOENT', `pvsim: ${config}: no such file (pvsim image build debian makes it)`);
  }
  const [, cmdline = ''] = /cmdline = "([^"]*)"/.exec(readFileSync(config, 'utf8')) ?? [];
  const lines = [
    `name = "${name}"`,
    'kernel = "vmlinuz"',
    'ramdisk = "initrd.img"',
    `cmdline = "${cmdline.replace(/ pvsim\.ip=\S+/, '')} ${more}"`,
    'memory = 128',
    ...devices,
  ];
  return host.create(host.parse(`${lines.join('\n')}\n`, config), {baseDir: directory});
};
