import type {Ipv4} from './address.ts';
import {ARP_REPLY, ARP_REQUEST, decodeArp, encodeArp} from './arp.ts';
import type {NetCounters} from './counters.ts';
import {BROADCAST_MAC, MAC_BYTES} from './ethernet.ts';
import type {NetInterface} from './interface.ts';
import {isIpv4} from './ip.ts';

/** Finds IPv4 neighbours and answers those who look for us. */
export class ArpResolver {
  private readonly counters: NetCounters['arp'];

  constructor(counters: NetCounters['arp']) {
    this.counters = counters;
  }

  /** Asks who has the address. */
  ask(on: NetInterface, targetIp: Ipv4): void {
    const senderIp = on.sourceFor(targetIp);
    if (senderIp === undefined || !isIpv4(senderIp)) return;
    this.counters.outRequests++;
    const targetMac = new Uint8Array(MAC_BYTES);
    const packet = {operation: ARP_REQUEST, senderMac: on.device.mac, senderIp, targetMac, targetIp};
    on.transmit(encodeArp(packet, BROADCAST_MAC));
  }

  /** @see RFC 826, "Packet Reception" */
  receive(from: NetInterface, frame: Uint8Array): void {
    const packet = decodeArp(frame);
    if (packet === undefined) {
      this.counters.inErrors++;
      return;
    }
    const {operation, senderMac, senderIp, targetIp} = packet;
    const isOurs = from.owns(targetIp);
    // A probe for a free address (RFC 5227) has no sender to learn.
    if (senderIp !== 0 && !from.owns(senderIp)) {
      from.neighbours.learn(senderIp, senderMac, isOurs && operation === ARP_REQUEST);
    }
    if (operation === ARP_REPLY) this.counters.inReplies++;
    if (operation !== ARP_REQUEST) return;
    this.counters.inRequests++;
    if (!isOurs) return;
    this.counters.outReplies++;
    const answer = {operation: ARP_REPLY, senderMac: from.device.mac, senderIp: targetIp};
    from.transmit(encodeArp({...answer, targetMac: senderMac, targetIp: senderIp}, senderMac));
  }
}
