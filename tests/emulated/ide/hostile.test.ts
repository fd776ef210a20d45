import test from 'ava';
import * as fc from 'fast-check';
import {RamImage} from '../../../backends/storage/index.ts';
import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import {IdeRig} from '../../support/ide-rig.ts';

const SECTORS = 2000;
/** What the guest lets the bus master write, and what it does not. */
const DMA_START = 0x100000;
const DMA_END = 0x200000;
const PRDS = 0x8000;

const ports = [
  ...Array.from({length: 8}, (_, register) => 0x1f0 + register),
  ...Array.from({length: 8}, (_, register) => 0x170 + register),
  0x3f6,
  0x376,
  ...[0, 2, 8, 10].map((register) => 0xc000 + register),
];

/** Command registers get commands that do something most of the time. */
const opcodes = [
  0x06, 0x08, 0x20, 0x24, 0x25, 0x29, 0x30, 0x35, 0x39, 0x42, 0x90, 0xa0, 0xa0, 0xb0, 0xc4, 0xc6, 0xc8, 0xca, 0xe7,
  0xec,
];

const sizeOf = fc.constantFrom<IoSize>(1, 1, 1, 2, 4);
const access = fc.oneof(
  fc.record({
    kind: fc.constantFrom('write', 'read'),
    port: fc.constantFrom(...ports),
    size: sizeOf,
    value: fc.integer({min: 0, max: 0xffff}),
  }),
  fc.record({
    kind: fc.constant('write'),
    port: fc.constantFrom(0x1f7, 0x177),
    size: fc.constant<IoSize>(1),
    value: fc.constantFrom(...opcodes),
  }),
  fc.record({
    kind: fc.constantFrom('reads', 'writes'),
    port: fc.constantFrom(0x1f0, 0x170),
    size: sizeOf,
    value: fc.integer({min: 1, max: 600}),
  }),
);

test('no order of accesses throws, or writes to memory that no table names', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(access, {minLength: 1, maxLength: 150}), async (accesses) => {
      const rig = new IdeRig([
        {kind: 'disk', storage: new RamImage(SECTORS * 512)},
        {kind: 'cdrom', storage: new RamImage(SECTORS * 512, true)},
        {kind: 'cdrom'},
        {kind: 'disk', storage: new RamImage(SECTORS * 512, true)},
      ]);
      const {u8} = rig.guest.memory;
      const regions = Array.from({length: 16}, (_, index) => ({address: DMA_START + index * 0x10000, bytes: 0x10000}));
      rig.writePrds(PRDS, regions);
      rig.io.writePort(rig.busMaster + 12, 4, PRDS);
      u8.fill(0xa5, DMA_END, DMA_END + 0x100000);
      for (const {kind, port, size, value} of accesses) {
        if (kind === 'read') rig.io.readPort(port, size);
        else if (kind === 'write') rig.io.writePort(port, size, value);
        else if (kind === 'reads') rig.io.readPortString(port, size, DMA_START, value);
        else rig.io.writePortString(port, size, DMA_START, value);
      }
      await rig.settle();
      const isUntouched = u8.subarray(DMA_END, DMA_END + 0x100000).every((byte) => byte === 0xa5);
      // A reset has to bring everything back.
      for (const channel of [0, 1]) {
        rig.useChannel(channel);
        rig.writeControl(0x04);
        rig.writeControl(0x00);
      }
      rig.useChannel(0);
      rig.command(0xec);
      const isAlive = rig.status === 0x58;
      rig.schedule.close();
      return isUntouched && isAlive;
    }),
    {seed: 9, numRuns: 60},
  );
  t.pass();
});
