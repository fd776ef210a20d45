import test from 'ava';
import {ioreq as layout, STATE_IORESP_READY} from '../../hypervisor/abi/hvm/ioreq.ts';
import {readStruct} from '../../hypervisor/abi/value.ts';
import {EBUSY, EEXIST, ENOSPC, EOPNOTSUPP, EPERM, ESRCH} from '../../hypervisor/index.ts';
import type {DmOps, Ioreq, IoMeter} from '../../hypervisor/ioreq/index.ts';
import {EmulatedRig} from '../support/emulated-rig.ts';

const PORT = 0;
const MEMORY = 1;

const open = (rig: EmulatedRig): DmOps => {
  const dm = rig.dom0.openDeviceModel(rig.guest.id);
  if (typeof dm === 'number') throw new Error(`openDeviceModel: ${dm}`);
  return dm;
};

/** A server that answers reads with `value` and notes what it got. */
const serve = (dm: DmOps, value: number, log: string[] = []): number => {
  const id = dm.createServer((request: Ioreq) => {
    const {type, dir, addr, size, count, data, dataIsPtr} = request;
    log.push(`${type} ${dir} ${addr.toString(16)} ${size} ${count} ${data.toString(16)} ${dataIsPtr}`);
    if (dir === 1 && !dataIsPtr) request.data = value;
    request.state = STATE_IORESP_READY;
  });
  dm.setServerState(id, true);
  return id;
};

test('what nobody claims reads as all ones and takes writes', (t) => {
  const {io} = new EmulatedRig();
  t.is(io.readPort(0x300, 1), 0xff);
  t.is(io.readPort(0x300, 4), 0xffffffff);
  t.is(io.readMemory(0xf0000000, 2), 0xffff);
  io.writePort(0x300, 4, 1);
});

test('an access goes to the server that has all of it', (t) => {
  const rig = new EmulatedRig();
  const dm = open(rig);
  const log: string[] = [];
  dm.mapRange(serve(dm, 0x12345678, log), PORT, 0x1f0, 0x1f7, 'ide');
  t.is(rig.io.readPort(0x1f0, 2), 0x5678);
  t.is(rig.io.readPort(0x1f6, 4), 0xffffffff, 'beyond its end');
  rig.io.writePort(0x1f7, 1, 0xec);
  t.deepEqual(log, ['0 1 1f0 2 1 0 false', '0 0 1f7 1 1 ec false']);
});

test('servers stand side by side; the one that came last is asked first, unless it is off', (t) => {
  const rig = new EmulatedRig();
  const dm = open(rig);
  const first = serve(dm, 1);
  const second = serve(dm, 2);
  dm.mapRange(first, MEMORY, 0xf0000000, 0xf0000fff, 'first');
  dm.mapRange(second, MEMORY, 0xf0000000, 0xf00000ff, 'second');
  t.is(rig.io.readMemory(0xf0000000, 4), 2);
  t.is(rig.io.readMemory(0xf0000100, 4), 1);
  dm.setServerState(second, false);
  t.is(rig.io.readMemory(0xf0000000, 4), 1);
  dm.destroyServer(first);
  t.is(rig.io.readMemory(0xf0000000, 4), 0xffffffff);
});

test('the request lies in the page as ioreq.h has it', (t) => {
  const rig = new EmulatedRig();
  const dm = open(rig);
  let seen: unknown;
  const id = dm.createServer((request) => {
    seen = request.toBytes();
    request.state = STATE_IORESP_READY;
  });
  dm.setServerState(id, true);
  dm.mapRange(id, MEMORY, 0xf0000000, 0xf0000fff, 'x');
  rig.io.writeMemory(0xf0000004, 4, 0xdeadbeef);
  const fields = readStruct(layout, 'x86_64', seen as Uint8Array, 0);
  t.like(fields, {addr: 0xf0000004, data: 0xdeadbeef, count: 1, size: 4, state: 1, data_is_ptr: 0, dir: 0, type: 1});
});

test('a string instruction is one exit a page', (t) => {
  const rig = new EmulatedRig();
  const dm = open(rig);
  const log: string[] = [];
  dm.mapRange(serve(dm, 0, log), PORT, 0x1f0, 0x1f7, 'ide');
  rig.io.readPortString(0x1f0, 2, 0x10f00, 256);
  t.deepEqual(log, ['0 1 1f0 2 128 10f00 true', '0 1 1f0 2 128 11000 true']);
  log.length = 0;
  rig.io.writePortString(0x1f0, 4, 0x10ffe, 3);
  t.deepEqual(log, ['0 0 1f0 4 1 10ffe true', '0 0 1f0 4 2 11002 true']);
});

