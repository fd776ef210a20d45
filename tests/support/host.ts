import {firstValueFrom, skip} from 'rxjs';
import {formatRecord} from '../../hypervisor/trace/index.ts';
import type {DomId} from '../../hypervisor/index.ts';
import {virtualClock} from '../../hypervisor/schedule/index.ts';
import type {HostOptions} from '../../toolstack/host/api.ts';
import {createHost, type XenHost} from '../../toolstack/host/host.ts';

/** A whole host in virtual time, with what tests ask of it. */
export class TestHost {
  readonly host: XenHost;
  /** Every trace record so far as a line. */
  readonly trace: string[] = [];
  readonly log: string[] = [];
  private readonly outputs = new Map<number, string>();

  private constructor(host: XenHost) {
    this.host = host;
    host.xen.trace.addSink((record) => this.trace.push(formatRecord(record)));
    host.log.subscribe((line) => this.log.push(line));
    const decoder = new TextDecoder();
    host.consoles.output.subscribe(({domid, bytes}) => {
      this.outputs.set(domid, this.consoleText(domid) + decoder.decode(bytes));
    });
  }

  static async start(options: HostOptions & {seed?: number} = {}): Promise<TestHost> {
    return new TestHost(await createHost({clock: virtualClock(options.seed ?? 1), ...options}));
  }

  create(text: string, options: {paused?: boolean} = {}): Promise<DomId> {
    return this.host.create(this.host.parse(text, 'test.cfg'), options);
  }

  /** A guest of the built-in kernel with what `more` adds, its devices connected. */
  async boot(name: string, more = ''): Promise<DomId> {
    const domid = await this.create(`name="${name}"\nkernel="builtin"\nmemory=16\n${more}`);
    await this.host.waitConnected(domid);
    await this.settle();
    return domid;
  }

  /** All that the guest printed so far. */
  consoleText(domid: DomId | number): string {
    return this.outputs.get(domid) ?? '';
  }

  /** Types a command and returns what came after it, once the guest is quiet for a while of its time. */
  async shell(domid: DomId, command: string, waitNs = 1e9): Promise<string> {
    const before = this.consoleText(domid).length;
    this.host.consoleInput(domid, new TextEncoder().encode(`${command}\r`));
    await this.settle(waitNs);
    return this.consoleText(domid).slice(before).replaceAll('\r', '');
  }

  /** Types a command that keeps a guest's disk busy, and returns in the middle of it. */
  async startWork(domid: DomId, command = 'dd if=/dev/xvda of=/dev/xvda bs=512'): Promise<void> {
    this.host.consoleInput(domid, new TextEncoder().encode(`${command}\r`));
    await this.host.clock.drive(firstValueFrom(this.host.disks.backend(domid, 'xvda').batches.pipe(skip(100))));
  }

  /** Lets the simulation run for a while of its own time. */
  settle(ns = 1e9): Promise<void> {
    return this.host.clock.sleep(ns);
  }

  read(path: string): Promise<string | undefined> {
    return this.host.clock.drive(this.host.xs.read(path));
  }

  close(): Promise<void> {
    return this.host.close();
  }
}
