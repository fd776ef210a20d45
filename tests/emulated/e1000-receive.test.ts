import test from 'ava';
import {crc32} from 'node:zlib';
import {E1000Rig, packet, RECEIVE, reg} from './e1000-rig.ts';
import {BROADCAST, frameOf, NIC_MAC, PEER_MAC} from './nic-rig.ts';

const DD_EOP = 3;
const IXSM = 4;
const RXDMT0 = 0x10;
const RXO = 0x40;
const RXT0 = 0x80;

const fcsOf = (frame: Uint8Array): number[] => {
  const fcs = crc32(frame);
  return [fcs & 0xff, (fcs >>> 8) & 0xff, (fcs >>> 16) & 0xff, fcs >>> 24];
};

test('a frame with its FCS in one buffer', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  const frame = frameOf(NIC_MAC, PEER_MAC, 1000);
  await rig.deliver(frame);
  t.deepEqual([...rig.buffer(0)], [...frame, ...fcsOf(frame)]);
  t.is(rig.received(0)[3], DD_EOP | IXSM);
  t.is(rig.read(reg.RDH), 1);
  t.is(rig.read(reg.ICR), RXT0);
});

test('SECRC strips the FCS', async (t) => {
  const rig = new E1000Rig();
  rig.start(RECEIVE | 0x04000000);
  const frame = frameOf(NIC_MAC, PEER_MAC, 100);
  await rig.deliver(frame);
  t.deepEqual(rig.buffer(0), frame);
});

test('a frame over several buffers', async (t) => {
  const rig = new E1000Rig();
  // 512 bytes each.
  rig.start(RECEIVE | 0x20000);
  const frame = frameOf(NIC_MAC, PEER_MAC, 1514);
  await rig.deliver(frame);
  t.deepEqual([...rig.buffer(0), ...rig.buffer(1), ...rig.buffer(2)], [...frame, ...fcsOf(frame)]);
  t.deepEqual(
    [0, 1, 2].map((i) => rig.received(i)[3] & 3),
    [1, 1, 3],
  );
});

test('a long frame is for those that set LPE', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 4000));
  t.is(rig.read(reg.RDH), 0);
  t.is(rig.read(0x40ac), 1);
  rig.write(reg.RCTL, RECEIVE | 0x20);
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 4000));
  t.is(rig.read(reg.RDH), 2);
});

test('frames wait for buffers, and are missed when too many do', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  const frames = Array.from({length: 280}, (_, i) => frameOf(NIC_MAC, PEER_MAC, 60 + i, i));
  await rig.deliver(...frames);
  t.is(rig.read(reg.RDH), 15);
  t.is(rig.read(reg.ICR), RXT0 | RXDMT0 | RXO);
  t.is(rig.read(0x4010), 280 - 15 - 256);
  rig.write(reg.RDT, 4);
  t.is(rig.read(reg.RDH), 4);
  t.is(rig.received(15)[2], 60 + 15 + 4);
});

test('RXDMT0 when half, a quarter or an eighth of the buffers are left', async (t) => {
  const rig = new E1000Rig();
  rig.start(RECEIVE | (1 << 8));
  const frame = frameOf(NIC_MAC, PEER_MAC, 60);
  await rig.deliver(...Array.from({length: 10}, () => frame));
  t.is(rig.read(reg.ICR), RXT0);
  await rig.deliver(frame);
  t.is(rig.read(reg.ICR), RXT0 | RXDMT0);
});

test('RDTR waits for more frames, RADV says for how long', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  rig.write(reg.RDTR, 100);
  rig.write(reg.RADV, 250);
  const frame = frameOf(NIC_MAC, PEER_MAC, 60);
  const wait = async (ns: number): Promise<number> => {
    await rig.schedule.sleep(ns);
    return rig.read(reg.ICR);
  };
  rig.peer.send([frame]);
  t.is(await wait(100_000), 0);
  rig.peer.send([frame]);
  t.is(await wait(100_000), 0);
  rig.peer.send([frame]);
  // 250 units after the first.
  t.is(await wait(60_000), RXT0);
  t.is(await wait(200_000), 0);
  rig.peer.send([frame]);
  t.is(await wait(10_000), 0);
  rig.write(reg.RDTR, 0x80000064);
  t.is(rig.read(reg.ICR), RXT0);
});

test('checksums of what is received, as RXCSUM asks', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  rig.write(reg.RXCSUM, 0x300);
  const good = packet([1, 2, 3]);
  const badTcp = packet([1, 2, 3]);
  badTcp[badTcp.length - 1] ^= 1;
  const badIp = packet([1, 2, 3], 17);
  badIp[22] ^= 1;
  const frames = [good, badTcp, badIp, frameOf(NIC_MAC, PEER_MAC, 60)];
  frames.forEach((frame) => frame.set([...NIC_MAC, ...PEER_MAC]));
  await rig.deliver(...frames);
  t.deepEqual(
    frames.map((_, i) => rig.received(i)[3]),
    [0x63, 0x2063, 0x4063, 7],
  );
});

test('a VLAN tag is taken out with CTRL.VME', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  rig.write(reg.CTRL, 0x40000040);
  const plain = frameOf(NIC_MAC, PEER_MAC, 100);
  const tagged = Uint8Array.from([...plain.subarray(0, 12), 0x81, 0, 0x01, 0x23, ...plain.subarray(12)]);
  await rig.deliver(tagged);
  t.deepEqual(rig.buffer(0).subarray(0, 100), plain);
  t.is(rig.received(0)[3], (0x0123 << 16) | 8 | IXSM | DD_EOP);
});

test('filters: addresses, groups by hash, VLANs', async (t) => {
  const group = Uint8Array.of(0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb);
  const other = Uint8Array.of(0x00, 0x16, 0x3e, 9, 9, 9);
  const admits = async (rctl: number, frame: Uint8Array, setUp?: (rig: E1000Rig) => void): Promise<boolean> => {
    const rig = new E1000Rig();
    rig.start(2 | rctl);
    setUp?.(rig);
    await rig.deliver(frame);
    return rig.read(reg.RDH) === 1;
  };
  const to = (mac: Uint8Array): Uint8Array => frameOf(mac, PEER_MAC, 60);
  t.true(await admits(0, to(NIC_MAC)));
  t.false(await admits(0, to(other)));
  t.true(await admits(8, to(other)), 'UPE');
  t.true(
    await admits(0, to(other), (rig) => {
      rig.write(reg.RA + 8, 0x093e1600);
      rig.write(reg.RA + 12, 0x80000909);
    }),
    'the second address',
  );
  t.false(await admits(0, to(BROADCAST)));
  t.true(await admits(0x8000, to(BROADCAST)), 'BAM');
  t.false(await admits(0, to(group)));
  t.true(await admits(0x10, to(group)), 'MPE');
  // Bits 47 to 36 of the address: 0xfb0.
  t.true(await admits(0, to(group), (rig) => rig.write(reg.MTA + (0xfb0 >> 5) * 4, 1 << (0xfb0 & 31))));
  const tagged = to(NIC_MAC);
  tagged.set([0x81, 0, 0, 5], 12);
  t.false(await admits(1 << 18, tagged), 'VFE');
  t.true(await admits(1 << 18, tagged, (rig) => rig.write(reg.VFTA, 1 << 5)));
});