test('CFC reaches the function that CF8 names', (t) => {
  const rig = new EmulatedRig();
  const dm = open(rig);
  const log: string[] = [];
  dm.mapRange(serve(dm, 0x80861237, log), 2, 0x18, 0x18, 'bridge');
  t.is(rig.io.readPort(0xcfc, 4), 0xffffffff, 'not enabled');
  rig.io.writePort(0xcf8, 4, 0x80001804);
  t.is(rig.io.readPort(0xcf8, 4), 0x80001804);
  t.is(rig.io.readPort(0xcfe, 2), 0x1237);
  t.deepEqual(log, ['2 1 1800000006 2 1 0 false']);
  rig.io.writePort(0xcf8, 4, 0x80002000);
  t.is(rig.io.readPort(0xcfc, 4), 0xffffffff, 'no such device');
});

test('limits: servers, ranges, overlaps, and who may', (t) => {
  const rig = new EmulatedRig();
  const dm = open(rig);
  const id = serve(dm, 0);
  t.is(dm.mapRange(id, PORT, 0x10, 0x0f, 'x'), -22);
  t.is(dm.mapRange(id, PORT, 0x10, 0x1f, 'x'), 0);
  t.is(dm.mapRange(id, PORT, 0x1f, 0x2f, 'x'), -EEXIST);
  for (let range = 1; range < 256; range++) t.is(dm.mapRange(id, PORT, 0x100 + range, 0x100 + range, 'x'), 0);
  t.is(dm.mapRange(id, PORT, 0x1000, 0x1000, 'x'), -ENOSPC);
  t.is(dm.mapRange(7, PORT, 0, 0, 'x'), -2);
  // The rig's own device model is the first of the eight.
  for (let server = 2; server < 8; server++) t.true(serve(dm, 0) >= 0);
  t.is(
    dm.createServer(() => undefined),
    -EBUSY,
  );
  t.is(rig.ops.openDeviceModel(rig.guest.id), -EPERM);
  t.is(rig.dom0.openDeviceModel(99), -ESRCH);
  t.is(rig.dom0.openDeviceModel(0), -EOPNOTSUPP);
});

test('a shared PCI line stays up while anybody holds it, and comes again after the EOI', async (t) => {
  const rig = new EmulatedRig();
  const dm = open(rig);
  let interrupts = 0;
  rig.io.setInterruptHandler(11, () => {
    interrupts++;
    if (interrupts === 2) dm.setPciIntx(6, 0, false, 'b');
    rig.io.endOfInterrupt(11);
  });
  // Links go round: device 2, pin A and device 6, pin A end at the same line.
  dm.setPciIntx(2, 0, true, 'a');
  dm.setPciIntx(6, 0, true, 'b');
  dm.setPciIntx(2, 0, false, 'a');
  await rig.schedule.sleep(5000);
  t.is(interrupts, 2);
});

test('an interrupt that nobody quiets does not stop the time of others', async (t) => {
  const rig = new EmulatedRig();
  const dm = open(rig);
  let interrupts = 0;
  rig.io.setInterruptHandler(11, () => {
    interrupts++;
    rig.io.endOfInterrupt(11);
  });
  dm.setPciIntx(2, 0, true, 'a');
  await rig.schedule.sleep(100_000);
  t.true(interrupts > 50 && interrupts <= 101, `${interrupts}`);
});

test('an edge is kept until there is a handler, and no level repeats it', async (t) => {
  const rig = new EmulatedRig();
  const dm = open(rig);
  dm.setIsaIrq(14, true, 'ide');
  dm.setIsaIrq(14, false, 'ide');
  dm.setIsaIrq(14, true, 'ide');
  let interrupts = 0;
  rig.io.setInterruptHandler(14, () => {
    interrupts++;
    rig.io.endOfInterrupt(14);
  });
  await rig.schedule.sleep(1000);
  t.is(interrupts, 1);
  t.false(dm.setIsaIrq(16, true, 'x'));
  t.false(dm.setPciIntx(32, 0, true, 'x'));
});

test('a meter sees exits, who answers them, interrupts and their ends', async (t) => {
  const rig = new EmulatedRig();
  const dm = open(rig);
  const log: string[] = [];
  const note =
    (what: string) =>
    (...args: unknown[]): void =>
      void log.push([what, ...args].join(' '));
  const meter: IoMeter = {
    request: note('request'),
    exit: note('exit'),
    ioreq: note('ioreq'),
    interrupt: note('interrupt'),
    eoi: note('eoi'),
    dma: note('dma'),
  };
  if (rig.guest.io === undefined) throw new Error('no emulated hardware');
  rig.guest.io.slot.meter = meter;
  dm.mapRange(serve(dm, 0), PORT, 0x3f8, 0x3ff, 'uart');
  rig.io.setInterruptHandler(4, () => rig.io.endOfInterrupt(4));
  rig.io.readPort(0x3f8, 1);
  rig.io.readMemory(0xf0000000, 4);
  rig.io.writePort(0xcf8, 4, 0);
  dm.setIsaIrq(4, true, 'uart');
  await rig.schedule.sleep(1000);
  t.deepEqual(log, ['exit pio uart', 'ioreq uart', 'exit mmio ', 'exit pci-config ', 'interrupt uart', 'eoi uart']);
});
