import {decode, encode} from 'dns-packet';
import test from 'ava';
import {NatNetwork} from '../../../backends/network/nat/index.ts';
import {ip, ipv4, routedHost, type Station, transport, u32} from '../station.ts';
import {dhcpRequest, type DhcpReply, readReply} from './dhcp-bytes.ts';

const [DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM] = [1, 2, 3, 4, 5, 6, 7, 8];
const ROUTER = '192.168.7.1';
const ROUTER_MAC = [2, 0, 0, 0, 1, 1];

const natHost = (prefix = 24, withOutside = false) => {
  const made = routedHost();
  const log: string[] = [];
  const nat = new NatNetwork({
    schedule: made.ops.schedule,
    router: made.router,
    nic: made.nic('nat', 1),
    subnet: {address: u32(ROUTER), prefix},
    outside: withOutside ? made.nic('out', 2) : undefined,
    log: (line) => log.push(line),
  });
  const {host} = made;
  /** What the server says to a client's message. */
  const dhcp = async (client: Station, fields: Parameters<typeof dhcpRequest>[1]): Promise<DhcpReply | undefined> => {
    client.packets.length = 0;
    client.broadcast(dhcpRequest(client.mac, fields));
    await host.settle();
    const [packet] = client.packets;
    return packet && readReply(packet);
  };
  const lease = async (client: Station): Promise<string> => {
    const offer = await dhcp(client, {type: DISCOVER});
    const wanted: [number, number[]] = [50, ip(offer?.yiaddr ?? '0.0.0.0')];
    return (await dhcp(client, {type: REQUEST, options: [wanted, [54, ip(ROUTER)]]}))?.yiaddr ?? '';
  };
  return {...made, nat, log, dhcp, lease};
};

const text = (bytes: readonly number[] | undefined): string => Buffer.from(bytes ?? []).toString();

test('a client gets an address, its network, gateway, name server and name', async (t) => {
  const {station, dhcp, nat} = natHost();
  const client = station('nat', 1, '0.0.0.0');
  nat.join({mac: '02:00:00:00:00:01', name: 'alice'});
  const offer = await dhcp(client, {type: DISCOVER});
  t.like(offer, {type: OFFER, yiaddr: '192.168.7.2', target: '192.168.7.2'});
  const ack = await dhcp(client, {
    type: REQUEST,
    options: [
      [50, ip('192.168.7.2')],
      [54, ip(ROUTER)],
    ],
  });
  t.like(ack, {type: ACK, yiaddr: '192.168.7.2'});
  const options = ack?.options;
  t.deepEqual(options?.get(1), [255, 255, 255, 0]);
  for (const code of [3, 6, 54]) t.deepEqual(options?.get(code), ip(ROUTER));
  t.deepEqual(options?.get(51), [0, 0, 3600 >> 8, 3600 & 0xff]);
  t.is(text(options?.get(12)), 'alice');
  t.is(text(options?.get(15)), 'xen');
});

test('the flag asks for a broadcast; a client with an address is answered there', async (t) => {
  const {station, dhcp, lease} = natHost();
  const client = station('nat', 1, '192.168.7.2');
  t.is((await dhcp(client, {type: DISCOVER, flags: 0x8000}))?.target, '255.255.255.255');
  t.is(await lease(client), '192.168.7.2');
  t.like(await dhcp(client, {type: REQUEST, ciaddr: '192.168.7.2'}), {type: ACK, target: '192.168.7.2'});
  const informed = await dhcp(client, {type: INFORM, ciaddr: '192.168.7.2'});
  t.like(informed, {type: ACK, yiaddr: '0.0.0.0'});
  t.false(informed?.options.has(51), 'no lease');
});

test('each client has its own, and the same again; a released one is free', async (t) => {
  const {station, dhcp, lease} = natHost();
  const [one, two, three] = [1, 2, 3].map((number) => station('nat', number, '0.0.0.0'));
  t.deepEqual([await lease(one), await lease(two), await lease(one)], ['192.168.7.2', '192.168.7.3', '192.168.7.2']);
  t.is((await dhcp(two, {type: REQUEST, options: [[50, ip('192.168.7.2')]]}))?.type, NAK);
  t.is((await dhcp(two, {type: REQUEST, options: [[50, ip('10.1.1.1')]]}))?.type, NAK);
  t.is((await dhcp(two, {type: REQUEST, options: [[50, ip(ROUTER)]]}))?.type, NAK);
  t.is((await dhcp(two, {type: REQUEST, options: [[50, ip('192.168.7.255')]]}))?.type, NAK);
  t.is(await dhcp(one, {type: RELEASE, ciaddr: '192.168.7.2'}), undefined);
  t.is(await lease(three), '192.168.7.2');
});

