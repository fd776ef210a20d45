import {NEVER, type Observable, Subject} from 'rxjs';
import type {BlockDevice, ConsoleDevice, NetDevice} from '../../frontends/api.ts';
import {DeviceIoError} from '../../frontends/api.ts';
import {parseCommandLine} from '../../frontends/guest/command-line.ts';
import {DeviceSet} from '../../frontends/guest/device-set.ts';
import {KernelLog} from '../../frontends/guest/kernel-log.ts';
import type {Machine} from '../../frontends/guest/machine.ts';
import {NetStack} from '../../frontends/guest/net/index.ts';
import {ScsiDevices} from '../../frontends/guest/scsi/index.ts';
import {NetworkSetup} from '../../frontends/guest/network-setup.ts';
import {Shell} from '../../frontends/guest/shell/shell.ts';
import {Tty} from '../../frontends/guest/tty.ts';
import {type Schedule, type TaskQueue, virtualClock} from '../../hypervisor/schedule/index.ts';
import {type XsClient, Xenstored} from '../../hypervisor/xenstore/index.ts';
import {XsClient as Client} from '../../hypervisor/xenstore/index.ts';

/** A console that records what is written and can be typed at. */
export class FakeConsole implements ConsoleDevice {
  text = '';
  private readonly typed = new Subject<Uint8Array>();

  get input(): Observable<Uint8Array> {
    return this.typed.asObservable();
  }

  write(data: Uint8Array | string): void {
    this.text += typeof data === 'string' ? data : new TextDecoder().decode(data);
  }

  type(text: string): void {
    this.typed.next(new TextEncoder().encode(text));
  }

  /** What was written since the last call, line ends as "\n". */
  take(): string {
    const text = this.text.replaceAll('\r\n', '\n');
    this.text = '';
    return text;
  }
}

/** A disk in memory that takes some time and can be told to fail. */
export class FakeDisk implements BlockDevice {
  readonly name: string;
  readonly virtualDevice: number;
  readonly bytes: Uint8Array;
  readonly sectorSize = 512;
  readonly readonly: boolean;
  readonly removable = false;
  readonly canFlush = true;
  readonly resized: Observable<number> = NEVER;
  readonly removed: Observable<never> = NEVER;
  flushes = 0;
  failWith: string | undefined;
  private readonly schedule: TaskQueue;

  constructor(schedule: TaskQueue, name: string, bytes: Uint8Array, readonly = false) {
    this.schedule = schedule;
    this.name = name;
    this.virtualDevice = 51712 + 16 * (name.charCodeAt(3) - 'a'.charCodeAt(0));
    this.bytes = bytes;
    this.readonly = readonly;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.io(offset, length, () => this.bytes.slice(offset, offset + length));
  }

  write(offset: number, data: Uint8Array): Promise<void> {
    return this.io(offset, data.length, () => this.bytes.set(data, offset));
  }

  flush(): Promise<void> {
    return this.io(0, 0, () => void this.flushes++);
  }

  discard(offset: number, length: number): Promise<void> {
    return this.io(offset, length, () => void this.bytes.fill(0, offset, offset + length));
  }

  stats(): Readonly<Record<string, number>> {
    return {};
  }

  private io<T>(offset: number, length: number, act: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.schedule.after(1e6, () => {
        const isSound = offset % 512 === 0 && length % 512 === 0 && offset + length <= this.bytes.length;
        if (this.failWith !== undefined) reject(new DeviceIoError(this.failWith, this.name));
        else if (isSound) resolve(act());
        else reject(new DeviceIoError('EINVAL', `${this.name}: ${length} at ${offset}`));
      });
    });
  }
}

/** A network device whose cable is a function. */
export class FakeNic implements NetDevice {
  readonly name: string;
  readonly mac: Uint8Array;
  mtu = 1500;
  carrier = true;
  readonly sent: Uint8Array[] = [];
  readonly removedSubject = new Subject<never>();
  onSend: (frame: Uint8Array) => void = () => undefined;
  private readonly incoming = new Subject<readonly Uint8Array[]>();

  constructor(name: string, lastMacByte: number) {
    this.name = name;
    this.mac = Uint8Array.from([0, 0x16, 0x3e, 0, 0, lastMacByte]);
  }

  get frames(): Observable<readonly Uint8Array[]> {
    return this.incoming.asObservable();
  }

  get removed(): Observable<never> {
    return this.removedSubject.asObservable();
  }

  send(frame: Uint8Array): boolean {
    if (!this.carrier) return false;
    const copy = frame.slice();
    this.sent.push(copy);
    this.onSend(copy);
    return true;
  }

  receive(...frames: Uint8Array[]): void {
    this.incoming.next(frames);
  }

  stats(): Readonly<Record<string, number>> {
    return {};
  }
}

/** Joins two devices: a frame arrives at the other one after 0.1 ms. */
export const joinNics = (schedule: TaskQueue, a: FakeNic, b: FakeNic): void => {
  const cable = (to: FakeNic) => (frame: Uint8Array) => void schedule.after(100_000, () => to.receive(frame.slice()));
  a.onSend = cable(b);
  b.onSend = cable(a);
};

/** A machine without a hypervisor under it, and the shell on its console. */
export class FakeMachine implements Machine {
  hostname = 'test';
  readonly schedule: Schedule;
  readonly commandLine;
  readonly console = new FakeConsole();
  readonly tty = new Tty(this.console);
  readonly log: KernelLog;
  readonly blocks = new DeviceSet<BlockDevice>();
  readonly scsi: ScsiDevices;
  readonly net: NetStack;
  readonly network: NetworkSetup;
  readonly xs: XsClient;
  readonly shell: Shell;
  readonly stopped: string[] = [];

  constructor(options: {schedule?: Schedule; cmdline?: string} = {}) {
    this.schedule = options.schedule ?? virtualClock(1);
    this.commandLine = parseCommandLine(options.cmdline ?? '');
    this.log = new KernelLog(this.schedule, () => undefined);
    this.scsi = new ScsiDevices(this.log, this.blocks);
    this.net = new NetStack(this.schedule);
    this.network = new NetworkSetup({
      net: this.net,
      log: this.log,
      line: this.commandLine,
      hostname: () => this.hostname,
    });
    const store = new Xenstored({domainExists: () => true, defer: (task) => this.schedule.post(task)});
    this.xs = new Client(store.connectInProcess(0));
    this.shell = new Shell(this, this.tty);
  }

  burn(ns: number): Promise<void> {
    return this.schedule.sleep(ns);
  }

  memory(): {totalKib: number; freeKib: number} {
    return {totalKib: 65536, freeKib: 60000};
  }

  interrupts() {
    return Promise.resolve([
      {port: 1, kind: 'interdomain', count: 12, user: 'xenstore'},
      {port: 2, kind: 'virq', count: 3456, user: ''},
    ]);
  }

  stop(reason: string): Promise<never> {
    this.stopped.push(reason);
    return new Promise(() => undefined);
  }

  panic(reason: string): void {
    this.stopped.push(`panic: ${reason}`);
  }

  addDisk(name: string, bytes: Uint8Array, readonly = false): FakeDisk {
    const disk = new FakeDisk(this.schedule, name, bytes, readonly);
    this.blocks.add(disk);
    return disk;
  }

  /** Runs a line as the shell does; what it printed and its exit status. */
  async run(line: string): Promise<{output: string; status: number}> {
    this.console.take();
    const status = await this.schedule.drive(this.shell.run(line));
    return {output: this.console.take(), status};
  }

  settle(ns = 1e9): Promise<void> {
    return this.schedule.sleep(ns);
  }
}
