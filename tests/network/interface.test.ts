import test from 'ava';
import {BridgeInterface, Networks, parseIpv4, replyTo} from '../../backends/network/index.ts';
import {Router} from '../../backends/network/router/index.ts';
import {BareHost} from '../support/domains.ts';

const DOM0_MAC = Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff);
const GUEST_MAC = Uint8Array.of(0, 0x16, 0x3e, 0, 0, 1);
const ADDRESS = Uint8Array.of(10, 0, 0, 254);

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

/** Requests as tcpdump shows them on a wire, written out by hand. */
const arpRequest = hex(
  'ffffffffffff 00163e000001 0806 0001 0800 06 04 0001 00163e000001 0a000001 000000000000 0a0000fe',
);
const arpReply = hex('00163e000001 feffffffffff 0806 0001 0800 06 04 0002 feffffffffff 0a0000fe 00163e000001 0a000001');
// IPv4 header checksum: 0x4500+0x0020+0x1234+0+0x4001+0+0x0a00+0x0001+0x0a00+0x00fe = 0xac54 -> 0x53ab.
// ICMP: 0x0800+0+0x0007+0x0001+0x6162+0x6364 = 0xccce -> 0x3331.
const echoRequest = hex(
  'feffffffffff 00163e000001 0800 4500 0020 1234 0000 4001 53ab 0a000001 0a0000fe 0800 3331 0007 0001 61626364',
);
// The same sums: addresses swapped, TTL 64; ICMP type 0: 0xc4ce -> 0x3b31.
const echoReply = hex(
  '00163e000001 feffffffffff 0800 4500 0020 1234 0000 4001 53ab 0a0000fe 0a000001 0000 3b31 0007 0001 61626364',
);

test('ARP requests and pings for the address are answered, byte for byte', (t) => {
  t.deepEqual(replyTo(arpRequest, DOM0_MAC, ADDRESS), arpReply);
  t.deepEqual(replyTo(echoRequest, DOM0_MAC, ADDRESS), echoReply);
  t.deepEqual(replyTo(Uint8Array.of(...arpRequest, ...new Uint8Array(18)), DOM0_MAC, ADDRESS), arpReply, 'padding');
});

const changed = (frame: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = frame.slice();
  copy[at] = value;
  return copy;
};

const unanswered: [what: string, frame: Uint8Array][] = [
  ['ARP for another address', changed(arpRequest, 41, 1)],
  ['an ARP reply', changed(arpRequest, 21, 2)],
  ['a cut ARP request', arpRequest.slice(0, 41)],
  ['a ping to another address', changed(echoRequest, 33, 1)],
  ['a ping with a wrong IP checksum', changed(echoRequest, 24, 0)],
  ['a ping with a wrong ICMP checksum', changed(echoRequest, 36, 0)],
  ['an echo reply', echoReply],
  ['a ping longer than its frame', echoRequest.slice(0, -1)],
  ['a fragment', changed(echoRequest, 20, 0x20)],
  ['IPv4 options', changed(echoRequest, 14, 0x46)],
  ['an Ethernet header alone', echoRequest.slice(0, 14)],
];

for (const [what, frame] of unanswered) {
  test(`not answered: ${what}`, (t) => {
    t.is(replyTo(frame, DOM0_MAC, ADDRESS), undefined);
  });
}

test('every cut and every changed byte of a request leaves the responder standing', (t) => {
  for (const request of [arpRequest, echoRequest]) {
    for (let length = 0; length < request.length; length++) replyTo(request.slice(0, length), DOM0_MAC, ADDRESS);
    for (let at = 0; at < request.length; at++) {
      for (const value of [0, 0x7f, 0xff]) replyTo(changed(request, at, value), DOM0_MAC, ADDRESS);
    }
  }
  t.pass();
});

const makeHost = () => {
  const host = new BareHost(1, 256);
  const {ops} = host.create({domid: 0 as never, privileged: true, pages: 1024});
  const networks = new Networks(ops);
  const bridge = networks.create('xenbr0');
  const open = (name: string, mac: Uint8Array, promiscuous = false, on = bridge) => {
    const nic = new BridgeInterface({ops, bridge: on, name, mac, promiscuous});
    const heard: Uint8Array[] = [];
    nic.frames.subscribe((frames) => heard.push(...frames));
    return {nic, heard};
  };
  return {host, ops, networks, bridge, open};
};

