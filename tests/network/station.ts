import {type Bridge, BridgeInterface, Networks} from '../../backends/network/index.ts';
import {Router} from '../../backends/network/router/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {BareHost} from '../support/domains.ts';

const BROADCAST = [255, 255, 255, 255, 255, 255];

export const ip = (text: string): number[] => text.split('.').map(Number);
export const u32 = (text: string): number => ip(text).reduce((sum, byte) => sum * 256 + byte, 0);
const be16 = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];

/** RFC 1071 over bytes, by definition. */
export const checksum = (bytes: readonly number[]): number => {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes[i] * 256 + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return 0xffff - sum;
};

export interface Packet {
  source: string;
  target: string;
  protocol: number;
  payload: readonly number[];
  ttl?: number;
  id?: number;
}

export const ipv4 = ({source, target, protocol, payload, ttl = 64, id = 7}: Packet): number[] => {
  const header = [
    0x45,
    0,
    ...be16(20 + payload.length),
    ...be16(id),
    0,
    0,
    ttl,
    protocol,
    0,
    0,
    ...ip(source),
    ...ip(target),
  ];
  header.splice(10, 2, ...be16(checksum(header)));
  return [...header, ...payload];
};

/** TCP (a bare header) or UDP with the right checksum. */
export const transport = (
  protocol: 6 | 17,
  {source, target}: Pick<Packet, 'source' | 'target'>,
  ports: readonly [number, number],
  data: readonly number[],
): number[] => {
  const head = [...be16(ports[0]), ...be16(ports[1])];
  const rest = protocol === 17 ? be16(8 + data.length) : [0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 16, 0];
  const at = protocol === 17 ? 6 : 16;
  const tail = protocol === 17 ? [0, 0] : [0, 0, 0, 0];
  const bytes = [...head, ...rest, ...tail, ...data];
  const pseudo = [...ip(source), ...ip(target), 0, protocol, ...be16(bytes.length)];
  bytes.splice(at, 2, ...be16(checksum([...pseudo, ...bytes])));
  return bytes;
};

export const echo = (type: 0 | 8, id: number, data: readonly number[] = [1, 2, 3]): number[] => {
  const bytes = [type, 0, 0, 0, ...be16(id), 0, 1, ...data];
  bytes.splice(2, 2, ...be16(checksum(bytes)));
  return bytes;
};

/** A machine on a bridge, with one address and one gateway, made of bytes. */
export class Station {
  readonly mac: number[];
  readonly address: string;
  /** IPv4 packets that came to it, without padding. */
  readonly packets: number[][] = [];
  readonly arps: Uint8Array[] = [];
  private readonly nic: BridgeInterface;

  constructor(ops: HypervisorOps, bridge: Bridge, number: number, address: string) {
    this.mac = [2, 0, 0, 0, 0, number];
    this.address = address;
    this.nic = new BridgeInterface({ops, bridge, name: `s${number}`, mac: Uint8Array.from(this.mac)});
    this.nic.frames.subscribe((frames) => frames.forEach((frame) => this.take(frame)));
  }

  /** Sends a packet to the machine with that MAC address. */
  send(mac: readonly number[], packet: readonly number[]): void {
    this.sendFrame([...mac, ...this.mac, 8, 0, ...packet]);
  }

  sendFrame(bytes: readonly number[]): void {
    this.nic.send([Uint8Array.from(bytes)]);
  }

  ask(address: string): void {
    const body = [0, 1, 8, 0, 6, 4, 0, 1, ...this.mac, ...ip(this.address), 0, 0, 0, 0, 0, 0, ...ip(address)];
    this.sendFrame([...BROADCAST, ...this.mac, 8, 6, ...body]);
  }

  broadcast(packet: readonly number[]): void {
    this.send(BROADCAST, packet);
  }

  private take(frame: Uint8Array): void {
    const type = frame[12] * 256 + frame[13];
    if (type === 0x0800) this.packets.push([...frame.subarray(14, 14 + frame[16] * 256 + frame[17])]);
    if (type !== 0x0806) return;
    this.arps.push(frame);
    const isForMe = frame[21] === 1 && frame.subarray(38, 42).join('.') === this.address;
    if (!isForMe) return;
    const body = [0, 1, 8, 0, 6, 4, 0, 2, ...this.mac, ...ip(this.address), ...frame.subarray(22, 32)];
    this.sendFrame([...frame.subarray(6, 12), ...this.mac, 8, 6, ...body]);
  }
}

/** Dom0 with a router; legs and stations are put on its bridges. */
export const routedHost = () => {
  const host = new BareHost(1, 256);
  const {ops} = host.create({domid: 0 as never, privileged: true, pages: 4096});
  const networks = new Networks(ops, []);
  const router = new Router(ops.schedule);
  const nic = (bridge: string, number: number): BridgeInterface =>
    new BridgeInterface({
      ops,
      bridge: networks.create(bridge),
      name: `dom0-${bridge}`,
      mac: Uint8Array.of(2, 0, 0, 0, 1, number),
    });
  const station = (bridge: string, number: number, address: string): Station =>
    new Station(ops, networks.create(bridge), number, address);
  return {host, ops, networks, router, nic, station};
};
