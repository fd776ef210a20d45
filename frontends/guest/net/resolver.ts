import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import {withTimeout} from '../sleep.ts';
import {decodeResponse, DNS_A, DNS_AAAA, encodeQuery, isHostName} from './dns.ts';
import {type IpAddress, parseIp} from './ip.ts';
import {NetError} from './net-error.ts';
import type {NetStack} from './stack.ts';

const DNS_PORT = 53;
const TIMEOUT_NS = 2 * NS_PER_S;
const ATTEMPTS = 2;

/** Finds addresses of names: asks the name servers that DHCP or a router told of. */
export class Resolver {
  private readonly stack: NetStack;

  constructor(stack: NetStack) {
    this.stack = stack;
  }

  /** An address, written or found. Rejects with NetError ENOENT: there is none. */
  async resolve(host: string): Promise<IpAddress> {
    const address = parseIp(host) ?? (host === 'localhost' ? parseIp('127.0.0.1') : undefined);
    if (address !== undefined) return address;
    for (const type of isHostName(host) ? [DNS_A, DNS_AAAA] : []) {
      const [found] = await this.lookup(host, type);
      if (found !== undefined) return found;
    }
    throw new NetError('ENOENT');
  }

  private async lookup(host: string, type: number): Promise<IpAddress[]> {
    const {stack} = this;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      for (const server of [...stack.nameServers, ...stack.routers.nameServers]) {
        const answer = await this.ask(server, encodeQuery(stack.schedule.random() & 0xffff, host, type));
        if (answer === 'unknown') return [];
        if (answer !== undefined) return answer;
      }
    }
    return [];
  }

  /** Undefined: no answer. */
  private async ask(server: IpAddress, query: Uint8Array): Promise<IpAddress[] | 'unknown' | undefined> {
    const {udp, schedule} = this.stack;
    let settle: (answer: IpAddress[] | 'unknown' | undefined) => void = () => undefined;
    const answered = new Promise<IpAddress[] | 'unknown' | undefined>((resolve) => {
      settle = resolve;
    });
    const socket = udp.bind({
      port: 0,
      onDatagram: ({address, port, data}) => {
        const answer = decodeResponse(data, query);
        if (address === server && port === DNS_PORT && answer !== undefined) settle(answer);
      },
      onFailure: () => settle(undefined),
    });
    try {
      if (socket.send(server, DNS_PORT, query) !== undefined) return undefined;
      return await withTimeout(schedule, TIMEOUT_NS, answered);
    } finally {
      socket.close();
    }
  }
}
