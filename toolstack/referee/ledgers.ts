import {GTF_type_mask} from '../../hypervisor/abi/grant-table.ts';
import type {Domain, DomId, Hypervisor} from '../../hypervisor/index.ts';
import {NS_PER_S, type Timer} from '../../hypervisor/schedule/index.ts';
import type {WatchedDevice} from './device.ts';
import type {GrantWatch} from './grant-watch.ts';
import type {PortBook} from './port-book.ts';

/** In which drivers let go of a device, or of a domain, that is gone. */
const SETTLE_NS = NS_PER_S;
/** In which storage ends what it was asked for, with the pages of a domain that is gone. */
const PATIENCE_NS = 10 * NS_PER_S;

/** Something that is there though nobody can use it any more. */
export interface Leak {
  readonly what: 'grant' | 'mapping' | 'port';
  /** Who would have had to give it back. */
  readonly owner: DomId;
  /** "d1 vbd/51712"; "d1" when it is not known for which device it was. */
  readonly device: string;
  readonly count: number;
}

/** The account of a domain that has come to its end. */
export interface Ledger {
  readonly timeNs: number;
  readonly domid: DomId;
  readonly leaks: readonly Leak[];
  /** Events of its devices, either way, that nobody had asked for: harmless, and a waste. */
  readonly spuriousEvents: number;
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** "d1 leaves nothing behind", or "d1 leaves behind: 2 mappings of d0 (d1 vbd/51712)" */
export const formatLedger = ({domid, leaks}: Ledger): string => {
  if (leaks.length === 0) return `d${domid} leaves nothing behind`;
  const items = leaks.map(({what, owner, device, count}) => `${plural(count, what)} of d${owner} (${device})`);
  return `d${domid} leaves behind: ${items.join(', ')}`;
};

interface OpenLedger {
  readonly domain: Domain;
  /** What the domain itself has leaked. */
  readonly own: readonly Leak[];
  readonly spuriousEvents: number;
  timer: Timer;
}

/**
 * Closes the accounts of domains. A guest has leaked what is left of devices that were taken from it while it ran; others
 * have leaked what they still hold of it some time after its end.
 */
export class Ledgers {
  private readonly xen: Hypervisor;
  private readonly grants: GrantWatch;
  private readonly ports: PortBook;
  private readonly publish: (ledger: Ledger) => void;
  private readonly open = new Map<number, OpenLedger>();

  constructor(xen: Hypervisor, grants: GrantWatch, ports: PortBook, publish: (ledger: Ledger) => void) {
    this.xen = xen;
    this.grants = grants;
    this.ports = ports;
    this.publish = publish;
  }

  /** The domain's code does not run any more; its ports are there still. */
  dying(domid: number, spuriousEvents: number): void {
    const domain = this.xen.domain(domid);
    if (domain === undefined) return;
    const own = [
      ...count('grant', domain.id, this.leakedGrants(domain)),
      ...count('port', domain.id, this.leakedPorts(domain)),
    ];
    this.open.set(domid, {domain, own, spuriousEvents, timer: this.closeIn(PATIENCE_NS, domid)});
  }

  /** Nobody has its pages any more. */
  destroyed(domid: number): void {
    const ledger = this.open.get(domid);
    if (ledger === undefined) return;
    ledger.timer.cancel();
    ledger.timer = this.closeIn(SETTLE_NS, domid);
  }

  /** Closes all accounts now. */
  close(): void {
    for (const domid of this.open.keys()) this.finish(domid);
  }

  private closeIn(delayNs: number, domid: number): Timer {
    return this.xen.schedule.after(delayNs, () => this.finish(domid));
  }

  private finish(domid: number): void {
    const ledger = this.open.get(domid);
    if (ledger === undefined) return;
    this.open.delete(domid);
    ledger.timer.cancel();
    const leaks = [...ledger.own, ...this.leftByOthers(ledger.domain)];
    const {domain, spuriousEvents} = ledger;
    this.publish({timeNs: this.xen.schedule.now(), domid: domain.id, leaks, spuriousEvents});
  }

  /** It had time to let go of the device. */
  private wasTaken({takenNs, isGone}: WatchedDevice): boolean {
    return isGone && takenNs !== undefined && this.xen.schedule.now() - takenNs >= SETTLE_NS;
  }

  private *leakedGrants({id, grants, memory}: Domain): IterableIterator<string> {
    for (const [ref, device] of this.grants.offersOf(id)) {
      const isLive = (memory.u32[grants.entryWord(ref)] & GTF_type_mask) !== 0;
      if (isLive && this.wasTaken(device)) yield device.name;
    }
  }

  private *leakedPorts({id, ports}: Domain): IterableIterator<string> {
    for (const [port, device] of this.ports.of(id))
      if (ports.get(port) !== undefined && this.wasTaken(device)) yield device.name;
  }

  private leftByOthers(domain: Domain): Leak[] {
    const others = this.xen.allDomains().filter((other) => other !== domain);
    return others.flatMap((other) => [
      ...count('mapping', other.id, this.mappingsBy(other, domain)),
      ...count('port', other.id, this.portsTo(other, domain)),
    ]);
  }

  private *mappingsBy(mapper: Domain, granter: Domain): IterableIterator<string> {
    for (const each of this.grants.mappingsOf(granter))
      if (each.mapper === mapper.id) yield each.device?.name ?? `d${granter.id}`;
  }

  /** When the other end of a port goes, the port is unbound. A frontend keeps its own for as long as it has the device. */
  private *portsTo({id, ports}: Domain, gone: Domain): IterableIterator<string> {
    for (const [port, channel] of ports.open()) {
      const isInUse = this.ports.of(id).get(port)?.isGone === false;
      if (channel.kind === 'unbound' && channel.remoteDomid === gone.id && !isInUse) yield `d${gone.id}`;
    }
  }
}

/** One line for each device. */
const count = (what: Leak['what'], owner: DomId, devices: Iterable<string>): Leak[] => {
  const counts = new Map<string, number>();
  for (const device of devices) counts.set(device, (counts.get(device) ?? 0) + 1);
  return Array.from(counts, ([device, each]) => ({what, owner, device, count: each}));
};