test('a lease runs out; an address that was declined is not given for a while', async (t) => {
  const {host, station, dhcp, lease} = natHost(30);
  const [one, two] = [1, 2].map((number) => station('nat', number, '0.0.0.0'));
  t.is(await lease(one), '192.168.7.2');
  t.is(await dhcp(two, {type: DISCOVER}), undefined, 'the network is full');
  await host.schedule.sleep(3601e9);
  t.is(await lease(two), '192.168.7.2');
  t.is(await dhcp(two, {type: DECLINE, options: [[50, ip('192.168.7.2')]]}), undefined);
  t.is(await dhcp(two, {type: DISCOVER}), undefined);
  await host.schedule.sleep(601e9);
  t.is((await dhcp(two, {type: DISCOVER}))?.type, OFFER);
});

test('an address that is kept for a client goes to no other, and the client gets no other', async (t) => {
  const {station, dhcp, lease, nat} = natHost();
  const [one, two] = [1, 2].map((number) => station('nat', number, '0.0.0.0'));
  nat.join({mac: '02:00:00:00:00:01', name: 'alice', address: u32('192.168.7.2')});
  t.is(await lease(two), '192.168.7.3');
  t.is((await dhcp(two, {type: REQUEST, options: [[50, ip('192.168.7.2')]]}))?.type, NAK);
  t.is(await lease(one), '192.168.7.2');
  t.is((await dhcp(one, {type: REQUEST, options: [[50, ip('192.168.7.9')]]}))?.type, NAK);
  nat.leave('02:00:00:00:00:01');
  t.is((await dhcp(two, {type: REQUEST, options: [[50, ip('192.168.7.2')]]}))?.type, ACK);
});

test('a client that chose another server is not answered, nor are relays and nonsense', async (t) => {
  const {host, station, dhcp} = natHost();
  const client = station('nat', 1, '0.0.0.0');
  t.is(
    await dhcp(client, {
      type: REQUEST,
      options: [
        [50, ip('192.168.7.2')],
        [54, ip('192.168.7.200')],
      ],
    }),
    undefined,
  );
  t.is(await dhcp(client, {type: 99}), undefined);
  const packet = dhcpRequest(client.mac, {type: DISCOVER});
  client.packets.length = 0;
  const message = packet.slice(28);
  const send = (changed: readonly number[]): void => {
    const ends = {source: '0.0.0.0', target: '255.255.255.255'};
    client.broadcast(ipv4({...ends, protocol: 17, payload: transport(17, ends, [68, 67], changed)}));
  };
  for (const [at, value] of [
    [0, 2],
    [1, 6],
    [2, 16],
    [24, 1],
    [236, 0],
    [241, 0],
    [241, 200],
  ])
    send(message.with(at, value));
  for (let length = 0; length < 243; length += 7) send(message.slice(0, length));
  await host.settle();
  t.deepEqual(client.packets, []);
  for (let at = 0; at < message.length; at++) for (const value of [0, 1, 255]) send(message.with(at, value));
  await host.settle();
  t.is((await dhcp(client, {type: DISCOVER}))?.type, OFFER, 'it still serves');
});

const dnsHost = async (withOutside = false) => {
  const made = natHost(24, withOutside);
  made.nat.join({mac: '02:00:00:00:00:01', name: 'Alice', address: u32('192.168.7.11')});
  made.nat.join({mac: '02:00:00:00:00:02', name: 'bob'});
  const bob = made.station('nat', 2, '192.168.7.2');
  await made.lease(bob);
  bob.packets.length = 0;
  const sendQuery = (data: readonly number[]): void => {
    const ends = {source: '192.168.7.2', target: ROUTER};
    bob.send(ROUTER_MAC, ipv4({...ends, protocol: 17, payload: transport(17, ends, [4000, 53], data)}));
  };
  const answers = async () => {
    await made.host.settle();
    return bob.packets.splice(0).map((packet) => decode(Buffer.from(packet.slice(28))));
  };
  /** "NOERROR 192.168.7.2" */
  const ask = async (name: string, type: string): Promise<string> => {
    bob.packets.length = 0;
    sendQuery([...encode({type: 'query', id: 99, questions: [{name, type} as never]})]);
    const [reply] = await answers();
    const data = (reply.answers ?? []).map((answer) => String((answer as {data: unknown}).data));
    return [(reply as unknown as {rcode: string}).rcode, ...data].join(' ');
  };
  return {...made, bob, sendQuery, answers, ask};
};

for (const [name, type, answer] of [
  ['alice', 'A', 'NOERROR 192.168.7.11'],
  ['ALICE.xen', 'A', 'NOERROR 192.168.7.11'],
  ['bob', 'A', 'NOERROR 192.168.7.2'],
  ['dom0', 'A', `NOERROR ${ROUTER}`],
  ['bob.xen', 'AAAA', 'NOERROR'],
  ['bob', 'MX', 'NOERROR'],
  ['carol', 'A', 'NXDOMAIN'],
  ['carol.xen', 'A', 'NXDOMAIN'],
  ['2.7.168.192.in-addr.arpa', 'PTR', 'NOERROR bob.xen'],
  ['1.7.168.192.in-addr.arpa', 'PTR', 'NOERROR dom0.xen'],
  ['9.7.168.192.in-addr.arpa', 'PTR', 'REFUSED'],
  ['x.in-addr.arpa', 'PTR', 'REFUSED'],
  ['www.example.org', 'A', 'REFUSED'],
] as const) {
  test(`${type} of ${name}: ${answer}`, async (t) => {
    const {ask} = await dnsHost();
    t.is(await ask(name, type), answer);
  });
}

