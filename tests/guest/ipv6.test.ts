import test from 'ava';
import type {EchoAnswer} from '../../frontends/guest/net/echo.ts';
import {formatIp} from '../../frontends/guest/net/ip.ts';
import {
  addressInNetwork,
  formatIpv6,
  linkLocalOf,
  parseIpv6,
  solicitedNode,
} from '../../frontends/guest/net/ipv6/address.ts';
import {isInNetwork} from '../../frontends/guest/net/cidr.ts';
import {cidr, ip, pattern, readAll, TcpRig} from './tcp-rig.ts';

const SECOND = 1e9;
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const known = (text: string): string => parseIpv6(text) ?? '';

/** As written, and as RFC 5952 has it. */
const addresses: [text: string, canonical: string | undefined][] = [
  ['::', '::'],
  ['::1', '::1'],
  ['FE80::0216:3EFF:FE00:0001', 'fe80::216:3eff:fe00:1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['1:2:3:4:5:6:7', undefined],
  ['1:2:3:4:5:6:7:8:9', undefined],
  ['1::2::3', undefined],
  ['12345::', undefined],
  [':1', undefined],
  ['', undefined],
  ['1:2:3:4:5:6:7:8::', undefined],
];

for (const [text, canonical] of addresses) {
  test(`address "${text}"`, (t) => {
    const address = parseIpv6(text);
    t.is(address === undefined ? undefined : formatIpv6(address), canonical);
  });
}

test('addresses of an interface and of its group', (t) => {
  const mac = bytes('00163e000001');
  t.is(formatIpv6(linkLocalOf(mac)), 'fe80::216:3eff:fe00:1');
  t.is(formatIpv6(addressInNetwork(known('2001:db8:1:2::'), mac)), '2001:db8:1:2:216:3eff:fe00:1');
  t.is(formatIpv6(solicitedNode(linkLocalOf(mac))), 'ff02::1:ff00:1');
  t.true(isInNetwork(ip('2001:db8::5'), cidr('2001:db8::1/63')));
  t.true(isInNetwork(ip('2001:db8:0:1::5'), cidr('2001:db8::1/63')));
  t.false(isInNetwork(ip('2001:db8:0:2::5'), cidr('2001:db8::1/63')));
  t.false(isInNetwork(ip('10.0.0.1'), cidr('::/0')));
});

const enable = (rig: TcpRig): void => {
  rig.a.discovery.assign(rig.onA, known('fd00::1'), 64);
  rig.b.discovery.assign(rig.onB, known('fd00::2'), 64);
};

test('a stack that was not asked to speak IPv6 is silent', async (t) => {
  const rig = new TcpRig();
  await rig.schedule.sleep(20 * SECOND);
  t.is(rig.nicA.sent.length, 0);
});

test('neighbours find each other and answer, by link-local and by static addresses', async (t) => {
  const rig = new TcpRig();
  enable(rig);
  await rig.schedule.sleep(2 * SECOND);
  const answers: EchoAnswer[] = [];
  const socket = rig.a.echo.open((answer) => answers.push(answer));
  for (const to of ['fd00::2', 'fe80::216:3eff:fe00:2', '::1'])
    t.is(socket.send(ip(to), 1, new Uint8Array(56)), undefined);
  t.is(socket.send(ip('2001:db8::1'), 1, new Uint8Array(56)), 'ENETUNREACH');
  t.is(socket.send(ip('fd00::2'), 1, new Uint8Array(1453)), 'EMSGSIZE');
  await rig.schedule.sleep(SECOND);
  t.deepEqual(answers.map(({kind, from}) => `${kind} ${formatIp(from)}`).toSorted(), [
    'reply ::1',
    'reply fd00::2',
    'reply fe80::216:3eff:fe00:2',
  ]);
});

test('groups are joined with the first address and left with the last', (t) => {
  const rig = new TcpRig();
  const calls: string[] = [];
  Object.assign(rig.nicA, {
    joinGroup: (mac: string) => calls.push(`+${mac}`),
    leaveGroup: (mac: string) => calls.push(`-${mac}`),
  });
  rig.a.discovery.assign(rig.onA, known('fd00::7'), 64);
  t.deepEqual(calls.splice(0), ['+33:33:00:00:00:01', '+33:33:ff:00:00:01', '+33:33:ff:00:00:07']);
  rig.onA.setAddresses([]);
  t.deepEqual(calls, ['-33:33:00:00:00:01', '-33:33:ff:00:00:01', '-33:33:ff:00:00:07']);
});

test('a solicitation as RFC 4861 has it', async (t) => {
  const rig = new TcpRig();
  enable(rig);
  await rig.schedule.sleep(2 * SECOND);
  rig.nicA.sent.length = 0;
  rig.a.echo.open(() => undefined).send(ip('fd00::2'), 1, new Uint8Array(0));
  await rig.schedule.sleep(SECOND);
  t.is(
    Buffer.from(rig.nicA.sent[0]).toString('hex'),
    '3333ff000002' +
      '00163e000001' +
      '86dd' +
      '6000000000203aff' +
      'fd000000000000000000000000000001' +
      'ff0200000000000000000001ff000002' +
      '8700' +
      '4181' +
      '00000000' +
      'fd000000000000000000000000000002' +
      '010100163e000001',
  );
});

test('an address that somebody defends is given up', async (t) => {
  const rig = new TcpRig();
  const lost: string[] = [];
  rig.b.onDuplicate = (_, address) => lost.push(formatIpv6(address));
  rig.a.discovery.assign(rig.onA, known('fd00::1'), 64);
  await rig.schedule.sleep(2 * SECOND);
  rig.b.discovery.assign(rig.onB, known('fd00::1'), 64);
  await rig.schedule.sleep(SECOND);
  t.deepEqual(lost, ['fd00::1']);
  t.false(rig.onB.owns(known('fd00::1')));
  t.true(rig.onA.owns(known('fd00::1')));
});

/** From fe80::1: a router for 600 s, 2001:db8:1::/64 on link and autonomous for 300 s, a name server. */
const ADVERTISEMENT = bytes(
  `333300000001 00163e0000fe 86dd 6000000000503aff fe800000000000000000000000000001 ff020000000000000000000000000001
  8600 3d6f 40 00 0258 00000000 00000000  0101 00163e0000fe
  0304 40 c0 0000012c 0000012c 00000000 20010db8000100000000000000000000
  1903 0000 0000012c 20010db8000100000000000000000053`,
);

test('a router gives addresses, a way out and a name server, for as long as it says', async (t) => {
  const rig = new TcpRig();
  const own = (): string[] => rig.onA.addresses.map(({address}) => formatIp(address));
  const hop = (): string => formatIp(rig.a.routes.lookup(ip('2001:db8:9::9'))?.nextHop ?? 0);
  rig.nicA.receive(ADVERTISEMENT);
  t.deepEqual(own(), ['10.0.0.1']);
  rig.a.discovery.follow(rig.onA);
  rig.nicA.receive(ADVERTISEMENT);
  const link = 'fe80::216:3eff:fe00:1';
  t.deepEqual(own(), ['10.0.0.1', link, '2001:db8:1:0:216:3eff:fe00:1']);
  t.is(hop(), 'fe80::1');
  t.deepEqual(rig.a.routers.nameServers.map(formatIpv6), ['2001:db8:1::53']);
  await rig.schedule.sleep(301 * SECOND);
  t.deepEqual(own(), ['10.0.0.1', link]);
  await rig.schedule.sleep(300 * SECOND);
  t.is(hop(), '0.0.0.0');
});

test('TCP and UDP over IPv6', async (t) => {
  const rig = new TcpRig({faults: {loss: 0.02}});
  enable(rig);
  await rig.schedule.sleep(2 * SECOND);
  const [client, server] = await rig.connect(80, 'fd00::2');
  t.is(server.remoteAddress, 'fd00::1');
  const sent = pattern(200_000);
  void client.write(sent).then(() => client.end());
  t.is(Buffer.compare(await rig.schedule.drive(readAll(server)), sent), 0);
  const got: number[] = [];
  rig.b.udp.bind({port: 53, onDatagram: ({data}) => got.push(data.length)});
  const socket = rig.a.udp.bind({port: 0, onDatagram: () => undefined, onFailure: ({kind}) => got.push(kind.length)});
  for (let i = 0; i < 20; i++) socket.send(ip('fd00::2'), 53, new Uint8Array(7));
  socket.send(ip('::1'), 9, new Uint8Array(7));
  await rig.schedule.sleep(SECOND);
  t.true(got.filter((length) => length === 7).length > 10);
  t.true(got.includes('unreachable'.length));
});
