import {ETHERNET_HEADER_BYTES} from './ethernet.ts';
import type {NetInterface} from './interface.ts';
import {type IpPacket, isIpv4} from './ip.ts';
import {decrementTtl} from './ipv4.ts';
import {isLinkLocal} from './ipv6/address.ts';
import {decrementHopLimit} from './ipv6/header.ts';
import type {NetStack} from './stack.ts';

/** Passes on packets that are for others, when the guest is a router. It cuts none into fragments. @see RFC 1812, 5.2 */
export class Forwarder {
  enabled = false;
  private readonly stack: NetStack;

  constructor(stack: NetStack) {
    this.stack = stack;
  }

  forward(packet: IpPacket, from: NetInterface): void {
    const {stack} = this;
    const {frame, payloadEnd, source, destination, ttl} = packet;
    const counters = stack.ipCounters(destination);
    if (!isIpv4(source) && (isLinkLocal(source) || (!isIpv4(destination) && isLinkLocal(destination)))) {
      counters.inAddrErrors++;
      return;
    }
    if (ttl <= 1) return stack.refuse(packet, 'time');
    const path = stack.routes.lookup(destination);
    if (path === undefined || path.interface.isLoopback) {
      counters.outNoRoutes++;
      return stack.refuse(packet, 'route');
    }
    const out = path.interface;
    // A TCP packet that nobody has cut yet is cut by the next device.
    const offload = from.device.offloadOf?.(frame);
    const isTooBig = offload === undefined && payloadEnd - ETHERNET_HEADER_BYTES > out.mtu;
    if (isTooBig) return stack.refuse(packet, 'size', out.mtu);
    // The link may have padded it.
    const whole = frame.subarray(0, payloadEnd);
    if (isIpv4(destination)) decrementTtl(whole);
    else decrementHopLimit(whole);
    whole.set(out.device.mac, 6);
    counters.forwarded++;
    out.output(path.nextHop, {frame: whole, offload, onUnreachable: () => stack.refuse(packet, 'host')});
  }
}