test('no question, two questions, and nonsense do no harm', async (t) => {
  const {ask, sendQuery, answers} = await dnsHost();
  const question = {name: 'bob', type: 'A'} as const;
  sendQuery([...encode({type: 'query', id: 1, questions: []})]);
  sendQuery([...encode({type: 'query', id: 2, questions: [question, question]})]);
  t.deepEqual(
    (await answers()).map((reply) => (reply as unknown as {rcode: string}).rcode),
    ['FORMERR', 'FORMERR'],
  );
  const query = [...encode({type: 'query', id: 3, questions: [question]})];
  for (let length = 0; length < query.length; length++) sendQuery(query.slice(0, length));
  for (let at = 0; at < query.length; at++) for (const value of [0, 63, 192, 255]) sendQuery(query.with(at, value));
  await answers();
  t.is(await ask('bob', 'A'), 'NOERROR 192.168.7.2');
});

/** A DHCP server outside that gives dom0 10.0.2.15. */
const giveLease = async ({host}: ReturnType<typeof natHost>, server: Station): Promise<void> => {
  await host.schedule.sleep(5e9);
  const discover = server.packets.findLast((packet) => packet[28] === 1) ?? [];
  const xid = discover.slice(32, 36);
  const reply = (type: number): void => {
    const message = [
      2,
      1,
      6,
      0,
      ...xid,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      ...ip('10.0.2.15'),
      ...ip('0.0.0.0'),
      ...ip('0.0.0.0'),
    ];
    message.push(2, 0, 0, 0, 1, 2, ...new Array<number>(10 + 192).fill(0), 99, 130, 83, 99, 53, 1, type);
    message.push(
      54,
      4,
      ...ip('10.0.2.2'),
      51,
      4,
      0,
      0,
      14,
      16,
      1,
      4,
      255,
      255,
      255,
      0,
      3,
      4,
      ...ip('10.0.2.2'),
      6,
      4,
      ...ip('10.0.2.3'),
      255,
    );
    const ends = {source: '10.0.2.2', target: '10.0.2.15'};
    server.send([2, 0, 0, 0, 1, 2], ipv4({...ends, protocol: 17, payload: transport(17, ends, [67, 68], message)}));
  };
  reply(OFFER);
  await host.settle();
  if (server.packets.at(-1)?.[28 + 242] === REQUEST) reply(ACK);
  await host.settle();
};

test('an outside that has the addresses of another network of dom0 is not reached, and the log says so', async (t) => {
  const made = natHost(24, true);
  made.router.add({nic: made.nic('other', 3), subnet: {address: u32('10.0.2.254'), prefix: 24}});
  await giveLease(made, made.station('out', 9, '10.0.2.3'));
  t.deepEqual(made.log, [
    'dom0-out: address 10.0.2.15/24, gateway 10.0.2.2',
    'dom0-out: the gateway is not reached, its address is one of another network of dom0',
  ]);
});

test('with an uplink other names are asked for outside, under an id and a port of our own', async (t) => {
  const made = await dnsHost(true);
  const {host, station, log, sendQuery, answers, ask} = made;
  const server = station('out', 9, '10.0.2.3');
  await giveLease(made, server);
  t.deepEqual(log, ['dom0-out: address 10.0.2.15/24, gateway 10.0.2.2']);

  server.packets.length = 0;
  const question = {name: 'www.example.org', type: 'A'} as const;
  sendQuery([...encode({type: 'query', id: 99, questions: [question]})]);
  await host.settle();
  const [asked] = server.packets;
  t.deepEqual(asked.slice(12, 20), [...ip('10.0.2.15'), ...ip('10.0.2.3')]);
  const query = decode(Buffer.from(asked.slice(28)));
  t.deepEqual(
    query.questions?.map(({name}) => name),
    ['www.example.org'],
  );
  const answer = [
    ...encode({
      type: 'response',
      id: query.id,
      questions: [question],
      answers: [{...question, ttl: 1, data: '192.0.2.7'}],
    }),
  ];
  const port = asked[20] * 256 + asked[21];
  const back = (source: string): void => {
    const ends = {source, target: '10.0.2.15'};
    server.send([2, 0, 0, 0, 1, 2], ipv4({...ends, protocol: 17, payload: transport(17, ends, [53, port], answer)}));
  };
  back('10.0.2.99');
  t.deepEqual(await answers(), [], 'not from anybody');
  back('10.0.2.3');
  const [told] = await answers();
  t.is(told.id, 99);
  t.deepEqual(
    told.answers?.map((each) => (each as {data: unknown}).data),
    ['192.0.2.7'],
  );
  back('10.0.2.3');
  t.deepEqual(await answers(), [], 'not twice');
  t.is(await ask('bob', 'A'), 'NOERROR 192.168.7.2', 'own names stay here');
});
