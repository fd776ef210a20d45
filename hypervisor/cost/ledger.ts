import {counted, primitiveNames} from './primitives.ts';
import {type AccountName, type Counts, type Entry, keyOf, type Side} from './reading.ts';

/** Accounts that a ledger has; what comes after them shares one. Devices may come and go for ever. */
const MAX_ACCOUNTS = 4096;

/** Operations of one hypercall at most. @see Linux, drivers/net/xen-netback/common.h, COPY_BATCH_SIZE */
const MAX_BATCH = 64;

/** What one end of a device has cost so far, but for its events. Its driver holds it, or null where no ledger is kept. */
export class Account {
  readonly name: AccountName;
  readonly counts: Counts = new Float64Array(primitiveNames.length);
  /** By primitive: how many of the batch under way. */
  private readonly batched = new Uint8Array(primitiveNames.length);
  private isGathering = false;

  constructor(name: AccountName) {
    this.name = name;
  }

  /** `primitive` is one of `counted`. */
  add(primitive: number, count = 1): void {
    this.counts[primitive] += count;
  }

  /**
   * The next of operations that a kernel gathers and hands over by one hypercall, when it publishes what they were for or
   * has MAX_BATCH of them. Returns its number in the batch, from 0 on.
   */
  addBatched(primitive: number): number {
    const number = this.batched[primitive]++;
    this.isGathering = true;
    if (number === 0) this.add(counted.hypercall);
    if (number + 1 === MAX_BATCH) this.batched[primitive] = 0;
    this.add(primitive);
    return number;
  }

  endBatch(): void {
    if (!this.isGathering) return;
    this.batched.fill(0);
    this.isGathering = false;
  }

  /** What goes through an event channel: each send is a hypercall. */
  addEvents(sent: number, received: number): void {
    this.add(counted.hypercall, sent);
    this.add(counted.evtchnSend, sent);
    this.add(counted.upcall, received);
  }
}

/** Of a domain: how often each of its ports was sent to, and was set pending since it is open. */
export interface PortCounts {
  readonly sent: readonly number[];
  readonly received: readonly number[];
}

/** One end of an event channel. */
export interface PortName {
  readonly domid: number;
  readonly port: number;
}

interface NamedPort {
  readonly account: Account;
  readonly counts: PortCounts;
  readonly port: number;
}

/** Counts what I/O costs on one host, an account for each end of each device. */
export class Ledger {
  private readonly accounts = new Map<string, Account>();
  private countsOf: (domid: number) => PortCounts | undefined = () => undefined;
  /** Open ports of devices. Xen counts their events, ledger or not: they are looked at when it is read. */
  private readonly ports = new Map<string, NamedPort>();
  private readonly others: Readonly<Record<Side, Account>> = {
    front: new Account({domid: -1, device: 'others', side: 'front'}),
    back: new Account({domid: -1, device: 'others', side: 'back'}),
  };

  /** The account of that name, which may be new: a device that comes again goes on in its own. */
  account(name: AccountName): Account {
    const key = keyOf(name);
    const known = this.accounts.get(key);
    if (known !== undefined) return known;
    if (this.accounts.size === MAX_ACCOUNTS) return this.others[name.side];
    const account = new Account(name);
    this.accounts.set(key, account);
    return account;
  }

  /** The host that it is about. */
  follow(countsOf: (domid: number) => PortCounts | undefined): void {
    this.countsOf = countsOf;
  }

  /** A device's event channel: the end of who has bound it, whose account that is, and the other's. */
  nameChannel(name: AccountName, own: PortName, other: PortName): void {
    this.namePort(name, own);
    this.namePort({...name, side: name.side === 'back' ? 'front' : 'back'}, other);
  }

  /** The port is about to be closed: what went through it stays in its account. */
  portClosed(closed: PortName): void {
    const named = this.ports.get(portKey(closed));
    if (named === undefined) return;
    this.ports.delete(portKey(closed));
    addPort(named.account, named);
  }

  /** The domain is gone. */
  forget(domid: number): void {
    for (const [key, {name}] of this.accounts) if (name.domid === domid) this.accounts.delete(key);
  }

  /** Every account as it stands now, in the order in which they were opened. */
  read(): Entry[] {
    const copies = new Map(
      [...this.accounts.values(), ...Object.values(this.others)].map((each) => [each, copyOf(each)]),
    );
    for (const named of this.ports.values()) addPort(copies.get(named.account), named);
    return Array.from(copies.values(), ({name, counts}) => ({...name, counts})).filter(
      ({domid, counts}) => domid >= 0 || counts.some((count) => count > 0),
    );
  }

  private namePort(name: AccountName, named: PortName): void {
    const counts = this.countsOf(named.domid);
    if (counts !== undefined) this.ports.set(portKey(named), {account: this.account(name), counts, port: named.port});
  }
}

const copyOf = ({name, counts}: Account): Account => {
  const copy = new Account(name);
  copy.counts.set(counts);
  return copy;
};

const addPort = (account: Account | undefined, {counts, port}: NamedPort): void =>
  account?.addEvents(counts.sent[port], counts.received[port]);

const portKey = ({domid, port}: PortName): string => `${domid} ${port}`;
