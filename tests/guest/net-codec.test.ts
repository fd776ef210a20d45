import test from 'ava';
import {formatIpv4, formatMac, maskOf, parseIpv4} from '../../frontends/guest/net/address.ts';
import {decodeArp, encodeArp} from '../../frontends/guest/net/arp.ts';
import {broadcastOf, formatCidr, isInNetwork, networkOf, parseCidr} from '../../frontends/guest/net/cidr.ts';
import {internetChecksum} from '../../frontends/guest/net/checksum.ts';
import {formatIp} from '../../frontends/guest/net/ip.ts';
import {decodeIpv4, type Ipv4Fault, writeIpv4Header} from '../../frontends/guest/net/ipv4.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const hexOf = (data: Uint8Array): string => Buffer.from(data).toString('hex');

const addresses: [text: string, value: number | undefined][] = [
  ['0.0.0.0', 0],
  ['10.0.0.1', 0x0a000001],
  ['255.255.255.255', 0xffffffff],
  ['192.168.1.254', 0xc0a801fe],
  ['1.2.3', undefined],
  ['1.2.3.4.5', undefined],
  ['1.2.3.256', undefined],
  ['1.2.3.-4', undefined],
  ['1.2.3.', undefined],
  ['a.b.c.d', undefined],
  ['', undefined],
];

for (const [text, value] of addresses) {
  test(`address "${text}"`, (t) => {
    t.is(parseIpv4(text), value);
    if (value !== undefined) t.is(formatIpv4(value), text);
  });
}

const networks: [text: string, mask: string, network: string, broadcast: string | undefined][] = [
  ['10.1.2.3/0', '0.0.0.0', '0.0.0.0', '255.255.255.255'],
  ['10.1.2.3/8', '255.0.0.0', '10.0.0.0', '10.255.255.255'],
  ['10.1.2.3/24', '255.255.255.0', '10.1.2.0', '10.1.2.255'],
  ['10.1.2.3/30', '255.255.255.252', '10.1.2.0', '10.1.2.3'],
  ['10.1.2.3/31', '255.255.255.254', '10.1.2.2', undefined],
  ['10.1.2.3/32', '255.255.255.255', '10.1.2.3', undefined],
];

for (const [text, mask, network, broadcast] of networks) {
  test(`network ${text}`, (t) => {
    const cidr = parseCidr(text) ?? {address: 0, prefix: -1};
    t.is(formatCidr(cidr), text);
    t.is(formatIpv4(maskOf(cidr.prefix)), mask);
    t.is(formatIp(networkOf(cidr)), network);
    const all = broadcastOf(cidr);
    t.is(all === undefined ? undefined : formatIpv4(all), broadcast);
    t.true(isInNetwork(cidr.address, cidr));
    t.is(isInNetwork(parseIpv4('11.1.2.3') ?? 0, cidr), cidr.prefix === 0);
  });
}

test('no network in these', (t) => {
  for (const text of ['10.0.0.1/33', '10.0.0.1/', '10.0.0.1/x', '10.0.0.1/8/8', '/8']) t.is(parseCidr(text), undefined);
});

test('the checksum of RFC 1071, section 3', (t) => {
  t.is(internetChecksum(bytes('0001 f203 f4f5 f6f7'), 0, 8), 0x220d);
  // An odd byte counts as the high half of a word.
  t.is(internetChecksum(bytes('0001 f2'), 0, 3), 0x0dfe);
  t.is(internetChecksum(new Uint8Array(0), 0, 0), 0xffff);
  t.is(internetChecksum(new Uint8Array(65536).fill(0xff), 0, 65536), 0);
});

const ARP_REQUEST = bytes(
  'ffffffffffff 00163e000001 0806 0001 0800 06 04 0001 00163e000001 0a000001 000000000000 0a000002',
);
const ARP_REPLY = bytes(
  '00163e000001 00163e000002 0806 0001 0800 06 04 0002 00163e000002 0a000002 00163e000001 0a000001',
);

