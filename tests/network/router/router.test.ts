import test from 'ava';
import {Masquerade} from '../../../backends/network/router/masquerade.ts';
import {parseSubnet} from '../../../backends/network/router/index.ts';
import {checksum, echo, ip, ipv4, routedHost, transport, u32} from '../station.ts';

const subnet = (text: string) => parseSubnet(text) ?? {address: 0, prefix: 0};
const RED = [2, 0, 0, 0, 1, 1];
const BLUE = [2, 0, 0, 0, 1, 2];

const twoNetworks = () => {
  const made = routedHost();
  made.router.add({nic: made.nic('red', 1), subnet: subnet('10.0.1.254/24')});
  made.router.add({nic: made.nic('blue', 2), subnet: subnet('10.0.2.254/24')});
  const alice = made.station('red', 1, '10.0.1.1');
  const bob = made.station('blue', 2, '10.0.2.2');
  return {...made, alice, bob};
};

test('a ping goes from network to network and back; each hop takes one from its TTL', async (t) => {
  const {host, alice, bob, router} = twoNetworks();
  const there = {source: '10.0.1.1', target: '10.0.2.2', protocol: 1, payload: echo(8, 7)};
  alice.send(RED, ipv4(there));
  await host.settle();
  t.deepEqual(bob.packets, [ipv4({...there, ttl: 63})]);
  const back = {source: '10.0.2.2', target: '10.0.1.1', protocol: 1, payload: echo(0, 7)};
  bob.send(BLUE, ipv4(back));
  await host.settle();
  t.deepEqual(alice.packets, [ipv4({...back, ttl: 63})]);
  t.is(router.forwarded, 2);
});

test('the router answers pings to each of its addresses, from either side', async (t) => {
  const {host, alice} = twoNetworks();
  for (const target of ['10.0.1.254', '10.0.2.254']) {
    alice.send(RED, ipv4({source: '10.0.1.1', target, protocol: 1, payload: echo(8, 9)}));
  }
  await host.settle();
  t.deepEqual(
    alice.packets,
    ['10.0.1.254', '10.0.2.254'].map((source) => ipv4({source, target: '10.0.1.1', protocol: 1, payload: echo(0, 9)})),
  );
});

const icmpError = (type: number, code: number, packet: readonly number[]): number[] => {
  const bytes = [type, code, 0, 0, 0, 0, 0, 0, ...packet.slice(0, 28)];
  const sum = checksum(bytes);
  bytes.splice(2, 2, sum >> 8, sum & 0xff);
  return bytes;
};

const udp = (target: string, ttl?: number): number[] => {
  const ends = {source: '10.0.1.1', target};
  return ipv4({...ends, protocol: 17, payload: transport(17, ends, [1000, 2000], [1, 2, 3]), ttl});
};

for (const [what, packet, [type, code]] of [
  ['a TTL that has run out', udp('10.0.2.2', 1), [11, 0]],
  ['a network that is nowhere', udp('192.0.2.1'), [3, 0]],
  ['a port of the router that nobody serves', udp('10.0.1.254'), [3, 3]],
] as const) {
  test(`the sender is told of ${what}`, async (t) => {
    const {host, alice, bob} = twoNetworks();
    alice.send(RED, packet);
    await host.settle();
    const error = {
      source: '10.0.1.254',
      target: '10.0.1.1',
      protocol: 1,
      payload: icmpError(type, code, packet),
      id: 0,
    };
    t.deepEqual(alice.packets, [ipv4(error)]);
    t.deepEqual(bob.packets, []);
  });
}

for (const [what, packet] of [
  [
    'an error about an error',
    ipv4({source: '10.0.1.1', target: '10.0.2.2', protocol: 1, payload: [3, 0, 0, 0, 0, 0, 0, 0], ttl: 1}),
  ],
  ['multicast', udp('224.0.0.1')],
  ['the broadcast of another network', udp('10.0.2.255')],
  ['a wrong header checksum', udp('10.0.2.2').with(10, 0)],
  ['a packet longer than its frame', udp('10.0.2.2').with(3, 200)],
  ['IPv6 in an IPv4 frame', udp('10.0.2.2').with(0, 0x65)],
] as const) {
  test(`neither forwarded nor answered: ${what}`, async (t) => {
    const {host, alice, bob, router} = twoNetworks();
    alice.send(RED, packet);
    await host.settle();
    t.deepEqual([alice.packets, bob.packets], [[], []]);
    t.is(router.dropped, 1);
  });
}

test('a neighbour that is silent is asked three times; what waits for it is bounded', async (t) => {
  const {host, alice, bob} = twoNetworks();
  for (let i = 0; i < 100; i++) alice.send(RED, udp('10.0.2.9'));
  await host.schedule.sleep(10e9);
  t.is(bob.arps.length, 3);
  t.is(bob.packets.length, 0);
});

test('what waits for a neighbour leaves once it answers, at most 16 packets', async (t) => {
  const {host, alice, bob} = twoNetworks();
  for (let i = 0; i < 100; i++) alice.send(RED, udp('10.0.2.2'));
  await host.settle();
  t.is(bob.packets.length, 16);
});

