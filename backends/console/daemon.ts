import {type Observable, Subject, type Subscription} from 'rxjs';
import {opsOfDevice} from '../../hypervisor/cost/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import {GuestConsole} from './guest-console.ts';
import {type ConsoleLimits, defaultConsoleLimits} from './limits.ts';
import {readConsoleNodes} from './nodes.ts';

export interface ConsoleDaemonOptions {
  /** Dom0's. */
  ops: HypervisorOps;
  xs: XsClient;
  /** Gets every chunk, before it is an event of `output`: for the log files. */
  log?: (domid: number, bytes: Uint8Array) => void;
  /** What to write as console/tty once a guest's console is open. */
  ttyPath?: (domid: number) => string | undefined;
  limits?: Partial<ConsoleLimits>;
}

export interface ConsoleChunk {
  domid: number;
  bytes: Uint8Array;
}

/** Serves the consoles of all guests, as xenconsoled does. */
export class ConsoleDaemon {
  private readonly options: ConsoleDaemonOptions;
  private readonly limits: ConsoleLimits;
  private readonly consoles = new Map<number, GuestConsole>();
  /** Watches on the directories of guests that are served, or will be when their nodes are there. */
  private readonly watches = new Map<number, Subscription>();
  private readonly chunks = new Subject<ConsoleChunk>();
  private readonly subscriptions: Subscription[] = [];
  private scanning = false;
  private scanAgain = false;

  constructor(options: ConsoleDaemonOptions) {
    this.options = options;
    this.limits = {...defaultConsoleLimits, ...options.limits};
  }

  /** Output of all guests. */
  get output(): Observable<ConsoleChunk> {
    return this.chunks.asObservable();
  }

  /** Guests that were seen and not forgotten. */
  get guests(): GuestConsole[] {
    return [...this.consoles.values()];
  }

  guest(domid: number): GuestConsole | undefined {
    return this.consoles.get(domid);
  }

  /** Follows domains as they come and go. Not needed by a caller that uses `add` and `remove` itself. */
  start(): void {
    const {xs} = this.options;
    const ignore = (): undefined => undefined;
    this.subscriptions.push(
      xs.watch('@introduceDomain').subscribe({next: () => void this.scan().catch(ignore), error: ignore}),
      xs.watch('@releaseDomain').subscribe({next: () => this.reap(), error: ignore}),
    );
  }

  /** Lets go of every guest; scrollback stays. */
  stop(): void {
    for (const subscription of this.subscriptions.splice(0)) subscription.unsubscribe();
    for (const domid of this.consoles.keys()) this.remove(domid, 'the console daemon stops');
  }

  /** Begins to serve a guest: now, or when its nodes are written. A dead guest of that number is forgotten. */
  add(domid: number): void {
    if (this.consoles.get(domid)?.state === 'closed') this.forget(domid);
    if (this.consoles.has(domid) || this.consoles.size >= this.limits.guests) return;
    const {xs} = this.options;
    const ops = opsOfDevice(this.options.ops, {domid, device: 'console/0', side: 'back'});
    this.consoles.set(domid, new GuestConsole({domid, ops, limits: this.limits, onOutput: this.onOutput}));
    const watch = xs
      .watch(`/local/domain/${domid}/console`)
      .subscribe({next: () => void this.look(domid).catch(() => undefined), error: () => undefined});
    this.watches.set(domid, watch);
  }

  /** Drains and closes a guest's console; what it said is kept until `forget`. */
  remove(domid: number, reason = 'the domain is gone'): void {
    this.unwatch(domid);
    this.consoles.get(domid)?.close(reason);
  }

  /** Drops everything of a guest. */
  forget(domid: number): void {
    this.remove(domid);
    this.consoles.delete(domid);
  }

  /** Types at a guest's console. Returns the bytes taken, 0 for a guest that is not there. */
  write(domid: number, bytes: Uint8Array): number {
    return this.consoles.get(domid)?.write(bytes) ?? 0;
  }

  private readonly onOutput = (console: GuestConsole, bytes: Uint8Array): void => {
    this.options.log?.(console.domid, bytes);
    this.chunks.next({domid: console.domid, bytes});
  };

  private async scan(): Promise<void> {
    if (this.scanning) {
      this.scanAgain = true;
      return;
    }
    this.scanning = true;
    try {
      do {
        this.scanAgain = false;
        await this.scanOnce();
      } while (this.scanAgain);
    } finally {
      this.scanning = false;
    }
  }

  private async scanOnce(): Promise<void> {
    const {ops, xs} = this.options;
    const present = new Set(((await xs.directory('/local/domain')) ?? []).map(Number));
    for (const domid of present) if (domid !== ops.domid && !this.consoles.has(domid)) this.add(domid);
    // One that never had a console and whose directory is gone was a domain that did not come to be.
    for (const [domid, {state}] of this.consoles) if (state === 'waiting' && !present.has(domid)) this.forget(domid);
  }

  /** @releaseDomain does not say who: looks at the ports, which a dead domain has closed. */
  private reap(): void {
    for (const [domid, console] of this.consoles) if (console.isPeerGone()) this.remove(domid);
  }

  /** Opens the console when its nodes are there, and follows them from then on. */
  private async look(domid: number): Promise<void> {
    const console = this.consoles.get(domid);
    const nodes = await readConsoleNodes(this.options.xs, domid);
    if (nodes === undefined || console === undefined || this.consoles.get(domid) !== console) return;
    const wasOpen = console.state === 'open';
    const isOpen = wasOpen ? console.follow(nodes) : console.open(nodes);
    if (!isOpen) return this.unwatch(domid);
    const tty = wasOpen ? undefined : this.options.ttyPath?.(domid);
    if (tty !== undefined) await this.options.xs.write(`/local/domain/${domid}/console/tty`, tty);
  }

  private unwatch(domid: number): void {
    this.watches.get(domid)?.unsubscribe();
    this.watches.delete(domid);
  }
}
