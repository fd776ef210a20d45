import type {Observable} from 'rxjs';
import type {Timer} from '../../hypervisor/schedule/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import type {BlockDevice, NetDevice} from '../api.ts';
import type {StopReason} from './shutdown.ts';

/** Devices of one kind, as they come and go. */
export interface GuestDevices<T> {
  /** Those that are there now, in the order they came. */
  readonly list: readonly T[];
  readonly added: Observable<T>;
  readonly removed: Observable<T>;
  readonly get: (name: string) => T | undefined;
  /** The device of that name: now, or when it is attached. */
  readonly wait: (name: string) => Promise<T>;
}

/** A TCP connection. Calls reject with an `errno`: ECONNREFUSED, ECONNRESET, ETIMEDOUT, EPIPE, ... */
export interface GuestTcpSocket {
  /** "10.0.0.1" or "fd00::1" */
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The bytes that come next, at most `max`: the reader's to keep; undefined: the peer has ended. One reader at a time. */
  read(max?: number): Promise<Uint8Array | undefined>;
  /** Resolves when the bytes are in the send buffer; they must not change before that. */
  write(data: Uint8Array): Promise<void>;
  /** Small writes are sent at once, instead of with what follows while others are under way. */
  setNoDelay(noDelay: boolean): void;
  /** Ends our half, after what was written. The peer's may be read on. */
  end(): void;
  /** Ends both halves; what was written is still sent. */
  close(): void;
  /** Ends at once, with a reset: what was written may be lost. */
  abort(): void;
}

export interface GuestTcpListener {
  readonly port: number;
  /** The next connection. Rejects when the listener is closed. */
  accept(): Promise<GuestTcpSocket>;
  /** Refuses connections from now on, also those that were not accepted yet. */
  close(): void;
}

export interface GuestUdpSocket {
  readonly port: number;
  /** The next datagram; undefined: the socket was closed. One receiver at a time. Rejects when one of ours was refused. */
  receive(): Promise<{address: string; port: number; data: Uint8Array} | undefined>;
  /** Rejects with an `errno`: ENETUNREACH, ENOENT (no such name), EMSGSIZE (more than the way's MTU takes), ... */
  send(host: string, port: number, data: Uint8Array): Promise<void>;
  close(): void;
}

/** The network devices, and the guest's own IP stack on them. */
export interface GuestNet extends GuestDevices<NetDevice> {
  /** Opens a TCP connection to an address or, where a name server is known, a name. Rejects with an `errno`. */
  readonly connect: (host: string, port: number) => Promise<GuestTcpSocket>;
  /** Listens for TCP connections at a port, 0: any; `backlog`: how many may wait, 1..1024. Throws with an `errno`: EADDRINUSE. */
  readonly listen: (port: number, options?: {backlog?: number}) => GuestTcpListener;
  /** Opens a UDP socket at a port, 0: any. Throws with an `errno`: EADDRINUSE. */
  readonly udp: (port?: number) => GuestUdpSocket;
  /** Whether packets for others are passed on: the guest is a router then. */
  readonly forward: (enabled: boolean) => void;
}

export interface GuestConsole {
  /** Bytes as they are typed. Whoever reads lines need not look at them. */
  readonly input: Observable<Uint8Array>;
  /** Prints text as it is: ends no line by itself. */
  readonly print: (text: string) => void;
  /** Prints a line, around one that is being typed. */
  readonly println: (text?: string) => void;
  /** Reads a line with editing and echo; undefined for ^D on an empty one. One reader at a time. */
  readonly readLine: (prompt?: string) => Promise<string | undefined>;
  /** Resolves when the console has taken what was printed, so that much output is not lost. */
  readonly flush: () => Promise<void>;
}

/** The store as the domain may use it; paths without a leading slash are below /local/domain/<own id>. */
export type GuestXenstore = Pick<
  XsClient,
  | 'read'
  | 'readBytes'
  | 'write'
  | 'mkdir'
  | 'rm'
  | 'directory'
  | 'getPerms'
  | 'setPerms'
  | 'transaction'
  | 'transactionStart'
  | 'transactionEnd'
  | 'watch'
>;

/** What a guest program gets: a small machine. Its functions need no `this`: they may be taken out of it. */
export interface Guest {
  readonly domid: number;
  /** The domain's name. */
  readonly name: string;
  readonly cmdline: string;
  /** key=value words of the command line; a word alone has the value ''. */
  readonly args: ReadonlyMap<string, string>;
  readonly console: GuestConsole;
  readonly block: GuestDevices<BlockDevice>;
  readonly net: GuestNet;
  readonly xenstore: GuestXenstore;
  /** Nanoseconds since the host started. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Calls once, `ms` from now. */
  readonly after: (ms: number, callback: () => void) => Timer;
  /**
   * Computes for `ns` of CPU time on one of its vCPUs (the first by default), and resolves when the scheduler has given it
   * that much: what the code of a program does takes no time of the CPUs that pvsim simulates. Rejects for a vCPU that is
   * not there.
   */
  readonly burn: (ns: number, vcpu?: number) => Promise<void>;
  /** A u32 from the host's seed. */
  readonly random: () => number;
  /** Called when the domain is told to stop, before its devices are closed; a promise is waited for. */
  readonly onShutdown: (callback: (reason: StopReason) => void | Promise<void>) => void;
  /** Closes the devices and stops the domain. Never resolves. */
  readonly poweroff: () => Promise<never>;
  readonly reboot: () => Promise<never>;
  /** Adds a message to the kernel's log, which is on the console too. */
  readonly log: (message: string) => void;
}

/** The default export of a program. When it returns, or its promise resolves, the domain powers off. */
export type GuestProgram = (guest: Guest) => void | Promise<void>;
