import {map, NEVER, type Observable} from 'rxjs';
import {NS_PER_MS, NS_PER_S, type Timer} from '../../hypervisor/schedule/index.ts';
import {guarded} from '../../hypervisor/vcpu/index.ts';
import type {BlockDevice, NetDevice} from '../api.ts';
import type {Guest, GuestConsole, GuestDevices, GuestNet, GuestProgram, GuestXenstore} from './api.ts';
import {burn} from './burn.ts';
import type {DeviceSet} from './device-set.ts';
import type {Kernel} from './kernel.ts';
import {UdpSocket} from './net/index.ts';
import type {StopReason} from './shutdown.ts';
import {sleep, withTimeout} from './sleep.ts';

/** A program that does not come to an end must not keep the domain from stopping. */
const SHUTDOWN_CALLBACK_NS = 10 * NS_PER_S;

/** Wraps what a program subscribes to, so that its exceptions are the domain's. */
type Guard = <T>(source: Observable<T>) => Observable<T>;

/** Runs a guest program on the kernel; what it throws crashes the domain. */
export const runProgram = async (kernel: Kernel, main: GuestProgram): Promise<void> => {
  const {guest, callbacks} = makeGuest(kernel);
  kernel.onStop = async (reason) => {
    const all = Promise.all(callbacks.map(async (callback) => callback(reason)));
    await withTimeout(
      kernel.schedule,
      SHUTDOWN_CALLBACK_NS,
      all.catch((error: unknown) => kernel.log.info(`onShutdown failed: ${String(error)}`)),
    );
  };
  await main(guest);
  await kernel.stop('poweroff');
};

const makeGuest = (kernel: Kernel): {guest: Guest; callbacks: ((reason: StopReason) => void | Promise<void>)[]} => {
  const {ops, schedule, commandLine} = kernel;
  const guard: Guard = (source) => guarded(source, (error) => kernel.fail(error));
  const callbacks: ((reason: StopReason) => void | Promise<void>)[] = [];
  const guest: Guest = {
    domid: ops.domid,
    name: kernel.hostname,
    cmdline: commandLine.text,
    args: commandLine.values,
    console: makeConsole(kernel, guard),
    block: guardSet(kernel.blocks, guard, guardDisk),
    net: makeNet(kernel, guard),
    xenstore: guardStore(kernel, guard),
    now: () => schedule.now(),
    sleep: (ms) => sleep(schedule, ms * NS_PER_MS),
    after: (ms, callback) => after(kernel, ms, callback),
    burn: (ns, vcpu) => burn(ops, ns, vcpu),
    random: () => schedule.random(),
    onShutdown: (callback) => void callbacks.push(callback),
    poweroff: () => kernel.stop('poweroff'),
    reboot: () => kernel.stop('reboot'),
    log: (message) => kernel.log.info(message),
  };
  return {guest, callbacks};
};

const after = (kernel: Kernel, ms: number, callback: () => void): Timer =>
  kernel.schedule.after(ms * NS_PER_MS, () => {
    try {
      callback();
    } catch (error) {
      kernel.fail(error);
    }
  });

const makeConsole = ({tty, console}: Kernel, guard: Guard): GuestConsole => {
  const readLine = async (prompt = ''): Promise<string | undefined> => {
    for (;;) {
      const result = await tty.readLine(prompt);
      // ^C drops the line; the program still waits for one.
      if (result.kind !== 'interrupt') return result.kind === 'line' ? result.text : undefined;
    }
  };
  return {
    input: guard(console?.input ?? NEVER),
    print: (text) => tty.print(text),
    println: (text = '') => tty.notice(`${text}\n`),
    readLine,
    flush: () => tty.room(0),
  };
};

const makeNet = ({net, nics}: Kernel, guard: Guard): GuestNet => {
  const set = guardSet(nics, guard, guardNic);
  return {
    get list() {
      return set.list;
    },
    added: set.added,
    removed: set.removed,
    get: set.get,
    wait: set.wait,
    connect: async (host, port) => net.tcp.connect({address: await net.resolver.resolve(host), port}).ready,
    listen: (port, {backlog} = {}) => net.tcp.listen({port, backlog}),
    udp: (port = 0) => {
      const socket = new UdpSocket(net.udp, port);
      return {
        port: socket.port,
        receive: () => socket.receive(),
        send: async (host, toPort, data) => socket.send(await net.resolver.resolve(host), toPort, data),
        close: () => socket.close(),
      };
    },
    forward: (enabled) => {
      net.forwarder.enabled = enabled;
    },
  };
};

/** The devices of a set, each guarded once, so that the program sees the same object every time. */
const guardSet = <T extends BlockDevice | NetDevice>(
  set: DeviceSet<T>,
  guard: Guard,
  wrap: (device: T, guard: Guard) => T,
): GuestDevices<T> => {
  const wrapped = new WeakMap<T, T>();
  const wrapOnce = (device: T): T => {
    const known = wrapped.get(device) ?? wrap(device, guard);
    wrapped.set(device, known);
    return known;
  };
  return {
    get list() {
      return set.list.map(wrapOnce);
    },
    added: guard(set.added.pipe(map(wrapOnce))),
    removed: guard(set.removed.pipe(map(wrapOnce))),
    get: (name) => {
      const device = set.get(name);
      return device === undefined ? undefined : wrapOnce(device);
    },
    wait: async (name) => wrapOnce(await set.wait(name)),
  };
};

const guardDisk = (disk: BlockDevice, guard: Guard): BlockDevice => ({
  name: disk.name,
  virtualDevice: disk.virtualDevice,
  get sizeBytes() {
    return disk.sizeBytes;
  },
  sectorSize: disk.sectorSize,
  readonly: disk.readonly,
  removable: disk.removable,
  get canFlush() {
    return disk.canFlush;
  },
  resized: guard(disk.resized),
  removed: guard(disk.removed),
  read: (offset, length) => disk.read(offset, length),
  write: (offset, data) => disk.write(offset, data),
  flush: () => disk.flush(),
  discard: (offset, length, secure) => disk.discard(offset, length, secure),
  stats: () => disk.stats(),
});

const guardNic = (nic: NetDevice, guard: Guard): NetDevice => ({
  name: nic.name,
  mac: nic.mac,
  get mtu() {
    return nic.mtu;
  },
  get carrier() {
    return nic.carrier;
  },
  get offloads() {
    return nic.offloads;
  },
  frames: guard(nic.frames),
  room: nic.room === undefined ? undefined : guard(nic.room),
  removed: guard(nic.removed),
  send: (frame, offload) => nic.send(frame, offload),
  offloadOf: (frame) => nic.offloadOf?.(frame),
  joinGroup: (mac) => nic.joinGroup?.(mac),
  leaveGroup: (mac) => nic.leaveGroup?.(mac),
  stats: () => nic.stats(),
});

const guardStore = ({xs}: Kernel, guard: Guard): GuestXenstore => ({
  read: (path, tx) => xs.read(path, tx),
  readBytes: (path, tx) => xs.readBytes(path, tx),
  write: (path, value, tx) => xs.write(path, value, tx),
  mkdir: (path, tx) => xs.mkdir(path, tx),
  rm: (path, tx) => xs.rm(path, tx),
  directory: (path, tx) => xs.directory(path, tx),
  getPerms: (path, tx) => xs.getPerms(path, tx),
  setPerms: (path, perms, tx) => xs.setPerms(path, perms, tx),
  transaction: (body) => xs.transaction(body),
  transactionStart: () => xs.transactionStart(),
  transactionEnd: (tx, commit) => xs.transactionEnd(tx, commit),
  watch: (path) => guard(xs.watch(path)),
});
