import test from 'ava';
import {FakeMachine, FakeNic} from './machine.ts';
import {cidr, ip} from './tcp-rig.ts';
import {NetStack} from '../../frontends/guest/net/index.ts';
import {formatCidr} from '../../frontends/guest/net/cidr.ts';
import {formatIp} from '../../frontends/guest/net/ip.ts';
import {joinNics} from './machine.ts';

const SECOND = 1e9;
const [OFFER, ACK, NAK] = [2, 5, 6];
const CLIENT = '10.0.0.77';
const SERVER = '10.0.0.1';

/** A machine whose eth0 is joined to a DHCP server's; `answer` says with what the server answers a message type. */
class DhcpRig {
  readonly machine = new FakeMachine({cmdline: 'ip=dhcp'});
  readonly heard: {type: number; ciaddr: string; broadcast: boolean}[] = [];
  answer: (type: number) => number | undefined = (type) => (type === 1 ? OFFER : ACK);
  leaseSeconds = 1000;
  private readonly server: NetStack;

  constructor() {
    const {schedule, net, network} = this.machine;
    const [nic, other] = [new FakeNic('eth0', 1), new FakeNic('eth0', 2)];
    joinNics(schedule, nic, other);
    this.server = new NetStack(schedule);
    const on = this.server.attach(other);
    on.addAddress(cidr(`${SERVER}/24`));
    this.server.udp.bind({
      port: 67,
      onDatagram: ({data, address}) => {
        const type = data[242];
        this.heard.push({type, ciaddr: Array.from(data.subarray(12, 16)).join('.'), broadcast: address === 0});
        const answer = this.answer(type);
        if (answer === undefined) return;
        const source = ip(SERVER);
        this.server.udp.sendOn(on, {source, destination: 0xffffffff}, [67, 68], this.message(answer, data));
      },
    });
    network.apply(net.attach(nic));
  }

  get addresses(): string[] {
    return this.machine.net.interface('eth0')?.addresses.map(formatCidr) ?? [];
  }

  sleep(seconds: number): Promise<void> {
    return this.machine.schedule.sleep(seconds * SECOND);
  }

  private message(type: number, request: Uint8Array): Uint8Array {
    const message = request.slice(0, 240);
    message[0] = 2;
    message.set([10, 0, 0, 77], 16);
    const u32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
    const server = [10, 0, 0, 1];
    const options = [
      [53, 1, type],
      [54, 4, ...server],
      ...(type === NAK
        ? []
        : [
            [51, 4, ...u32(this.leaseSeconds)],
            [1, 4, 255, 255, 255, 0],
          ]),
      [0, 0, 3, 4, ...server],
      [6, 8, ...server, 9, 9, 9, 9],
      [255],
    ];
    return Uint8Array.from([...message, ...options.flat()]);
  }
}

test('DHCP gives an address, a way out and name servers', async (t) => {
  const rig = new DhcpRig();
  await rig.sleep(1);
  t.deepEqual(rig.addresses, [`${CLIENT}/24`]);
  t.deepEqual(
    rig.heard.map(({type}) => type),
    [1, 3],
  );
  const {net, network} = rig.machine;
  t.is(formatIp(net.routes.lookup(ip('8.8.8.8'))?.nextHop ?? 0), SERVER);
  t.deepEqual(net.nameServers.map(formatIp), [SERVER, '9.9.9.9']);
  await network.settled();
  t.regex(rig.machine.log.lines.join('\n'), /eth0: dhcp: address 10\.0\.0\.77\/24/);
});

test('a lease is renewed at its half, by a message to its server', async (t) => {
  const rig = new DhcpRig();
  await rig.sleep(499);
  t.is(rig.heard.length, 2);
  await rig.sleep(2);
  t.deepEqual(rig.heard[2], {type: 3, ciaddr: CLIENT, broadcast: false});
  await rig.sleep(10_000);
  t.deepEqual(rig.addresses, [`${CLIENT}/24`]);
});

test('a lease that nobody extends ends, and an address is looked for again', async (t) => {
  const rig = new DhcpRig();
  await rig.sleep(10);
  rig.answer = () => undefined;
  await rig.sleep(980);
  t.deepEqual(rig.addresses, [`${CLIENT}/24`]);
  await rig.sleep(20);
  t.deepEqual(rig.addresses, []);
  t.is(rig.machine.net.routes.static.length, 0);
  rig.answer = (type) => (type === 1 ? OFFER : ACK);
  await rig.sleep(70);
  t.deepEqual(rig.addresses, [`${CLIENT}/24`]);
  t.regex(rig.machine.log.lines.join('\n'), /address lost[^]*address 10\.0\.0\.77/);
});

test('a refusal ends the use of an address at once', async (t) => {
  const rig = new DhcpRig();
  await rig.sleep(10);
  rig.answer = (type) => (type === 3 ? NAK : undefined);
  await rig.sleep(495);
  t.deepEqual(rig.addresses, []);
});

test('without an answer the boot goes on, and the question is repeated', async (t) => {
  const rig = new DhcpRig();
  rig.answer = () => undefined;
  await rig.machine.schedule.drive(rig.machine.network.settled());
  t.regex(rig.machine.log.lines.join('\n'), /no answer yet/);
  t.true(rig.heard.length >= 2);
});

test('the address is given back when the device goes', async (t) => {
  const rig = new DhcpRig();
  await rig.sleep(10);
  const {net} = rig.machine;
  const on = net.interface('eth0');
  if (on !== undefined) net.dhcp.stop(on);
  await rig.sleep(10);
  t.deepEqual(rig.heard.at(-1), {type: 7, ciaddr: CLIENT, broadcast: false});
  t.deepEqual(rig.addresses, []);
});

test('addresses of both families, a gateway and a name server from the command line', async (t) => {
  const cmdline = 'ip=10.0.0.5/24 ip6=fd00::5/64 ip1=10.1.0.5/16 ip2=10.2.0.5 gw=10.0.0.1 dns=10.0.0.53';
  const {net, network, log, schedule} = new FakeMachine({cmdline});
  for (const i of [0, 1, 2]) network.apply(net.attach(new FakeNic(`eth${i}`, i + 1)));
  t.deepEqual(net.interface('eth0')?.addresses.map(formatCidr), [
    '10.0.0.5/24',
    'fe80::216:3eff:fe00:1/64',
    'fd00::5/64',
  ]);
  t.deepEqual(net.interface('eth1')?.addresses.map(formatCidr), ['10.1.0.5/16']);
  t.is(formatIp(net.routes.lookup(ip('8.8.8.8'))?.nextHop ?? 0), '10.0.0.1');
  t.deepEqual(net.nameServers.map(formatIp), ['10.0.0.53']);
  t.regex(log.lines.join('\n'), /eth2: ip=10\.2\.0\.5: not an address with a prefix length such as 10\.0\.0\.1\/24/);
  await schedule.sleep(SECOND);
});
