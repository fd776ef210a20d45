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
  readonly net: GuestDevices<NetDevice>;
  readonly xenstore: GuestXenstore;
  /** Nanoseconds since the host started. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Calls once, `ms` from now. */
  readonly after: (ms: number, callback: () => void) => Timer;
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