test('ARP packets are read and written', (t) => {
  const request = decodeArp(ARP_REQUEST);
  t.deepEqual(request, {
    operation: 1,
    senderMac: bytes('00163e000001'),
    senderIp: 0x0a000001,
    targetMac: bytes('000000000000'),
    targetIp: 0x0a000002,
  });
  t.is(hexOf(encodeArp(request ?? never(), bytes('ffffffffffff'))), hexOf(ARP_REQUEST));
  const reply = decodeArp(ARP_REPLY);
  t.is(hexOf(encodeArp(reply ?? never(), bytes('00163e000001'))), hexOf(ARP_REPLY));
});

test('frames are padded to 60 bytes on many wires', (t) => {
  const padded = new Uint8Array(60);
  padded.set(ARP_REPLY);
  t.deepEqual(decodeArp(padded), decodeArp(ARP_REPLY));
});

const never = (): never => {
  throw new Error('not decoded');
};

/** The vector with the byte at an offset changed. */
const changed = (frame: Uint8Array, at: number, value: number): Uint8Array => frame.slice().fill(value, at, at + 1);

const badArp: [name: string, frame: Uint8Array][] = [
  ['cut short', ARP_REPLY.subarray(0, 41)],
  ['hardware type', changed(ARP_REPLY, 15, 6)],
  ['protocol type', changed(ARP_REPLY, 16, 0x86)],
  ['hardware length', changed(ARP_REPLY, 18, 8)],
  ['protocol length', changed(ARP_REPLY, 19, 16)],
  ['a group address as sender', changed(ARP_REPLY, 22, 1)],
];

for (const [name, frame] of badArp) {
  test(`ARP that is refused: ${name}`, (t) => t.is(decodeArp(frame), undefined));
}

const IP = bytes(
  '00163e000002 00163e000001 0800 4500 0073 0000 4000 4011 b861 c0a80001 c0a800c7' + '00'.repeat(0x73 - 20),
);

test('an IPv4 header is read and written', (t) => {
  const packet = decodeIpv4(IP);
  if (typeof packet === 'string') return t.fail(packet);
  const {protocol, ttl, source, destination, payloadAt, payloadEnd} = packet;
  t.deepEqual([protocol, ttl, payloadAt, payloadEnd], [17, 64, 34, 34 + 0x73 - 20]);
  t.is(formatIpv4(source), '192.168.0.1');
  t.is(formatIpv4(destination), '192.168.0.199');
  const frame = IP.slice();
  frame.fill(0xee, 14, 34);
  writeIpv4Header(frame, {protocol, ttl, source, destination}, 0);
  t.is(hexOf(frame), hexOf(IP));
});

/** Changes a byte of the header and makes the checksum right again. */
const resealed = (at: number, value: number): Uint8Array => {
  const frame = changed(IP, at, value);
  frame.fill(0, 24, 26);
  const sum = internetChecksum(frame, 14, 34);
  frame.set([sum >>> 8, sum & 255], 24);
  return frame;
};

const badIp: [name: string, frame: Uint8Array, fault: Ipv4Fault][] = [
  ['cut in the header', IP.subarray(0, 33), 'inHdrErrors'],
  ['cut in the payload', IP.subarray(0, IP.length - 1), 'inHdrErrors'],
  ['checksum', changed(IP, 24, 0xb9), 'inHdrErrors'],
  ['version 6', resealed(14, 0x65), 'inHdrErrors'],
  ['a header of 16 bytes', resealed(14, 0x44), 'inHdrErrors'],
  ['a header longer than the packet', changed(IP, 14, 0x4f), 'inHdrErrors'],
  ['total length below the header', changed(resealed(17, 19), 16, 0), 'inHdrErrors'],
  ['first fragment', resealed(20, 0x20), 'inFragments'],
  ['later fragment', resealed(21, 0x10), 'inFragments'],
];

for (const [name, frame, fault] of badIp) test(`IPv4 that is refused: ${name}`, (t) => t.is(decodeIpv4(frame), fault));

test('a MAC address is printed as everywhere', (t) => {
  t.is(formatMac(bytes('ff00163e0a0b0c'), 1), '00:16:3e:0a:0b:0c');
});
