import test from 'ava';
import * as fc from 'fast-check';
import {internetChecksum} from '../../frontends/guest/net/checksum.ts';
import {pseudoHeaderSum} from '../../frontends/guest/net/ip.ts';
import {decodeIpv4} from '../../frontends/guest/net/ipv4.ts';
import {decodeIpv6} from '../../frontends/guest/net/ipv6/header.ts';
import {ip, TcpRig} from './tcp-rig.ts';

const SEED = 7;
const FRAMES = 20_000;

/** One of the frames that passed, with bytes changed, cut off or added: most of it still makes sense. */
const mutate = (frame: Uint8Array, changes: readonly [number, number][], length: number): Uint8Array => {
  const mutant = new Uint8Array(Math.max(0, frame.length + length));
  mutant.set(frame.subarray(0, mutant.length));
  for (const [at, value] of changes) if (mutant.length > 0) mutant[at % mutant.length] = value;
  return mutant;
};

const put16 = (frame: Uint8Array, at: number, value: number): void => frame.set([value >>> 8, value & 255], at);

/** Where each protocol has its checksum. */
const checksumAt: Readonly<Record<number, number>> = {1: 2, 6: 16, 17: 6, 58: 2};

/** Makes the checksums right again, so that what is changed gets further. */
const reseal = (frame: Uint8Array): Uint8Array => {
  if (frame.length < 34) return frame;
  const isV4 = frame[12] === 8 && frame[13] === 0;
  if (isV4) {
    put16(frame, 24, 0);
    put16(frame, 24, internetChecksum(frame, 14, Math.min(frame.length, 14 + (frame[14] & 15) * 4)));
  }
  const packet = isV4 ? decodeIpv4(frame) : decodeIpv6(frame);
  if (typeof packet === 'string') return frame;
  const {protocol, payloadAt, payloadEnd, source, destination} = packet;
  const at = payloadAt + (checksumAt[protocol] ?? Infinity);
  if (at + 2 > payloadEnd) return frame;
  put16(frame, at, 0);
  const begin = protocol === 1 ? 0 : pseudoHeaderSum(source, destination, protocol, payloadEnd - payloadAt);
  put16(frame, at, internetChecksum(frame, payloadAt, payloadEnd, begin));
  return frame;
};

/** Frames of all protocols, as two stacks send them to each other. */
const recordTraffic = async (): Promise<Uint8Array[]> => {
  const rig = new TcpRig();
  rig.a.discovery.enable(rig.onA);
  rig.b.discovery.enable(rig.onB);
  await rig.schedule.sleep(1e9);
  const [client, server] = await rig.connect();
  await client.write(new Uint8Array(3000));
  await server.write(new Uint8Array(3000));
  const peer = rig.onB.addresses[1].address;
  for (const to of [ip('10.0.0.2'), peer]) {
    rig.a.echo.open(() => undefined).send(to, 1, new Uint8Array(32));
    rig.a.udp.bind({port: 0, onDatagram: () => undefined}).send(to, 53, new Uint8Array(16));
    rig.a.tcp.connect({address: to, port: 81}).ready.catch(() => undefined);
  }
  await rig.schedule.sleep(3e9);
  client.end();
  server.close();
  await rig.schedule.sleep(1e9);
  return [...rig.nicA.sent, ...rig.nicB.sent];
};

test('nothing that comes over the wire makes the stack throw, or keep more than its limits', async (t) => {
  const traffic = await recordTraffic();
  t.true(traffic.length > 30);
  const rig = new TcpRig({faults: {drop: () => true}});
  rig.b.discovery.follow(rig.onB);
  rig.b.forwarder.enabled = true;
  rig.b.tcp.listen({port: 80});
  rig.b.udp.bind({port: 53, onDatagram: () => undefined});
  const {stream, ready} = rig.b.tcp.connect({address: ip('10.0.0.1'), port: 81});
  ready.catch(() => undefined);
  let frames = 0;
  const mutants = fc.tuple(
    fc.nat(traffic.length - 1),
    fc.array(fc.tuple(fc.nat(120), fc.nat(255)), {maxLength: 4}),
    fc.oneof(fc.constant(0), fc.integer({min: -80, max: 80})),
  );
  fc.assert(
    fc.property(fc.oneof({weight: 20, arbitrary: mutants}, fc.uint8Array({maxLength: 200})), (input) => {
      rig.nicB.receive(input instanceof Uint8Array ? input : reseal(mutate(traffic[input[0]], input[1], input[2])));
      frames++;
    }),
    {numRuns: FRAMES, seed: SEED},
  );
  await rig.schedule.sleep(200e9);
  t.is(frames, FRAMES);
  t.is(stream.state, 'CLOSED');
  t.true(rig.b.counters.tcp.inSegs > FRAMES / 10);
  t.true(rig.b.tcp.connections.length <= 128);
  t.true(rig.onB.neighbours.list().length <= 1024);
});
