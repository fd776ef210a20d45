import {NS_PER_S} from '../../../../hypervisor/schedule/index.ts';
import {type Ipv4, isMulticastOrAbove, LIMITED_BROADCAST} from '../address.ts';
import type {Cidr} from '../cidr.ts';
import {Deadline} from '../deadline.ts';
import type {NetInterface} from '../interface.ts';
import type {NetStack} from '../stack.ts';
import {
  decodeDhcp,
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  DHCPACK,
  type DhcpAnswer,
  DHCPDISCOVER,
  DHCPNAK,
  DHCPOFFER,
  DHCPRELEASE,
  type DhcpRequest,
  DHCPREQUEST,
  encodeDhcp,
} from './message.ts';

/** @see RFC 2131, 4.1 */
const FIRST_RETRY_NS = 4 * NS_PER_S;
const MAX_RETRY_NS = 64 * NS_PER_S;
const MAX_REQUESTS = 4;
/** A renewal is tried again after half of what is left, but not before this. @see RFC 2131, 4.4.5 */
const MIN_RENEWAL_RETRY_NS = 60 * NS_PER_S;
const FOREVER_SECONDS = 0xffffffff;
const MAX_NAME_SERVERS = 3;
const DEFAULT_ROUTE: Cidr = {address: 0, prefix: 0};

export interface Lease {
  own: Cidr & {address: Ipv4};
  router: Ipv4 | undefined;
  nameServers: readonly Ipv4[];
  server: Ipv4;
  /** Undefined: without an end. */
  seconds: number | undefined;
}

export interface DhcpClientOptions {
  stack: NetStack;
  on: NetInterface;
  hostname: string;
  /** Sends to a server by its address. */
  sendTo: (server: Ipv4, data: Uint8Array) => void;
  /** An address was given, or extended, or (undefined) lost. */
  onLease: (lease: Lease | undefined) => void;
}

type State = 'selecting' | 'requesting' | 'bound' | 'renewing' | 'rebinding' | 'stopped';

/** Gets an address for one interface and keeps it. @see RFC 2131, 4.4 */
export class DhcpClient {
  private readonly options: DhcpClientOptions;
  private readonly timer: Deadline;
  private state: State = 'stopped';
  private xid = 0;
  private attempts = 0;
  private offer: DhcpAnswer | undefined;
  private lease: Lease | undefined;
  /** Host times at which the lease is to be renewed, asked of any server, and over. */
  private times = {renewNs: Infinity, rebindNs: Infinity, endNs: Infinity};

  constructor(options: DhcpClientOptions) {
    this.options = options;
    this.timer = new Deadline(options.stack.schedule, () => this.onTimer());
  }

  start(): void {
    this.options.on.isConfiguring = true;
    this.state = 'selecting';
    this.xid = this.options.stack.schedule.random();
    this.attempts = 0;
    this.offer = undefined;
    this.ask();
  }

  /** Gives the address back. */
  stop(): void {
    this.state = 'stopped';
    this.timer.close();
    this.options.on.isConfiguring = false;
    if (this.lease !== undefined) this.release(this.lease);
    this.drop();
  }

  /** A datagram for the client's port. */
  receive(data: Uint8Array): void {
    const answer = decodeDhcp(data, this.options.on.device.mac);
    if (answer === undefined || answer.xid !== this.xid) return;
    if (this.state === 'selecting') {
      if (answer.type !== DHCPOFFER || answer.server === undefined) return;
      this.offer = answer;
      this.state = 'requesting';
      this.attempts = 0;
      this.ask();
    } else if (this.state !== 'bound' && this.state !== 'stopped') this.conclude(answer);
  }

  private conclude(answer: DhcpAnswer): void {
    if (answer.type === DHCPNAK) {
      this.lose();
      return;
    }
    const lease = answer.type === DHCPACK ? leaseOf(answer, this.lease) : undefined;
    if (lease === undefined) return;
    this.state = 'bound';
    this.options.on.isConfiguring = false;
    this.take(lease);
    this.setTimes(answer, lease.seconds);
    this.options.onLease(lease);
  }

  private setTimes({renewalSeconds, rebindingSeconds}: DhcpAnswer, seconds: number | undefined): void {
    const nowNs = this.options.stack.schedule.now();
    if (seconds === undefined) {
      this.times = {renewNs: Infinity, rebindNs: Infinity, endNs: Infinity};
      this.timer.clear();
      return;
    }
    const renew = Math.min(renewalSeconds ?? seconds / 2, seconds);
    const rebind = Math.min(Math.max(rebindingSeconds ?? (seconds * 7) / 8, renew), seconds);
    this.times = {
      renewNs: nowNs + renew * NS_PER_S,
      rebindNs: nowNs + rebind * NS_PER_S,
      endNs: nowNs + seconds * NS_PER_S,
    };
    this.timer.set(renew * NS_PER_S);
  }