test('dom0 answers through the bridge', async (t) => {
  const {host, open} = makeHost();
  const dom0 = open('dom0', DOM0_MAC);
  const guest = open('guest', GUEST_MAC);
  new Router(host.schedule).add({nic: dom0.nic, subnet: {address: 0x0a0000fe, prefix: 24}});
  guest.nic.send([arpRequest]);
  guest.nic.send([echoRequest]);
  await host.settle();
  t.deepEqual(guest.heard, [arpReply, echoReply]);
});

test('an interface hears its own address and groups; a promiscuous one all that the bridge sends it', async (t) => {
  const {host, open} = makeHost();
  const [one, two, all] = [open('one', GUEST_MAC), open('two', DOM0_MAC), open('all', ADDRESS_MAC, true)];
  const unknown = Uint8Array.of(2, 0, 0, 0, 0, 9);
  const frames = [DOM0_MAC, unknown, new Uint8Array(6).fill(0xff)].map((to) =>
    Uint8Array.of(...to, ...GUEST_MAC, 1, 2),
  );
  t.is(one.nic.send(frames), 3);
  await host.settle();
  t.deepEqual(two.heard, [frames[0], frames[2]]);
  t.deepEqual(all.heard, [frames[1], frames[2]]);
  t.deepEqual(one.heard, []);
});

const ADDRESS_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0xaa);

test('what one interface hears can be sent into another network at once', async (t) => {
  const {host, networks, open} = makeHost();
  const other = networks.create('xenbr1');
  const [left, right] = [open('left', DOM0_MAC, true), open('right', ADDRESS_MAC, true, other)];
  const [guest, far] = [open('guest', GUEST_MAC), open('far', Uint8Array.of(2, 0, 0, 0, 0, 1), true, other)];
  left.nic.frames.subscribe((frames) => right.nic.send(frames));
  const frame = Uint8Array.of(2, 0, 0, 0, 0, 1, ...GUEST_MAC, 1, 2, 3);
  guest.nic.send([frame]);
  await host.settle();
  t.deepEqual(far.heard, [frame]);
});

test('frames of a wrong length and those beyond the limit are dropped and counted', async (t) => {
  const {host, open} = makeHost();
  const [from, to] = [open('from', GUEST_MAC), open('to', DOM0_MAC)];
  const frame = new Uint8Array(65535).fill(1);
  frame.set([...DOM0_MAC, ...GUEST_MAC]);
  t.is(from.nic.send([frame.slice(0, 13), frame, new Uint8Array(65536)]), 1);
  t.is(from.nic.send(new Array<Uint8Array>(2000).fill(frame.slice(0, 60))), 1023);
  t.is(from.nic.dropped, 2 + 977);
  await host.settle();
  t.is(to.heard.length, 1024);
  t.deepEqual(to.heard[0], frame);
  from.nic.close();
  from.nic.close();
  t.is(from.nic.send([frame]), 0);
});

test('bridges have names, by which they are found', (t) => {
  const {ops} = makeHost();
  const networks = new Networks(ops, ['xenbr0', 'br-lan']);
  t.is(networks.bridge('br-lan')?.name, 'br-lan');
  t.is(networks.bridge('nosuch'), undefined);
  t.is(networks.bridge('br-lan'), networks.create('br-lan'));
  t.deepEqual(
    networks.all.map(({name}) => name),
    ['xenbr0', 'br-lan'],
  );
  for (const name of ['', 'a b', 'a/b', 'sixteen-letters!'])
    t.throws(() => networks.create(name), {instanceOf: RangeError});
});

test('IPv4 addresses read', (t) => {
  t.deepEqual(parseIpv4('10.0.0.254'), ADDRESS);
  t.deepEqual(parseIpv4('10.0.0.254/24'), ADDRESS);
  for (const text of ['', '10.0.0', '10.0.0.256', '10.0.0.1/33', '10.0.0.1/', 'a.b.c.d', '1.2.3.4.5'])
    t.is(parseIpv4(text), undefined, text);
});
