import {NS_PER_S, type TaskQueue} from '../../../hypervisor/schedule/index.ts';
import {broadcastOf, contains, maskOf, type Subnet} from '../router/subnet.ts';

/** An address that was offered and not asked for. */
const OFFER_NS = 60 * NS_PER_S;
/** An address that somebody else was found to use. */
const DECLINED_NS = 600 * NS_PER_S;
const MAX_LEASES = 4096;
const NOBODY = '';

interface Lease {
  readonly mac: string;
  readonly address: number;
  endNs: number;
}

/** Which client has which address of a network: reserved ones, leased ones, and offers. */
export class Leases {
  private readonly schedule: TaskQueue;
  private readonly subnet: Subnet;
  private readonly reserved = new Map<string, number>();
  private readonly byAddress = new Map<number, Lease>();

  constructor(schedule: TaskQueue, subnet: Subnet) {
    this.schedule = schedule;
    this.subnet = subnet;
  }

  /** Keeps an address for a client. */
  reserve(mac: string, address: number): void {
    this.reserved.set(mac, address);
  }

  unreserve(mac: string): void {
    this.reserved.delete(mac);
  }

  /** The address that a client has, or is to have. */
  addressOf(mac: string): number | undefined {
    return this.reserved.get(mac) ?? this.leaseOf(mac)?.address;
  }

  /** An address for a client: its own, the one it asks for if that is free, or any; undefined when all are taken. */
  offer(mac: string, wanted: number | undefined): number | undefined {
    const own = this.addressOf(mac);
    const address = own ?? (wanted !== undefined && this.isFree(wanted) ? wanted : this.firstFree());
    if (address !== undefined && own === undefined) this.hold(mac, address, OFFER_NS);
    return address;
  }

  /** The client has the address for so long. False when it cannot have that one. */
  take(mac: string, address: number, durationNs: number): boolean {
    const reserved = this.reserved.get(mac);
    if (reserved !== undefined && reserved !== address) return false;
    const isMine = reserved === address || this.leaseOf(mac)?.address === address;
    if (!isMine && !this.isFree(address)) return false;
    this.release(mac);
    this.hold(mac, address, durationNs);
    return true;
  }

  release(mac: string): void {
    const lease = this.leaseOf(mac);
    if (lease !== undefined) this.byAddress.delete(lease.address);
  }

  /** Somebody uses the address without having been given it. */
  decline(mac: string, address: number): void {
    if (this.byAddress.get(address)?.mac === mac) this.hold(NOBODY, address, DECLINED_NS);
  }

  private leaseOf(mac: string): Lease | undefined {
    for (const lease of this.byAddress.values()) if (lease.mac === mac && this.isLive(lease)) return lease;
    return undefined;
  }

  private isLive({endNs}: Lease): boolean {
    return this.schedule.now() < endNs;
  }

  private hold(mac: string, address: number, durationNs: number): void {
    this.byAddress.set(address, {mac, address, endNs: this.schedule.now() + durationNs});
  }

  private isFree(address: number): boolean {
    const {subnet} = this;
    const isHost =
      contains(subnet, address) &&
      address !== subnet.address &&
      address !== broadcastOf(subnet) &&
      (address & ~maskOf(subnet.prefix)) !== 0;
    if (!isHost || [...this.reserved.values()].includes(address)) return false;
    const lease = this.byAddress.get(address);
    return lease === undefined ? this.hasRoom() : !this.isLive(lease);
  }

  private hasRoom(): boolean {
    if (this.byAddress.size < MAX_LEASES) return true;
    for (const [address, lease] of this.byAddress) if (!this.isLive(lease)) this.byAddress.delete(address);
    return this.byAddress.size < MAX_LEASES;
  }

  private firstFree(): number | undefined {
    const first = (this.subnet.address & maskOf(this.subnet.prefix)) >>> 0;
    for (let i = 1; i <= MAX_LEASES; i++) if (this.isFree(first + i)) return first + i;
    return undefined;
  }
}
