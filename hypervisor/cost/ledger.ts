import {counted, primitiveNames, type PrimitiveName} from './primitives.ts';

/** Accounts that a ledger has; what comes after them shares one. A guest may plug and unplug for ever. */
const MAX_ACCOUNTS = 4096;

/** Operations of one hypercall at most. @see Linux, drivers/net/xen-netback/common.h, COPY_BATCH_SIZE */
const MAX_BATCH = 64;

/** The guest's end, or that of the backend or device model. */
export type Side = 'front' | 'back';

/** Counts by primitive, @see counted. */
export type Counts = Float64Array;

export interface AccountName {
  /** The guest that has the device. */
  readonly domid: number;
  /** As xenstore calls it: "vbd/51712"; an emulated one: "ide/0"; what is nobody's alone: "cpu". */
  readonly device: string;
  readonly side: Side;
}

/** What one end of a device has cost so far. Whoever does it holds the account, or null where no ledger is kept. */
export class Account implements AccountName {
  readonly domid: number;
  readonly device: string;
  readonly side: Side;
  readonly counts: Counts = new Float64Array(primitiveNames.length);
  /** Whoever holds it counts what he does; otherwise a kernel of its own is looked at from outside. */
  isMetered = false;
  /** By primitive: how many of the batch under way. */
  private readonly batched = new Uint8Array(primitiveNames.length);

  constructor({domid, device, side}: AccountName) {
    this.domid = domid;
    this.device = device;
    this.side = side;
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
    if (number === 0) this.add(counted.hypercall);
    if (number + 1 === MAX_BATCH) this.batched[primitive] = 0;
    this.add(primitive);
    return number;
  }

  endBatch(): void {
    this.batched.fill(0);
  }

  toString(): string {
    return formatEntry(this);
  }
}

/** An account as it stood at some time, or what was added between two times. */
export interface Entry extends AccountName {
  readonly counts: Counts;
}

/** A port of a guest whose other end a backend has bound. */
export interface NamedPort extends AccountName {
  readonly port: number;
}

/** Counts what I/O costs, an account for each end of each device. */
export class Ledger {
  private readonly accounts = new Map<string, Account>();
  private readonly ports = new Map<string, NamedPort>();
  private readonly others: Record<Side, Account> = {
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

  /** A backend binds a guest's port for the device of its account. */
  namePort({device}: AccountName, domid: number, port: number): void {
    this.ports.set(`${domid} ${port}`, {domid, device, side: 'front', port});
  }

  /** Ports of guests that the drivers' own accounts say nothing of. */
  portsOutside(domid: number): NamedPort[] {
    return [...this.ports.values()].filter((port) => port.domid === domid && !this.account(port).isMetered);
  }

  /** The domain is gone. */
  forget(domid: number): void {
    for (const [key, account] of this.accounts) if (account.domid === domid) this.accounts.delete(key);
    for (const [key, port] of this.ports) if (port.domid === domid) this.ports.delete(key);
  }

  /** Every account as it stands now, in the order in which they were opened. */
  read(): Entry[] {
    const others = Object.values(this.others).filter(({counts}) => counts.some((count) => count > 0));
    return [...this.accounts.values(), ...others].map((account) => entryOf(account, account.counts.slice()));
  }
}

const entryOf = ({domid, device, side}: AccountName, counts: Counts): Entry => ({domid, device, side, counts});

/** What was added between two readings of a ledger. */
export const difference = (later: readonly Entry[], earlier: readonly Entry[]): Entry[] => {
  const before = new Map(earlier.map((entry) => [keyOf(entry), entry.counts]));
  return later.map((entry) => {
    const old = before.get(keyOf(entry));
    return {...entry, counts: entry.counts.map((count, i) => count - (old?.[i] ?? 0))};
  });
};

/** The sum of all entries. */
export const sum = (entries: readonly {readonly counts: Counts}[]): Counts => {
  const total = new Float64Array(primitiveNames.length);
  for (const {counts} of entries) for (let i = 0; i < total.length; i++) total[i] += counts[i];
  return total;
};

/** What there is of it, by name: {pio: 12, irq: 1}. */
export const toRecord = (counts: Counts): Partial<Record<PrimitiveName, number>> =>
  Object.fromEntries(
    primitiveNames.filter((name) => counts[counted[name]] !== 0).map((name) => [name, counts[counted[name]]]),
  );

/** "d1 vbd/51712 front hypercall=2 evtchnSend=2 upcall=1" */
export const formatEntry = ({domid, device, side, counts}: Entry): string =>
  [`d${domid} ${device} ${side}`, ...Object.entries(toRecord(counts)).map(([name, count]) => `${name}=${count}`)].join(
    ' ',
  );

const keyOf = ({domid, device, side}: AccountName): string => `${domid} ${device} ${side}`;
