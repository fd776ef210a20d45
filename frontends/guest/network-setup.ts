import {NS_PER_S} from '../../hypervisor/schedule/index.ts';
import {type CommandLine, wordFor} from './command-line.ts';
import type {KernelLog} from './kernel-log.ts';
import {formatCidr, formatIp, isIpv4, type NetInterface, type NetStack, parseCidr, parseIp} from './net/index.ts';
import {withTimeout} from './sleep.ts';

/** How long a boot waits for an address from a DHCP server. */
const DHCP_TIMEOUT_NS = 15 * NS_PER_S;

export interface NetworkSetupOptions {
  net: NetStack;
  log: KernelLog;
  line: CommandLine;
  hostname: () => string;
}

/**
 * Gives interfaces the addresses of the kernel command line: `ip=` (or `ip0=`) is for eth0, `ip1=` for eth1, and so on, an
 * address with a prefix length or "dhcp"; `ip6=` likewise, an address or "auto". `gw=` and `dns=` are of either family.
 */
export class NetworkSetup {
  private readonly options: NetworkSetupOptions;
  /** Interfaces that wait for their first address. */
  private readonly pending: Promise<void>[] = [];

  constructor(options: NetworkSetupOptions) {
    this.options = options;
    options.net.onDuplicate = (on, address) =>
      options.log.info(`${on.name}: IPv6 duplicate address ${formatIp(address)} detected!`);
  }

  /** Sets a new interface up. */
  apply(on: NetInterface): void {
    const {line} = this.options;
    this.applyIpv4(on, wordFor(line, 'ip', on.name));
    this.applyIpv6(on, wordFor(line, 'ip6', on.name));
    this.applyGateway(on, line.values.get('gw'));
    this.applyNameServer(line.values.get('dns'));
  }

  /** Resolves when all addresses that DHCP servers were asked for are there, or it takes too long. */
  async settled(): Promise<void> {
    const {net, log} = this.options;
    const all = Promise.all(this.pending).then(() => true);
    if ((await withTimeout(net.schedule, DHCP_TIMEOUT_NS, all)) === undefined)
      log.info('dhcp: no answer yet, going on');
  }

  /** Asks a DHCP server, and says what it gives. Resolves with the first lease. */
  dhcp(on: NetInterface): Promise<void> {
    const {net, log, hostname} = this.options;
    let before = '';
    return new Promise((resolve) => {
      net.dhcp.start(on, hostname(), (lease) => {
        const what = lease === undefined ? 'address lost' : `address ${formatCidr(lease.own)}`;
        if (what !== before) log.info(`${on.name}: dhcp: ${what}`);
        before = what;
        resolve();
      });
    });
  }

  private applyIpv4(on: NetInterface, text: string | undefined): void {
    if (text === 'dhcp') this.pending.push(this.dhcp(on));
    else if (text !== undefined) {
      const cidr = text.includes('/') ? parseCidr(text) : undefined;
      if (cidr === undefined || !isIpv4(cidr.address)) {
        this.complain(on, `ip=${text}: not an address with a prefix length such as 10.0.0.1/24`);
      } else {
        on.addAddress(cidr);
        this.options.log.info(`${on.name}: address ${formatCidr(cidr)}`);
      }
    }
  }

  private applyIpv6(on: NetInterface, text: string | undefined): void {
    const {net, log} = this.options;
    if (text === 'auto') net.discovery.follow(on);
    else if (text !== undefined) {
      const cidr = text.includes('/') ? parseCidr(text) : undefined;
      if (cidr === undefined || isIpv4(cidr.address)) {
        this.complain(on, `ip6=${text}: not an address with a prefix length such as fd00::1/64`);
      } else {
        net.discovery.assign(on, cidr.address, cidr.prefix);
        log.info(`${on.name}: address ${formatCidr(cidr)}`);
      }
    }
  }

  private applyGateway(on: NetInterface, text: string | undefined): void {
    const gateway = text === undefined ? undefined : parseIp(text);
    if (gateway === undefined) {
      if (text !== undefined) this.complain(on, `gw=${text}: not an address`);
    } else this.options.net.routes.add({address: isIpv4(gateway) ? 0 : (parseIp('::') ?? 0), prefix: 0}, gateway, on);
  }

  private applyNameServer(text: string | undefined): void {
    const server = text === undefined ? undefined : parseIp(text);
    if (server !== undefined) this.options.net.nameServers = [server];
  }

  private complain(on: NetInterface, message: string): void {
    this.options.log.info(`${on.name}: ${message}`);
  }
}