  private onTimer(): void {
    const nowNs = this.options.stack.schedule.now();
    if (this.state === 'selecting') this.ask();
    else if (this.state === 'requesting') {
      if (this.attempts < MAX_REQUESTS) this.ask();
      else this.start();
    } else if (nowNs >= this.times.endNs) this.lose();
    else {
      this.state = nowNs >= this.times.rebindNs ? 'rebinding' : 'renewing';
      this.ask();
    }
  }

  private ask(): void {
    this.attempts++;
    this.sendRequest();
    this.timer.set(this.retryNs());
  }

  private retryNs(): number {
    const {schedule} = this.options.stack;
    const {rebindNs, endNs} = this.times;
    if (this.state === 'renewing' || this.state === 'rebinding') {
      const leftNs = (this.state === 'renewing' ? rebindNs : endNs) - schedule.now();
      return Math.max(NS_PER_S, Math.min(leftNs, Math.max(leftNs / 2, MIN_RENEWAL_RETRY_NS)));
    }
    const jitterNs = (schedule.random() / 2 ** 32 - 0.5) * 2 * NS_PER_S;
    return Math.min(FIRST_RETRY_NS * 2 ** (this.attempts - 1), MAX_RETRY_NS) + jitterNs;
  }

  private sendRequest(): void {
    const {state, xid, offer, lease} = this;
    const {stack, on, hostname} = this.options;
    const base = {xid, mac: on.device.mac, hostname};
    const ciaddr = lease?.own.address ?? 0;
    const request: DhcpRequest =
      state === 'selecting'
        ? {...base, type: DHCPDISCOVER}
        : state === 'requesting'
          ? {...base, type: DHCPREQUEST, requested: offer?.address, server: offer?.server}
          : {...base, type: DHCPREQUEST, ciaddr};
    if (state === 'renewing' && lease !== undefined) this.options.sendTo(lease.server, encodeDhcp(request));
    else {
      const addresses = {source: ciaddr, destination: LIMITED_BROADCAST};
      stack.udp.sendOn(on, addresses, [DHCP_CLIENT_PORT, DHCP_SERVER_PORT], encodeDhcp(request));
    }
  }

  private release({own, server}: Lease): void {
    const {on, hostname, sendTo} = this.options;
    const {mac} = on.device;
    sendTo(server, encodeDhcp({type: DHCPRELEASE, xid: this.xid, mac, hostname, ciaddr: own.address, server}));
  }

  /** Puts what the server said into effect. */
  private take(lease: Lease): void {
    const {stack, on} = this.options;
    if (lease.own.address !== this.lease?.own.address) this.drop();
    this.lease = lease;
    on.addAddress(lease.own);
    if (lease.router !== undefined) stack.routes.add(DEFAULT_ROUTE, lease.router, on);
    stack.nameServers = lease.nameServers;
  }

  private drop(): void {
    const {stack, on} = this.options;
    if (this.lease === undefined) return;
    on.removeAddress(this.lease.own);
    const route = stack.routes.static.find(({network}) => network.address === 0 && network.prefix === 0);
    if (route?.gateway === this.lease.router) stack.routes.remove(DEFAULT_ROUTE);
    this.lease = undefined;
  }

  private lose(): void {
    const hadLease = this.lease !== undefined;
    this.drop();
    if (hadLease) this.options.onLease(undefined);
    this.start();
  }
}

/** Undefined when the answer gives nothing that can be used. */
const leaseOf = (answer: DhcpAnswer, before: Lease | undefined): Lease | undefined => {
  const {address, mask, router, leaseSeconds} = answer;
  const server = answer.server ?? before?.server;
  const prefix = mask === undefined ? undefined : prefixOf(mask);
  const isHost = address !== 0 && !isMulticastOrAbove(address);
  if (server === undefined || prefix === undefined || !isHost || leaseSeconds === 0) return undefined;
  return {
    own: {address, prefix},
    router,
    nameServers: answer.nameServers.slice(0, MAX_NAME_SERVERS),
    server,
    seconds: leaseSeconds === FOREVER_SECONDS ? undefined : leaseSeconds,
  };
};

/** Ones, then zeros; undefined for another mask. */
const prefixOf = (mask: Ipv4): number | undefined => {
  const prefix = Math.clz32(~mask);
  return (mask << prefix) >>> 0 === 0 || prefix === 32 ? prefix : undefined;
};