test('routed guests are neighbours by their routes alone; for all others the router answers', async (t) => {
  const {host, router, nic, station} = routedHost();
  const leg = router.add({
    nic: nic('routed', 1),
    subnet: subnet('10.0.0.254/32'),
    isNeighbour: (target) => router.routeTo(target)?.via === leg,
  });
  router.addRoute({...subnet('172.16.5.5/32'), via: leg});
  const guest = station('routed', 5, '172.16.5.5');
  for (const address of ['172.16.5.5', '8.8.8.8', '10.0.0.254']) guest.ask(address);
  await host.settle();
  t.deepEqual(
    guest.arps.map((frame) => frame.subarray(28, 32).join('.')),
    ['8.8.8.8', '10.0.0.254'],
  );
  router.add({nic: nic('red', 2), subnet: subnet('10.0.1.254/24')});
  const alice = station('red', 1, '10.0.1.1');
  alice.send(BLUE, ipv4({source: '10.0.1.1', target: '172.16.5.5', protocol: 1, payload: echo(8, 1)}));
  await host.settle();
  t.is(guest.packets.length, 1);
  router.removeRoute(subnet('172.16.5.5/32'));
  alice.send(BLUE, ipv4({source: '10.0.1.1', target: '172.16.5.5', protocol: 1, payload: echo(8, 1)}));
  await host.settle();
  t.is(guest.packets.length, 1);
});

/** Two guests behind one address, and a server outside. */
const masqueraded = () => {
  const made = routedHost();
  made.router.add({nic: made.nic('inside', 1), subnet: subnet('192.168.7.1/24')});
  const outside = made.router.add({
    nic: made.nic('outside', 2),
    subnet: subnet('10.0.2.15/24'),
    masquerade: new Masquerade(made.ops.schedule),
  });
  made.router.addRoute({address: 0, prefix: 0, via: outside, gateway: u32('10.0.2.2')});
  const guests = [made.station('inside', 1, '192.168.7.11'), made.station('inside', 2, '192.168.7.12')];
  return {...made, guests, server: made.station('outside', 9, '10.0.2.2')};
};

for (const protocol of [6, 17] as const) {
  test(`protocol ${protocol} leaves with the outside address, a port for each flow, right checksums, and comes back`, async (t) => {
    const {host, guests, server} = masqueraded();
    const target = '93.184.216.34';
    for (const guest of guests) {
      const ends = {source: guest.address, target};
      guest.send(RED, ipv4({...ends, protocol, payload: transport(protocol, ends, [5000, 80], [1, 2, 3])}));
      await host.settle();
    }
    t.is(server.packets.length, 2);
    const ports = server.packets.map((packet) => packet[20] * 256 + packet[21]);
    t.not(ports[0], ports[1]);
    for (const [i, port] of ports.entries()) {
      const ends = {source: '10.0.2.15', target};
      const seen = ipv4({...ends, protocol, payload: transport(protocol, ends, [port, 80], [1, 2, 3]), ttl: 63});
      t.deepEqual(server.packets[i], seen);
      const back = {source: target, target: '10.0.2.15'};
      server.send(BLUE, ipv4({...back, protocol, payload: transport(protocol, back, [80, port], [9])}));
      await host.settle();
      const inner = {source: target, target: guests[i].address};
      const expected = ipv4({...inner, protocol, payload: transport(protocol, inner, [80, 5000], [9]), ttl: 63});
      t.deepEqual(guests[i].packets, [expected]);
    }
    const stray = {source: target, target: '10.0.2.15'};
    server.send(BLUE, ipv4({...stray, protocol, payload: transport(protocol, stray, [80, 40000], [9])}));
    await host.settle();
    t.deepEqual(
      guests.map(({packets}) => packets.length),
      [1, 1],
      'what nobody asked for comes to nobody',
    );
  });
}

test('pings of two guests with one id are told apart; fragments and other protocols do not leave', async (t) => {
  const {host, guests, server} = masqueraded();
  for (const guest of guests) {
    const ends = {source: guest.address, target: '10.0.2.2'};
    guest.send(RED, ipv4({...ends, protocol: 1, payload: echo(8, 5)}));
    guest.send(RED, ipv4({...ends, protocol: 47, payload: [0, 0, 0, 0]}));
    const fragment = ipv4({...ends, protocol: 17, payload: [0, 1, 0, 2, 0, 8, 0, 0]}).with(6, 0x20);
    const sum = checksum(fragment.slice(0, 20).with(10, 0).with(11, 0));
    guest.send(RED, fragment.with(10, sum >> 8).with(11, sum & 0xff));
    await host.settle();
  }
  t.is(server.packets.length, 2);
  for (const [i, packet] of server.packets.entries()) {
    const id = packet[24] * 256 + packet[25];
    t.deepEqual(packet, ipv4({source: '10.0.2.15', target: '10.0.2.2', protocol: 1, payload: echo(8, id), ttl: 63}));
    server.send(BLUE, ipv4({source: '10.0.2.2', target: '10.0.2.15', protocol: 1, payload: echo(0, id)}));
    await host.settle();
    const back = {source: '10.0.2.2', target: guests[i].address, protocol: 1, payload: echo(0, 5), ttl: 63};
    t.deepEqual(guests[i].packets, [ipv4(back)]);
  }
});

test('flows beyond the limit make room; ports are given again', async (t) => {
  const {host, guests, server} = masqueraded();
  const [guest] = guests;
  const ends = {source: guest.address, target: '10.0.2.2'};
  for (let port = 1; port <= 9000; port++) {
    guest.send(RED, ipv4({...ends, protocol: 17, payload: transport(17, ends, [port, 9], [])}));
    if (port === 1 || port % 500 === 0) await host.settle();
  }
  t.is(server.packets.length, 9000);
  t.deepEqual(ip('10.0.2.15'), server.packets[8999].slice(12, 16));
});
